"""What every channel does to a digest before it writes it: make its text harmless, cut it to size.

News text is written by strangers. ``clean`` is the one place where it loses control characters, unsafe
links and unreasonable length; each channel still escapes for its own markup.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import count
from urllib.parse import quote, urlsplit, urlunsplit

from bot.core.text import one_line, shorten
from bot.model import Digest, Earlier, Facts, NamedFeed, NearMiss, Receipt, Section, Source, ToldStory, Volume

# Longest texts that any channel is handed, in characters. Titles and leads are far shorter in practice;
# the caps keep a hostile feed from filling a message by itself.
TITLE = 200
LEAD = 600
LINE = 300
NOTICE = 500
NAME = 64
LINK = 1500
LIST = 16

_HOST = re.compile(r"[a-z0-9_](?:[a-z0-9_.-]*[a-z0-9_])?|\[[0-9a-f:.]+\]")
# RFC 3986 characters that keep their meaning; ``|``, quotes, angle brackets and backslash are none of them.
_KEPT = "/%:@!$&'()*+,;=~-._?"


@dataclass(frozen=True, kw_only=True, slots=True)
class Detail:
    """How much of each story is told: characters of the lead, numbers of lines."""

    lead: int = LEAD
    sources: int = 6
    reasons: int = 6
    news: int = 6
    values: int = 8


FULL = Detail()
SHORT = Detail(lead=160, sources=3, reasons=2, news=3, values=4)
BARE = Detail(lead=0, sources=1, reasons=1, news=1, values=0)


@dataclass(frozen=True, kw_only=True, slots=True)
class Cut:
    """A digest, or a part of it, as far as it fits a channel."""

    digest: Digest
    detail: Detail = FULL
    left_out: int = 0
    """Stories and also-seen lines that are not shown; the message says how many."""
    part: int = 1
    parts: int = 1

    @property
    def shown(self) -> tuple[str, ...]:
        """Ids of the stories that it shows, if only in a line."""
        return tuple(story.id for story in (*self.digest.stories, *self.digest.also_seen))


Fits = Callable[[Cut], bool]


# ── harmless text ────────────────────────────────────────────────────────────────────────────────


def web_link(url: str) -> str:
    """An ASCII ``http`` or ``https`` address that no markup can trip over, or nothing.

    Other schemes, addresses with a user name (they look like another host's) and overlong ones are dropped.
    """
    try:
        parts = urlsplit(one_line(url).replace("\\", "/"))
        host = (parts.hostname or "").encode("idna").decode("ascii").lower()
        port = f":{parts.port}" if parts.port else ""
    except ValueError:  # UnicodeError of the idna codec is one too
        return ""
    if ":" in host:
        host = f"[{host}]"
    if parts.scheme not in ("http", "https") or "@" in parts.netloc or not _HOST.fullmatch(host):
        return ""
    path, query, fragment = (quote(part, safe=_KEPT) for part in (parts.path, parts.query, parts.fragment))
    link = urlunsplit((parts.scheme, host + port, path, query, fragment))
    return link if len(link) <= LINK else ""


def clean(digest: Digest) -> Digest:
    """The same digest with every text on one safe line of bounded length and every link a web link."""
    return replace(
        digest,
        name=_line(digest.name, NAME),
        title=_line(digest.title, TITLE) or _line(digest.name, NAME) or "News",
        sections=tuple(_clean_section(section) for section in digest.sections),
        also_seen=tuple(_clean_story(story) for story in digest.also_seen),
        quiet_topics=_lines(digest.quiet_topics, NAME),
        receipt=digest.receipt and _clean_receipt(digest.receipt),
        notices=tuple(replace(each, text=_line(each.text, NOTICE)) for each in digest.notices),
        volumes=tuple(map(_clean_volume, digest.volumes[:LIST])),
        near_misses=tuple(map(_clean_near_miss, digest.near_misses)),
    )


def _clean_volume(volume: Volume) -> Volume:
    return replace(volume, topic_id=_line(volume.topic_id, NAME), topic=_line(volume.topic, NAME))


def _clean_near_miss(missed: NearMiss) -> NearMiss:
    return replace(
        missed,
        title=_line(missed.title, TITLE) or "(no title)",
        url=web_link(missed.url),
        source=_line(missed.source, NAME),
        topic=_line(missed.topic, NAME),
        topic_id=_line(missed.topic_id, NAME),
        item_id=_line(missed.item_id, NAME),
    )


def _line(text: str, limit: int) -> str:
    return shorten(one_line(text), limit)


def _lines(texts: Iterable[str], limit: int) -> tuple[str, ...]:
    """Non-empty safe lines, at most LIST of them and a count of the rest."""
    lines = [line for text in texts if (line := _line(text, limit))]
    rest = len(lines) - LIST
    return (*lines[:LIST], f"and {rest} more") if rest > 0 else tuple(lines)


def _clean_section(section: Section) -> Section:
    return Section(
        title=_line(section.title, NAME) or "Stories",
        stories=tuple(_clean_story(story) for story in section.stories),
    )


def _clean_story(story: ToldStory) -> ToldStory:
    return replace(
        story,
        status=_line(story.status, NAME),
        title=_line(story.title, TITLE) or "(no title)",
        first_title=_line(story.first_title, TITLE),
        url=web_link(story.url),
        lead=_line(story.lead, LEAD),
        topics=_lines(story.topics, NAME),
        sources=tuple(_clean_source(source) for source in story.sources),
        facts=_clean_facts(story.facts),
        news=_lines(story.news, LINE),
        because=_lines(story.because, LINE),
        relation=_line(story.relation, LINE),
        earlier=story.earlier and _clean_earlier(story.earlier),
    )


def _clean_earlier(earlier: Earlier) -> Earlier:
    return replace(
        earlier,
        story_id=_line(earlier.story_id, NAME),
        title=_line(earlier.title, TITLE) or "(no title)",
        words=_line(earlier.words, NAME),
        because=_line(earlier.because, LINE),
    )


def _clean_source(source: Source) -> Source:
    return replace(
        source,
        name=_line(source.name, NAME) or "unknown source",
        title=_line(source.title, TITLE),
        url=web_link(source.url),
    )


def _clean_facts(facts: Facts) -> Facts:
    return Facts(
        parties=_lines(facts.parties, NAME),
        chips=_lines(facts.chips, NAME),
        figures=_lines(facts.figures, NAME),
        status=_line(facts.status, NAME),
    )


def _clean_receipt(receipt: Receipt) -> Receipt:
    return replace(
        receipt,
        feeds_failing=_clean_feeds(receipt.feeds_failing),
        feeds_silent=_clean_feeds(receipt.feeds_silent),
        feeds_rolled_over=_clean_feeds(receipt.feeds_rolled_over),
    )


def _clean_feeds(feeds: Sequence[NamedFeed]) -> tuple[NamedFeed, ...]:
    return tuple(replace(feed, name=_line(feed.name, NAME)) for feed in feeds)


# ── size ─────────────────────────────────────────────────────────────────────────────────────────


def utf16(text: str) -> int:
    """Length in UTF-16 code units, as most chat services count."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def clip(text: str, limit: int) -> str:
    """``shorten`` for a limit in UTF-16 code units."""
    room = limit
    while utf16(short := shorten(text, room)) > limit:
        room -= 1
    return short


def by_prominence(stories: Sequence[ToldStory]) -> list[int]:
    """Positions of the stories, bigger news first: more independent sources, then the better score.

    What is told late comes after all else; the digest's own order among equals.
    """

    def rank(at: int) -> tuple[bool, int, float]:
        story = stories[at]
        return (story.status != "LATE", len(story.sources), story.score)

    return sorted(range(len(stories)), key=rank, reverse=True)


def fit(digest: Digest, fits: Fits) -> Cut:
    """The most of a digest that fits one message.

    First near misses go, then leads and lists are shortened, then the least prominent stories of a digest
    get a line each under "also seen". Where there is no room for that, these lines go, only headline, source
    and reason of each story stay, then the least prominent stories go; where none would be left the foot goes
    instead. What went of stories is counted in ``left_out``. ``fits`` must accept a digest without stories.
    """
    cut = _whole(digest, fits) or _in_lines(digest, fits) or _most_stories(digest, BARE, fits)
    found = cut.digest.stories or not digest.stories
    return cut if found else _most_stories(_short_foot(digest), BARE, fits)


def pages(digest: Digest, fits: Fits, most: int) -> tuple[Cut, ...]:
    """The digest in as few numbered parts as hold it, at most ``most``; what is beyond is counted.

    Like ``fit`` where one message is enough. The last part carries what stands at the foot.
    """
    middle = replace(
        digest, also_seen=(), quiet_topics=(), receipt=None, notices=(), near_misses=(), volumes=()
    )
    parts: list[Cut] = []
    rest = range(len(digest.stories))
    while len(parts) < most - 1 and _whole(_only(digest, rest), fits) is None:
        # One stays for the last part: a foot alone would say that there is nothing new.
        part = _leading(middle, rest[:-1], fits)
        if not part.digest.stories:
            break
        parts.append(part)
        rest = rest[len(part.digest.stories) :]
    parts.append(fit(_only(digest, rest), fits))
    return tuple(replace(part, part=at, parts=len(parts)) for at, part in enumerate(parts, start=1))


def _whole(digest: Digest, fits: Fits) -> Cut | None:
    """All stories in one message as they are meant, if shorter; nothing where even that is too much."""
    bare = replace(digest, near_misses=())
    candidates = (Cut(digest=digest), Cut(digest=bare), Cut(digest=bare, detail=SHORT))
    return next((cut for cut in candidates if fits(cut)), None)


def _in_lines(digest: Digest, fits: Fits) -> Cut | None:
    """All stories of a digest, as many at length as leave room for a line of each other one."""
    ranked = by_prominence(digest.stories)

    def best(count: int) -> Cut:
        lines = (*(digest.stories[at] for at in ranked[count:]), *digest.also_seen)
        told = replace(_only(digest, ranked[:count]), also_seen=lines, near_misses=())
        return Cut(digest=told, detail=SHORT)

    count = _largest(len(ranked), lambda count: fits(best(count))) if digest.kind == "digest" else 0
    return best(count) if count else None


def _short_foot(digest: Digest) -> Digest:
    """What no feed can fill: the latest notice, and counts without names."""
    receipt = digest.receipt and _counting(digest.receipt)
    rest = digest.notices[-1:]
    return replace(digest, quiet_topics=(), near_misses=(), volumes=(), notices=rest, receipt=receipt)


def _counting(receipt: Receipt) -> Receipt:
    """The same with no feed's name in it."""

    def nameless(feeds: Sequence[NamedFeed]) -> tuple[NamedFeed, ...]:
        return tuple(replace(feed, name="") for feed in feeds)

    return replace(
        receipt,
        feeds_failing=nameless(receipt.feeds_failing),
        feeds_silent=nameless(receipt.feeds_silent),
        feeds_rolled_over=nameless(receipt.feeds_rolled_over),
    )


def _leading(digest: Digest, positions: Sequence[int], fits: Fits) -> Cut:
    """As many of the first stories as fit; told barely only where the very first is too long otherwise."""

    def first(count: int, detail: Detail) -> Cut:
        return Cut(digest=_only(digest, positions[:count]), detail=detail)

    short = _largest(len(positions), lambda count: fits(first(count, SHORT)))
    if short:
        return first(short, SHORT)
    return first(_largest(len(positions), lambda count: fits(first(count, BARE))), BARE)


def _most_stories(digest: Digest, detail: Detail, fits: Fits) -> Cut:
    ranked = by_prominence(digest.stories)
    bare = replace(digest, also_seen=())

    def best(count: int) -> Cut:
        left_out = len(digest.also_seen) + len(ranked) - count
        return Cut(digest=_only(bare, ranked[:count]), detail=detail, left_out=left_out)

    return best(_largest(len(ranked), lambda count: fits(best(count))))


def _largest(top: int, fits: Callable[[int], bool]) -> int:
    """The largest count up to ``top`` that fits, by halving; 0 is taken to fit."""
    low, high = 0, top
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if fits(middle) else (low, middle - 1)
    return low


def _only(digest: Digest, positions: Collection[int]) -> Digest:
    """The digest with the stories at these positions, in its own order, without empty sections."""
    at = count()
    sections = (
        replace(section, stories=tuple(story for story in section.stories if next(at) in positions))
        for section in digest.sections
    )
    return replace(digest, sections=tuple(section for section in sections if section.stories))
