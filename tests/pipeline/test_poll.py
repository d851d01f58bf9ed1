import sqlite3
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from contextlib import closing, suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event

from bot.errors import StoreError
from bot.model import Feed, FetchFailed, Held, NotModified, Reading, ReadTask, Visit
from bot.pipeline.deps import Deps
from bot.pipeline.poll import PollReport, poll
from bot.ports import Draw, Read
from bot.runtime.local import guard
from bot.storage.engine import open_store
from tests.fakes import START, HereReader
from tests.pipeline.conftest import FEED, Bot, entry, fetched


def once(bot: Bot) -> PollReport:
    (report,) = poll(bot.deps, [FEED.id])
    return report


def titles(bot: Bot) -> list[str]:
    with bot.store.begin() as tx:
        found = tx.items.search(topic=None, since=None, words=(), limit=100)
    return sorted(item.title for item, _ in found)


def test_what_is_new_is_stored_once(bot: Bot) -> None:
    bot.publish(entry("1", "A chip"), entry("2", "Another chip"))
    assert len(once(bot).plan.new) == 2
    bot.publish(entry("3", "A third chip"), entry("1", "A chip"), entry("2", "Another chip"))
    report = once(bot)
    assert (len(report.plan.new), report.plan.unchanged) == (1, 2)
    assert titles(bot) == ["A chip", "A third chip", "Another chip"]


def test_an_edit_is_an_edit_and_judged_again(bot: Bot) -> None:
    bot.publish(entry("1", "A chip for 5 million"))
    once(bot)
    bot.publish(entry("1", "A chip for 7 million"))
    report = once(bot)
    assert (len(report.plan.new), len(report.plan.revised)) == (0, 1)
    assert titles(bot) == ["A chip for 7 million"]


def test_a_feed_that_names_no_language_has_the_configured_one(bot: Bot) -> None:
    bot.publish(entry("1", "Ein Chip"))
    german = {FEED.id: replace(FEED, language="de")}
    (report,) = poll(replace(bot.deps, feeds=german), [FEED.id])
    assert [item.language for item in report.plan.new] == ["de"]


def test_the_same_body_is_not_read_again(bot: Bot) -> None:
    bot.publish(entry("1", "A chip"))
    once(bot)
    report = once(bot)
    assert report.reading is None
    assert report.plan.result == "unchanged"


def test_the_next_poll_asks_with_the_validators_of_the_last(bot: Bot) -> None:
    bot.fetcher.answers[FEED.url] = [replace(fetched(entry("1", "A chip")), etag='"x"'), NotModified()]
    once(bot)
    assert once(bot).plan.result == "unchanged"
    assert [state.etag for state in bot.fetcher.asked] == [None, '"x"']


def test_a_page_in_place_of_a_feed_is_a_failure_that_forgets_nothing(bot: Bot) -> None:
    bot.publish(entry("1", "A chip"))
    once(bot)
    page = replace(
        fetched(),
        body=b"<!doctype html><html><body>We moved</body></html>",
        body_hash="another",
        content_type="text/html",
    )
    bot.fetcher.answers[FEED.url] = [page]
    report = once(bot)
    assert report.plan.result == "not-a-feed"
    assert "HTML page" in report.plan.state.last_result
    assert titles(bot) == ["A chip"]


def test_a_failing_feed_is_asked_later_and_later(bot: Bot) -> None:
    bot.fetcher.answers[FEED.url] = [FetchFailed(kind="timeout", detail="no answer")]
    waits = []
    for _ in range(4):
        report = once(bot)
        waits.append(report.plan.state.next_poll_at - bot.clock.now())
    assert waits == sorted(waits)
    assert waits[0] < waits[-1] <= timedelta(hours=24)


def test_a_first_poll_marks_what_was_old_already(bot: Bot) -> None:
    bot.publish(
        entry("1", "Fresh chip"),
        entry("2", "Old chip", published="Wed, 10 Jun 2026 06:00:00 GMT"),
        entry("3", "Undated chip", published=""),
    )
    once(bot)
    bot.publish(entry("4", "Late chip", published="Wed, 10 Jun 2026 06:00:00 GMT"))
    once(bot)
    with bot.store.begin() as tx:
        found = tx.items.search(topic=None, since=None, words=(), limit=100)
    assert {item.title for item, _ in found if item.baseline} == {"Old chip", "Undated chip"}


def test_a_feed_whose_first_items_were_all_known_from_another_has_had_its_first_poll(bot: Bot) -> None:
    """A section of a site whose whole is watched too: neither names guids or dates."""
    plain = [f"<item><title>Chip {n}</title><link>https://harbor.example/{n}</link></item>" for n in range(3)]
    deps = both(bot)
    for feed, entries in ((FEED, plain[:2]), (OTHER, plain[:2]), (OTHER, plain)):
        bot.fetcher.answers[feed.url] = [replace(fetched(*entries), final_url=feed.url)]
        (report,) = poll(deps, [feed.id])
    assert [(item.title, item.baseline) for item in report.plan.new] == [("Chip 2", False)]


def test_only_what_is_due_is_polled_and_one_claim_a_time(bot: Bot) -> None:
    bot.publish(entry("1", "A chip"))
    assert len(list(poll(bot.deps))) == 1
    assert not list(poll(bot.deps))
    bot.clock.pass_by(timedelta(days=2))
    assert len(list(poll(bot.deps))) == 1


def test_a_process_that_was_asked_to_end_takes_nothing_new(bot: Bot) -> None:
    bot.publish(entry("1", "A chip"))
    assert not list(poll(replace(bot.deps, stopping=lambda: True)))


# ── many at once ─────────────────────────────────────────────────────────────────────────────────

OTHER = Feed(id="quay", url="https://quay.example/rss", title="Quay Post")


def both(bot: Bot, **changes: Any) -> Deps:
    """A bot that watches two feeds."""
    with bot.store.begin() as tx:
        tx.feeds.sync([FEED, OTHER], bot.clock.now())
    return replace(bot.deps, feeds={FEED.id: FEED, OTHER.id: OTHER}, **changes)


def due(bot: Bot, after: timedelta = timedelta(0)) -> list[str]:
    with bot.store.begin() as tx:
        return [each.feed_id for each in tx.feeds.claim_due(bot.clock.now() + after, 9, timedelta(minutes=1))]


class OddReader(HereReader):
    """Stands in for a bug of ours: of one feed it gives an item that can't be stored."""

    def submit(self, task: ReadTask) -> Future[Reading | FetchFailed]:
        future = super().submit(task)
        reading = future.result()
        if task.feed_id != OTHER.id or not isinstance(reading, Reading):
            return future
        odd: Future[Reading | FetchFailed] = Future()
        title: Any = None
        odd.set_result(replace(reading, items=tuple(replace(item, title=title) for item in reading.items)))
        return odd


def test_a_fault_in_one_of_many_costs_only_that_one(bot: Bot) -> None:
    deps = both(bot, reader=OddReader(), guard=guard)
    bot.publish(entry("1", "A chip"))
    bot.fetcher.answers[OTHER.url] = [replace(fetched(entry("2", "Another chip")), final_url=OTHER.url)]
    reports = {report.feed.id: report.plan for report in poll(deps)}
    assert (reports[FEED.id].result, reports[OTHER.id].failed) == ("new", True)
    assert "a fault of ours" in reports[OTHER.id].state.last_result
    assert titles(bot) == ["A chip"]
    with bot.store.read() as tx:
        assert tx.feeds.states()[OTHER.id].failures == 1


def test_a_database_in_trouble_is_no_fault_of_a_feed(bot: Bot, tmp_path: Path) -> None:
    other = sqlite3.connect(tmp_path / "chipwatch.db", isolation_level=None)

    class Locking(HereReader):
        def submit(self, task: ReadTask) -> Future[Reading | FetchFailed]:
            other.execute("BEGIN IMMEDIATE")
            return super().submit(task)

    bot.publish(entry("1", "A chip"))
    impatient = open_store(f"sqlite:///{tmp_path / 'chipwatch.db'}", busy_timeout=timedelta(seconds=0.05))
    try:
        with pytest.raises(StoreError):
            list(poll(replace(bot.deps, store=impatient, reader=Locking(), guard=guard)))
    finally:
        other.close()
        impatient.close()
    bot.clock.pass_by(bot.deps.pace.poll_lease)
    (report,) = poll(bot.deps)
    assert (report.plan.result, report.plan.state.failures) == ("new", 0)


def test_a_full_disk_has_no_server_asked_with_every_tick(bot: Bot, tmp_path: Path) -> None:
    """Claims go on working where items find no room: what was fetched then rests, and is tried again."""
    bot.publish(*(entry(str(number), f"Chip {number}", "word " * 400) for number in range(60)))
    with closing(sqlite3.connect(tmp_path / "chipwatch.db")) as database:
        (pages,) = database.execute("PRAGMA page_count").fetchone()

    def fill(connection: sqlite3.Connection, _record: object) -> None:
        connection.execute(f"PRAGMA max_page_count = {pages}")

    deps = replace(bot.deps, guard=guard)
    event.listen(Engine, "connect", fill)
    try:
        with closing(open_store(f"sqlite:///{tmp_path / 'chipwatch.db'}")) as store:
            for _ in range(24):
                with suppress(StoreError):
                    list(poll(replace(deps, store=store)))
                bot.clock.pass_by(timedelta(seconds=5))
    finally:
        event.remove(Engine, "connect", fill)
    assert len(bot.fetcher.asked) == 1
    bot.clock.pass_by(deps.poll_policy.min_interval)
    (report,) = poll(deps)
    assert (len(report.plan.new), report.plan.state.failures) == (60, 0)


@dataclass
class Patient:
    """``ports.Fetcher`` at which everything hangs: time passes, it asks for more, and nothing ends."""

    bot: Bot
    each: timedelta
    drawn: list[str] = field(default_factory=list)

    def fetch_all(self, draw: Draw, read: Read) -> Iterator[Sequence[Visit]]:
        while True:
            self.drawn += [feed.id for feed, _ in draw(1)]
            yield []
            self.bot.clock.pass_by(self.each)


def test_what_waits_for_its_turn_stays_ours_and_is_not_drawn_twice(bot: Bot) -> None:
    lease = bot.deps.pace.poll_lease
    fetcher = Patient(bot, lease / 4)
    list(poll(both(bot, fetcher=fetcher, stopping=lambda: bot.clock.now() - START > 2 * lease)))
    assert sorted(fetcher.drawn) == [FEED.id, OTHER.id]


def test_asked_to_end_it_leaves_what_is_under_way_and_frees_it(bot: Bot) -> None:
    fetcher = Patient(bot, timedelta(0))
    assert not list(poll(both(bot, fetcher=fetcher, stopping=lambda: len(fetcher.drawn) > 1)))
    assert sorted(due(bot)) == [FEED.id, OTHER.id]


def test_a_host_that_rests_is_asked_again_when_its_rest_is_over(bot: Bot) -> None:
    bot.fetcher.answers[FEED.url] = [Held(wait=timedelta(hours=2), reason="harbor.example wants rest")]
    report = once(bot)
    assert (report.plan.result, report.plan.failed) == ("held", False)
    assert due(bot, timedelta(hours=1)) == []
    assert due(bot, timedelta(hours=3)) == [FEED.id]


def test_what_people_should_know_is_noted(bot: Bot) -> None:
    gone = FetchFailed(kind="gone", detail="HTTP 410 Gone", status=410)
    bot.fetcher.answers[FEED.url] = [gone]
    (notice,) = once(bot).plan.notices
    with bot.store.read() as tx:
        assert tx.feeds.notices(START - timedelta(seconds=1)) == [notice]
        assert not tx.feeds.notices(notice.at)


def test_a_budget_is_spread_over_the_hour(bot: Bot) -> None:
    budget = replace(bot.deps.poll_policy, polls_per_hour=30)
    deps = both(bot, poll_policy=budget)
    bot.publish(entry("1", "A chip"))
    bot.fetcher.answers[OTHER.url] = bot.fetcher.answers[FEED.url]
    assert len(list(poll(deps))) == 1
    assert len(list(poll(deps))) == 0
    bot.clock.pass_by(timedelta(minutes=2))
    assert len(list(poll(deps))) == 1
    assert len(list(poll(deps, [FEED.id, OTHER.id]))) == 2, "whoever names feeds wants them polled"


def test_feeds_of_another_configuration_are_left_alone_and_keep_no_other_out(bot: Bot) -> None:
    bot.publish(entry("1", "A chip"))
    newer = [Feed(id=f"{number}", url=f"https://{number}.example/rss") for number in range(200)]
    with bot.store.begin() as tx:
        tx.feeds.sync([*newer, FEED], bot.clock.now())
    strangers: set[str] = set()
    assert [report.feed for report in poll(bot.deps, strangers=strangers)] == [FEED]
    assert strangers == {feed.id for feed in newer}
    bot.clock.pass_by(timedelta(hours=1))
    assert [report.feed for report in poll(bot.deps, strangers=strangers)] == [FEED], "and the next time"
    with bot.store.begin() as tx:
        due = tx.feeds.claim_due(bot.clock.now(), 1000, timedelta(minutes=1))
        assert {state.feed_id for state in due} == {feed.id for feed in newer}, "whoever knows them has them"


def test_a_feed_that_the_configuration_has_now_is_a_stranger_no_more(bot: Bot) -> None:
    bot.publish(entry("1", "A chip"))
    strangers = {FEED.id, "gone"}
    assert [report.feed for report in poll(bot.deps, strangers=strangers)] == [FEED]
    assert strangers == {"gone"}
