"""Of an address that was never seen: what is known of the feeds that could have brought it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime, time

from bot.core.age import address_date
from bot.core.care import ROLLED_OVER
from bot.core.moments import clock
from bot.core.text import one_line, shorten
from bot.core.urls import host
from bot.model import Feed, FeedState, Notice

_FEEDS = 3
_REASON = 120


def what_is_known(
    url: str, feeds: Collection[Feed], states: Mapping[str, FeedState], notices: Sequence[Notice]
) -> Iterator[str]:
    """Sentences about the feeds of the address's host: polled when, failing since, rolled over when.

    ``notices``: of the past month or so. Nothing for what is no web address.
    """
    name = _site(url)
    if not name:
        return
    near = [feed for feed in feeds if _is_near(name, _site(feed.url))]
    if not near:
        yield f"No feed of {name} is configured; look for one with: chipwatch feeds discover https://{name}/"
        return
    day = address_date(url)
    moment = datetime.combine(day, time.max, UTC) if day else None
    if day:
        yield f"Its address says that it is of {day}."
    for feed in near[:_FEEDS]:
        yield " ".join(_of_feed(feed, states.get(feed.id), notices, moment))
    if len(near) > _FEEDS:
        yield f"{len(near) - _FEEDS} more feeds of {name} are configured."


def _of_feed(
    feed: Feed, state: FeedState | None, notices: Sequence[Notice], moment: datetime | None
) -> Iterator[str]:
    title = one_line(feed.title) or feed.url
    if not feed.enabled:
        yield f"“{title}” is switched off in feeds.toml."
        return
    if state is None or state.last_polled_at is None:
        yield f"“{title}” is configured and was never polled."
        return
    if state.disabled:
        yield f"“{title}” is polled no more: {shorten(one_line(state.disabled), _REASON)}."
        return
    yield f"“{title}” was polled last on {clock(state.last_polled_at)}: {_result(state)}."
    if state.failing_since:
        yield f"It has failed since {clock(state.failing_since)}."
    if moment and not state.failing_since:
        yield (
            "It was polled since, and did not have it: not every feed has every article."
            if state.last_polled_at > moment
            else "It was not polled since."
        )
    rolled = [each.at for each in notices if (each.feed_id, each.kind) == (feed.id, ROLLED_OVER)]
    if rolled:
        yield (
            f"On {clock(rolled[-1])} all its entries were new at once: some may have come and gone between "
            "two polls; set `every` for it."
        )


def _result(state: FeedState) -> str:
    return shorten(one_line(state.last_result), _REASON).rstrip(".")


def _site(url: str) -> str:
    return host(url).removeprefix("www.")


def _is_near(one: str, other: str) -> bool:
    """One host, or one below the other: ``news.example.org`` and ``example.org``."""
    return one == other or one.endswith(f".{other}") or other.endswith(f".{one}") if other else False
