"""The configuration folder is read whole; every mistake is named, and nothing is opened."""

from __future__ import annotations

import re
import shutil
import zoneinfo
from datetime import UTC, datetime, timedelta
from importlib import resources
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from bot.catalogue import load_catalogue
from bot.configuration import SystemClock, make_judge, read_configuration, starter_folder
from bot.errors import ConfigErrors
from tests.cli.calling import SETTINGS, TOPIC, write_config

EVERYTHING = """
[http]
contact = "mailto:ann@harbor.example"
total_timeout = "30s"
max_entries = 7
allow_networks = ["127.0.0.1"]

[schedule]
timezone = "Europe/Oslo"
min_interval = "7m"
max_interval = "3h"
baseline_age = "2h"
story_window = "3d"

[channels.folder]
type = "files"
folder = "messages"

[channels.chat]
type = "slack"
url = "https://hooks.slack.com/services/T0/B0/x"

[[alerts]]
topics = ["ferries"]
channels = ["chat"]
min_score = 0.7
max_age = "5h"
budget = 2

[[alerts]]
name = "second"
topics = ["ferries"]
channels = ["folder"]

[digests.daily]
topics = ["ferries"]
channels = ["folder", "chat"]
schedule = "30 7 * * 1-5"
max_stories = 3
send_empty = true
catch_up = "2h"

[digests.weekly]
title = "The week"
topics = ["ferries"]
channels = ["folder"]
schedule = "0 9 * * 1"
timezone = "America/New_York"
"""


def problems(config: Path) -> list[str]:
    with pytest.raises(ConfigErrors) as caught:
        read_configuration(config, config / "data")
    return [str(problem).removeprefix(f"{config}/") for problem in caught.value.problems]


# ── reading and checking ─────────────────────────────────────────────────────────────────────────


def test_settings_become_what_the_pipeline_reads(tmp_path: Path) -> None:
    read = read_configuration(write_config(tmp_path / "config", settings=EVERYTHING), tmp_path / "data")
    daily, weekly = read.digests["daily"], read.digests["weekly"]
    assert (daily.name, daily.title, daily.timezone) == ("daily", "daily", "Europe/Oslo")
    assert (daily.channels, daily.max_stories, daily.send_empty) == (("folder", "chat"), 3, True)
    assert daily.catch_up == timedelta(hours=2)
    assert (weekly.title, weekly.timezone) == ("The week", "America/New_York")
    first, second = read.alerts
    assert (first.name, first.min_score, first.max_age, first.budget) == (
        "alert-1",
        0.7,
        timedelta(hours=5),
        2,
    )
    assert (second.name, second.channels) == ("second", ("folder",))
    assert set(read.channels) == {"folder", "chat"}
    assert read.secret_options("chat") == {"url"}
    assert read.secret_options("folder") == set()


def test_nothing_is_written_and_nothing_is_opened(tmp_path: Path) -> None:
    read_configuration(write_config(tmp_path / "config"), tmp_path / "data")
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(
    ("url", "database"),
    [
        ("sqlite", "sqlite:///{data}/chipwatch.db"),
        ("sqlite:////var/x.db", "sqlite:////var/x.db"),
        ("postgresql://watch@db.example/news", "postgresql://watch@db.example/news"),
    ],
)
def test_the_database_is_in_the_data_folder_unless_told(tmp_path: Path, url: str, database: str) -> None:
    config = write_config(tmp_path / "config", settings=f'{SETTINGS}\n[storage]\nurl = "{url}"\n')
    read = read_configuration(config, tmp_path / "data")
    assert read.database == database.format(data=tmp_path / "data")


def test_a_query_that_can_not_be_read_is_named_in_its_file(tmp_path: Path) -> None:
    config = write_config(tmp_path, topic=TOPIC.replace("OR ferry", "OR (ferry"))
    (problem,) = problems(config)
    assert problem.startswith("topics/ferries.toml:2: query: at character ")
    with pytest.raises(ConfigErrors):
        make_judge(load_catalogue(config))


def test_a_channel_that_can_not_work_is_named(tmp_path: Path) -> None:
    settings = SETTINGS.replace('type = "files"', 'type = "email"\nto = ["ann@harbor.example"]')
    (problem,) = problems(write_config(tmp_path, settings=settings))
    assert problem.startswith("chipwatch.toml:8: channels.folder: ")
    assert "[smtp]" in problem


def test_the_starter_is_complete_and_the_demo_is_in_it() -> None:
    folder = starter_folder()
    for name in ("chipwatch.toml", "feeds.toml", "entities.toml", "topics", "corpus", "demo/sites.toml"):
        assert (folder / name).exists()


def test_the_real_clock_is_utc_and_its_chance_varies() -> None:
    clock = SystemClock()
    assert abs(clock.now() - datetime.now(UTC)) < timedelta(seconds=5)
    chances = {clock.jitter() for _ in range(20)}
    assert len(chances) > 1
    assert all(0 <= chance < 1 for chance in chances)


def test_a_fingerprint_changes_with_what_a_channel_is_made_from_and_shows_none_of_it(tmp_path: Path) -> None:
    hook = '\n[channels.hook]\ntype = "webhook"\nurl = "http://127.0.0.1:9/{}"\nsecret = "whsec_{}"\n'
    smtp = '\n[smtp]\nhost = "127.0.0.1"\npassword = "{}"\n'

    def fingerprint(number: int, path: str = "a", word: str = "b") -> str:
        settings = SETTINGS + hook.format(path, "QUFB" * 10) + smtp.format(word)
        config = write_config(tmp_path / str(number), settings=settings)
        return read_configuration(config, tmp_path).fingerprint("hook")

    first = fingerprint(1)
    assert first == fingerprint(2)
    assert len({first, fingerprint(3, path="other"), fingerprint(4, word="other")}) == 3
    assert re.fullmatch("[0-9a-f]{32}", first)


def test_every_secret_is_known_however_it_is_spelled(tmp_path: Path) -> None:
    settings = SETTINGS + (
        '[storage]\nurl = "postgresql://bot:db%20word@localhost/x"\n'
        '[smtp]\nhost = "localhost"\npassword = "mail word"\n'
        '[channels.chat]\ntype = "slack"\nurl = "https://hooks.example.org/T1/long-enough-key"\n'
        '[channels.bot]\ntype = "telegram"\ntoken = "123456:ABCDEF"\nchats = ["-1001"]\n'
        '[judging.advisor]\nurl = "http://localhost:1/"\nmodel = "m"\napi_key = "sk-1"\n'
    )
    feed = "https://ann:feed-word@news.example.org/rss"
    open_feeds = (
        "https://open.example.org/@ann?format=rss2",
        "https://wiki.example.org/rss?authToken=feed+key",
    )
    write_config(tmp_path, feeds=(feed, *open_feeds), settings=settings)
    secrets = read_configuration(tmp_path, tmp_path).secrets
    assert {"db word", "db%20word", "mail word", "mail%20word", "sk-1", "feed-word", "feed key"} <= secrets
    assert {"123456:ABCDEF", "https://hooks.example.org/T1/long-enough-key", "long-enough-key"} <= secrets
    assert not {"ann", "bot", "chat", "slack", "-1001", "rss2", ""} & secrets


def test_zones_are_those_of_the_database_at_the_time_of_reading(tmp_path: Path) -> None:
    """A country changes its time, and the machine gets the new database, while a process runs."""
    usual, database = zoneinfo.TZPATH, tmp_path / "zoneinfo"
    country = database / "Test" / "Country"
    country.parent.mkdir(parents=True)
    summer = datetime(2026, 7, 1, tzinfo=UTC)
    settings = SETTINGS.replace("[schedule]", '[schedule]\ntimezone = "Test/Country"')
    folder = write_config(tmp_path / "config", settings=settings)
    zoneinfo.reset_tzpath([str(database), *usual])
    try:
        for hours in (-2, -3):
            # Its names are of POSIX, where what is west of Greenwich counts.
            shutil.copy(tz_file(f"Etc/GMT{hours}"), country)
            read_configuration(folder, tmp_path)
            assert summer.astimezone(ZoneInfo("Test/Country")).utcoffset() == timedelta(hours=-hours)
    finally:
        zoneinfo.reset_tzpath(usual)


def tz_file(name: str) -> Path:
    places = [Path(place) / name for place in zoneinfo.TZPATH]
    places.append(Path(str(resources.files("tzdata") / "zoneinfo" / name)))
    return next(place for place in places if place.is_file())
