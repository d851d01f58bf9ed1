from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core import care
from bot.model import Feed, FeedState

NOW = datetime(2026, 3, 3, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
OLD, NEW, OTHER = "https://old.example/rss", "https://new.example/rss", "https://other.example/rss"
FEED = Feed(id="feed", url=OLD, title="Harbor Wire")
STATE = FeedState(
    feed_id="feed",
    url=OLD,
    next_poll_at=NOW,
    last_ok_at=NOW - HOUR,
    last_new_at=NOW - HOUR,
    published=tuple(NOW - n * HOUR for n in range(1, 30)),
)


# ── moved ────────────────────────────────────────────────────────────────────────────────────────


def followed(*answers: str | None, every: timedelta = 8 * HOUR) -> tuple[FeedState, list[str]]:
    """The state and the notices after polls that were redirected to these addresses."""
    state, told = STATE, []
    for number, answer in enumerate(answers):
        state, notices = care.follow(FEED, state, answer, NOW + number * every)
        told += [notice.kind for notice in notices]
    return state, told


@pytest.mark.parametrize(
    ("answers", "url"),
    [
        ([NEW], OLD),
        ([NEW, NEW, NEW], OLD),
        ([NEW, NEW, NEW, NEW], NEW),
        ([NEW, NEW, None, NEW], OLD),
        ([NEW, NEW, OTHER, NEW, NEW], OLD),
        ([None, NEW, OTHER, OTHER, OTHER, OTHER], OTHER),
        ([OLD, OLD, OLD, OLD], OLD),
    ],
)
def test_a_redirect_is_believed_when_it_held_for_a_day(answers: list[str | None], url: str) -> None:
    state, told = followed(*answers)
    assert state.url == url
    assert told == (["moved"] if url != OLD else [])


def test_a_single_poll_remembers_where_it_was_sent() -> None:
    state, _ = followed(NEW)
    assert (state.url, state.moving_to, state.moving_since) == (OLD, NEW, NOW)
    assert followed(NEW, None)[0] == STATE


def test_a_password_in_an_address_is_not_told_and_not_left_behind() -> None:
    feed = replace(FEED, url="https://ann:secret@old.example/rss", title="")
    state = replace(STATE, url=feed.url, moving_to=NEW, moving_since=NOW - DAY)
    assert care.follow(feed, state, NEW, NOW)[0].url == feed.url
    notices = (
        *care.retire(feed, state, "HTTP 410 Gone", NOW)[1],
        *care.fail(feed, replace(state, failing_since=NOW - DAY), "dns: no address", NOW)[1],
        *care.listen(feed, STATE, NOW + 30 * DAY)[1],
    )
    assert len(notices) == 3
    assert all("secret" not in notice.text and OLD in notice.text for notice in notices)


def test_a_move_names_both_addresses() -> None:
    state = replace(STATE, moving_to=NEW, moving_since=NOW - DAY)
    _, (notice,) = care.follow(FEED, state, NEW, NOW)
    assert (notice.feed_id, notice.at) == ("feed", NOW)
    assert OLD in notice.text
    assert NEW in notice.text


def test_a_feed_that_fails_where_it_moved_is_asked_at_its_old_address_again() -> None:
    moved = replace(STATE, url=NEW, etag='"x"', failing_since=NOW - DAY)
    state, notices = care.fail(FEED, moved, "dns: no address", NOW)
    assert (state.url, state.etag) == (OLD, None)
    assert [notice.kind for notice in notices] == ["failing"]


# ── failing ──────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("since", "trouble", "told"),
    [(NOW - 23 * HOUR, "", 0), (NOW - DAY, "", 1), (NOW - 9 * DAY, care.FAILING, 0), (None, "", 0)],
)
def test_failing_is_noticed_after_a_day_and_once(since: datetime | None, trouble: str, told: int) -> None:
    state = replace(STATE, failing_since=since, trouble=trouble)
    assert len(care.fail(FEED, state, "timeout: slow", NOW)[1]) == told


def test_a_reason_of_a_stranger_stays_on_a_line_and_short() -> None:
    state = replace(STATE, failing_since=NOW - DAY)
    _, (notice,) = care.fail(FEED, state, "status: \r\nBcc: all\x1b[2J" + "x" * 900, NOW)
    assert notice.text.isprintable()
    assert len(notice.text) < 300


def test_an_answer_after_a_day_of_failing_is_a_recovery() -> None:
    assert care.answer(FEED, replace(STATE, failing_since=NOW - HOUR), NOW)[1] == ()
    state = replace(STATE, failing_since=NOW - 3 * DAY, trouble=care.FAILING, trouble_since=NOW - 2 * DAY)
    recovered, (notice,) = care.answer(FEED, state, NOW)
    assert (recovered.trouble, recovered.trouble_since) == ("", None)
    assert notice.text == f"Harbor Wire ({OLD}) can be read again after 3 days."


def test_silence_that_was_told_before_a_failure_is_not_told_again_after_it() -> None:
    silent, (first,) = care.listen(FEED, STATE, NOW + 9 * DAY)
    failing, (second,) = care.fail(
        FEED, replace(silent, failing_since=NOW + 9 * DAY), "dns: ", NOW + 10 * DAY
    )
    well, (third,) = care.answer(FEED, failing, NOW + 11 * DAY)
    assert care.listen(FEED, well, NOW + 11 * DAY)[1] == ()
    assert [notice.kind for notice in (first, second, third)] == ["silent", "failing", "recovered"]


# ── silent ───────────────────────────────────────────────────────────────────────────────────────


@given(st.lists(st.timedeltas(MINUTE, 30 * DAY), min_size=6, max_size=49))
def test_silence_is_longer_than_nearly_every_pause(gaps: list[timedelta]) -> None:
    published = [NOW]
    for gap in gaps:
        published.append(published[-1] - gap)
    bound = care.silence(published)
    assert bound is not None
    assert bound >= care.SHORTEST_SILENCE
    assert sum(gap > bound for gap in gaps) <= len(gaps) / 20


def test_a_feed_that_shows_too_little_of_a_rhythm_is_never_silent() -> None:
    few = replace(STATE, published=STATE.published[:5])
    assert not care.is_silent(few, NOW + 900 * DAY)


@pytest.mark.parametrize(
    ("days", "gap", "silent"), [(6, 1, False), (8, 1, True), (8, 72, False), (20, 72, True)]
)
def test_silence_goes_by_the_feeds_own_rhythm(days: int, gap: int, silent: bool) -> None:
    state = replace(STATE, published=tuple(NOW - n * gap * HOUR for n in range(1, 20)))
    assert care.is_silent(state, NOW + days * DAY) is silent


def test_silence_counts_from_the_first_poll() -> None:
    dead = replace(STATE, published=tuple(NOW - 900 * DAY - n * HOUR for n in range(20)), last_new_at=NOW)
    assert not care.is_silent(dead, NOW + 6 * DAY)
    assert care.is_silent(dead, NOW + 8 * DAY)


def test_silence_and_its_end_are_told_once() -> None:
    silent, told = care.listen(FEED, STATE, NOW + 9 * DAY)
    assert [notice.kind for notice in told] == ["silent"]
    assert "since 2026-03-03 11:00 UTC" in told[0].text
    assert care.listen(FEED, silent, NOW + 30 * DAY) == (silent, ())
    heard, told = care.speak(FEED, silent, NOW + 31 * DAY)
    assert [notice.kind for notice in told] == ["recovered"]
    assert care.speak(FEED, heard, NOW + 31 * DAY) == (heard, ())


# ── rolled over ──────────────────────────────────────────────────────────────────────────────────


def test_gaps_are_told_once_until_a_day_without_any() -> None:
    state, told = STATE, []
    for hour, known in enumerate([0, 5, 0, 5, 0] + [5] * 30):
        now = NOW + hour * HOUR
        state, notices = care.overlap(FEED, state, STATE, entries=9, known=known, now=now)
        told += [(notice.kind, hour) for notice in notices]
    assert told == [("rolled-over", 0), ("recovered", 28)]


def test_a_document_of_two_entries_need_not_overlap() -> None:
    assert care.overlap(FEED, STATE, STATE, entries=2, known=0, now=NOW) == (STATE, ())


@pytest.mark.parametrize(
    ("earlier", "advice"),
    [
        (STATE, 'every = "30m"'),
        (replace(STATE, last_ok_at=NOW - 7 * MINUTE), 'every = "5m"'),
        (replace(STATE, failures=3), ""),
        (replace(STATE, last_ok_at=NOW - 3 * DAY), ""),
    ],
    ids=["an hour", "minutes", "it failed", "the bot was off"],
)
def test_a_gap_is_followed_by_advice_that_fits(earlier: FeedState, advice: str) -> None:
    _, (notice,) = care.overlap(FEED, STATE, earlier, entries=9, known=0, now=NOW)
    assert advice in notice.text
    assert ("every =" in notice.text) is bool(advice)


# ── gone ─────────────────────────────────────────────────────────────────────────────────────────


def test_a_retired_feed_is_told_once_and_says_what_to_do() -> None:
    retired, (notice,) = care.retire(FEED, replace(STATE, trouble=care.FAILING), "HTTP 410 Gone", NOW)
    assert f"chipwatch feeds remove {OLD}" in notice.text
    assert (retired.trouble, "410" in (retired.disabled or "")) == ("", True)
    assert care.retire(FEED, retired, "HTTP 410 Gone", NOW)[1] == ()
