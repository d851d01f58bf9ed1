"""How a new story stands to those that a channel was told before: the same event, a follow-up, related.

Told stories are found by names and rare words of their headlines in the memory of what was told; the few that
share most are read again and compared as articles and exemplars are (``relation.py``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from functools import lru_cache

from bot.core import text
from bot.core.features import Features, cosine
from bot.core.rarity import rarity
from bot.core.relation import is_copy, relation
from bot.core.stems import stem
from bot.model import Earlier, Facts, Relation, Telling

LOOKED_BACK = timedelta(days=180)
LOOKED_AT = 5
"""Told stories that are read again for one new one."""
_ENOUGH = 2.0
"""Names and rare words in common, a name or the rarest word counting 1, from which a told story is read."""
_TWO_NAMES = 2
_TITLES = 4096
"""Whose words are remembered: each new story of a digest is held against all that was told."""

RELATION_WORDS: Mapping[Relation, str] = {
    Relation.SAME_STORY: "same event as",
    Relation.FOLLOW_UP: "follow-up to",
    Relation.RELATED: "related to",
}
"""Closest first."""


def candidates(title: str, facts: Facts, told: Sequence[Telling]) -> Sequence[Telling]:
    """The told stories that have most names and rare headline words in common with a new one."""
    words, names = _rare(title), {*facts.parties, *facts.chips}
    scored = []
    for telling in told:
        known = {*telling.facts.parties, *telling.facts.chips}
        spelled = {word for name in names & known for word in _rare(name)}
        shared = sum(rarity(word) for word in (words & _rare(telling.title)) - spelled)
        score = len(names & known) + shared
        if score >= _ENOUGH:
            scored.append((-score, -telling.told_at.timestamp(), telling.story_id, telling))
    return [entry[3] for entry in sorted(scored, key=lambda entry: entry[:3])[:LOOKED_AT]]


def closest(item: Features, known: Sequence[tuple[Telling, Features]]) -> Earlier | None:
    """The told story that a new one stands closest to; ``known``: its candidates, with the article of each.

    The same event takes two names in common, or the same text: like reports within a week are not enough,
    since grouping had the two before it and kept them apart.
    """
    order = list(RELATION_WORDS)
    found = []
    for telling, article in known:
        alike = cosine(item.vector, article.vector)
        shared = item.entities.keys() & article.entities.keys()
        how = relation(item, article, alike)
        if how is Relation.SAME_STORY and len(shared) < _TWO_NAMES and not is_copy(item, article):
            how = Relation.RELATED
        if how in RELATION_WORDS and (shared or how is Relation.SAME_STORY):
            found.append((order.index(how), -alike, telling.story_id, telling, shared))
    if not found:
        return None
    rank, alike, _, telling, shared = min(found, key=lambda entry: entry[:3])
    names = f"shares {', '.join(sorted(shared))}; " if shared else ""
    return Earlier(
        story_id=telling.story_id,
        title=telling.title,
        told_at=telling.told_at,
        words=RELATION_WORDS[order[rank]],
        names=tuple(sorted(shared)),
        because=f"{names}{-alike:.2f} alike",
    )


@lru_cache(maxsize=_TITLES)
def _rare(title: str) -> frozenset[str]:
    return frozenset(stem(word) for word in text.words(title) if word not in text.FUNCTION_WORDS)
