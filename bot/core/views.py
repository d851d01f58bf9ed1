"""A digest in words: the wording and order that e-mail, chat and files share.

A view holds nothing but finished strings, so that templates only arrange.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from bot.core import footing
from bot.core.amounts import plural
from bot.core.captions import preheader, subject, summary
from bot.core.care import FAILING, GONE
from bot.core.moments import day_and_month, span, when
from bot.core.render import Cut, by_prominence
from bot.core.text import shorten
from bot.model import Digest, Facts, NearMiss, Source, ToldStory

STATUSES = ("new", "updated", "late")

# A digest this short is its own summary.
BRIEFS_FROM = 4
BRIEFS = 3
MOST_NOTICES = 8
_ID = 12


@dataclass(frozen=True, kw_only=True, slots=True)
class SourceView:
    name: str
    title: str
    url: str
    note: str
    """``primary source · 21 Nov 14:05 · +3 copies of the same text``."""


@dataclass(frozen=True, kw_only=True, slots=True)
class StoryView:
    status: str
    """For a style: new, updated or late."""
    label: str
    """``NEW``, ``UPDATED``, ``LATE``."""
    telling: str
    """``2nd telling``, or nothing for a first one."""
    title: str
    url: str
    when: str
    relation: str
    """``follow-up to “…” (told 12 Nov) · related to “…” in the corpus``, or nothing."""
    lead: str
    facts: tuple[tuple[str, str], ...]
    """Rows of the fact table: name and value."""
    news: tuple[str, ...]
    news_since: str
    """What stands above the news: ``New since 21 Nov 14:05``; nothing where there is none."""
    sources_count: str
    """``5 sources``."""
    sources: tuple[SourceView, ...]
    more_sources: str
    """``+2 more``, or nothing."""
    because: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class SectionView:
    title: str
    stories: tuple[StoryView, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class DigestView:
    kind: str
    name: str
    title: str
    part: str
    """``1/3`` where there is more than one message."""
    subject: str
    preheader: str
    window: str
    summary: str
    late: str
    """The sentence that says a digest is late, or nothing."""
    briefs: tuple[tuple[str, str], ...]
    """Title and count of sources of the biggest stories."""
    sections: tuple[SectionView, ...]
    also_seen: tuple[SourceView, ...]
    left_out: str
    held_back: str
    """How many stories an alert or a digest leaves for later, or nothing."""
    quiet: tuple[str, ...]
    near_misses: tuple[SourceView, ...]
    """Items that just missed a topic, with the command that answers whether they belong there."""
    notices: tuple[str, ...]
    """What people should know of the feeds, a sentence or two each."""
    volumes: tuple[str, ...]
    """Topics with far more stories than usual, a sentence each."""
    receipt: tuple[str, ...]
    """What was read for this digest, in sentences; of an alert nothing."""
    coverage: tuple[tuple[str, str], ...]
    """The same as rows of a name and what there is to say."""

    @property
    def single(self) -> bool:
        """An alert on one story: the story itself is the message, nothing stands above it."""
        return self.kind == "alert" and [len(section.stories) for section in self.sections] == [1]


def view(cut: Cut) -> DigestView:
    """Put a cut digest (cleaned before) into words."""
    digest = cut.digest
    zone = ZoneInfo(digest.timezone)
    stories = digest.stories
    top = [stories[at] for at in by_prominence(stories)[:BRIEFS]] if len(stories) >= BRIEFS_FROM else []
    return DigestView(
        kind=digest.kind,
        name=digest.name,
        title=digest.title,
        part=f"{cut.part}/{cut.parts}" if cut.parts > 1 else "",
        subject=subject(digest),
        preheader=preheader(digest),
        window=span(digest.window, zone),
        summary=summary(digest),
        late=_late(digest, zone),
        briefs=tuple((shorten(story.title, 110), plural(len(story.sources), "source")) for story in top),
        sections=tuple(
            SectionView(
                title=section.title, stories=tuple(_story(story, cut, zone) for story in section.stories)
            )
            for section in digest.sections
        ),
        also_seen=tuple(_also_seen(story, zone) for story in digest.also_seen),
        left_out=_left_out(cut),
        held_back=_held_back(digest),
        quiet=digest.quiet_topics,
        near_misses=tuple(map(_near_miss, digest.near_misses)),
        notices=_notices(digest),
        volumes=tuple(f"{footing.volume(each)}." for each in digest.volumes),
        receipt=_receipt(cut, zone),
        coverage=_coverage(cut, zone),
    )


# ── parts of a message ───────────────────────────────────────────────────────────────────────────


def _story(story: ToldStory, cut: Cut, zone: ZoneInfo) -> StoryView:
    detail = cut.detail
    hidden = len(story.sources) - detail.sources
    status = story.status.lower()
    return StoryView(
        status=status if status in STATUSES else "new",
        label=story.status.upper() or "NEW",
        telling=f"{ordinal(story.revision)} telling" if story.revision > 1 else "",
        title=story.title,
        url=story.url,
        when=when(story.published or story.first_seen, zone),
        relation=_relations(story, zone),
        lead=shorten(story.lead, detail.lead),
        facts=_facts(story.facts, detail.values),
        news=story.news[: detail.news],
        news_since=_news_since(story, zone),
        sources_count=plural(len(story.sources), "source"),
        sources=tuple(_source(source, zone) for source in story.sources[: detail.sources]),
        more_sources=f"+{hidden} more" if hidden > 0 else "",
        because=story.because[: detail.reasons],
    )


def ordinal(number: int) -> str:
    """``1st``, ``2nd``, ``3rd``, ``4th``, ``11th``, ``21st``."""
    ending = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"


def _relations(story: ToldStory, zone: ZoneInfo) -> str:
    """How it stands to what was told before, and to the corpus."""
    earlier = story.earlier
    told = (
        f"{earlier.words} “{earlier.title}” (told {day_and_month(earlier.told_at, zone)})" if earlier else ""
    )
    return " · ".join(filter(None, (told, story.relation)))


def _news_since(story: ToldStory, zone: ZoneInfo) -> str:
    if not story.news:
        return ""
    return f"New since {when(story.news_since, zone)}" if story.news_since else "New since it was last told"


def _facts(facts: Facts, most: int) -> tuple[tuple[str, str], ...]:
    rows = (
        ("Parties", _listed(facts.parties, most)),
        ("Chips", _listed(facts.chips, most)),
        ("Figures", _listed(facts.figures, most)),
        ("Status", facts.status if most else ""),
    )
    return tuple((name, value) for name, value in rows if value)


def _listed(values: Sequence[str], most: int) -> str:
    hidden = len(values) - most
    return " · ".join([*values[:most], *([f"+{hidden} more"] if hidden > 0 and most else [])])


def _source(source: Source, zone: ZoneInfo) -> SourceView:
    notes = []
    if source.primary:
        notes.append("primary source")
    if source.published:
        notes.append(when(source.published, zone))
    if source.copies:
        notes.append(f"+{plural(source.copies, 'copy')} of the same text")
    return SourceView(name=source.name, title=source.title, url=source.url, note=" · ".join(notes))


def _also_seen(story: ToldStory, zone: ZoneInfo) -> SourceView:
    name = story.sources[0].name if story.sources else ""
    note = when(story.published or story.first_seen, zone)
    return SourceView(name=name, title=story.title, url=story.url, note=note)


def _near_miss(missed: NearMiss) -> SourceView:
    score = f"{missed.topic} {missed.score:.0%}, from {missed.threshold:.0%}"
    answer = f"chipwatch feedback {missed.item_id[:_ID]} {missed.topic_id} yes|no"
    return SourceView(name=missed.source, title=missed.title, url=missed.url, note=f"{score} · {answer}")


def _late(digest: Digest, zone: ZoneInfo) -> str:
    return f"Late: this was due on {when(digest.window.end, zone)}." if digest.late else ""


def _left_out(cut: Cut) -> str:
    """What a digest does not show is remembered as untold."""
    if not cut.left_out:
        return ""
    one = cut.left_out == 1
    told = f"{plural(cut.left_out, 'more story')} {'is' if one else 'are'} not shown"
    if cut.digest.kind != "digest":
        return f"{told}: the message would be too long."
    return f"{told} for lack of room: {'it waits' if one else 'they wait'} for the next digest."


def _held_back(digest: Digest) -> str:
    if digest.receipt is None or not digest.receipt.held_back:
        return ""
    told = plural(digest.receipt.held_back, "more story")
    verb = "waits" if digest.receipt.held_back == 1 else "wait"
    if digest.kind == "alert":
        later = "the digest" if digest.receipt.held_until == "digest" else "the next hour"
        return f"{told} {verb} for {later}: the alerts of this hour are used up."
    return f"{told} {verb} for the next digest."


def _notices(digest: Digest) -> tuple[str, ...]:
    """The latest few: a foot is no place for the care of hundreds of feeds."""
    told = [notice.text for notice in digest.notices if notice.text]
    hidden = len(told) - MOST_NOTICES
    return (*told[-MOST_NOTICES:], *([f"And {hidden} more: chipwatch feeds list."] if hidden > 0 else []))


def _receipt(cut: Cut, zone: ZoneInfo) -> tuple[str, ...]:
    """That of an alert counts no reading."""
    receipt = cut.digest.receipt
    if receipt is None or cut.digest.kind == "alert":
        return ()
    return tuple(footing.sentences(receipt, zone, not_shown=cut.left_out, told_of=_told_of(cut.digest)))


def _coverage(cut: Cut, zone: ZoneInfo) -> tuple[tuple[str, str], ...]:
    receipt = cut.digest.receipt
    if receipt is None or cut.digest.kind == "alert":
        return ()
    return tuple(footing.table(receipt, zone, not_shown=cut.left_out, told_of=_told_of(cut.digest)))


def _told_of(digest: Digest) -> set[str]:
    """Feeds that fail are named once: ids of those that a notice tells of."""
    return {each.feed_id for each in digest.notices[-MOST_NOTICES:] if each.kind in (GONE, FAILING)}
