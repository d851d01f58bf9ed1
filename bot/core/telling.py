"""A story as a message tells it: its sources, its headline and lead, why it is here, what is new in it."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.core import text
from bot.core.facts import new_facts, published, remembered
from bot.core.lexicon import FIELDS
from bot.core.relation import RELATED
from bot.core.urls import host, untracked
from bot.model import (
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
    Verdict,
)

_BEHIND_A_DASH = re.compile(r"(.*\S)\s+[-–—|·]\s+(\S[^|]{1,40})")

NEW, UPDATED, LATE = "NEW", "UPDATED", "LATE"
LATE_AFTER = timedelta(days=7)
"""A story whose newest article was that old when it was first seen is no news."""
_LEAD = 280
_TERMS = 4
"""Matched words quoted a topic."""
_TERM = 40
_EXEMPLAR = 70
"""Characters of a matched word or phrase, and of an exemplar's title, in a reason."""
_MANY_SOURCES = 3
"""New sources that are news by themselves, if they also double the number."""

_RELATION_WORDS: Mapping[Relation, str] = {
    Relation.SAME_STORY: "same event as",
    Relation.FOLLOW_UP: "follow-up to",
    Relation.RELATED: "related to",
}


@dataclass(frozen=True, kw_only=True)
class Background:
    """What stories are told against: the watched topics, the corpus, and how facts are read."""

    topics: Mapping[str, Topic]
    """By topic id."""
    exemplars: Mapping[str, Exemplar]
    """By exemplar id."""
    facts: Callable[[Story], Facts]

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
    news = _news(told, facts, len(sources)) if told else ()
    if told and not news:
        return None
    chief = _chief(story)
    title = _headline(chief)
    return ToldStory(
        id=story.id,
        revision=told.revision + 1 if told else 1,
        status=UPDATED if told else LATE if is_late(story) else NEW,
        title=title,
        url=untracked(chief.item.url),
        lead=_lead(chief),
        topics=tuple(background.title(topic) for topic in verdicts),
        score=max(verdict.score for verdict in verdicts.values()),
        sources=sources,
        items=len(story.members),
        facts=facts,
        news=news,
        news_since=told.told_at if told else None,
        because=tuple(_because(story, verdict, background) for verdict in verdicts.values()),
        relation=_relation(story, topics, background),
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
        sources=len(story.sources),
        facts=remembered(told.facts, story.facts) if told else story.facts,
    )


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


def newest(story: Story) -> datetime:
    """When the story's newest article was published; a date after its first sight is not believed."""
    return max(published(member.item) for member in story.members)


def is_late(story: Story) -> bool:
    """Whether even the newest article was more than seven days old when the story was first seen."""
    return story.first_seen - newest(story) > LATE_AFTER


def independent_sources(story: Story) -> tuple[Source, ...]:
    """One source a text and publisher, primary ones first, then the earliest.

    Copies of a text are counted with it. Of several texts by one publisher one on topic stands for all.
    """
    texts: dict[str, list[Member]] = defaultdict(list)
    for member in story.members:
        texts[member.placement.copy_of or member.item.id].append(member)
    publishers: dict[str, list[tuple[Member, int]]] = defaultdict(list)
    for members in texts.values():
        first = min(members, key=_order)
        publishers[first.source.casefold() or first.item.id].append((first, len(members) - 1))
    chosen = [
        min(some, key=lambda each: (_off_topic(each[0]), *_order(each[0]))) for some in publishers.values()
    ]
    return tuple(
        _source(member, copies) for member, copies in sorted(chosen, key=lambda each: _order(each[0]))
    )


def _source(member: Member, copies: int) -> Source:
    return Source(
        name=member.source,
        title=_headline(member),
        url=untracked(member.item.url),
        published=member.item.published,
        primary=member.primary,
        copies=copies,
    )


def _order(member: Member) -> tuple[bool, datetime, bool, str]:
    """Primary sources first, then the earliest; of the same time the original before its copies."""
    return (not member.primary, published(member.item), _is_copy(member), member.item.id)


def _chief(story: Story) -> Member:
    """The article that stands for the story: one on topic, by a party to it or else the earliest."""
    return min(
        story.members,
        key=lambda member: (_off_topic(member), not member.primary, _is_copy(member), *_order(member)),
    )


def _headline(member: Member) -> str:
    """The title on one line, without the outlet's name that search feeds put behind it.

    Only what spells a part of the publisher's host name is taken off: ``… - The Fab Floor`` of
    fabfloor.example.
    """
    title = text.one_line(member.item.title)
    found = _BEHIND_A_DASH.fullmatch(title)
    if found and _letters(found[2]) in {_letters(label) for label in member.source.split(".")}:
        return found[1]
    return title


def _letters(name: str) -> str:
    return "".join(filter(str.isalnum, name.casefold())).removeprefix("the")


def _off_topic(member: Member) -> bool:
    return not any(verdict.matched for verdict in member.verdicts)


def _is_copy(member: Member) -> bool:
    return member.placement.copy_of is not None


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


def _relation(story: Story, topics: Sequence[str], background: Background) -> str:
    """The closest relation to the corpus that any matched article has."""
    found = [
        (verdict.nearest, verdict.item_id)
        for member in story.members
        for verdict in member.verdicts
        if verdict.matched and verdict.topic_id in topics and verdict.nearest
    ]
    order = list(_RELATION_WORDS)
    known = [
        (order.index(nearest.relation), -nearest.similarity, item_id, nearest)
        for nearest, item_id in found
        if nearest.relation in _RELATION_WORDS and nearest.exemplar in background.exemplars
    ]
    if not known:
        return ""
    closest: Nearest = min(known, key=lambda entry: (*entry[:3], entry[3].exemplar))[3]
    title = text.one_line(background.exemplars[closest.exemplar].title)
    return f"{_RELATION_WORDS[closest.relation]} “{title}” in the corpus"


def _news(told: Telling, facts: Facts, sources: int) -> tuple[str, ...]:
    """What is new since it was told: new facts, or at least twice as many sources and three more."""
    news = new_facts(told.facts, facts)
    if sources >= 2 * told.sources and sources >= told.sources + _MANY_SOURCES:
        news = (*news, f"sources: {told.sources} → {sources}")
    return news
