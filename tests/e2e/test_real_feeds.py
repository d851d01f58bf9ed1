"""The main job on captured feeds: served over HTTP as they were, polled twice through the command line."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.configuration import starter_folder
from bot.demo.servers import Site, feed_server
from tests.shared import shared_path

SETTINGS = """
[http]
allow_networks = ["127.0.0.1"]
host_gap = "0s"
per_host = 8

[schedule]
baseline_age = "10000d"

[channels.folder]
type = "files"

[digests.daily]
topics = ["mtia", "custom-silicon", "chip-deals"]
channels = ["folder"]
schedule = "0 7 * * *"
"""


def captured() -> tuple[Site, ...]:
    manifest = shared_path("feeds/manifest.jsonl")
    rows = [json.loads(line) for line in manifest.read_text().splitlines()]
    return tuple(
        Site(
            path="/" + row["name"],
            title=row["name"],
            tags=(),
            content_type=(row.get("http") or {}).get("content_type") or "application/xml",
            body=(manifest.parent / row["name"]).read_bytes(),
        )
        for row in rows
        if row["category"] == "real-news" and "sequences" not in row["name"]
    )


@pytest.fixture(scope="module")
def sites() -> tuple[Site, ...]:
    return captured()


@pytest.fixture(scope="module")
def folder(sites: tuple[Site, ...], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("real")
    config = folder / "config"
    config.mkdir()
    for name in ("topics", "corpus", "entities.toml"):
        (config / name).symlink_to((starter_folder() / name).resolve())
    (config / "chipwatch.toml").write_text(SETTINGS)
    with feed_server(sites) as base:
        feeds = [f'[[feed]]\nurl = "{base}{site.path}"\n' for site in sites]
        (config / "feeds.toml").write_text("\n".join(feeds))
        yield folder


def chipwatch(folder: Path, *arguments: str, status: int = 0) -> str:
    call = [
        sys.executable,
        "-m",
        "bot",
        *arguments,
        "--config",
        str(folder / "config"),
        "--data",
        str(folder / "data"),
    ]
    done = subprocess.run(call, check=False, capture_output=True, text=True, timeout=240)
    assert "Traceback" not in done.stderr
    assert done.returncode == status, done.stderr
    return done.stdout


def test_real_feeds_go_all_the_way(folder: Path, sites: tuple[Site, ...]) -> None:
    first = json.loads(chipwatch(folder, "poll", "--all", "--json"))
    assert len(first["feeds"]) == len(sites)
    assert {feed["result"] for feed in first["feeds"]} <= {"new", "unchanged"}
    items = sum(feed["new"] for feed in first["feeds"])
    assert items > 2000
    assert first["judged"] == items

    second = json.loads(chipwatch(folder, "poll", "--all", "--json"))
    assert [feed["url"] for feed in second["feeds"] if feed["result"] != "unchanged"] == []
    assert sum(feed["new"] + feed["revised"] for feed in second["feeds"]) == 0

    found = json.loads(chipwatch(folder, "items", "--json", "-n", "100000"))
    assert len(found) == items
    assert len(json.loads(chipwatch(folder, "stories", "--json", "-n", "100000"))) > 1000

    answer = json.loads(chipwatch(folder, "why", found[0]["id"], "--json"))
    assert {verdict["topic_id"] for verdict in answer["verdicts"]} == {"chip-deals", "custom-silicon", "mtia"}
    assert answer["story"]["id"] == answer["placement"]["story_id"]
    assert "log-odds of" in chipwatch(folder, "why", found[0]["id"])

    preview = folder / "preview"
    chipwatch(folder, "digest", "daily", "--preview", str(preview))
    assert {path.suffix for path in preview.iterdir()} == {".html", ".txt", ".json"}
    assert json.loads(chipwatch(folder, "deliveries", "list", "--json")) == []
