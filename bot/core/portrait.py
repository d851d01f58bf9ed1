"""A topic as it is judged: its query block by block, its cast, and how well its examples are recognised."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from bot.core.audit import left_out
from bot.core.corpus import Reference
from bot.core.profile import Judge, TopicProfile
from bot.core.query import Query
from bot.core.querytree import Or


@dataclass(frozen=True, kw_only=True, slots=True)
class Block:
    """A part of a query that is enough to match, and how many articles it finds."""

    query: str
    examples: int
    others: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Member:
    """One of a topic's cast."""

    entity: str
    name: str
    weight: float
    """How much larger a part of the topic's examples than of the others names it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Recognised:
    """An example, judged as if it were news by a corpus without it."""

    exemplar: str
    score: float
    matched: bool
    nearest: str
    similarity: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Portrait:
    """What a topic looks like to its judge. Counts are articles."""

    examples: int
    others: int
    blocks: tuple[Block, ...]
    """In the order in which they are written."""
    exclude: str
    cast: tuple[Member, ...]
    recognised: tuple[Recognised, ...]
    """The worst first."""


def portray(judge: Judge, profile: TopicProfile) -> Portrait:
    """Look at one of a judge's topics."""
    references = judge.corpus.references
    on = [references[place] for place in profile.on]
    off = [references[place] for place in profile.off]
    return Portrait(
        examples=len(on),
        others=len(off),
        blocks=tuple(
            Block(query=str(block), examples=len(found(block, on)), others=len(found(block, off)))
            for block in blocks(profile.query)
        ),
        exclude=str(profile.exclude or ""),
        cast=tuple(
            Member(entity=entity, name=judge.names[entity], weight=weight)
            for entity, weight in sorted(profile.cast.items(), key=lambda pair: -pair[1])
        ),
        recognised=tuple(sorted(_recognised(judge, profile), key=lambda each: each.score)),
    )


def blocks(query: Query | None) -> tuple[Query, ...]:
    """The parts any of which is enough: what stands between a query's outermost ORs."""
    match query:
        case None:
            return ()
        case Query(Or(parts)):
            return tuple(map(Query, parts))
        case _:
            return (query,)


def found(query: Query, articles: Iterable[Reference]) -> list[Reference]:
    """The articles that a query finds."""
    return [
        each for each in articles if query.match(each.features.document, each.features.entities) is not None
    ]


def _recognised(judge: Judge, profile: TopicProfile) -> Iterator[Recognised]:
    number = judge.profiles.index(profile)
    own = {judge.corpus.references[place].exemplar.id for place in profile.on}
    for reference, _, verdicts in left_out(judge):
        if reference.exemplar.id in own:
            verdict = verdicts[number]
            nearest = verdict.nearest
            yield Recognised(
                exemplar=reference.exemplar.id,
                score=verdict.score,
                matched=verdict.matched,
                nearest=nearest.exemplar if nearest else "",
                similarity=nearest.similarity if nearest else 0.0,
            )
