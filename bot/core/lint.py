"""What could be better about topics: queries that say too much, too little or the same thing twice.

Compared are the articles of the corpus and, where there are some, stored items.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import combinations
from typing import NamedTuple

from bot.core.classify import classify
from bot.core.features import Features
from bot.core.lexicon import Document, Lexicon
from bot.core.portrait import blocks
from bot.core.profile import Judge, TopicProfile
from bot.core.query import Mentions, Query, parse
from bot.core.querytree import And, Mention, Near, Node, Not, Or, Phrase, Title

COMMON = 0.25
"""Part of the other texts from which a block finds too many: what is watched is rarer."""
EVERYWHERE = 0.8
"""Part of all texts from which a word decides nothing, not even beside others."""
FEW = 20
"""With fewer texts nothing is called common."""
ALIKE = 0.9
"""Part of what either of two topics matches that both match; they are one topic then."""
ALIKE_MATCHES = 5
"""With fewer common matches it may be chance."""


class Advice(StrEnum):
    """What a remark is about."""

    NOTHING = "nothing to judge by"
    SILENT = "never matches"
    COMMON = "matches too much"
    SHADOWED = "adds nothing"
    MISSED = "misses examples"
    EXCLUDED = "excludes an example"
    UNLISTED = "leaves out examples"
    TWIN = "the same as another topic"
    UNNAMED = "never named"


SUSPICIOUS = frozenset({Advice.NOTHING, Advice.COMMON, Advice.SHADOWED, Advice.EXCLUDED, Advice.TWIN})
"""Mistakes, most likely. The rest may well be meant: a query also finds what nobody has written yet."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Remark:
    """One piece of advice. ``topic`` is empty where it is about entities."""

    topic: str
    key: str
    """The key of the topic's file: ``query``, ``exclude``, ``exemplars`` or ``title``."""
    advice: Advice
    problem: str
    terms: tuple[str, ...] = ()
    """The terms, blocks, articles or entities that it is about, as they are written."""

    @property
    def is_suspicious(self) -> bool:
        return self.advice in SUSPICIOUS


class Text(NamedTuple):
    """What a query looks at."""

    document: Document
    mentions: Mentions


def lint(judge: Judge, stored: Sequence[Features] = ()) -> tuple[Remark, ...]:
    """All advice, topic by topic; then what is about several topics and about entities."""
    articles = [reference.features for reference in judge.corpus.references]
    texts = [Text(each.document, each.entities) for each in (*articles, *stored)]
    return (
        *(remark for profile in judge.profiles for remark in _topic(profile, judge, stored, texts)),
        *_twins(judge, (*articles, *stored)),
        *_unnamed(judge, texts),
    )


def _topic(
    profile: TopicProfile, judge: Judge, stored: Sequence[Features], texts: Sequence[Text]
) -> Iterator[Remark]:
    topic = profile.topic.id
    if not profile.can_match:
        problem = "has neither query nor examples, so it never matches"
        yield Remark(topic=topic, key="title", advice=Advice.NOTHING, problem=problem)
    for key, query in (("query", profile.query), ("exclude", profile.exclude)):
        if query is not None:
            yield from _silent(topic, key, query, judge.lexicon, texts)
            yield from _everywhere(topic, key, query, judge.lexicon, texts)
            yield from _shadowed(topic, key, query)
    yield from _common(profile, judge, stored)
    yield from _examples(profile, judge)


# ── terms and blocks ─────────────────────────────────────────────────────────────────────────────


def _silent(topic: str, key: str, query: Query, lexicon: Lexicon, texts: Sequence[Text]) -> Iterator[Remark]:
    silent = tuple(term for term in query.terms() if not _count(parse(term, lexicon), texts))
    if silent and texts:
        of = f"{len(silent)} of {len(query.terms())} terms occur in none of {len(texts)} texts"
        yield Remark(topic=topic, key=key, advice=Advice.SILENT, problem=of, terms=silent)


def _everywhere(
    topic: str, key: str, query: Query, lexicon: Lexicon, texts: Sequence[Text]
) -> Iterator[Remark]:
    if len(texts) < FEW:
        return
    for term in query.terms():
        found = _count(parse(term, lexicon), texts)
        if found >= EVERYWHERE * len(texts):
            problem = f"occurs in {found} of {len(texts)} texts and decides nothing"
            yield Remark(topic=topic, key=key, advice=Advice.COMMON, problem=problem, terms=(term,))


def _common(profile: TopicProfile, judge: Judge, stored: Sequence[Features]) -> Iterator[Remark]:
    """Blocks that find a good part of what the topic is not about."""
    off = [judge.corpus.references[place].features for place in profile.off]
    others = [Text(each.document, each.entities) for each in (*off, *stored)]
    if len(others) < FEW:
        return
    for block in blocks(profile.query):
        found = _count(block, others)
        if found >= COMMON * len(others):
            problem = f"this block alone finds {found} of {len(others)} texts that are no examples"
            yield Remark(
                topic=profile.topic.id,
                key="query",
                advice=Advice.COMMON,
                problem=problem,
                terms=(str(block),),
            )


def _count(query: Query, texts: Iterable[Text]) -> int:
    return sum(query.match(text.document, text.mentions) is not None for text in texts)


# ── what another part of the query says already ──────────────────────────────────────────────────


def _shadowed(topic: str, key: str, query: Query) -> Iterator[Remark]:
    for part, other in _covered(query.root, near=False):
        problem = f"finds nothing that {other} beside it does not find"
        yield Remark(topic=topic, key=key, advice=Advice.SHADOWED, problem=problem, terms=(str(part),))


def _covered(node: Node, *, near: bool) -> Iterator[tuple[Node, Node]]:
    """(Part, other part) of an OR where every text with the first has the second too.

    ``near``: a distance is measured from there, so that a longer phrase reaches further than a word of it.
    """
    match node:
        case Or(parts):
            for at, part in enumerate(parts):
                for other_at, other in enumerate(parts):
                    twice = implies(other, part) and at < other_at
                    if at != other_at and implies(part, other, near=near) and not twice:
                        yield part, other
                        break
            for part in parts:
                yield from _covered(part, near=near)
        case And(parts):
            for part in parts:
                yield from _covered(part, near=near)
        case Near(operands, _):
            for operand in operands:
                yield from _covered(operand, near=True)
        case Title(inner) | Not(inner):
            yield from _covered(inner, near=near)
        case _:
            return


def implies(one: Node, other: Node, *, near: bool = False) -> bool:
    """Whether every text that has ``one`` has ``other`` for certain; ``near``: also in the same places.

    Sound and not complete: what takes more than looking at one part at a time is not found out.
    """
    if one == other:
        return True
    if isinstance(one, Or):
        return all(implies(part, other, near=near) for part in one.parts)
    if isinstance(other, And) and not near:
        return all(implies(one, part) for part in other.parts)
    if isinstance(other, Or) and any(implies(one, part, near=near) for part in other.parts):
        return True
    match one, other:
        case Phrase(), Phrase():
            return _phrase_implies(one, other, near=near)
        case Mention(ids=ids), Mention(ids=others):
            return set(ids) <= set(others)
        case Title(inner), Title(outer) if implies(inner, outer, near=near):
            return True
        case Not(inner), Not(outer):
            return implies(outer, inner)
        case ((And(parts) | Near(parts, _)), _) if not near:
            return any(implies(part, other) for part in parts)
        case Title(inner), _ if not near:
            return _is_positive(inner) and implies(inner, other)
        case _:
            return False


def _is_positive(node: Node) -> bool:
    """Whether it stays true in a longer text: nothing in it must be absent."""
    match node:
        case Not():
            return False
        case Or(parts) | And(parts):
            return all(map(_is_positive, parts))
        case Title(inner):
            return _is_positive(inner)
        case _:
            return True


def _phrase_implies(one: Phrase, other: Phrase, *, near: bool) -> bool:
    """Whether ``other`` stands in ``one``, word by word; an open end covers what begins so."""
    if near and len(one.words) != len(other.words):
        return False
    return any(_covers(other, one, at) for at in range(len(one.words) - len(other.words) + 1))


def _covers(short: Phrase, long: Phrase, at: int) -> bool:
    piece = long.words[at : at + len(short.words)]
    open_end = long.prefix and at + len(short.words) == len(long.words)
    if short.prefix:
        return piece[:-1] == short.words[:-1] and piece[-1].startswith(short.words[-1])
    return piece == short.words and not open_end


# ── examples ─────────────────────────────────────────────────────────────────────────────────────


def _examples(profile: TopicProfile, judge: Judge) -> Iterator[Remark]:
    topic = profile.topic
    on = [judge.corpus.references[place] for place in profile.on]
    for key, query in (("query", profile.query), ("exclude", profile.exclude)):
        if query is None:
            continue
        ids = tuple(
            each.exemplar.id
            for each in on
            if (query.match(each.features.document, each.features.entities) is None) == (key == "query")
        )
        advice = Advice.MISSED if key == "query" else Advice.EXCLUDED
        verb = "misses" if key == "query" else "matches, so that they never can,"
        if ids:
            problem = f"{verb} {len(ids)} of the topic's {len(on)} examples"
            yield Remark(topic=topic.id, key=key, advice=advice, problem=problem, terms=ids)
    if topic.exemplars:
        own = {each.exemplar.id for each in on}
        left = tuple(
            each.exemplar.id
            for each in judge.corpus.references
            if topic.id in each.exemplar.topics and each.exemplar.id not in own
        )
        if left:
            problem = f"the list leaves out {len(left)} articles that name the topic"
            yield Remark(topic=topic.id, key="exemplars", advice=Advice.UNLISTED, problem=problem, terms=left)


# ── topics beside each other, entities ───────────────────────────────────────────────────────────


def _twins(judge: Judge, texts: Sequence[Features]) -> Iterator[Remark]:
    """Topics that are written alike, or that match nearly the same texts."""
    matched: dict[str, set[int]] = {profile.topic.id: set() for profile in judge.profiles}
    for number, features in enumerate(texts):
        for verdict in classify(features, judge):
            if verdict.matched:
                matched[verdict.topic_id].add(number)
    for one, other in combinations(judge.profiles, 2):
        first, second = matched[one.topic.id], matched[other.topic.id]
        common, either = len(first & second), len(first | second)
        alike = common >= ALIKE_MATCHES and common >= ALIKE * either
        written = one.query is not None and one.query == other.query and one.exclude == other.exclude
        if alike or written:
            why = f"{common} of {either} matches are both's" if alike else "the same query"
            yield Remark(
                topic=other.topic.id,
                key="query" if other.query else "title",
                advice=Advice.TWIN,
                problem=f"is nearly {one.topic.id}: {why}",
                terms=(one.topic.id,),
            )


def _unnamed(judge: Judge, texts: Sequence[Text]) -> Iterator[Remark]:
    named = {entity for text in texts for entity in text.mentions}
    unnamed = tuple(entity for entity in judge.names if entity not in named)
    if unnamed and texts:
        problem = f"{len(unnamed)} of {len(judge.names)} entities are named in none of {len(texts)} texts"
        yield Remark(topic="", key="entity", advice=Advice.UNNAMED, problem=problem, terms=unnamed)
