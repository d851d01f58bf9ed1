"""The composition root: the configuration is read whole, and settings reach what they are for."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot import __version__, app
from bot.catalogue import load_catalogue
from bot.errors import ConfigErrors
from bot.model import DeliveryState, Fetched, FetchFailed
from bot.runtime import lifecycle
from tests.cli.calling import NEWS, SETTINGS, TOPIC, rss, write_config
from tests.fakes import FixedClock
from tests.http_server import Answer, http_server

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
        app.read_configuration(config, config / "data")
    return [str(problem).removeprefix(f"{config}/") for problem in caught.value.problems]


# ── reading and checking ─────────────────────────────────────────────────────────────────────────


def test_settings_become_what_the_pipeline_reads(tmp_path: Path) -> None:
    read = app.read_configuration(write_config(tmp_path / "config", settings=EVERYTHING), tmp_path / "data")
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
    app.read_configuration(write_config(tmp_path / "config"), tmp_path / "data")
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
    read = app.read_configuration(config, tmp_path / "data")
    assert read.database == database.format(data=tmp_path / "data")


@pytest.mark.parametrize("name", ["a b", "a%20b", "what?now=1", "c#", "ü@x:y"])
def test_any_name_of_a_data_folder_leads_into_it(tmp_path: Path, name: str) -> None:
    configuration = app.read_configuration(write_config(tmp_path / "config"), tmp_path / name)
    with app.opened(configuration):
        pass
    assert (tmp_path / name / "chipwatch.db").exists()
    assert {path.name for path in tmp_path.iterdir()} == {"config", name}


def test_a_query_that_can_not_be_read_is_named_in_its_file(tmp_path: Path) -> None:
    config = write_config(tmp_path, topic=TOPIC.replace("OR ferry", "OR (ferry"))
    (problem,) = problems(config)
    assert problem.startswith("topics/ferries.toml:2: query: at character ")
    with pytest.raises(ConfigErrors):
        app.make_judge(load_catalogue(config))


def test_a_channel_that_can_not_work_is_named(tmp_path: Path) -> None:
    settings = SETTINGS.replace('type = "files"', 'type = "email"\nto = ["ann@harbor.example"]')
    (problem,) = problems(write_config(tmp_path, settings=settings))
    assert problem.startswith("chipwatch.toml:8: channels.folder: ")
    assert "[smtp]" in problem


def test_the_starter_is_complete_and_the_demo_is_in_it() -> None:
    folder = app.starter_folder()
    for name in ("chipwatch.toml", "feeds.toml", "entities.toml", "topics", "corpus", "demo/sites.toml"):
        assert (folder / name).exists()


# ── tied together ────────────────────────────────────────────────────────────────────────────────


def test_nobody_is_asked_for_advice_unless_configured(tmp_path: Path) -> None:
    read = app.read_configuration(write_config(tmp_path), tmp_path / "data")
    assert app.make_advising(read.settings) is None
    bounds = "budget_per_hour = 7\nmax_share = 2.0\n"
    asking = '[judging.advisor]\nurl = "http://127.0.0.1:9/"\nmodel = "small"\n' + bounds
    read = app.read_configuration(write_config(tmp_path, settings=asking), tmp_path / "data")
    advising = app.make_advising(read.settings)
    assert advising
    assert advising.advisor.name == "small"
    assert (advising.policy.budget, advising.policy.max_share, advising.policy.margin) == (7, 2.0, 1.0)


def test_settings_reach_the_steps(tmp_path: Path) -> None:
    configuration = app.read_configuration(
        write_config(tmp_path / "config", settings=EVERYTHING), tmp_path / "data"
    )
    with app.opened(configuration) as application:
        deps = application.deps
    assert deps.poll_policy.min_interval == timedelta(minutes=7)
    assert deps.poll_policy.max_interval == timedelta(hours=3)
    assert deps.poll_policy.baseline_age == timedelta(hours=2)
    assert deps.story_policy.window == timedelta(days=3)
    assert (deps.max_entries, deps.timezone) == (7, "Europe/Oslo")
    assert deps.pace.poll_lease == timedelta(seconds=60), "twice the longest request"
    assert list(deps.topics) == ["ferries"]
    assert set(deps.exemplars) == {"new-ferry", "second-ferry", "not-bakery", "not-football"}
    assert [entity.id for entity in deps.entities] == ["skerry"]
    assert not deps.stopping()


def test_the_clock_that_is_handed_in_is_the_one_that_counts(tmp_path: Path) -> None:
    configuration = app.read_configuration(write_config(tmp_path / "config"), tmp_path / "data")
    clock = FixedClock()
    with app.opened(configuration, clock) as application:
        assert application.deps.clock is clock


def test_the_real_clock_is_utc_and_its_chance_varies() -> None:
    clock = app.SystemClock()
    assert abs(clock.now() - datetime.now(UTC)) < timedelta(seconds=5)
    chances = {clock.jitter() for _ in range(20)}
    assert len(chances) > 1
    assert all(0 <= chance < 1 for chance in chances)


def test_feeds_are_subscribed_and_dropped_with_the_configuration(tmp_path: Path) -> None:
    def due(*feeds: str) -> list[str]:
        configuration = app.read_configuration(
            write_config(tmp_path / "config", feeds=feeds), tmp_path / "data"
        )
        with app.opened(configuration) as application:
            application.subscribe()
            with application.store.begin() as tx:
                claimed = tx.feeds.claim_due(application.deps.clock.now(), 9, timedelta(0))
                return sorted(state.url for state in claimed)

    one, two = "https://harbor.example/1", "https://harbor.example/2"
    assert due(one, two) == [one, two]
    assert due(two) == [two]
    assert due(one, two) == [one, two]


def test_a_successor_takes_over_what_a_dead_process_had_claimed(tmp_path: Path) -> None:
    feed = "https://harbor.example/1"
    configuration = app.read_configuration(write_config(tmp_path / "config", feeds=[feed]), tmp_path / "data")
    long, now = timedelta(hours=1), datetime.now(UTC) + timedelta(minutes=1)
    with app.opened(configuration) as application:
        application.subscribe()
        with application.store.begin() as tx:
            assert len(tx.feeds.claim_due(now, 9, long)) == 1
            assert not tx.feeds.claim_due(now, 9, long)
        application.take_over()
        with application.store.begin() as tx:
            assert len(tx.feeds.claim_due(now, 9, long)) == 1
            assert tx.outbox.deliveries(state=DeliveryState.PENDING, limit=9) == []


def test_a_successor_leaves_a_command_that_delivers_its_queues(tmp_path: Path) -> None:
    configuration = app.read_configuration(write_config(tmp_path / "config"), tmp_path / "data")
    now, lease = datetime.now(UTC), timedelta(hours=1)
    with app.opened(configuration) as application:
        with lifecycle.delivering(configuration.data):
            with application.store.begin() as tx:
                tx.queue.serve("chat", now, lease)
            application.take_over()
            with application.store.begin() as tx:
                assert not tx.queue.serve("chat", now, lease)
        application.take_over()
        with application.store.begin() as tx:
            assert tx.queue.serve("chat", now, lease)


# ── the fetcher ──────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("contact", "agent"),
    [
        ("mailto:ann@harbor.example", f"chipwatch/{__version__} (mailto:ann@harbor.example)"),
        ("", f"chipwatch/{__version__} (no contact configured)"),
    ],
)
def test_the_bot_says_who_it_is(tmp_path: Path, contact: str, agent: str) -> None:
    settings = f'[http]\ncontact = "{contact}"\nallow_networks = ["127.0.0.1"]\n'
    read = app.read_configuration(write_config(tmp_path, settings=settings), tmp_path / "data")
    with http_server() as server:
        url = server.play("/rss", Answer(body=rss(*NEWS)))
        outcome = app.make_fetcher(read.settings).fetch_one(url)
        assert isinstance(outcome, Fetched)
        (request,) = server.requests
    assert request.headers["User-Agent"] == agent


def test_private_addresses_and_large_bodies_are_refused_as_configured(tmp_path: Path) -> None:
    def fetched(http: str) -> Fetched | FetchFailed:
        read = app.read_configuration(write_config(tmp_path, settings=f"[http]\n{http}\n"), tmp_path / "data")
        outcome = app.make_fetcher(read.settings).fetch_one(url)
        assert isinstance(outcome, Fetched | FetchFailed)
        return outcome

    with http_server() as server:
        url = server.play("/rss", Answer(body=b"x" * 3000))
        shut = fetched("")
        small = fetched('allow_networks = ["127.0.0.0/8"]\nmax_body_mb = 0.001')
        assert isinstance(fetched('allow_networks = ["127.0.0.1"]'), Fetched)
    assert isinstance(shut, FetchFailed)
    assert shut.kind == "refused"
    assert isinstance(small, FetchFailed)
    assert small.kind == "too-large"


def test_a_fingerprint_changes_with_what_a_channel_is_made_from_and_shows_none_of_it(tmp_path: Path) -> None:
    hook = '\n[channels.hook]\ntype = "webhook"\nurl = "http://127.0.0.1:9/{}"\nsecret = "whsec_{}"\n'
    smtp = '\n[smtp]\nhost = "127.0.0.1"\npassword = "{}"\n'

    def fingerprint(number: int, path: str = "a", word: str = "b") -> str:
        settings = SETTINGS + hook.format(path, "QUFB" * 10) + smtp.format(word)
        config = write_config(tmp_path / str(number), settings=settings)
        return app.read_configuration(config, tmp_path).fingerprint("hook")

    first = fingerprint(1)
    assert first == fingerprint(2)
    assert len({first, fingerprint(3, path="other"), fingerprint(4, word="other")}) == 3
    assert re.fullmatch("[0-9a-f]{32}", first)
