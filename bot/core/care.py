"""What people should know of a feed: that it moved, is gone, fails, fell silent or runs over; each told once.

Each function takes a feed's state and gives the next one, with the notices that this makes. A trouble is
noticed once and stays in the state until it is over, which is noticed once too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from typing import TypeAlias
from urllib.parse import urlsplit

from bot.core.amounts import plural
from bot.core.moments import clock
from bot.core.text import one_line, shorten
from bot.core.urls import absolute
from bot.model import Feed, FeedState, Notice

MOVED, GONE, FAILING, SILENT = "moved", "gone", "failing", "silent"
ROLLED_OVER, RECOVERED = "rolled-over", "recovered"

DAY = timedelta(days=1)
MOVES_AFTER = DAY
"""A permanent redirect is believed when every poll of that time was sent to one address."""
FAILS_AFTER = DAY
"""So long a feed fails before anybody is told."""
SHORTEST_SILENCE = timedelta(days=7)
"""Nobody is told of a shorter one: offices close over long weekends and holidays."""
_SILENCE = 6
_FEWEST_GAPS = 5
_FEWEST_ROLLED = 3
"""A document of fewer entries shows its latest ones only: no overlap is to be expected."""
_LONGEST_REASON = 120

Noticed: TypeAlias = tuple[FeedState, tuple[Notice, ...]]


# ── where it is ──────────────────────────────────────────────────────────────────────────────────


def follow(feed: Feed, state: FeedState, moved_to: str | None, now: datetime) -> Noticed:
    """Remember where permanent redirects point, and move once they have pointed there for a day.

    ``moved_to`` is what this poll was told; ``None``, or another target, begins anew: one wrong answer
    moves nobody. Failures in between neither confirm nor deny. Identity and validators stay with the feed:
    they are those of the document behind the redirect. A feed whose address holds a password stays: the
    new address has none.
    """
    if moved_to is None or moved_to == state.url or _needs_login(feed):
        return (replace(state, moving_to=None, moving_since=None) if state.moving_to else state), ()
    if moved_to != state.moving_to or state.moving_since is None:
        return replace(state, moving_to=moved_to, moving_since=now), ()
    if now - state.moving_since < MOVES_AFTER:
        return state, ()
    text = (
        f"{_named(feed)} has moved for good to {_shown(moved_to)} and is polled there from now on. It keeps "
        "its items; feeds.toml may go on naming the old address."
    )
    moved = replace(state, url=moved_to, moving_to=None, moving_since=None)
    return moved, (_notice(feed, MOVED, text, now),)


def retire(feed: Feed, state: FeedState, detail: str, now: datetime) -> Noticed:
    """End polling: the server says that the feed is gone for good."""
    reason = f"the publisher took it down for good ({detail})"
    retired = replace(state, disabled=reason, trouble="", trouble_since=None)
    if state.disabled:
        return retired, ()
    text = (
        f"{_named(feed)} is gone: {reason}. It is polled no more; "
        f"take it out with: chipwatch feeds remove {_shown(feed.url)}"
    )
    return retired, (_notice(feed, GONE, text, now),)


# ── whether it answers ───────────────────────────────────────────────────────────────────────────


def fail(feed: Feed, state: FeedState, reason: str, now: datetime) -> Noticed:
    """Notice that a feed has failed for a day. ``state`` is the one after the failure.

    One that was moved is asked at its configured address again from then on: the redirect may have been
    the mistake.
    """
    since = state.failing_since or now
    if now - since < FAILS_AFTER or state.trouble == FAILING:
        return state, ()
    if state.url != feed.url:
        state = replace(state, url=feed.url, etag=None, modified=None)
    text = (
        f"{_named(feed)} has failed since {clock(since)}: "
        f"{shorten(one_line(reason), _LONGEST_REASON)}. It is tried again at least once a day."
    )
    return replace(state, trouble=FAILING, trouble_since=now), (_notice(feed, FAILING, text, now),)


def answer(feed: Feed, state: FeedState, now: datetime) -> Noticed:
    """Notice that a feed which had failed, or was thought gone, is read again. ``state``: the one before."""
    if not state.disabled and state.trouble != FAILING:
        return state, ()
    # Silence that was told before the failure began is not told again after it.
    known = state.trouble == FAILING and is_silent(state, state.failing_since or now)
    since = f" after {_span(now - state.failing_since)}" if state.failing_since else ""
    recovered = replace(
        state,
        disabled=None,
        trouble=SILENT if known else "",
        trouble_since=now if known else None,
    )
    return recovered, (_notice(feed, RECOVERED, f"{_named(feed)} can be read again{since}.", now),)


# ── whether it publishes ─────────────────────────────────────────────────────────────────────────


def silence(published: Sequence[datetime]) -> timedelta | None:
    """From how long on a feed is silent against its own rhythm; ``None`` while it shows too little of one.

    Six times the gap between two items that only one in twenty exceeds, and at least a week. ``published``:
    as in ``FeedState``, newest first.
    """
    gaps = sorted(later - earlier for later, earlier in pairwise(published))
    if len(gaps) < _FEWEST_GAPS:
        return None
    return max(SHORTEST_SILENCE, _SILENCE * gaps[round((len(gaps) - 1) * 0.95)])


def is_silent(state: FeedState, now: datetime) -> bool:
    """Whether it has had no new item for longer than its rhythm lets expect; counted from its first poll."""
    if state.last_new_at is None or now - state.last_new_at <= SHORTEST_SILENCE:
        return False  # as nearly always, and before anything is computed
    bound = silence(state.published)
    return bound is not None and now - state.last_new_at > bound


def listen(feed: Feed, state: FeedState, now: datetime) -> Noticed:
    """Notice a feed that is read well and has nothing new for too long."""
    if state.trouble == SILENT or not is_silent(state, now):
        return state, ()
    text = (
        f"{_named(feed)} has had no new item since {clock(state.published[0])}; its pauses are far shorter "
        "as a rule. It can be read: look whether it is still kept."
    )
    return replace(state, trouble=SILENT, trouble_since=now), (_notice(feed, SILENT, text, now),)


def speak(feed: Feed, state: FeedState, now: datetime) -> Noticed:
    """Notice that a silent feed has a new item. ``state``: the one before."""
    if state.trouble != SILENT:
        return state, ()
    text = f"{_named(feed)} has new items again."
    return replace(state, trouble="", trouble_since=None), (_notice(feed, RECOVERED, text, now),)


# ── whether all of it is seen ────────────────────────────────────────────────────────────────────


def overlap(
    feed: Feed, state: FeedState, earlier: FeedState, *, entries: int, known: int, now: datetime
) -> Noticed:
    """Notice that a document shares nothing with what was read before: items in between were never seen.

    ``entries`` of which ``known`` were known; ``earlier`` is the state before this poll. Over once the
    documents have overlapped for a day.
    """
    before = earlier.last_ok_at
    if before is not None and entries >= _FEWEST_ROLLED and not known:
        rolled = replace(state, trouble=ROLLED_OVER, trouble_since=now)
        if state.trouble == ROLLED_OVER:
            return rolled, ()
        text = (
            f"{_named(feed)}: all {entries} entries were new at once, so items may have been missed "
            f"between {clock(before)} and {clock(now)}. {_remedy(earlier, now - before)}"
        )
        return rolled, (_notice(feed, ROLLED_OVER, text, now),)
    over = known and state.trouble == ROLLED_OVER and now - (state.trouble_since or now) >= DAY
    if not over:
        return state, ()
    text = f"{_named(feed)} has been seen without gaps for a day."
    return replace(state, trouble="", trouble_since=None), (_notice(feed, RECOVERED, text, now),)


def _remedy(earlier: FeedState, pause: timedelta) -> str:
    """Half the pause may show an overlap; nothing where it was long for another reason than our rhythm."""
    if earlier.failures or pause > DAY:
        return ""
    minutes = max(5, round(pause / timedelta(minutes=2) / 5) * 5)
    return f'Poll it more often: every = "{minutes}m" in feeds.toml.'


# ── words ────────────────────────────────────────────────────────────────────────────────────────


def _notice(feed: Feed, kind: str, text: str, now: datetime) -> Notice:
    return Notice(feed_id=feed.id, kind=kind, text=text.strip(), at=now)


def _named(feed: Feed) -> str:
    return f"{one_line(feed.title)} ({_shown(feed.url)})" if feed.title else _shown(feed.url)


def _shown(url: str) -> str:
    """An address without the user name and password that it may hold: notices go to everybody."""
    return absolute(url) or "an address that can't be read"


def _needs_login(feed: Feed) -> bool:
    return "@" in urlsplit(feed.url).netloc


def _span(time: timedelta) -> str:
    """``3 days``, ``5 hours``."""
    count, unit = (time // DAY, "day") if time >= 2 * DAY else (max(1, time // timedelta(hours=1)), "hour")
    return plural(count, unit)
