"""A drafted topic as TOML, with comments that say what each part finds."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from bot.core.text import one_line

if TYPE_CHECKING:
    from bot.core.suggest import Clause, Draft


def spell_draft(
    draft: Draft, *, title: str, sources: Sequence[str], background: int, kind: str, negatives: int = 0
) -> str:
    """The topic's file. ``sources`` are the names of the examples, ``kind`` says what the background is."""
    return "\n".join(
        [
            f"# Drafted from {len(sources)} articles against {_texts(background)} ({one_line(kind)}).",
            "# It knows these articles and no others: read it, generalise it, try it on labelled items.",
            "",
            f"title = {json.dumps(title, ensure_ascii=False)}",
            "",
            *_query(draft, sources, background),
            *_exclude(draft, negatives),
            *_unused(draft.unused),
            *_names(draft, len(sources)),
            "",
        ]
    )


def _query(draft: Draft, sources: Sequence[str], background: int) -> Iterator[str]:
    if not draft.clauses:
        yield "# No query: nothing that these articles share is rare elsewhere. Examples they can be."
        return
    found = len(sources) - len(draft.missed)
    others = f"{draft.background} of {_texts(background)}"
    yield f"# The query finds {found} of {len(sources)} examples and {others}."
    if draft.missed:
        yield f"# Missed: {one_line(', '.join(sources[place] for place in draft.missed))}"
    if draft.foreseen is not None:
        tries = f"{draft.foreseen} times in {len(sources)}"
        yield f"# Drafted without an example, it would have found that one {tries}."
    yield "#"
    yield from _table(draft.clauses, "examples")
    yield "query = '''"
    yield draft.query
    yield "'''"


def _exclude(draft: Draft, negatives: int) -> Iterator[str]:
    if not draft.exclude:
        return
    yield ""
    yield f"# In headlines of the {negatives} negative examples and in none of the others. It outweighs"
    yield "# everything else: keep what can't be meant."
    yield "#"
    yield from _table(draft.exclude, "negatives")
    yield "exclude = '''"
    yield f"title:({' OR '.join(clause.query for clause in draft.exclude)})"
    yield "'''"


def _unused(unused: Sequence[Clause]) -> Iterator[str]:
    if unused:
        yield ""
        yield "# Not in the query, for being common elsewhere or adding nothing:"
        yield "#"
        yield from _table(unused, "examples")


def _names(draft: Draft, examples: int) -> Iterator[str]:
    if not draft.names:
        return
    yield ""
    yield "# Names that recur and entities.toml does not have. With an entry there a query may say @id,"
    yield "# and judging learns whom the topic is about. The kind is a guess: see docs/topics.md."
    for name in draft.names:
        slug = "-".join("".join(c if c.isascii() and c.isalnum() else " " for c in name.name.lower()).split())
        yield "#"
        yield f"#   {name.examples} of {examples} examples, {name.background} others"
        yield "#   [[entity]]"
        yield f'#   id = "{slug or "name"}"'
        yield f"#   name = {json.dumps(name.name, ensure_ascii=False)}"
        yield '#   kind = "company"'


def _table(clauses: Iterable[Clause], kind: str) -> Iterator[str]:
    yield f"#   {kind}  others"
    for clause in clauses:
        yield f"#   {clause.examples:>{len(kind)}}  {clause.background:>6}  {clause.query}"


def _texts(number: int) -> str:
    return f"{number:,} other texts"
