"""The same job on SQLite and on PostgreSQL, through the command line: the same answers."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.world import World, configure, serving
from tests.storage.conftest import Databases

VARYING = {
    "seen_at",
    "first_seen",
    "last_seen",
    "created_at",
    "due_at",
    "sent_at",
    "key",
    "recipient",
    "note",
}


@pytest.mark.slow
def test_both_engines_give_the_same_answers(tmp_path: Path, new_database: Databases) -> None:
    world = World(feeds=12)
    with serving(world) as ports:
        answers = {}
        for engine, url in {"sqlite": "sqlite", "postgresql": new_database()}.items():
            folder = tmp_path / engine
            configure(folder, world, ports)
            with (folder / "config/chipwatch.toml").open("a") as settings:
                settings.write(f'[storage]\nurl = "{url}"\n')
            answers[engine] = the_job(folder)
    assert answers["sqlite"] == answers["postgresql"]
    assert answers["sqlite"]["told"] > 0
    assert {each["state"] for each in answers["sqlite"]["deliveries"]} == {"sent"}


def the_job(folder: Path) -> dict[str, Any]:
    """Two polls, a digest, all deliveries; what the bot then says of itself."""
    first = call(folder, "poll", "--all", "--json")
    call(folder, "digest", "every-minute", "--json")
    told = len(call(folder, "deliver", "--json"))
    second = call(folder, "poll", "--all", "--json")
    again = call(folder, "deliver", "--json")
    assert (second["judged"], second["alerts"], again) == (0, 0, [])
    items = call(folder, "items", "--json", "-n", "1000")
    return {
        "told": told,
        "first": {key: first[key] for key in ("judged", "matched", "stories", "alerts")},
        "items": sorted(json.dumps(same(each), sort_keys=True) for each in items),
        "stories": sorted(
            json.dumps(same(each), sort_keys=True) for each in call(folder, "stories", "--json", "-n", "99")
        ),
        "why": same(call(folder, "why", items[0]["url"], "--json"))["verdicts"],
        "deliveries": [same(each) for each in call(folder, "deliveries", "list", "--json")],
    }


def call(folder: Path, *arguments: str) -> Any:
    words = [
        sys.executable,
        "-m",
        "bot",
        *arguments,
        "--config",
        str(folder / "config"),
        "--data",
        str(folder / "data"),
    ]
    done = subprocess.run(words, check=False, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def same(answer: dict[str, Any]) -> dict[str, Any]:
    """Without what differs from run to run: times, keys made of them, and whose poll was the quicker one."""
    kept = {key: value for key, value in answer.items() if key not in VARYING}
    if "items" in kept:
        kept["items"] = sorted(kept["items"], key=lambda item: str(item["id"]))
    return kept
