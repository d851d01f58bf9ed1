from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.intake import GONE, NOT_A_FEED, PollPolicy, body_hash, is_new_body, plan_poll
from bot.model import (
    Feed,
    FeedState,
    Fetched,
    FetchFailed,
    FetchOutcome,
    Item,
    KnownItem,
    NotModified,
    PollPlan,
)

NOW = datetime(2026, 3, 3, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
FEED = Feed(id="feed", url="https://example.org/feed")
FRESH = FeedState(feed_id="feed", url=FEED.url, next_poll_at=NOW)
READ = replace(
    FRESH,
    etag='"old"',
    modified="then",
    body_hash=body_hash(b"old"),
    rhythm=6 * HOUR,
    last_polled_at=NOW - HOUR,
    last_ok_at=NOW - HOUR,
    last_full_at=NOW - HOUR,
)
POLICY = PollPolicy()
BODY = Fetched(body=b"new", content_type="", final_url=FEED.url, etag='"new"', modified="now")


def item(name: str, *keys: str, text: str = "text", age: timedelta = HOUR) -> Item:
    return Item(
        id=f"id-{name}",
        feed_id="feed",
        url="",
        canonical_url="",
        title=name,
        seen_at=NOW,
        published=NOW - age,
        content_hash=text,
        keys=keys or (f"guid:{name}",),
    )


def plan(
    outcome: FetchOutcome,
    *items: Item,
    state: FeedState = READ,
    known: Mapping[str, KnownItem] | None = None,
    feed: Feed = FEED,
    ttl: timedelta | None = None,
) -> PollPlan:
    return plan_poll(feed, state, outcome, items, known or {}, now=NOW, jitter=0.5, policy=POLICY, ttl=ttl)


def test_new_items_are_new_and_validators_come_with_them() -> None:
    found = plan(BODY, item("a"), item("b"))
    assert [new.id for new in found.new] == ["id-a", "id-b"]
    assert (found.result, found.unchanged) == ("new", 0)
    assert found.seen == {"guid:a": "id-a", "guid:b": "id-b"}
    assert (found.state.etag, found.state.modified, found.state.body_hash) == (
        '"new"',
        "now",
        body_hash(b"new"),
    )
    assert found.state.last_full_at == found.state.last_ok_at == NOW


def test_a_known_item_with_other_content_is_revised_under_its_own_id() -> None:
    known = {
        "guid:a": KnownItem(
            item_id="first", feed_id="feed", content_hash="old text", canonical_url="", title="a"
        )
    }
    found = plan(BODY, item("a"), known=known)
    assert found.new == ()
    assert [revised.id for revised in found.revised] == ["first"]


def test_a_guid_that_is_used_again_for_another_article_does_not_hide_it() -> None:
    earlier = KnownItem(
        item_id="id-latest",
        feed_id="feed",
        content_hash="old text",
        canonical_url="https://example.org/1",
        title="Norvik tapes out its chip",
    )
    later = replace(
        item("latest", "guid:latest", "url:2"), title="Rain in Ostren", canonical_url="https://example.org/2"
    )
    found = plan(BODY, later, known={"guid:latest": earlier})
    assert len(found.new) == 1
    assert found.new[0].id != "id-latest"
    assert found.seen == {"guid:latest": "id-latest", "url:2": found.new[0].id}
    again = KnownItem(
        item_id=found.new[0].id,
        feed_id="feed",
        content_hash="text",
        canonical_url=later.canonical_url,
        title=later.title,
    )
    unchanged = plan(BODY, later, known={"guid:latest": earlier, "url:2": again})
    assert (unchanged.new, unchanged.revised, unchanged.unchanged) == ((), (), 1)
    moved = replace(later, title="Norvik tapes out a chip", keys=("guid:latest", "url:3"))
    assert [edit.id for edit in plan(BODY, moved, known={"guid:latest": earlier}).revised] == ["id-latest"]


def test_another_feeds_wording_is_no_edit() -> None:
    known = {
        "guid:a": KnownItem(
            item_id="first", feed_id="another", content_hash="old text", canonical_url="", title="a"
        )
    }
    found = plan(BODY, item("a"), known=known)
    assert (found.new, found.revised, found.unchanged) == ((), (), 1)


@pytest.mark.parametrize("key", ["guid:a", "url:a", "text:a"])
def test_any_key_is_enough_to_be_known(key: str) -> None:
    known = {
        key: KnownItem(item_id="first", feed_id="feed", content_hash="text", canonical_url="", title="a")
    }
    found = plan(BODY, item("a", "guid:a", "url:a", "text:a"), known=known)
    assert (found.new, found.revised, found.unchanged, found.result) == ((), (), 1, "unchanged")
    assert found.seen == {"guid:a": "first", "url:a": "first", "text:a": "first"}


def test_keys_stay_with_the_item_that_had_them_first() -> None:
    known = {
        "guid:a": KnownItem(item_id="one", feed_id="feed", content_hash="text", canonical_url="", title="a"),
        "url:a": KnownItem(item_id="two", feed_id="feed", content_hash="text", canonical_url="", title="a"),
    }
    assert plan(BODY, item("a", "guid:a", "url:a"), known=known).seen == {"guid:a": "one", "url:a": "two"}


def test_two_entries_never_claim_one_stored_item() -> None:
    known = {
        "guid:a": KnownItem(item_id="one", feed_id="feed", content_hash="text", canonical_url="", title="a"),
        "url:x": KnownItem(item_id="one", feed_id="feed", content_hash="text", canonical_url="", title="a"),
    }
    found = plan(BODY, item("a"), item("b", "guid:b", "url:x", text="else"), known=known)
    assert [new.id for new in found.new] == ["id-b"]
    assert found.revised == ()
    assert found.seen["url:x"] == "one"


@pytest.mark.parametrize("outcome", [NotModified(), replace(BODY, body=b"old")])
def test_nothing_new_from_304_or_the_same_body(outcome: FetchOutcome) -> None:
    found = plan(outcome, state=replace(READ, failures=3, failing_since=NOW - DAY))
    assert (found.new, found.revised, found.seen, found.result) == ((), (), {}, "unchanged")
    assert (found.state.failures, found.state.failing_since) == (0, None)
    assert found.state.body_hash == READ.body_hash
    assert found.state.rhythm is not None
    assert found.state.rhythm > 6 * HOUR


def test_a_body_is_new_by_its_hash() -> None:
    assert is_new_body(BODY, READ)
    assert not is_new_body(replace(BODY, body=b"old"), READ)
    assert not is_new_body(NotModified(), FRESH)


def test_304_before_anything_was_read_is_a_failure() -> None:
    found = plan(NotModified(), state=FRESH)
    assert (found.result, found.state.failures) == ("failed", 1)


@pytest.mark.parametrize("kind", ["timeout", "status", NOT_A_FEED, GONE])
def test_a_failure_forgets_nothing(kind: str) -> None:
    found = plan(FetchFailed(kind=kind, detail="why"))
    kept = ("etag", "modified", "body_hash", "rhythm", "last_ok_at", "last_full_at", "url")
    assert all(getattr(found.state, name) == getattr(READ, name) for name in kept)
    assert (found.state.failures, found.state.failing_since) == (1, NOW)
    assert (found.new, found.revised, found.seen) == ((), (), {})
    assert found.state.last_result == f"{kind}: why"


def test_failures_back_off_up_to_a_day_and_never_stop() -> None:
    state, waits = READ, []
    for _ in range(30):
        state = plan(FetchFailed(kind="timeout", detail=""), state=state).state
        waits.append(state.next_poll_at - NOW)
    assert waits == sorted(waits)
    assert waits[0] < timedelta(minutes=6)
    assert waits[-1] == DAY
    assert state.disabled is None


@given(st.one_of(st.none(), st.timedeltas(-DAY, 1000 * DAY)))
def test_retry_after_is_heard_within_bounds(asked: timedelta | None) -> None:
    found = plan(FetchFailed(kind="throttled", detail="", retry_after=asked))
    wait = found.state.next_poll_at - NOW
    assert timedelta(minutes=5) <= wait <= DAY
    assert wait >= min(asked or timedelta(0), DAY)


def test_gone_ends_polling_and_says_why() -> None:
    found = plan(FetchFailed(kind=GONE, detail="HTTP 410 Gone", status=410))
    assert found.result == GONE
    assert found.state.disabled is not None
    assert "410" in found.state.disabled


def test_the_rhythm_sets_the_next_poll_within_bounds() -> None:
    for gap, least, most in [(1, 5, 8), (60, 30, 90), (60 * 24 * 30, 12 * 60, 36 * 60)]:
        items = [item(str(n), age=timedelta(minutes=gap * (n + 1))) for n in range(10)]
        minutes = (plan(BODY, *items).state.next_poll_at - NOW) / timedelta(minutes=1)
        assert least <= minutes <= most


def test_hints_of_the_server_raise_the_interval_and_every_overrides_them() -> None:
    busy = [item(str(n), age=timedelta(minutes=n + 1)) for n in range(10)]
    assert plan(BODY, *busy, ttl=3 * HOUR).state.next_poll_at >= NOW + 3 * HOUR
    assert plan(replace(BODY, fresh_for=4 * HOUR), *busy).state.next_poll_at >= NOW + 4 * HOUR
    assert plan(BODY, *busy, ttl=900 * DAY).state.next_poll_at <= NOW + 1.6 * DAY
    often = replace(FEED, every=timedelta(minutes=10))
    assert plan(BODY, *busy, ttl=3 * HOUR, feed=often).state.next_poll_at <= NOW + timedelta(minutes=16)


def test_what_was_old_at_the_first_poll_is_a_baseline() -> None:
    items = (item("old", age=2 * DAY), item("fresh"), replace(item("undated"), published=None))
    first = plan(BODY, *items, state=FRESH)
    assert [(new.title, new.baseline) for new in first.new] == [
        ("old", True),
        ("fresh", False),
        ("undated", True),
    ]
    later = plan(BODY, *items)
    assert not any(new.baseline for new in later.new)
