"""Which items of a document are known, by any of their keys, and which of those were edited."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

from bot.core.text import digest, words
from bot.core.urls import host, is_front_page
from bot.model import Item, KnownItem

MOST_REVISIONS = 20
"""Edits of one item that are taken in; further ones count as unchanged, but for a new headline.

Some publishers write a counter or the time into their texts, and each poll would have it judged again for
ever. Digits alone can't be passed over instead: in news of deals they are the news.
"""


_OUTLET_BEHIND = re.compile(r"\s+[-–—|·]\s+\S")
# Later it is the text that retention took away, and no news.
_TEXT_MAY_FOLLOW = timedelta(days=7)


@dataclass(frozen=True, kw_only=True, slots=True)
class Sorted:
    """Items of one document, sorted by what is known of them."""

    new: list[Item] = field(default_factory=list)
    """Known to nobody; an id is given anew where an earlier article had it under the same guid."""
    revised: list[Item] = field(default_factory=list)
    """Known, and edited; under the id by which they are stored."""
    unchanged: list[Item] = field(default_factory=list)
    fresh: list[Item] = field(default_factory=list)
    """Those, new or not, that this feed never had before: another one may have been first."""
    seen: dict[str, str] = field(default_factory=dict)
    """Identity key → item id, for every key of the document."""


def sort_out(items: Sequence[Item], known: Mapping[str, KnownItem], baseline_age: timedelta) -> Sorted:
    """Match items with what the store has under their keys, the strongest key first.

    No two items of a document share what the store has. Only the feed that an item was first seen in edits
    it, or one that brings its text: two feeds with different wordings would else take turns for ever.
    """
    found = Sorted()
    claimed: set[str] = set()
    for item in items:
        match = _match(item, known, claimed)
        item_id = match.item_id if match else _fresh_id(item, known)
        if item_id in claimed or (match is None and _repeats(item, known, claimed)):
            found.unchanged.append(item)
            found.seen.update((key, known[key].item_id) for key in item.keys if key in known)
            continue
        claimed.add(item_id)
        for key in item.keys:
            found.seen.setdefault(key, known[key].item_id if key in known else item_id)
        if match is None or _first_here(item, match, known):
            found.fresh.append(item)
        if match is None:
            found.new.append(replace(item, id=item_id))
        elif _shown_fresh(item, match, baseline_age):
            found.revised.append(replace(item, id=item_id, baseline=False))
        elif _edited(item, match):
            found.revised.append(replace(item, id=item_id, baseline=match.baseline))
        else:
            found.unchanged.append(item)
    return found


def _match(item: Item, known: Mapping[str, KnownItem], claimed: set[str]) -> KnownItem | None:
    for key in item.keys:
        stored = known.get(key)
        if stored is not None and stored.item_id not in claimed and _same_article(item, stored, key):
            return stored
    return None


def _repeats(item: Item, known: Mapping[str, KnownItem], claimed: set[str]) -> bool:
    """Whether it is a second entry for an item that this document had already: by guid, or word by word."""
    keys = [*item.keys[:1], *(key for key in item.keys[1:] if key.startswith("text:"))]
    had = [(key, known[key]) for key in keys if key in known and known[key].item_id in claimed]
    return any(key == item.keys[0] or _same_article(item, stored, key) for key, stored in had)


def _same_article(item: Item, known: KnownItem, key: str) -> bool:
    """Whether what a key found is this article, or only shares the key with it.

    The same text at another address of the same host is another article (a heading that comes again, a
    notice that is published anew); on another host it is the one that moved. A guid at another address,
    with a headline that shares no more than a quarter of its words, is one that the publisher uses again.
    """
    ours, theirs = item.canonical_url, known.canonical_url
    if not ours or not theirs or ours == theirs:
        return True
    if key.startswith("text:"):
        identifies = any(each.startswith("url:") for each in item.keys) and not is_front_page(theirs)
        return not identifies or host(ours) != host(theirs)
    return _headline_in_common(item, known) > 1 / 4


def _fresh_id(item: Item, known: Mapping[str, KnownItem]) -> str:
    """The item's own id, unless an earlier article may have it under a guid that is used again.

    Who owns the guid is not who has the id made of it, where another feed had the owner first.
    """
    known_by_it = any(key in known for key in item.keys[:1])
    if known_by_it or any(key in known and known[key].item_id == item.id for key in item.keys):
        return digest((item.id, item.canonical_url))
    return item.id


def _first_here(item: Item, match: KnownItem, known: Mapping[str, KnownItem]) -> bool:
    """Whether an item that is known was known from other feeds only: addresses are shared by all feeds."""
    own = [key for key in item.keys if not key.startswith("url:")]
    return match.feed_id != item.feed_id and bool(own) and not any(key in known for key in own)


def _shown_fresh(item: Item, match: KnownItem, baseline_age: timedelta) -> bool:
    """Whether another feed dates what was taken for old for want of a date, and it wasn't old.

    That is: published within ``baseline_age`` of its first sight. A later date is that of a republication.
    """
    if not match.baseline or match.published or not item.published or not match.seen_at:
        return False
    return match.feed_id != item.feed_id and abs(item.published - match.seen_at) <= baseline_age


def _is_the_origin(item: Item, match: KnownItem) -> bool:
    """Whether another feed has the article as its publisher wrote it, and the stored one was taken over.

    An outlet's name behind the same headline shows who took over, else the later date does. Each change of
    hands makes the date earlier or the headline shorter, so feeds do not take turns.
    """
    if _adds_an_outlet(item.title, match.title):
        return False
    if _adds_an_outlet(match.title, item.title):
        return True
    return item.published is not None and match.published is not None and item.published < match.published


def _adds_an_outlet(title: str, plain: str) -> bool:
    rest = title.removeprefix(plain)
    return bool(plain) and rest != title and _OUTLET_BEHIND.match(rest) is not None


def _edited(item: Item, match: KnownItem) -> bool:
    """Whether it brings something else to judge.

    Whoever brings the text of what is known by its headline only, as search feeds and aggregators give it,
    edits it; a headline alone takes no text away. So does the publisher's own feed, where an aggregator's was
    asked first: the order in which feeds answer is chance.
    """
    worded = bool(item.summary or item.body)
    if match.content_hash == item.content_hash or (match.worded and not worded):
        return False
    if match.feed_id != item.feed_id:
        young = match.seen_at is None or item.seen_at - match.seen_at < _TEXT_MAY_FOLLOW
        return worded and young and (not match.worded or _is_the_origin(item, match))
    return match.revised < MOST_REVISIONS or _headline_in_common(item, match) < 1 / 2


def _headline_in_common(item: Item, known: KnownItem) -> float:
    """Part of the words of both headlines that stands in each."""
    ours, theirs = set(words(item.title)), set(words(known.title))
    return len(ours & theirs) / max(1, len(ours | theirs))
