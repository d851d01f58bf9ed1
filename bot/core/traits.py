"""What kind of story a text tells, whoever is in it: kinds of parties, kinds of figures, how sure it is.

Two articles on deals need not share a name or a verb, but both have two companies in the headline, a sum and
a status. The kinds of parties are those of ``entities.toml``; figures and status are those of ``facts.py``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from bot.core.facts import extract_facts
from bot.core.figures import figure_kind
from bot.model import Span

SEVERAL = 2


def traits(
    headline: str, lead: str, entities: Mapping[str, tuple[Span, ...]], kinds: Mapping[str, str]
) -> frozenset[str]:
    """The traits of a headline, marked as such, and those of headline and lead together.

    ``entities`` are those that either names, ``kinds`` their kinds.
    """
    in_headline = [
        kinds[entity] for entity, spans in entities.items() if any(span.field == "title" for span in spans)
    ]
    anywhere = [kinds[entity] for entity in entities]
    above, below = set(_stated(headline)), set(_stated(lead))
    return frozenset(
        (
            *(f"headline: {trait}" for trait in (*above, *_parties(in_headline))),
            *above,
            *below,
            *_parties(anywhere),
        )
    )


def _stated(source: str) -> Iterator[str]:
    if source:
        facts = extract_facts(source)
        yield from map(figure_kind, facts.figures)
        if facts.status:
            yield facts.status


def _parties(kinds: Iterable[str]) -> Iterator[str]:
    found = list(kinds)
    yield from found
    if len(found) >= SEVERAL:
        yield "several parties"
