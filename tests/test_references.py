"""What one file alone can't show."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.calling import SETTINGS, write_config
from tests.test_configuration import EVERYTHING, problems


def test_names_are_checked_across_files(tmp_path: Path) -> None:
    settings = EVERYTHING.replace('channels = ["chat"]', 'channels = ["caht"]').replace(
        'title = "The week"\ntopics = ["ferries"]', 'title = "The week"\ntopics = ["feries", "trains"]'
    )
    told = problems(write_config(tmp_path, settings=settings))
    assert [problem.partition(": ")[2] for problem in told] == [
        'alerts[0].channels: unknown channel "caht"; did you mean "chat"?',
        'digests.weekly.topics: unknown topic "feries"; did you mean "ferries"?',
        'digests.weekly.topics: unknown topic "trains"; known are: ferries',
    ]


@pytest.mark.parametrize(
    ("schedule", "told"),
    [
        ("0 7 31 2 *", "never fires"),
        ("0 25 * * *", "bad hour"),
        ("daily", "five fields"),
        ("0 7 * * * *", "this one has 6"),
    ],
)
def test_a_cron_line_that_never_fires_is_refused(tmp_path: Path, schedule: str, told: str) -> None:
    (problem,) = problems(write_config(tmp_path, settings=SETTINGS.replace("0 7 * * *", schedule)))
    assert problem.startswith("chipwatch.toml:15: digests.daily.schedule: ")
    assert told in problem


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        ('at = "24:00"', 'chipwatch.toml:15: digests.daily.at: "24:00" is no time of the day; write'),
        ('at = "07:00"\nevery = "2h"', "chipwatch.toml:16: digests.daily.every: with at, it names days"),
        ('every = "mondey"', 'chipwatch.toml:15: digests.daily.every: unknown day "mondey"; did you mean'),
        ('at = "07:00"\nschedule = "0 7 * * *"', "chipwatch.toml:16: digests.daily.schedule: say it once"),
        ("max_stories = 3", 'chipwatch.toml:11: digests.daily: say when: at = "07:30", or every'),
    ],
)
def test_what_says_no_time_is_refused_where_it_stands(tmp_path: Path, lines: str, told: str) -> None:
    (problem,) = problems(write_config(tmp_path, settings=SETTINGS.replace('schedule = "0 7 * * *"', lines)))
    assert problem.startswith(told)


def test_time_zones_are_checked_everywhere(tmp_path: Path) -> None:
    settings = EVERYTHING.replace("Europe/Oslo", "Europe/Olso").replace("America/New_York", "New York")
    told = problems(write_config(tmp_path, settings=settings))
    assert [problem.partition(": ")[2].partition(":")[0] for problem in told] == [
        "schedule.timezone",
        "digests.weekly.timezone",
    ]


RULE = """

[[alerts]]
topics = ["ferries"]
channels = ["folder"]
"""


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ('tags = ["primry"]', 'tags: no feed has it: unknown tag "primry"; did you mean "primary"?'),
        ('keywords = "ferry OR (strike"', "keywords: at character 10: this ( is never closed; add a )"),
        ('keywords = "@skery"', "keywords: at character 1: unknown entity @skery; nearest: @skerry"),
        (
            'timezone = "Europe/Olso"',
            'timezone: unknown time zone "Europe/Olso"; did you mean "Europe/Oslo"?',
        ),
        ('name = "daily"', 'name: a digest is named "daily" too; give each a name of its own'),
    ],
)
def test_what_a_rule_asks_for_is_checked(tmp_path: Path, line: str, told: str) -> None:
    config = write_config(tmp_path, settings=f"{SETTINGS}{RULE}{line}\n")
    feeds = config / "feeds.toml"
    feeds.write_text(
        feeds.read_text() + '\n[[feed]]\nurl = "https://skerry.example/rss"\ntags = ["primary"]\n'
    )
    (problem,) = problems(config)
    number = f"{SETTINGS}{RULE}".count("\n") + 1
    assert problem == f"chipwatch.toml:{number}: alerts[0].{told}"


def test_two_rules_of_one_name_are_told_apart(tmp_path: Path) -> None:
    settings = f'{SETTINGS}{RULE}name = "now"\n{RULE}name = "now"\n'
    (problem,) = problems(write_config(tmp_path, settings=settings))
    assert problem.endswith('alerts[1].name: another rule is named "now" too; give each a name of its own')


def test_alarms_go_to_channels_that_there_are(tmp_path: Path) -> None:
    config = write_config(tmp_path, settings=f'{SETTINGS}\n[alarms]\nchannels = ["foldr"]\n')
    (problem,) = problems(config)
    assert problem.endswith('alarms.channels: unknown channel "foldr"; did you mean "folder"?')
