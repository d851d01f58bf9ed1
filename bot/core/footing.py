"""The coverage receipt in words: as sentences for chats, as a small table for letters."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import timedelta
from zoneinfo import ZoneInfo

from bot.core.amounts import plural
from bot.core.latency import in_words
from bot.core.moments import when
from bot.model import NamedFeed, Receipt, Volume, Window

NAMES = 6
"""Feeds named of each kind; the others are counted."""
_MINUTE = timedelta(minutes=1)


def sentences(
    receipt: Receipt, zone: ZoneInfo, *, not_shown: int = 0, told_of: Collection[str] = ()
) -> Iterator[str]:
    """One or two lines' worth. ``not_shown``: stories that the channel had no room for; ``told_of``: ids of
    the failing feeds that a notice names.
    """
    polled = f"Polled {receipt.feeds_polled:,} of {plural(receipt.feeds, 'feed')}"
    matched = f"{plural(receipt.stories_matched, 'story')} matched"
    stories = ", ".join([matched, *_told(receipt, not_shown)])
    yield f"{polled}, read {plural(receipt.items_read, 'item')}; {stories}."
    if receipt.latency:
        yield _capital(f"{in_words(receipt.latency)}.")
    others = [feed for feed in receipt.feeds_failing if feed.feed_id not in told_of]
    if others:
        which = "Other failing feeds" if len(others) < len(receipt.feeds_failing) else "Failing feeds"
        yield f"{which}: {_some(others)}."
    if receipt.feeds_silent:
        yield f"Silent feeds: {_some(receipt.feeds_silent)}."
    for missed in _missed(receipt, zone):
        yield _capital(f"{missed}.")


def table(
    receipt: Receipt, zone: ZoneInfo, *, not_shown: int = 0, told_of: Collection[str] = ()
) -> Iterator[tuple[str, str]]:
    """Rows of a name and what there is to say; the notices stand below."""
    yield "Feeds", f"{receipt.feeds_polled:,} of {receipt.feeds:,} polled"
    if receipt.feeds_failing:
        others = [feed for feed in receipt.feeds_failing if feed.feed_id not in told_of]
        below = len(receipt.feeds_failing) - len(others)
        told = [_some(others)] * bool(others) + [f"{below:,} told of below"] * bool(below)
        yield "Failing", " · ".join(told)
    if receipt.feeds_silent:
        yield "Silent", _some(receipt.feeds_silent)
    if missed := list(_missed(receipt, zone)):
        yield "Missed", _capital("; ".join(missed))
    yield "Items", f"{receipt.items_read:,} read"
    if receipt.latency:
        yield "Delay", _capital(in_words(receipt.latency))
    yield "Stories", " · ".join([f"{receipt.stories_matched:,} matched", *_told(receipt, not_shown)])


def volume(topic: Volume) -> str:
    """``Custom silicon: 42 stories in this time, 3× the usual 14``."""
    stories = plural(topic.stories, "story")
    if topic.usual < 1:
        return f"{topic.topic}: {stories} in this time, where there is hardly one as a rule"
    times = f"{topic.stories / topic.usual:.0f}× the usual {topic.usual:g}"
    return f"{topic.topic}: {stories} in this time, {times}"


def _told(receipt: Receipt, not_shown: int) -> Iterator[str]:
    told = max(0, receipt.stories_told - not_shown)
    waited = f" ({receipt.waited:,} had waited)" if receipt.waited else ""
    yield f"{told:,} told{waited}"
    if waits := receipt.held_back + not_shown:
        yield f"{waits:,} {'waits' if waits == 1 else 'wait'} for the next digest"


def _missed(receipt: Receipt, zone: ZoneInfo) -> Iterator[str]:
    if receipt.feeds_rolled_over:
        yield f"{_ran_over(receipt.feeds_rolled_over)} ran over between two polls: items may have been missed"
    if len(receipt.pauses) == 1:
        (pause,) = receipt.pauses
        yield f"no feed was polled from {when(pause.start, zone)} to {when(pause.end, zone)}"
    elif receipt.pauses:
        yield f"no feed was polled for {_long(receipt.pauses)} in all"


def _ran_over(feeds: Sequence[NamedFeed]) -> str:
    return _some(feeds) if any(feed.name for feed in feeds) else plural(len(feeds), "feed")


def _some(feeds: Sequence[NamedFeed]) -> str:
    """``Old Gazette, Tide Times and 3 more``; only how many where no name is known."""
    names = [feed.name for feed in feeds if feed.name][:NAMES]
    rest = len(feeds) - len(names)
    if not names:
        return f"{rest:,}"
    if rest:
        return f"{', '.join(names)} and {rest:,} more"
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))


def _long(pauses: Sequence[Window]) -> str:
    minutes = sum((pause.end - pause.start for pause in pauses), timedelta(0)) // _MINUTE
    return f"{minutes // 60} h {minutes % 60} min"


def _capital(sentence: str) -> str:
    return sentence[:1].upper() + sentence[1:]
