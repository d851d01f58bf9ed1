"""What an example article repeats: the same text as another one, or the same event in other words."""

from __future__ import annotations

from collections.abc import Iterable

from bot.core.article import COPY_AT, runs_of, shared_runs
from bot.core.corpus import Corpus, Reference, build_corpus
from bot.core.lexicon import Lexicon
from bot.core.relation import relation
from bot.model import Exemplar, Relation


class Shelf:
    """The articles that are there already; one more can be put to them without reading them again."""

    def __init__(self, exemplars: Iterable[Exemplar], lexicon: Lexicon) -> None:
        self._lexicon = lexicon
        there = list(exemplars)
        self._runs = [(each, runs_of(each.text)) for each in there]
        self._parts: list[Corpus] = [build_corpus(there, lexicon)]

    def add(self, exemplar: Exemplar) -> None:
        """Put an article to the others."""
        self._runs.append((exemplar, runs_of(exemplar.text)))
        self._parts.append(build_corpus([exemplar], self._lexicon))

    def copy_of(self, exemplar: Exemplar) -> Exemplar | None:
        """The article whose text this one repeats, whole or in part; never one that is a copy itself."""
        own = runs_of(exemplar.text)
        return next(
            (
                other
                for other, runs in self._runs
                if not other.copy_of and other.id != exemplar.id and shared_runs(own, runs) >= COPY_AT
            ),
            None,
        )

    def same_event(self, exemplar: Exemplar) -> Exemplar | None:
        """The article most like this one, where both tell one event (``core.relation``)."""
        (article,) = build_corpus([exemplar], self._lexicon).references
        found = [
            (similarity, reference.exemplar)
            for part in self._parts
            for similarity, reference in siblings(article, part)
        ]
        return max(found, key=lambda pair: pair[0])[1] if found else None


def siblings(article: Reference, corpus: Corpus) -> list[tuple[float, Reference]]:
    """(likeness, article) of a corpus' other articles that tell the same event."""
    similarities = corpus.similarities(article.features)
    return [
        (similarity, other)
        for similarity, other in zip(similarities, corpus.references, strict=True)
        if other.exemplar.id != article.exemplar.id
        and relation(article.features, other.features, similarity) is Relation.SAME_STORY
    ]
