"""A story as a message tells it: its sources, its headline and lead, why it is here, what is new in it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.core import text
from bot.core.age import LATE_AFTER, is_late
from bot.core.comment import is_comment
from bot.core.earlier import RELATION_WORDS
from bot.core.facts import remembered
from bot.core.figures import distinct_figures
from bot.core.lexicon import FIELDS
from bot.core.origin import citing, published, texts, without_outlet
from bot.core.relation import RELATED
from bot.core.updates import Update, weigh
from bot.core.urls import host, untracked
from bot.model import (
    Earlier,
    Exemplar,
    Facts,
    Item,
    Member,
    Nearest,
    NearMiss,
    Relation,
    Source,
    Span,
    Story,
    Telling,
    ToldStory,
    Topic,
    UpdateDecision,
    Verdict,
)

NEW, UPDATED, LATE = "NEW", "UPDATED", "LATE"
_TWO_NAMES = 2
_ECHOES_FOR = timedelta(days=30)
"""So long after a telling a comment or a round-up that names its parties is no story by itself."""
_LEAD = 280
_REASONS = 20
"""Kept of a decision on an update."""
_TERMS = 4
"""Matched words quoted a topic."""
_TERM = 40
_EXEMPLAR = 70
"""Characters of a matched word or phrase, and of an exemplar's title, in a reason."""


@dataclass(frozen=True, kw_only=True)
class Background:
    """What stories are told against: the watched topics, the corpus, and how facts are read."""

    topics: Mapping[str, Topic]
    """By topic id."""
    exemplars: Mapping[str, Exemplar]
    """By exemplar id."""
    facts: Callable[[Story], Facts]
    earlier: Callable[[Story, Facts], Earlier | None] = lambda _story, _facts: None
    """The story told to the channel before that a new one follows, if there is one."""

    def title(self, topic: str) -> str:
        """A topic's title, its id where the configuration has lost it."""
        known = self.topics.get(topic)
        return known.title if known else topic


def best_verdicts(story: Story, topics: Sequence[str]) -> Mapping[str, Verdict]:
    """The best matched verdict for each of the topics that the story matches, best score first.

    Equal scores come in the order of ``topics``, and by item id.
    """
    best: dict[str, Verdict] = {}
    for topic in topics:
        matched = [
            verdict
            for member in story.members
            for verdict in member.verdicts
            if verdict.matched and verdict.topic_id == topic
        ]
        if matched:
            best[topic] = max(matched, key=lambda verdict: (verdict.score, verdict.item_id))
    return dict(sorted(best.items(), key=lambda entry: -entry[1].score))


def tell(
    story: Story, topics: Sequence[str], told: Telling | None, background: Background
) -> ToldStory | None:
    """The story in words, or ``None`` where there is nothing to tell.

    That is: it matches none of the topics, all of it was old when its feed was first polled, or it
    was told before and has not grown by news.
    """
    verdicts = best_verdicts(story, topics)
    if not verdicts or all(member.item.baseline for member in story.members):
        return None
    sources = independent_sources(story)
    facts = background.facts(story)
    update = weigh(told, facts, own_reports(sources)) if told else None
    if update and not update.material:
        return None
    chief = _bringer(story, told, update, background) if told and update else chief_of(story)
    if not told and _only_echoes(story, background):
        return None
    earlier = None if told else background.earlier(story, facts)
    title = _headline(chief)
    return ToldStory(
        id=story.id,
        revision=told.revision + 1 if told else 1,
        status=UPDATED if told else LATE if is_late(story) or _was_told(story, earlier) else NEW,
        title=title,
        url=untracked(chief.item.url),
        lead=_lead(chief),
        topics=tuple(background.title(topic) for topic in verdicts),
        score=max(verdict.score for verdict in verdicts.values()),
        sources=sources,
        items=len(story.members),
        facts=replace(facts, figures=distinct_figures(facts.figures)),
        news=update.news if update else (),
        news_since=told.told_at if told else None,
        because=tuple(_because(story, verdict, background) for verdict in verdicts.values()),
        relation=relation_to_corpus(story, topics, background),
        earlier=earlier,
        first_title=told.title if told else title,
        first_seen=story.first_seen,
        published=chief.item.published,
    )


def remember(story: ToldStory, told: Telling | None, channel: str, origin: str, now: datetime) -> Telling:
    """What is written down when the channel is told the story; ``told``: what stood there before."""
    return Telling(
        channel=channel,
        story_id=story.id,
        revision=story.revision,
        told_at=now,
        origin=origin,
        title=story.first_title,
        sources=own_reports(story.sources),
        facts=remembered(told.facts, story.facts) if told else story.facts,
    )


def weighed(
    story: Story, topics: Sequence[str], told: Telling, background: Background, now: datetime
) -> UpdateDecision | None:
    """Whether a told story has news for the channel, to be written down; ``None`` where nothing differs."""
    if not best_verdicts(story, topics):
        return None
    update = weigh(told, background.facts(story), own_reports(independent_sources(story)))
    if not update.reasons:
        return None
    return UpdateDecision(
        channel=told.channel,
        story_id=story.id,
        at=now,
        revision=told.revision,
        material=update.material,
        reasons=_few(update.reasons),
    )


def _few(reasons: Sequence[str]) -> tuple[str, ...]:
    """As many as a person reads: a story of hundreds of figures would write all down with each new item."""
    more = len(reasons) - _REASONS
    return tuple(reasons) if more <= 0 else (*reasons[:_REASONS], f"and {more} more")


def near_miss(item: Item, verdict: Verdict, topics: Mapping[str, Topic]) -> NearMiss:
    """An item that a verdict only just kept out, as a digest shows it."""
    topic = topics.get(verdict.topic_id)
    return NearMiss(
        item_id=item.id,
        title=text.one_line(item.title),
        url=untracked(item.url),
        source=host(item.url).removeprefix("www."),
        topic_id=verdict.topic_id,
        topic=topic.title if topic else verdict.topic_id,
        score=verdict.score,
        threshold=verdict.threshold,
    )


def independent_sources(story: Story) -> tuple[Source, ...]:
    """One source a text and publisher, primary ones first, then the earliest.

    Copies of a text are counted with it. Of several texts by one publisher one on topic stands for all.
    """
    publishers: dict[str, list[tuple[Member, int]]] = defaultdict(list)
    for origin, *copies in texts(story):
        publishers[origin.source.casefold() or origin.item.id].append((origin, len(copies)))
    chosen = [
        min(some, key=lambda each: (_off_topic(each[0]), *_order(each[0]))) for some in publishers.values()
    ]
    cited = citing(story)
    return tuple(
        _source(member, copies, cited.get(member.item.id, ()))
        for member, copies in sorted(chosen, key=lambda each: _order(each[0]))
    )


def own_reports(sources: Sequence[Source]) -> int:
    """How many of the sources report by themselves; who only repeats another one is no second witness."""
    return sum(not source.cites for source in sources)


def _source(member: Member, copies: int, cited: Collection[str]) -> Source:
    return Source(
        name=member.source,
        title=_headline(member),
        url=untracked(member.item.url),
        published=member.item.published,
        primary=member.primary,
        copies=copies,
        cites=tuple(sorted(cited)),
    )


def _order(member: Member) -> tuple[bool, datetime, str]:
    """Primary sources first, then the earliest."""
    return (not member.primary, published(member.item), member.item.id)


def chief_of(story: Story) -> Member:
    """The article that stands for the story: one on topic, by a party to it or else the earliest report.

    Of each text its origin, whichever of its copies came first (``origin.py``).
    """
    return min((members[0] for members in texts(story)), key=_standing)


def title_of(story: Story) -> str:
    """The headline under which a message tells a story."""
    return _headline(chief_of(story))


def _standing(member: Member) -> tuple[bool, bool, bool, datetime, str]:
    primary, since, item_id = _order(member)
    return (_off_topic(member), primary, is_comment(member.item.title), since, item_id)


def _bringer(story: Story, told: Telling, update: Update, background: Background) -> Member:
    """The article that stands for an update: the one that brings most of its news, else the chief."""
    brought: list[tuple[int, Member]] = []
    for members in texts(story):
        first = min(member.item.seen_at for member in members)
        if first > told.told_at and not is_comment(members[0].item.title):
            alone = weigh(told, background.facts(replace(story, members=(members[0],))), 0)
            brought.append((len({*alone.news} & {*update.news}), members[0]))
    most = max((count for count, _ in brought), default=0)
    if not most:
        return chief_of(story)
    return min((member for count, member in brought if count == most), key=_standing)


def _headline(member: Member) -> str:
    """The title on one line, without the outlet's name that search feeds put behind it."""
    return without_outlet(text.one_line(member.item.title), member.source)


def _only_echoes(story: Story, background: Background) -> bool:
    """Whether all that matches is comment, market notes or round-ups on what was told lately.

    Those bring a story that nobody else reports, and then it is told; here somebody did, and it was.
    """
    matched = [member for member in story.members if not _off_topic(member)]
    return all(is_comment(member.item.title) and _echoes(story, member, background) for member in matched)


def _echoes(story: Story, member: Member, background: Background) -> bool:
    alone = replace(story, members=(member,))
    earlier = background.earlier(alone, background.facts(alone))
    return (
        earlier is not None
        and len(earlier.names) >= _TWO_NAMES
        and story.first_seen - earlier.told_at <= _ECHOES_FOR
    )


def _was_told(story: Story, earlier: Earlier | None) -> bool:
    """Whether it is an event that was told more than a week ago, and so an old one."""
    return (
        earlier is not None
        and earlier.words == RELATION_WORDS[Relation.SAME_STORY]
        and story.first_seen - earlier.told_at > LATE_AFTER
    )


def _off_topic(member: Member) -> bool:
    return not any(verdict.matched for verdict in member.verdicts)


def _lead(member: Member) -> str:
    """The first sentences of an article, at most 280 characters, without its headline."""
    title = text.words(member.item.title)
    source = member.item.summary or member.item.body[: _LEAD * 8]
    lead = ""
    for sentence in map(text.one_line, text.sentences(text.safe(source))):
        if not lead and text.words(sentence) == title:
            continue
        if lead and len(lead) + 1 + len(sentence) > _LEAD:
            break
        lead = f"{lead} {sentence}".strip()
    return text.shorten(lead, _LEAD)


# ── reasons ──────────────────────────────────────────────────────────────────────────────────────


def _because(story: Story, verdict: Verdict, background: Background) -> str:
    """``Custom silicon, 97%: “custom chip”, “tape-out”; reads like “Norvik tapes out its first chip”``."""
    item = next(member.item for member in story.members if member.item.id == verdict.item_id)
    terms = [f"“{text.shorten(term, _TERM)}”" for term in _terms(item, verdict.spans)]
    reasons = [", ".join(terms)] if terms else []
    near = verdict.nearest
    if near and near.exemplar in background.exemplars and (near.similarity >= RELATED or not terms):
        title = text.one_line(background.exemplars[near.exemplar].title)
        reasons.append(f"reads like “{text.shorten(title, _EXEMPLAR)}”")
    score = f"{background.title(verdict.topic_id)}, {verdict.score:.0%}"
    return f"{score}: {'; '.join(reasons)}" if reasons else score


def _terms(item: Item, spans: Sequence[Span]) -> Sequence[str]:
    """What matched, as the item spells it: first in the title, no words twice or inside longer ones."""
    texts = {"title": item.title, "summary": item.summary, "body": item.body}
    terms: dict[str, str] = {}
    for span in sorted(spans, key=lambda span: (FIELDS.index(span.field), span.start)):
        term = text.one_line(texts[span.field][span.start : span.end])
        if term:
            terms.setdefault(f" {' '.join(text.words(term))} ", term)
    quoted = [term for words, term in terms.items() if not any(_is_inside(words, other) for other in terms)]
    return quoted[:_TERMS]


def _is_inside(words: str, others: str) -> bool:
    return words != others and words in others


def relation_to_corpus(story: Story, topics: Sequence[str], background: Background) -> str:
    """The closest relation to the corpus that any matched article has."""
    found = [
        (verdict.nearest, verdict.item_id)
        for member in story.members
        for verdict in member.verdicts
        if verdict.matched and verdict.topic_id in topics and verdict.nearest
    ]
    order = list(RELATION_WORDS)
    known = [
        (order.index(nearest.relation), -nearest.similarity, item_id, nearest)
        for nearest, item_id in found
        if nearest.relation in RELATION_WORDS and nearest.exemplar in background.exemplars
    ]
    if not known:
        return ""
    closest: Nearest = min(known, key=lambda entry: (*entry[:3], entry[3].exemplar))[3]
    title = text.one_line(background.exemplars[closest.exemplar].title)
    return f"{RELATION_WORDS[closest.relation]} “{title}” in the corpus"
