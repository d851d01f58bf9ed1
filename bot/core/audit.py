"""What is doubtful about the seed corpus: labels, copies, reports of one event, texts that teach nothing.

Labels are tried by leave-one-out: each article is judged as if it were news, by a corpus without it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from bot.core.classify import classify
from bot.core.corpus import Reference
from bot.core.duplicates import Shelf, siblings
from bot.core.language import detect
from bot.core.profile import Judge, TopicProfile
from bot.core.text import words
from bot.model import Exemplar, Share, Verdict

SHORT = 25
"""Words; a shorter article has little that could be alike."""


class Doubt(StrEnum):
    """What kind of thing is doubtful."""

    LABEL = "label"
    """The other articles judge it otherwise than it is labelled."""
    COPY = "copy"
    """The text of another article, not marked as its copy, or labelled otherwise."""
    EVENT = "same-event"
    """A report of the event of another article, not marked so."""
    SHORT = "short"
    LANGUAGE = "language"
    """Not the language that its front matter names, or one that its topic does not watch."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One doubt about one article. ``score`` and ``other`` speak of the leave-one-out judgement."""

    exemplar: str
    doubt: Doubt
    problem: str
    topic: str = ""
    score: float | None = None
    other: str = ""
    """The article whose text or event it repeats, or that it is most like among those labelled otherwise."""
    similarity: float | None = None

    @property
    def is_suspicious(self) -> bool:
        """Whether a label looks wrong; the rest is advice."""
        return self.doubt is Doubt.LABEL or (self.doubt is Doubt.COPY and bool(self.topic))


def audit(exemplars: Sequence[Exemplar], judge: Judge) -> tuple[Finding, ...]:
    """Every doubt about a corpus: first labels, the surest ones before others, then kind by kind."""
    labels = sorted(_labels(judge), key=lambda finding: -abs((finding.score or 0.0) - 0.5))
    return (
        *labels,
        *_copies(exemplars, judge),
        *_events(judge),
        *_short(exemplars),
        *_languages(exemplars, judge),
    )


def left_out(judge: Judge) -> Iterator[tuple[Reference, Judge, tuple[Verdict, ...]]]:
    """Each article, the judge that does not compare with it, and its verdicts on the article.

    Only the comparison leaves it out. Centre and cast of a topic are those of all articles: the centre is
    made by leaving out already, and one article more or less seldom changes who is named by most.
    """
    for position, reference in enumerate(judge.corpus.references):
        others = replace(judge, profiles=tuple(_without(position, profile) for profile in judge.profiles))
        yield reference, others, classify(reference.features, others)


def _without(position: int, profile: TopicProfile) -> TopicProfile:
    return replace(
        profile,
        on=tuple(place for place in profile.on if place != position),
        off=tuple(place for place in profile.off if place != position),
    )


# ── labels ───────────────────────────────────────────────────────────────────────────────────────


def _labels(judge: Judge) -> Iterator[Finding]:
    places = {reference.exemplar.id: place for place, reference in enumerate(judge.corpus.references)}
    for reference, others, verdicts in left_out(judge):
        place = places[reference.exemplar.id]
        for profile, rest, verdict in zip(judge.profiles, others.profiles, verdicts, strict=True):
            labelled = place in profile.on
            if rest.can_match and verdict.matched != labelled and (labelled or place in profile.off):
                yield _doubted(reference, judge, rest, verdict, labelled=labelled)


def _doubted(
    reference: Reference, judge: Judge, rest: TopicProfile, verdict: Verdict, *, labelled: bool
) -> Finding:
    similarities = judge.corpus.similarities(reference.features)
    contrary = rest.off if labelled else rest.on
    nearest = max(contrary, key=similarities.__getitem__, default=None)
    share = _decisive(verdict.shares, against=labelled)
    label = f"labelled {verdict.topic_id}" if labelled else f"not labelled {verdict.topic_id}"
    judged = "judged off" if labelled else "judged on"
    return Finding(
        exemplar=reference.exemplar.id,
        doubt=Doubt.LABEL,
        topic=verdict.topic_id,
        score=verdict.score,
        problem=f"{label}, {judged} by the others ({verdict.score:.0%}); {share.signal}: {share.detail}",
        other="" if nearest is None else judge.corpus.references[nearest].exemplar.id,
        similarity=None if nearest is None else similarities[nearest],
    )


def _decisive(shares: Iterable[Share], *, against: bool) -> Share:
    """The share that did most for the judgement."""
    return min(shares, key=lambda share: share.share if against else -share.share)


# ── repetitions ──────────────────────────────────────────────────────────────────────────────────


def _copies(exemplars: Sequence[Exemplar], judge: Judge) -> Iterator[Finding]:
    by_id = {exemplar.id: exemplar for exemplar in exemplars}
    shelf = Shelf((), judge.lexicon)
    for exemplar in exemplars:
        original = by_id.get(exemplar.copy_of or "")
        if original is None:
            if (original := shelf.copy_of(exemplar)) is not None:
                problem = f'the same text as {original.id}; mark it: copy_of = "{original.id}"'
                yield Finding(exemplar=exemplar.id, doubt=Doubt.COPY, problem=problem, other=original.id)
            shelf.add(exemplar)
        if original is not None and original.topics != exemplar.topics:
            differing = ", ".join(sorted(original.topics ^ exemplar.topics))
            yield Finding(
                exemplar=exemplar.id,
                doubt=Doubt.COPY,
                problem=f"a copy of {original.id} with other labels: {differing}",
                topic=differing,
                other=original.id,
            )


def _events(judge: Judge) -> Iterator[Finding]:
    seen: set[str] = set()
    for reference in judge.corpus.references:
        exemplar = reference.exemplar
        for similarity, sibling in siblings(reference, judge.corpus):
            other = sibling.exemplar
            if other.id in seen and not _are_tied(exemplar, other):
                yield Finding(
                    exemplar=exemplar.id,
                    doubt=Doubt.EVENT,
                    problem=f'tells the event of {other.id}; mark it: same_event = "{other.id}"',
                    other=other.id,
                    similarity=similarity,
                )
        seen.add(exemplar.id)


def _are_tied(one: Exemplar, other: Exemplar) -> bool:
    return (one.same_event or one.id) == (other.same_event or other.id)


# ── texts ────────────────────────────────────────────────────────────────────────────────────────


def _short(exemplars: Iterable[Exemplar]) -> Iterator[Finding]:
    for exemplar in exemplars:
        if (size := len(words(exemplar.text))) < SHORT:
            problem = f"{size} words; an example teaches by what it says, from {SHORT} words on"
            yield Finding(exemplar=exemplar.id, doubt=Doubt.SHORT, problem=problem)


def _languages(exemplars: Iterable[Exemplar], judge: Judge) -> Iterator[Finding]:
    topics = [profile.topic for profile in judge.profiles if profile.topic.languages]
    for exemplar in exemplars:
        read = detect(f"{exemplar.title}\n{exemplar.text}")
        named = _primary(exemplar.language)
        if read and named and read != named:
            problem = f"the front matter says {named}, the text reads like {read}"
            yield Finding(exemplar=exemplar.id, doubt=Doubt.LANGUAGE, problem=problem)
        language = named or read
        for topic in topics:
            watched = {_primary(tag) for tag in topic.languages}
            if language and topic.id in exemplar.topics and language not in watched:
                problem = f"in {language}, but {topic.id} watches {', '.join(topic.languages)} only"
                yield Finding(exemplar=exemplar.id, doubt=Doubt.LANGUAGE, problem=problem, topic=topic.id)


def _primary(tag: str | None) -> str | None:
    """``en-GB`` → ``en``: the part of a tag that is the language (RFC 5646)."""
    return tag.replace("_", "-").split("-")[0].casefold() if tag else None
