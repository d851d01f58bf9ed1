"""What people look at, in a real Chromium: the demo's digest, light and dark, at mail and at phone width."""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from bot.channels.specimen import specimens
from bot.channels.templates import Footer, html_page
from bot.core.render import Cut
from bot.core.views import view
from bot.demo import show

pytestmark = pytest.mark.browser

WRAPPER = """<!doctype html><meta name="color-scheme" content="light dark">
<iframe id="mail" style="border:0;width:{width}px;height:900px" srcdoc="{page}"></iframe>
<pre id="found"></pre>
<script>
// Every visible text's colour and the colour behind it.
function inks(inner) {{
  const found = {{}}, walker = inner.createTreeWalker(inner.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {{
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || !element.getClientRects().length) continue;
    let behind = element;
    const clear = e => getComputedStyle(e).backgroundColor === "rgba(0, 0, 0, 0)";
    while (behind && clear(behind)) behind = behind.parentElement;
    const pair = [getComputedStyle(element).color, getComputedStyle(behind).backgroundColor].join("|");
    found[pair] = walker.currentNode.data.trim().slice(0, 40);
  }}
  return found;
}}
document.getElementById("mail").onload = function () {{
  const inner = this.contentDocument, root = inner.documentElement;
  const title = inner.querySelector("h1");
  document.getElementById("found").textContent = JSON.stringify({{
    overflow: root.scrollWidth - root.clientWidth,
    headings: inner.querySelectorAll("h1").length,
    stories: inner.querySelectorAll("h3").length,
    background: getComputedStyle(title.closest("table")).backgroundColor,
    card: [...inner.querySelectorAll("table, td, body")].map(e => getComputedStyle(e).backgroundColor),
    inks: inks(inner),
    smallest: Math.min(...[...inner.querySelectorAll("p, td, th, li, h1, h2, h3")]
      .filter(e => e.textContent.trim() && e.offsetParent)
      .map(e => parseFloat(getComputedStyle(e).fontSize))),
  }});
}};
</script>"""


@pytest.fixture(scope="module")
def digest(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("demo") / "out"
    show(folder)
    return (folder / "mail-1.html").read_text()


def look(page: str, folder: Path, *, width: int, dark: bool) -> dict[str, Any]:
    """What Chromium makes of the page in a frame of the given width."""
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("Chromium is not installed")
    wrapper = folder / "wrapper.html"
    wrapper.write_text(WRAPPER.format(width=width, page=html.escape(page)))
    done = subprocess.run(
        [
            chromium,
            *(
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--no-first-run",
                "--disable-background-networking",
            ),
            *("--disable-component-update", "--disable-sync", f"--user-data-dir={folder / 'profile'}"),
            *(["--blink-settings=preferredColorScheme=0"] if dark else []),
            *("--virtual-time-budget=3000", "--dump-dom", wrapper.as_uri()),
        ],
        check=True,
        capture_output=True,
        text=True,
        timeout=90,
    )
    found = re.search(r'<pre id="found">(.+?)</pre>', done.stdout, re.DOTALL)
    assert found, done.stdout[:500]
    answer: dict[str, Any] = json.loads(html.unescape(found[1]))
    return answer


def brightness(colour: str) -> float:
    """Relative luminance of ``rgb(…)``, 0 to 1 (WCAG 2.2)."""
    channels = [int(part) / 255 for part in re.findall(r"\d+", colour)[:3]]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    darker, lighter = sorted((brightness(one), brightness(other)))
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("number", range(len(specimens())), ids=[name for name, _ in specimens()])
def test_every_text_stands_out_from_what_is_behind_it(tmp_path: Path, number: int, dark: bool) -> None:
    footer = Footer(digest_id="k", reason="Why.", change="Where.", unsubscribe="https://news.example.org/u/x")
    told = view(Cut(digest=specimens()[number][1], left_out=3))
    inks = look(html_page(None, told, footer), tmp_path, width=640, dark=dark)["inks"]
    assert len(inks) >= 4
    for pair, text in inks.items():
        assert contrast(*pair.split("|")) >= 4.5, (pair, text)


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [640, 390], ids=["mail", "phone"])
def test_a_digest_fits_its_window_and_can_be_read(
    digest: str, tmp_path: Path, width: int, dark: bool
) -> None:
    seen = look(digest, tmp_path, width=width, dark=dark)
    assert seen["overflow"] <= 0
    assert seen["headings"] == 1
    assert seen["stories"] >= 5
    assert seen["smallest"] >= 11
    painted = [colour for colour in seen["card"] if colour != "rgba(0, 0, 0, 0)"]
    behind = brightness(painted[-1])
    assert (behind < 0.2) == dark
    assert all(contrast(*pair.split("|")) >= 4.5 for pair in seen["inks"])
