"""What a digest's receipt says of the feeds: which were polled, fail, are silent, or ran over."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import timedelta

from bot.core.care import FAILING, ROLLED_OVER, SILENT
from bot.core.latency import percentiles
from bot.core.text import one_line
from bot.core.urls import absolute
from bot.model import Feed, FeedState, NamedFeed, Notice, Receipt, Window

PAUSE = timedelta(hours=2)
"""So long feeds are due, and none is polled, before it is a pause: shorter ones cost next to nothing."""


def receipt(
    feeds: Iterable[Feed],
    states: Mapping[str, FeedState],
    notices: Sequence[Notice],
    window: Window,
    *,
    items: int,
    minutes: Mapping[int, int],
    pauses: Sequence[Window],
) -> Receipt:
    """What was read for a window; of the stories nothing is said yet.

    ``notices``: about feeds, of the window; ``items``: first seen in it; ``minutes``: see ``percentiles``;
    ``pauses``: those that reach into it.
    """
    watched = [feed for feed in feeds if feed.enabled]
    rolled = {notice.feed_id for notice in notices if notice.kind == ROLLED_OVER}

    def those(fits: Callable[[FeedState], bool]) -> tuple[NamedFeed, ...]:
        found = [feed for feed in watched if feed.id in states and fits(states[feed.id])]
        return tuple(sorted(map(named, found), key=lambda feed: (feed.name.casefold(), feed.feed_id)))

    return Receipt(
        feeds=len(watched),
        feeds_failing=those(lambda state: is_failing(state, window)),
        items_read=items,
        stories_matched=0,
        feeds_polled=len(those(lambda state: _is_polled(state, window))),
        feeds_silent=those(lambda state: state.trouble == SILENT and not is_failing(state, window)),
        feeds_rolled_over=those(lambda state: _ran_over(state, rolled, window)),
        pauses=tuple(
            Window(start=max(pause.start, window.start), end=min(pause.end, window.end)) for pause in pauses
        ),
        latency=percentiles(minutes),
    )


def is_failing(state: FeedState, window: Window) -> bool:
    """Whether nothing was read of a feed in all of the window, though it was tried, or for a day.

    One poll that failed is no news: the next one reads what it missed.
    """
    if state.disabled or state.trouble == FAILING:
        return True
    since = state.failing_since
    return since is not None and (state.last_ok_at is None or since <= window.start)


def named(feed: Feed) -> NamedFeed:
    """By its title, else its address without the password that it may hold: everybody reads it."""
    name = one_line(feed.title) or absolute(feed.url) or feed.id
    return NamedFeed(feed_id=feed.id, name=name)


def _is_polled(state: FeedState, window: Window) -> bool:
    return state.last_polled_at is not None and state.last_polled_at > window.start


def _ran_over(state: FeedState, told: Collection[str], window: Window) -> bool:
    """Its trouble's time is when it ran over last; a notice tells of the first time only."""
    lately = state.trouble_since is not None and state.trouble_since > window.start
    return state.feed_id in told or (state.trouble == ROLLED_OVER and lately)
