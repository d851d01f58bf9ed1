"""Call the command line inside the test's process, on a small configuration of the test's own."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Iterable
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from functools import partial
from pathlib import Path
from typing import Any

from bot.cli.exits import guarded
from bot.cli.main import app


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """How a call ended and what it printed."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def rows(self) -> list[Any]:
        """The output as JSON Lines."""
        return [json.loads(line) for line in self.out.splitlines()]


def chipwatch(*arguments: object, stdin: bytes = b"") -> Outcome:
    """``chipwatch ARGUMENTS``, with what it reads and prints, as bytes of UTF-8, kept in memory."""
    out = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True)
    err = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", errors="backslashreplace", write_through=True)
    before, sys.stdin = sys.stdin, io.TextIOWrapper(io.BytesIO(stdin), encoding="utf-8")
    try:
        with redirect_stdout(out), redirect_stderr(err):
            status = guarded(partial(app, args=[str(each) for each in arguments], prog_name="chipwatch"))
    finally:
        sys.stdin = before
    return Outcome(status=status, out=_text(out), err=_text(err))


def _text(stream: io.TextIOWrapper) -> str:
    stream.flush()
    written: bytes = stream.buffer.getvalue()  # type: ignore[attr-defined]
    return written.decode("utf-8")


# ── a small world ────────────────────────────────────────────────────────────────────────────────

SETTINGS = """\
[http]
allow_networks = ["127.0.0.1"]
host_gap = "0s"

[schedule]
baseline_age = "10000d"

[channels.folder]
type = "files"

[digests.daily]
title = "Harbor news"
topics = ["ferries"]
channels = ["folder"]
schedule = "0 7 * * *"
"""
TOPIC = """\
title = "Ferries"
query = '@skerry OR ferry OR "car deck"'
"""
ENTITIES = """\
[[entity]]
id = "skerry"
name = "Skerry Lines"
kind = "company"
aliases = ["SkerryLines"]
"""
ARTICLES = {
    "new-ferry": (
        "Skerry Lines orders an electric ferry",
        "The ferry takes 90 cars over the sound.",
        "ferries",
    ),
    "second-ferry": (
        "Second ferry joins the Ostren crossing",
        "The harbour gets a ferry more, the yard said.",
        "ferries",
    ),
    "not-bakery": ("A bakery opens in Ostren", "It bakes bread with seeds from six in the morning.", ""),
    "not-football": ("Ostren wins the cup", "Two goals in the last minutes of a match in the rain.", ""),
}


def write_config(
    folder: Path, *, feeds: Iterable[str] = (), settings: str = SETTINGS, topic: str = TOPIC
) -> Path:
    """A configuration with one topic, one company, four example articles and these feeds."""
    for name in ("topics", "corpus"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    (folder / "chipwatch.toml").write_text(settings, encoding="utf-8")
    (folder / "entities.toml").write_text(ENTITIES, encoding="utf-8")
    (folder / "topics" / "ferries.toml").write_text(topic, encoding="utf-8")
    (folder / "feeds.toml").write_text(
        "\n".join(f'[[feed]]\nurl = "{url}"\n' for url in feeds), encoding="utf-8"
    )
    for name, (title, text, label) in ARTICLES.items():
        labels = [label] if label else []
        matter = f"+++\ntitle = {json.dumps(title)}\ntopics = {json.dumps(labels)}\n+++\n\n{text}\n"
        (folder / "corpus" / f"{name}.md").write_text(matter, encoding="utf-8")
    return folder


def rss(*entries: str, title: str = "Harbor Wire") -> bytes:
    return f"<rss version='2.0'><channel><title>{title}</title>{''.join(entries)}</channel></rss>".encode()


def entry(guid: str, title: str, text: str = "", *, hours_ago: float = 1) -> str:
    """An item of a feed, published so long before now: commands run on the real clock."""
    published = format_datetime(datetime.now(UTC) - timedelta(hours=hours_ago))
    return (
        f"<item><guid isPermaLink='false'>{guid}</guid><link>https://harbor.example/{guid}</link>"
        f"<title>{title}</title><description>{text}</description><pubDate>{published}</pubDate></item>"
    )


NEWS = (
    entry("1", "Skerry Lines launches its electric ferry", "The ferry carries 90 cars and leaves at noon."),
    entry("2", "Ostren library stays open late", "Books until ten in the evening on Fridays."),
)
