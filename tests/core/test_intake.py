from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.intake import (
    BLOCKED,
    GONE,
    MOST_TIMES,
    NOT_A_FEED,
    UNREADABLE,
    PollPolicy,
    is_new_body,
    plan_poll,
)
from bot.model import (
    Feed,
    FeedDocument,
    FeedState,
    Fetched,
    FetchFailed,
    FetchOutcome,
    Held,
    Hints,
    Item,
    KnownItem,
    Notice,
    NotModified,
    PollPlan,
    Reading,
    Visit,
)

NOW = datetime(2026, 3, 3, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
FEED = Feed(id="feed", url="https://example.org/feed")
FRESH = FeedState(feed_id="feed", url=FEED.url, next_poll_at=NOW)
READ = replace(
    FRESH,
    etag='"old"',
    modified="then",
    body_hash="old",
    rhythm=6 * HOUR,
    last_polled_at=NOW - HOUR,
    last_ok_at=NOW - HOUR,
    last_full_at=NOW - HOUR,
    last_new_at=NOW - HOUR,
    published=tuple(NOW - n * 6 * HOUR for n in range(1, 9)),
    seen=b"12345678",
    hints=Hints(skip_hours=(3,)),
    quiet=2,
)
POLICY = PollPolicy()
BODY = Fetched(body=b"", body_hash="new", content_type="", final_url=FEED.url, etag='"new"', modified="now")


def item(name: str, *, text: str = "text", age: timedelta | None = HOUR) -> Item:
    return Item(
        id=f"id-{name}",
        feed_id="feed",
        url="",
        canonical_url="",
        title=name,
        seen_at=NOW,
        published=None if age is None else NOW - age,
        content_hash=text,
        keys=(f"guid:{name}",),
    )


def stored(name: str, text: str = "text") -> dict[str, KnownItem]:
    known = KnownItem(item_id=f"id-{name}", feed_id="feed", content_hash=text, canonical_url="", title=name)
    return {f"guid:{name}": known}


def plan(
    outcome: FetchOutcome,
    *items: Item,
    state: FeedState = READ,
    known: Mapping[str, KnownItem] | None = None,
    feed: Feed = FEED,
    reading: Reading | None = None,
    now: datetime = NOW,
) -> PollPlan:
    if reading is None and is_new_body(outcome, state):
        reading = Reading(document=FeedDocument(), items=items)
    visit = Visit(feed=feed, state=state, outcome=outcome, reading=reading)
    return plan_poll(visit, known or {}, now=now, jitter=0.5, policy=POLICY)


# ── what was read ────────────────────────────────────────────────────────────────────────────────


def test_new_items_are_new_and_validators_come_with_them() -> None:
    found = plan(BODY, item("a"), item("b"))
    assert [new.id for new in found.new] == ["id-a", "id-b"]
    assert (found.result, found.unchanged) == ("new", 0)
    assert found.seen == {"guid:a": "id-a", "guid:b": "id-b"}
    assert (found.state.etag, found.state.modified, found.state.body_hash) == ('"new"', "now", "new")
    assert found.state.last_full_at == found.state.last_ok_at == found.state.last_new_at == NOW
    assert found.state.last_result == "2 new, 0 revised, 0 unchanged"


def test_entries_that_were_not_read_again_are_unchanged() -> None:
    document = FeedDocument(entries=(), left_out=7)
    reading = Reading(document=document, items=(item("a"),), seen=b"1234567887654321", skipped=3, whole=True)
    found = plan(BODY, reading=reading, known=stored("a", "older text"))
    assert (len(found.new), len(found.revised), found.unchanged) == (0, 1, 3)
    assert found.state.last_result == "0 new, 1 revised, 3 unchanged, 7 left out"
    assert (found.state.seen, found.state.read_whole) == (b"1234567887654321", True)


def test_what_was_left_out_is_read_at_the_next_poll_although_nothing_changes() -> None:
    """Neither validators nor a hash may then say that there is nothing to read."""
    document = FeedDocument(entries=(), left_out=7)
    found = plan(BODY, reading=Reading(document=document, items=(item("a"),)))
    assert (found.state.etag, found.state.modified, found.state.body_hash) == (None, None, None)
    again = plan(BODY, reading=Reading(document=document, items=(), skipped=1))
    assert again.state.body_hash == "new"


def test_a_body_is_new_by_its_hash() -> None:
    assert is_new_body(BODY, READ)
    assert not is_new_body(replace(BODY, body_hash="old"), READ)
    assert not is_new_body(NotModified(), FRESH)


@pytest.mark.parametrize("outcome", [NotModified(), replace(BODY, body_hash="old")])
def test_nothing_new_from_304_or_the_same_body(outcome: FetchOutcome) -> None:
    found = plan(outcome, state=replace(READ, failures=3, failing_since=NOW - HOUR))
    assert (found.new, found.revised, found.seen, found.result) == ((), (), {}, "unchanged")
    assert (found.state.failures, found.state.failing_since) == (0, None)
    kept = ("body_hash", "seen", "published", "hints", "last_new_at")
    assert all(getattr(found.state, name) == getattr(READ, name) for name in kept)
    assert found.state.quiet == READ.quiet + 1


def test_what_the_document_hints_is_remembered_also_where_nothing_in_it_is_new() -> None:
    hints = Hints(skip_days=(6,))
    same = Reading(document=FeedDocument(hints=hints), items=(), seen=b"12345678", skipped=1)
    assert plan(BODY, reading=same).state.hints == hints


def test_a_body_of_news_only_adds_to_what_was_seen() -> None:
    reading = Reading(document=FeedDocument(), items=(item("a"),), seen=b"newerone")
    found = plan(replace(BODY, delta=True), reading=reading)
    assert found.state.seen == b"newerone12345678"
    assert found.state.last_full_at == READ.last_full_at
    again = plan(replace(BODY, delta=True, body_hash="x"), reading=reading, state=found.state)
    assert again.state.seen == found.state.seen


@given(st.integers(0, 9_000))
def test_what_was_seen_is_bounded(count: int) -> None:
    old = b"".join(n.to_bytes(8) for n in range(count))
    reading = Reading(document=FeedDocument(), items=(), seen=b"newerone")
    seen = plan(replace(BODY, delta=True), reading=reading, state=replace(READ, seen=old)).state.seen
    assert seen.startswith(b"newerone")
    assert len(seen) == 8 * min(count + 1, 5_000)


# ── baseline ─────────────────────────────────────────────────────────────────────────────────────


def test_what_was_old_at_the_first_poll_is_a_baseline() -> None:
    items = (item("old", age=2 * DAY), item("fresh"), item("undated", age=None))
    first = plan(BODY, *items, state=FRESH)
    assert [(new.title, new.baseline) for new in first.new] == [
        ("old", True),
        ("fresh", False),
        ("undated", True),
    ]
    later = plan(BODY, *items)
    assert not any(new.baseline for new in later.new)


def test_an_empty_first_document_leaves_the_baseline_to_the_next() -> None:
    empty = plan(BODY, state=FRESH)
    assert (empty.new, empty.result) == ((), "unchanged")
    filled = plan(replace(BODY, body_hash="2"), item("old", age=9 * DAY), item("x"), state=empty.state)
    assert [new.baseline for new in filled.new] == [True, False]
    after = plan(replace(BODY, body_hash="3"), item("late", age=9 * DAY), state=filled.state)
    assert [new.baseline for new in after.new] == [False]


# ── rhythm and next poll ─────────────────────────────────────────────────────────────────────────


def test_times_of_new_items_are_remembered_newest_first() -> None:
    found = plan(BODY, item("a", age=2 * HOUR), item("b", age=-HOUR), item("c", age=None), item("d", age=DAY))
    assert found.state.published[:2] == (NOW, NOW - 2 * HOUR)
    assert NOW - DAY in found.state.published
    assert list(found.state.published) == sorted(found.state.published, reverse=True)
    known = plan(BODY, item("a", age=MINUTE), known=stored("a"))
    assert known.state.published == READ.published


def test_a_first_document_gives_the_times_of_what_is_dated_there() -> None:
    items = (item("a", age=3 * DAY), item("b", age=None))
    assert plan(BODY, *items, state=FRESH).state.published == (NOW - 3 * DAY,)


def test_known_items_tell_the_rhythm_where_none_is_remembered() -> None:
    state = replace(READ, published=())
    assert plan(BODY, item("a", age=DAY), state=state, known=stored("a")).state.published == (NOW - DAY,)


@given(st.lists(st.timedeltas(timedelta(0), 900 * DAY), max_size=120))
def test_times_are_bounded_and_never_ahead(ages: list[timedelta]) -> None:
    items = [item(str(n), age=age - DAY) for n, age in enumerate(ages)]
    published = plan(BODY, *items).state.published
    assert len(published) <= MOST_TIMES
    assert all(time <= NOW for time in published)


def test_quiet_polls_are_counted_until_something_new_comes() -> None:
    assert plan(BODY, item("a"), known=stored("a")).state.quiet == READ.quiet + 1
    assert plan(BODY, item("a")).state.quiet == 0


def test_what_another_feed_had_first_is_news_of_this_feed_too() -> None:
    shared = replace(item("a", age=MINUTE), keys=("guid:a", "url:a"))
    elsewhere = KnownItem(item_id="first", feed_id="other", content_hash="text", canonical_url="", title="a")
    found = plan(BODY, shared, known={"url:a": elsewhere})
    assert (found.new, found.result) == ((), "unchanged")
    assert (found.state.quiet, found.state.last_new_at) == (0, NOW)
    assert found.state.published[0] == NOW - MINUTE


def test_the_rhythm_sets_the_next_poll_within_bounds() -> None:
    for gap, least, most in [(1, 5, 8), (60 * 24 * 30, 5 * 60, 24 * 60)]:
        items = [item(str(n), age=timedelta(minutes=gap * (n + 1))) for n in range(10)]
        minutes = (plan(BODY, *items, state=FRESH).state.next_poll_at - NOW) / MINUTE
        assert least <= minutes <= most


def test_hints_raise_the_interval_and_every_overrides_them() -> None:
    busy = [item(str(n), age=timedelta(minutes=n + 1)) for n in range(10)]

    def due(outcome: FetchOutcome, ttl: timedelta | None = None, feed: Feed = FEED) -> datetime:
        document = FeedDocument(hints=Hints(ttl=ttl))
        reading = Reading(document=document, items=tuple(busy))
        return plan(outcome, reading=reading, state=FRESH, feed=feed).state.next_poll_at

    assert due(BODY, 3 * HOUR) >= NOW + 3 * HOUR
    assert due(replace(BODY, fresh_for=4 * HOUR)) >= NOW + 4 * HOUR
    assert due(BODY, 900 * DAY) <= NOW + 1.6 * DAY
    often = replace(FEED, every=10 * MINUTE)
    assert due(BODY, 3 * HOUR, often) <= NOW + 16 * MINUTE


def test_hours_that_the_document_wants_skipped_are_skipped() -> None:
    document = FeedDocument(hints=Hints(skip_hours=tuple(range(12, 20))))
    reading = Reading(document=document, items=(item("a", age=MINUTE),))
    assert plan(BODY, reading=reading).state.next_poll_at.hour == 20


def test_a_hint_holds_while_the_document_does_not_change() -> None:
    slow = replace(READ, hints=Hints(ttl=5 * HOUR), published=tuple(NOW - n * MINUTE for n in range(20)))
    assert plan(NotModified(), state=slow).state.next_poll_at >= NOW + 5 * HOUR


# ── failures ─────────────────────────────────────────────────────────────────────────────────────


def test_304_before_anything_was_read_is_a_failure() -> None:
    found = plan(NotModified(), state=FRESH)
    assert (found.result, found.state.failures) == ("failed", 1)


@pytest.mark.parametrize("kind", ["timeout", "status", NOT_A_FEED, GONE, BLOCKED, UNREADABLE])
def test_a_failure_forgets_nothing(kind: str) -> None:
    found = plan(FetchFailed(kind=kind, detail="why"))
    kept = ("etag", "modified", "body_hash", "rhythm", "last_ok_at", "last_full_at", "url", "seen", "hints")
    assert all(getattr(found.state, name) == getattr(READ, name) for name in kept)
    assert (found.state.failures, found.state.failing_since) == (1, NOW)
    assert (found.new, found.revised, found.seen) == ((), (), {})
    assert found.state.last_result == f"{kind}: why"
    assert found.result == ("failed" if kind in ("timeout", "status") else kind)


def test_a_feed_that_was_held_has_not_failed() -> None:
    sick = replace(READ, failures=2, failing_since=NOW - HOUR)
    found = plan(Held(wait=20 * MINUTE, reason="the host asked for a pause"), state=sick)
    assert (found.result, found.notices) == ("held", ())
    assert 20 * MINUTE <= found.state.next_poll_at - NOW <= 22 * MINUTE
    assert found.state.last_result == "held: the host asked for a pause"
    kept = ("failures", "failing_since", "last_polled_at", "last_ok_at", "quiet")
    assert all(getattr(found.state, name) == getattr(sick, name) for name in kept)


def test_a_feed_that_is_held_for_a_day_is_told_once_although_it_has_not_failed() -> None:
    """Of a thousand feeds of a host that answers none, few are asked: the others must not fall silent."""
    state, notices = READ, list[Notice]()
    for hour in range(0, 60, 6):
        found = plan(Held(wait=6 * HOUR, reason="the host wants rest"), state=state, now=NOW + hour * HOUR)
        state, notices = found.state, [*notices, *found.notices]
    assert ([notice.kind for notice in notices], state.failures) == (["failing"], 0)
    assert "the host wants rest" in notices[0].text
    read = plan(NotModified(), state=state, now=NOW + 60 * HOUR)
    assert [notice.kind for notice in read.notices] == ["recovered"]
    assert read.state.failing_since is None


@given(st.timedeltas(-DAY, 1000 * DAY))
def test_a_hold_is_bounded_and_never_over_at_once(wait: timedelta) -> None:
    found = plan(Held(wait=wait, reason=""))
    assert MINUTE <= found.state.next_poll_at - NOW <= DAY


def test_failures_back_off_up_to_a_day_and_never_stop() -> None:
    state, waits = READ, []
    for _ in range(30):
        state = plan(FetchFailed(kind="timeout", detail=""), state=state).state
        waits.append(state.next_poll_at - NOW)
    assert waits == sorted(waits)
    assert waits[0] < 6 * MINUTE
    assert waits[-1] == DAY
    assert state.disabled is None


@given(st.one_of(st.none(), st.timedeltas(-DAY, 1000 * DAY)))
def test_retry_after_is_heard_within_bounds(asked: timedelta | None) -> None:
    found = plan(FetchFailed(kind="throttled", detail="", retry_after=asked))
    wait = found.state.next_poll_at - NOW
    assert 5 * MINUTE <= wait <= DAY
    assert wait >= min(asked or timedelta(0), DAY)


# ── what people hear of ──────────────────────────────────────────────────────────────────────────


def kinds(plans: list[PollPlan]) -> list[str]:
    return [notice.kind for each in plans for notice in each.notices]


def test_gone_ends_polling_and_is_told_once() -> None:
    gone = FetchFailed(kind=GONE, detail="HTTP 410 Gone", status=410)
    found = plan(gone)
    assert found.result == GONE
    assert found.state.disabled is not None
    assert "410" in found.state.disabled
    again = plan(gone, state=found.state)
    back = plan(NotModified(), state=again.state)
    assert kinds([found, again, back]) == ["gone", "recovered"]
    assert back.state.disabled is None


def test_a_day_of_failing_is_told_once_on_time_and_so_is_its_end() -> None:
    plans, state, now = [], READ, NOW
    while now < NOW + 5 * DAY:
        plans.append(plan(FetchFailed(kind="timeout", detail="slow"), state=state, now=now))
        state = plans[-1].state
        now = state.next_poll_at
    told = [notice for each in plans for notice in each.notices]
    assert [(notice.kind, notice.at) for notice in told] == [("failing", NOW + DAY)]
    assert "timeout: slow" in told[0].text
    assert kinds([plan(NotModified(), state=state, now=now)]) == ["recovered"]


def test_a_feed_that_moved_is_polled_there_and_keeps_what_it_has() -> None:
    there = "https://new.example/feed"
    plans, state, now = [], READ, NOW
    for _ in range(10):
        outcome: FetchOutcome = NotModified(moved_to=there if state.url == FEED.url else None)
        plans.append(plan(outcome, state=state, now=now))
        state, now = plans[-1].state, now + 6 * HOUR
    assert kinds(plans) == ["moved"]
    assert [each.state.url == there for each in plans] == [False] * 4 + [True] * 6
    kept = ("etag", "body_hash", "seen", "published", "feed_id")
    assert all(getattr(state, name) == getattr(READ, name) for name in kept)
    assert (state.moving_to, state.moving_since) == (None, None)


def test_nothing_known_in_a_later_document_is_told() -> None:
    items = [item(name) for name in "abc"]
    rolled = plan(BODY, *items)
    assert kinds([rolled]) == ["rolled-over"]
    assert (
        "may have been missed between 2026-03-03 11:00 UTC and 2026-03-03 12:00 UTC" in rolled.notices[0].text
    )
    once = plan(replace(BODY, body_hash="2"), *[item(name) for name in "def"], state=rolled.state)
    assert kinds([once]) == []


@pytest.mark.parametrize(
    ("outcome", "state"),
    [
        (BODY, FRESH),
        (replace(BODY, delta=True), READ),
        (BODY, replace(READ, body_hash=None)),
    ],
    ids=["first", "news only", "another address"],
)
def test_nothing_known_is_no_wonder(outcome: FetchOutcome, state: FeedState) -> None:
    assert plan(outcome, *[item(name) for name in "abc"], state=state).notices == ()


def test_one_known_entry_is_an_overlap() -> None:
    items = tuple(item(name) for name in "abc")
    assert plan(BODY, *items, known=stored("b")).notices == ()
    skipped = Reading(document=FeedDocument(), items=items, skipped=1)
    assert plan(BODY, reading=skipped).notices == ()


def test_silence_is_told_once_and_so_is_its_end() -> None:
    later = NOW + 8 * DAY
    silent = plan(NotModified(), now=later)
    still = plan(replace(BODY, body_hash="2"), item("a"), known=stored("a"), state=silent.state, now=later)
    again = plan(replace(BODY, body_hash="3"), item("b"), item("a"), known=stored("a"), state=still.state)
    assert kinds([silent, still, again]) == ["silent", "recovered"]
