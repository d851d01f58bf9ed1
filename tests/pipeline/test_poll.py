from dataclasses import replace
from datetime import timedelta

from bot.model import FetchFailed, NotModified
from bot.pipeline.poll import PollReport, poll
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


def test_only_what_is_due_is_polled_and_one_claim_a_time(bot: Bot) -> None:
    bot.publish(entry("1", "A chip"))
    assert len(list(poll(bot.deps))) == 1
    assert not list(poll(bot.deps))
    bot.clock.pass_by(timedelta(days=2))
    assert len(list(poll(bot.deps))) == 1


def test_a_process_that_was_asked_to_end_takes_nothing_new(bot: Bot) -> None:
    bot.publish(entry("1", "A chip"))
    assert not list(poll(replace(bot.deps, stopping=lambda: True)))
