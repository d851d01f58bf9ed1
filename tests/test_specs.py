"""Settings reach what the pipeline reads; ``test_app.py`` has the rest of them."""

from __future__ import annotations

from datetime import time
from pathlib import Path

from bot import specs
from bot.settings import load_settings

RULES = """
[schedule]
timezone = "Europe/Oslo"

[[alerts]]
topics = ["ferries"]
channels = ["chat"]
tags = ["primary"]
keywords = "ferry NOT strike"
quiet = "22:00-07:00"

[[alerts]]
name = "second"
topics = ["ferries"]
channels = ["chat"]
quiet = "12:00-13:00"
timezone = "Asia/Tokyo"

[digests.daily]
topics = ["ferries"]
channels = ["chat"]
schedule = "0 7 * * *"
"""


def test_rules_are_named_by_their_place_and_keep_the_bots_time_unless_told(tmp_path: Path) -> None:
    (tmp_path / "chipwatch.toml").write_text(RULES)
    settings, _ = load_settings(tmp_path)
    first, second = specs.alerts(settings)
    assert (first.name, first.tags, first.keywords) == ("alert-1", ("primary",), "ferry NOT strike")
    assert (first.quiet, first.timezone) == ((time(22), time(7)), "Europe/Oslo")
    assert (second.name, second.quiet, second.timezone) == ("second", (time(12), time(13)), "Asia/Tokyo")
    assert specs.digests(settings)["daily"].timezone == "Europe/Oslo"


def test_times_of_the_day_become_cron_lines(tmp_path: Path) -> None:
    head = '[digests.{}]\ntopics = ["ferries"]\nchannels = ["chat"]\n'
    tables = {
        "line": 'schedule = "0 9 1 * *"',
        "weekdays": 'at = ["07:30", "18:00"]\nevery = "weekday"',
        "often": 'every = "30m"',
        "odd": 'every = "90m"',
    }
    text = "\n".join(head.format(name) + lines for name, lines in tables.items())
    (tmp_path / "chipwatch.toml").write_text(text)
    settings, _ = load_settings(tmp_path)
    assert {name: digest.schedule for name, digest in specs.digests(settings).items()} == {
        "line": ("0 9 1 * *",),
        "weekdays": ("30 7 * * 1,2,3,4,5", "0 18 * * 1,2,3,4,5"),
        "often": ("0,30 * * * *",),
        "odd": ("0 0,3,6,9,12,15,18,21 * * *", "30 1,4,7,10,13,16,19,22 * * *"),
    }
