"""What a story states in figures and names, and how sure it is.

Only what stands in the text is said, in one spelling (``figures.py``, ``status.py``). What a channel was told
is kept, so that an update can say what is new (``updates.py``).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from bot.core import text
from bot.core.comment import is_comment
from bot.core.figures import event_figures, figures_in
from bot.core.lexicon import Lexicon, document
from bot.core.origin import published, texts
from bot.core.status import HEDGED, first_status, headline_status, progress, status_of
from bot.model import Entity, Facts, Member, Story

PARTY_KINDS = frozenset({"company", "cloud", "ai-lab", "foundry", "design-house"})
CHIP_KIND = "chip"
_LONGEST = 4000
_READ = 1500
"""Characters of a body that are read where an article has no summary."""


def extract_facts(source: str, named: Sequence[Entity] = ()) -> Facts:
    """The facts that a text states at its beginning (4,000 characters).

    ``named``: the entities it names, in order of appearance.
    """
    source = source[:_LONGEST]
    return Facts(
        parties=_names(named, PARTY_KINDS),
        chips=_names(named, (CHIP_KIND,)),
        figures=figures_in(source),
        status=first_status(source),
    )


def merge(several: Iterable[Facts]) -> Facts:
    """All facts of several texts in order of appearance; the status is where they lead (``progress``)."""
    facts = list(several)
    return Facts(
        parties=_distinct(name for one in facts for name in one.parties),
        chips=_distinct(name for one in facts for name in one.chips),
        figures=_distinct(figure for one in facts for figure in one.figures),
        status=progress(one.status for one in facts),
    )


def remembered(before: Facts, after: Facts) -> Facts:
    """What was said by now, once ``after`` is told to somebody who knows ``before``.

    Nothing of ``before`` is forgotten, so that what one text drops and another repeats is not news again.
    """
    return replace(merge((before, after)), status=after.status or before.status)


def story_facts(story: Story, lexicon: Lexicon) -> Facts:
    """What a story states, over its independent texts, in the order in which they were published.

    The text that came first is believed, and so is a party to the event. Of any other report the headline is;
    else it takes two: for figures anywhere, for names in their first sentences, where news puts who it is
    about. Comment, market notes and round-ups (``comment.py``) add nothing, unless there is nothing else.
    """
    read = [_read(members[0], lexicon) for members in texts(story)]
    first = next((each for each in read if not each.comment), read[0])
    read = [each for each in read if each is first or not each.comment]
    counts = Counter(fact for each in read for fact in each.seconded)
    certain = {fact for fact, count in counts.items() if count > 1}
    for each in read:
        certain |= each.whole_set if each is first or each.member.primary else each.headline_set
    everything = merge(each.whole for each in read)
    return Facts(
        parties=tuple(name for name in everything.parties if name in certain),
        chips=tuple(name for name in everything.chips if name in certain),
        figures=tuple(figure for figure in everything.figures if figure in certain),
        status=progress(_statuses(read, first)),
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class _Read:
    """What one article states: all of it, in the headline, and what counts if another one says it too."""

    member: Member
    comment: bool
    headline: Facts
    whole: Facts
    seconded: frozenset[str]

    @property
    def headline_set(self) -> frozenset[str]:
        return _all(self.headline)

    @property
    def whole_set(self) -> frozenset[str]:
        return _all(self.whole)


def _all(facts: Facts) -> frozenset[str]:
    return frozenset((*facts.parties, *facts.chips, *facts.figures))


def _read(member: Member, lexicon: Lexicon) -> _Read:
    item = member.item
    lead = item.summary or item.body[:_READ]
    by_id = {entity.id: entity for entity in lexicon.entities}
    spans = lexicon.find(document(item.title, lead))
    order = sorted(spans, key=lambda found: (spans[found][0].field != "title", spans[found][0].start, found))
    named = [by_id[found] for found in order]
    in_title = [by_id[found] for found in order if spans[found][0].field == "title"]
    until = len(next(iter(text.sentences(lead)), ""))
    early = [
        by_id[found] for found in order if spans[found][0].field == "title" or spans[found][0].start < until
    ]
    year = published(item).year
    whole = _stated(named, event_figures(f"{item.title}\n{lead}"[:_LONGEST], year))
    return _Read(
        member=member,
        comment=is_comment(item.title),
        headline=replace(
            _stated(in_title, event_figures(item.title, year)), status=headline_status(item.title)
        ),
        whole=replace(whole, status=status_of(item.title, lead[:_LONGEST])),
        seconded=_all(_stated(early, whole.figures)),
    )


def _stated(named: Sequence[Entity], figures: tuple[str, ...]) -> Facts:
    return Facts(parties=_names(named, PARTY_KINDS), chips=_names(named, (CHIP_KIND,)), figures=figures)


def _statuses(read: Sequence[_Read], first: _Read) -> Iterator[str]:
    """The statuses that count, in order. Anybody may hedge; else it takes a headline, a party or two."""
    seen: Counter[str] = Counter()
    for each in read:
        status = each.whole.status
        seen[status] += 1
        trusted = each is first or each.member.primary or each.headline.status == status
        if status in HEDGED or trusted or seen[status] > 1:
            yield status


def _names(named: Iterable[Entity], kinds: Iterable[str]) -> tuple[str, ...]:
    return _distinct(entity.name for entity in named if entity.kind in kinds)


def _distinct(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(values))
