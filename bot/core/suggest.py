"""A topic drafted from example articles: the query that finds most of them and little else.

Terms are the words, phrases and entities that mark the examples off (``core.keyness``). From them clauses
are made: a term that the background rarely has stands alone; one that it has too stands NEAR others. Clauses
are then chosen greedily, those first that find most examples which fewer than two clauses find by now (set
cover: Chvátal, A greedy heuristic for the set-covering problem, 1979; twice, since what finds an example by
one word only is a matter of luck).

A background of a few hundred texts can't tell an everyday word from a rare one, so both sides of a clause
must also be rare enough in the language at large (``core.rarity``).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bot.core.keyness import Frequencies, Sample, Term, frequencies, key_terms
from bot.core.language import detect
from bot.core.lexicon import Lexicon
from bot.core.names import Name, recurring_names
from bot.core.query import Query, parse

NEAR = 8
ALONE_TERMS, ANCHORS, PARTNERS = 40, 12, 24
"""How many of the first terms may stand alone, be the one side of a NEAR, or the other."""
MOST_CLAUSES, MOST_PARTNERS, SHOWN = 8, 6, 12
WORTH = (1.0, 0.5, 0.0)
"""Of finding an example that no other clause finds, one other, or two."""
MARKED = 1.25
"""How many times as large a part of the examples has what may stand in a NEAR."""
CLEARLY = 15
"""How many times as large a part of the examples excuses a few background texts."""
RARE_WORD, RARE_PHRASE = 0.55, 0.7
"""Rarity of a word that stands alone, and of a phrase or a pair (the sum): a word in 30,000 has the first."""
ALONE_PART = 0.5
"""Part of the examples that have a word which stands alone."""
NOISE = 0.01
"""Part of the background that one clause may find; of a small one, a single text."""
LEAST_PART = 0.2
"""Part of the examples (but two at least) that have a term of the query."""
SIGNIFICANT, SURE = 3.84, 10.83
"""G² that chance reaches one time in twenty, for what is seen beside others, and in a thousand, for what
stands alone (χ² with one degree of freedom)."""
MOST_FOLDS = 10
EXCLUDED_PART = 0.3
"""Part of the negatives (but two at least) whose headlines have what is excluded."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Clause:
    """A part of the query, which finds what it finds alone. Counts are texts."""

    query: str
    examples: int
    background: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Draft:
    """A drafted topic. Counts are texts."""

    clauses: tuple[Clause, ...]
    exclude: tuple[Clause, ...]
    """Terms of negatives' headlines; ``examples`` are negatives here."""
    unused: tuple[Clause, ...]
    """Terms that mark the examples off and are too common, or found nothing that others don't."""
    names: tuple[Name, ...]
    """Names that recur and no entity has."""
    missed: tuple[int, ...]
    """Positions of the examples that the query misses."""
    background: int
    """Background texts that the query finds."""
    foreseen: int | None
    """Examples that a query drafted from the others finds; ``None`` with fewer than three."""

    @property
    def query(self) -> str:
        return "\nOR ".join(clause.query for clause in self.clauses)


class Background:
    """Texts that the topic is not about, mostly. What a query finds there is counted once."""

    def __init__(self, samples: Sequence[Sample], lexicon: Lexicon) -> None:
        self.samples = samples
        self.lexicon = lexicon
        self.frequencies: Frequencies = frequencies(samples)
        self.limit = max(1, int(NOISE * len(samples)))
        self._found: dict[str, frozenset[int]] = {}

    def found(self, query: str, among: Iterable[int] | None = None) -> frozenset[int]:
        """Positions of the texts that a query finds; ``among``: where all of them are, if that is known."""
        if query not in self._found:
            places = range(len(self.samples)) if among is None else sorted(among)
            found = matching(parse(query, self.lexicon), [self.samples[place] for place in places])
            self._found[query] = frozenset(places[place] for place in found)
        return self._found[query]


def suggest(samples: Sequence[Sample], background: Background, negatives: Sequence[Sample] = ()) -> Draft:
    """Draft a topic from its examples; ``negatives`` are examples of what is not meant.

    With fewer than two examples nothing recurs, and the query is empty.
    """
    clauses, terms = _clauses(samples, background)
    found = {place for clause in clauses for place in clause.examples}
    used = {term.key for clause in clauses for term in (clause.term, *clause.partners)}
    unused = [
        Clause(query=term.query, examples=len(term.texts), background=len(background.found(term.query)))
        for term in terms[:ALONE_TERMS]
        if not any(_within(key, term.key) for key in used)
    ]
    return Draft(
        clauses=tuple(clause.told() for clause in clauses),
        exclude=_exclusions(samples, background, negatives),
        unused=tuple(unused[:SHOWN]),
        names=recurring_names(samples, background.samples, least=_least(len(samples))),
        missed=tuple(place for place in range(len(samples)) if place not in found),
        background=len({place for clause in clauses for place in clause.background}),
        foreseen=_foreseen(samples, background),
    )


def matching(query: Query, samples: Sequence[Sample]) -> frozenset[int]:
    """Positions of the samples that a query finds."""
    return frozenset(
        place for place, each in enumerate(samples) if query.match(each.text, each.mentions) is not None
    )


# ── clauses ──────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class _Found:
    """A clause with what it finds: a term alone, or one near any of several others."""

    term: Term
    partners: tuple[Term, ...]
    query: str
    examples: frozenset[int]
    background: frozenset[int]

    def told(self) -> Clause:
        return Clause(query=self.query, examples=len(self.examples), background=len(self.background))


def _least(examples: int, part: float = LEAST_PART) -> int:
    return max(2, round(part * examples))


def _clauses(samples: Sequence[Sample], background: Background) -> tuple[list[_Found], list[Term]]:
    """The clauses of the query, and the terms that mark the samples off."""
    language = detect(" ".join(text for each in samples for text in each.text.texts))
    least = _least(len(samples))
    terms = key_terms(samples, background.frequencies, least_texts=least, language=language)
    key = [term for term in terms if term.keyness >= SIGNIFICANT]
    often = sorted(terms, key=lambda term: (-len(term.texts), -term.keyness))
    partners = [term for term in often if _marks(term, len(samples), background)][:PARTNERS]
    workshop = _Workshop(samples, background)
    candidates = [
        *workshop.alone(key[:ALONE_TERMS]),
        *filter(None, (workshop.near(anchor, partners) for anchor in key[:ANCHORS])),
    ]
    return _cover(candidates, workshop), key


def _marks(term: Term, examples: int, background: Background) -> bool:
    """Whether the examples have a term clearly more often than the background has."""
    there = len(background.found(term.query)) / max(1, len(background.samples))
    return len(term.texts) / examples >= MARKED * there


class _Workshop:
    """Makes clauses for some samples and measures them."""

    def __init__(self, samples: Sequence[Sample], background: Background) -> None:
        self.samples = samples
        self.background = background

    def alone(self, terms: Sequence[Term]) -> list[_Found]:
        """Terms that the background rarely has; of phrases around one another the shortest will do.

        A single word stands alone only where most examples have it: chance brings it into two of five.
        """
        found: list[_Found] = []
        for term in sorted(terms, key=lambda term: len(term.key)):
            noise = self.background.found(term.query)
            named = term.is_entity or len(term.key) > 1
            rare = term.keyness >= SURE and term.rarity >= (RARE_PHRASE if named else RARE_WORD)
            usual = named or len(term.texts) >= _least(len(self.samples), ALONE_PART)
            quiet = len(noise) <= self.allowed(len(term.texts))
            if rare and usual and quiet and not any(_within(other.term.key, term.key) for other in found):
                found.append(
                    _Found(term=term, partners=(), query=term.query, examples=term.texts, background=noise)
                )
        return found

    def allowed(self, examples: int) -> float:
        """Background texts that a clause may find: a few more where it finds many times as many examples."""
        share = examples / len(self.samples)
        return max(self.background.limit, min(3, share / CLEARLY * len(self.background.samples)))

    def near(self, anchor: Term, terms: Sequence[Term]) -> _Found | None:
        """A term near those others that it stands close to in several samples, and seldom elsewhere."""
        pairs = []
        phrases = {term.key for term in terms}
        for term in terms:
            overlap = _within(anchor.key, term.key) or _within(term.key, anchor.key)
            # Words of one phrase: the phrase itself is a term, and says so more plainly.
            overlap = overlap or not phrases.isdisjoint(((*anchor.key, *term.key), (*term.key, *anchor.key)))
            if overlap or anchor.rarity + term.rarity < RARE_PHRASE:
                continue
            pair = self.beside(anchor, [term])
            if len(pair.examples) >= 2 and len(pair.background) <= self.background.limit / 2:
                pairs.append(pair)
        pairs.sort(key=lambda pair: (-len(pair.examples), len(pair.background)))
        partners = [pair.partners[0] for pair in pairs[:MOST_PARTNERS]]
        while partners:
            clause = self.beside(anchor, partners)
            if len(clause.background) <= self.background.limit:
                return clause
            partners.pop()
        return None

    def beside(self, anchor: Term, partners: Sequence[Term]) -> _Found:
        others = " OR ".join(partner.query for partner in partners)
        query = f"{_grouped(anchor.query)} NEAR/{NEAR} {_grouped(others)}"
        either = frozenset().union(*(self.background.found(partner.query) for partner in partners))
        return _Found(
            term=anchor,
            partners=tuple(partners),
            query=query,
            examples=matching(parse(query, self.background.lexicon), self.samples),
            background=self.background.found(query, self.background.found(anchor.query) & either),
        )

    def beyond(self, clause: _Found, chosen: _Found) -> _Found | None:
        """What a clause has that a chosen one has not; ``None`` where that is nothing."""
        if not clause.partners:
            return clause
        if not chosen.partners:
            told = _within(chosen.term.key, clause.term.key)
            left = [each for each in clause.partners if not told and not _within(chosen.term.key, each.key)]
        else:
            used = {frozenset((chosen.term.key, each.key)) for each in chosen.partners}
            left = [each for each in clause.partners if frozenset((clause.term.key, each.key)) not in used]
        if len(left) == len(clause.partners):
            return clause
        return self.beside(clause.term, left) if left else None


def _grouped(query: str) -> str:
    return f"({query})" if " OR " in query else query


def _within(one: Sequence[str], other: Sequence[str]) -> bool:
    """Whether a term's words stand in a row in another term."""
    return any(tuple(other[at : at + len(one)]) == tuple(one) for at in range(len(other) - len(one) + 1))


def _cover(candidates: Sequence[_Found], workshop: _Workshop) -> list[_Found]:
    """Clauses that together find the samples twice, with little noise."""
    chosen: list[_Found] = []
    times = [0] * len(workshop.samples)

    def worth(clause: _Found) -> float:
        gain = sum(WORTH[times[place]] for place in clause.examples)
        return gain - len(clause.background) / workshop.background.limit / 2

    left = list(candidates)
    while left and len(chosen) < MOST_CLAUSES:
        best = max(left, key=lambda clause: (worth(clause), clause.term.keyness))
        if worth(best) < 1:
            break
        chosen.append(best)
        others = (clause for clause in left if clause is not best)
        left = [more for clause in others if (more := workshop.beyond(clause, best)) is not None]
        for place in best.examples:
            times[place] = min(times[place] + 1, len(WORTH) - 1)
    return chosen


# ── what is not meant, and what to expect ────────────────────────────────────────────────────────


def _exclusions(
    samples: Sequence[Sample], background: Background, negatives: Sequence[Sample]
) -> tuple[Clause, ...]:
    """Terms of several negatives' headlines that no example has."""
    if not negatives:
        return ()
    here = frozenset(key for each in samples for key in each.keys)
    least = max(2, round(EXCLUDED_PART * len(negatives)))
    terms = key_terms(negatives, frequencies(samples), least_texts=least)
    found = []
    for term in terms:
        query = f"title:{_grouped(term.query)}"
        headlines = matching(parse(query, background.lexicon), negatives)
        if term.key not in here and len(headlines) >= least:
            found.append(
                Clause(query=term.query, examples=len(headlines), background=len(background.found(query)))
            )
    return tuple(found[:MOST_CLAUSES])


def _foreseen(samples: Sequence[Sample], background: Background) -> int | None:
    """How many examples the query would have found that is drafted from the others (cross-validation)."""
    if len(samples) < 3:
        return None
    folds = min(MOST_FOLDS, len(samples))
    found = 0
    for fold in range(folds):
        rest = [each for place, each in enumerate(samples) if place % folds != fold]
        clauses, _ = _clauses(rest, background)
        queries = [parse(clause.query, background.lexicon) for clause in clauses]
        left = samples[fold::folds]
        found += len({place for query in queries for place in matching(query, left)})
    return found
