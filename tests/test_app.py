"""The composition root: settings reach what they are for."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot import __version__, app
from bot.configuration import read_configuration
from bot.model import DeliveryState, Fetched, FetchFailed
from bot.runtime import lifecycle
from tests.cli.calling import NEWS, rss, write_config
from tests.fakes import FixedClock
from tests.http_server import Answer, http_server
from tests.test_configuration import EVERYTHING


@pytest.mark.parametrize("name", ["a b", "a%20b", "what?now=1", "c#", "ü@x:y"])
def test_any_name_of_a_data_folder_leads_into_it(tmp_path: Path, name: str) -> None:
    configuration = read_configuration(write_config(tmp_path / "config"), tmp_path / name)
    with app.opened(configuration):
        pass
    assert (tmp_path / name / "chipwatch.db").exists()
    assert {path.name for path in tmp_path.iterdir()} == {"config", name}


# ── tied together ────────────────────────────────────────────────────────────────────────────────


def test_nobody_is_asked_for_advice_unless_configured(tmp_path: Path) -> None:
    read = read_configuration(write_config(tmp_path), tmp_path / "data")
    assert app.make_advising(read.settings) is None
    bounds = "budget_per_hour = 7\nmax_share = 2.0\n"
    asking = '[judging.advisor]\nurl = "http://127.0.0.1:9/"\nmodel = "small"\n' + bounds
    read = read_configuration(write_config(tmp_path, settings=asking), tmp_path / "data")
    advising = app.make_advising(read.settings)
    assert advising
    assert advising.advisor.name == "small"
    assert (advising.policy.budget, advising.policy.max_share, advising.policy.margin) == (7, 2.0, 1.0)


def test_settings_reach_the_steps(tmp_path: Path) -> None:
    configuration = read_configuration(
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
    configuration = read_configuration(write_config(tmp_path / "config"), tmp_path / "data")
    clock = FixedClock()
    with app.opened(configuration, clock) as application:
        assert application.deps.clock is clock


def test_feeds_are_subscribed_and_dropped_with_the_configuration(tmp_path: Path) -> None:
    def due(*feeds: str) -> list[str]:
        configuration = read_configuration(write_config(tmp_path / "config", feeds=feeds), tmp_path / "data")
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
    configuration = read_configuration(write_config(tmp_path / "config", feeds=[feed]), tmp_path / "data")
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
    configuration = read_configuration(write_config(tmp_path / "config"), tmp_path / "data")
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


# ── the disks ────────────────────────────────────────────────────────────────────────────────────


def folders(tmp_path: Path, storage: str = "") -> list[str]:
    settings = f"[storage]\n{storage}\n"
    configuration = read_configuration(
        write_config(tmp_path / "config", settings=settings), tmp_path / "data"
    )
    found = app.rooms(configuration)
    assert all(0 < room.free <= shutil.disk_usage(room.folder).total for room in found)
    return [room.folder for room in found]


def test_the_disk_of_the_data_folder_is_watched_once_it_is_there(tmp_path: Path) -> None:
    assert folders(tmp_path) == []
    (tmp_path / "data").mkdir()
    assert folders(tmp_path) == [str(tmp_path / "data")]
    assert folders(tmp_path, 'url = "postgresql+psycopg://bot@db/chipwatch"') == [str(tmp_path / "data")]


def test_that_of_the_database_as_well_where_it_is_another_one(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    elsewhere = Path("/dev/shm")
    if not elsewhere.is_dir() or elsewhere.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("there is no second disk here")
    assert folders(tmp_path, f'url = "sqlite:///{elsewhere}/x.db"') == [
        str(tmp_path / "data"),
        str(elsewhere),
    ]
    assert folders(tmp_path, f'url = "sqlite:///{tmp_path}/x.db"') == [str(tmp_path / "data")]


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
    read = read_configuration(write_config(tmp_path, settings=settings), tmp_path / "data")
    with http_server() as server:
        url = server.play("/rss", Answer(body=rss(*NEWS)))
        outcome = app.make_fetcher(read.settings).fetch_one(url)
        assert isinstance(outcome, Fetched)
        (request,) = server.requests
    assert request.headers["User-Agent"] == agent


def test_private_addresses_and_large_bodies_are_refused_as_configured(tmp_path: Path) -> None:
    def fetched(http: str) -> Fetched | FetchFailed:
        read = read_configuration(write_config(tmp_path, settings=f"[http]\n{http}\n"), tmp_path / "data")
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
