"""What a story states in figures and names, and how sure it is.

Only what stands in the text is said, in one spelling: ``$10bn`` and ``$10 billion`` are one figure. What a
channel was told is kept, so that an update can say what is new.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import NamedTuple

from bot.core import text
from bot.core.lexicon import Lexicon, document
from bot.model import Entity, Facts, Item, Member, Story

PARTY_KINDS = frozenset({"company", "cloud", "ai-lab", "foundry", "design-house"})
CHIP_KIND = "chip"
_LONGEST = 4000
_READ = 1500
"""Characters of a body that are read where an article has no summary."""

_SCALES = {"k": "thousand", "m": "million", "mn": "million", "b": "billion", "bn": "billion", "t": "trillion"}
_SCALES |= {"tn": "trillion"} | {word: word for word in ("thousand", "million", "billion", "trillion")}
_FACTORS = {"": 1.0, "thousand": 1e3, "million": 1e6, "billion": 1e9, "trillion": 1e12}
_CURRENCIES = {
    **dict.fromkeys(("usd", "dollar", "dollars", "us$"), "$"),
    **dict.fromkeys(("eur", "euro", "euros"), "€"),
    **dict.fromkeys(("gbp", "pound", "pounds"), "£"),
    **dict.fromkeys(("jpy", "yen"), "¥"),
    **dict.fromkeys(("krw", "won"), "₩"),
    **dict.fromkeys(("inr", "rupees"), "₹"),
    **dict.fromkeys(("cny", "rmb", "yuan"), "yuan "),
    "nt$": "NT$",
    "hk$": "HK$",
    "c$": "C$",
    "a$": "A$",
}
_SMALLEST_SUM = 1e6
"""Less is a price of one piece or of one share."""
_SMALLEST_QUANTITY = 1000.0
_LONGEST_TERM = 50

_NUMBER = r"\d+(?:[.,]\d+)*"
_SCALE = r"thousand|million|billion|trillion|bn|mn|tn|[kmbt]"
_MONEY = re.compile(
    rf"(?P<sign>(?:US|NT|HK|C|A)?\$|[€£¥₩₹]|\b(?:USD|EUR|GBP|JPY|KRW|INR|CNY|RMB)\b)\s?"
    rf"(?P<low>{_NUMBER})(?:\s?[-–]\s?(?P<high>{_NUMBER}))?(?:[\s-]?(?P<scale>{_SCALE})\b)?",
    re.IGNORECASE,
)
_MONEY_IN_WORDS = re.compile(
    rf"(?<![\d.,$€£¥₩₹])\b(?P<low>{_NUMBER})(?:\s?[-–]\s?(?P<high>{_NUMBER}))?[\s-]?(?P<scale>{_SCALE})\s"
    r"(?:U\.?S\.?\s)?(?P<sign>dollars?|euros?|pounds|yen|won|rupees|yuan|USD|EUR|GBP|JPY|KRW|INR|CNY|RMB)\b",
    re.IGNORECASE,
)
_POWER = re.compile(rf"\b(?P<number>{_NUMBER})[\s-]?(?P<unit>GW|MW|gigawatts?|megawatts?)\b", re.IGNORECASE)
_QUANTITY = re.compile(
    rf"(?<![\d.,$€£¥₩₹])\b(?P<number>{_NUMBER})(?:\s(?P<scale>thousand|million|billion))?\s(?:[\w.-]+\s){{0,3}}?"
    r"(?P<unit>chips|processors|accelerators|units|servers|racks|wafers|[CGTNX]PUs|LPUs|ASICs)\b",
    re.IGNORECASE,
)
_NUMBER_WORDS = {
    word: str(number)
    for number, word in enumerate(("one", "two", "three", "four", "five", "six", "seven", "eight", "nine"), 1)
} | {"ten": "10", "twelve": "12", "fifteen": "15", "twenty": "20"}
_YEARS = rf"(?P<number>{_NUMBER}|{'|'.join(_NUMBER_WORDS)})"
_TERM = re.compile(
    rf"\b{_YEARS}-year\b(?![\s-]old)|\b(?:over|for|spanning|span|lasting|runs?)\s(?:the\snext\s|at\sleast\s|about\s)?"
    rf"{_YEARS.replace('number', 'span')}\syears?\b(?!\s(?:ago|old))",
    re.IGNORECASE,
)

# Cue words of English, the strongest first: within a sentence a hedge outweighs the statement it hedges.
_CUES: Mapping[str, re.Pattern[str]] = {
    status: re.compile(rf"\b(?:{cues})\b", re.IGNORECASE)
    for status, cues in {
        "cancelled": r"cancel(?:s|led|ed|ling|ing)|scrap(?:s|ped|ping)|call(?:s|ed) off|walk(?:s|ed) away"
        r"|abandon(?:s|ed|ing)|terminat(?:es|ed)|pull(?:s|ed) out|fall(?:s|en)? through|fell through",
        "denied": r"den(?:y|ies|ied)|refut(?:es|ed)|no plans to|not in talks"
        r"|dismiss(?:es|ed) (?:the )?reports?",
        "completed": r"complet(?:es|ed) (?:the |its )?(?:\S+ )?(?:acquisition|purchase|deal|takeover|merger)"
        r"|clos(?:es|ed) (?:the |its )?(?:\S+ )?(?:acquisition|purchase|deal|takeover)|finali[sz](?:es|ed)",
        "reported": r"reportedly|people (?:familiar|with knowledge|briefed)|sources (?:said|say|told)"
        r"|according to (?:people|sources|a person)|(?:in|holds?|held) (?:\S+ )?talks|negotiat(?:es|ing|ions)"
        r"|nears|close to (?:a|signing)|report(?:s|ed)? (?:said|says)",
        "rumoured": r"rumou?r(?:s|ed)?|speculation|considers?|considering|weigh(?:s|ing)|mull(?:s|ing)"
        r"|leak(?:s|ed)?|might|(?:may|could) (?:buy|sell|use|sign|order|switch)",
        "confirmed": r"announc(?:es|ed|ing)|confirm(?:s|ed)|sign(?:s|ed)|inks?|inked|agree(?:s|d)"
        r"|unveil(?:s|ed)|select(?:s|ed)|award(?:s|ed)|orders|ordered|buys|bought|acquires|acquired|wins|won",
    }.items()
}
_ANY_CUE = re.compile("|".join(cues.pattern for cues in _CUES.values()), re.IGNORECASE)
_ANY_NUMBER = re.compile(rf"\d|\b(?:{'|'.join(_NUMBER_WORDS)})\b", re.IGNORECASE)
_CERTAINTY = {
    "": 0,
    "rumoured": 1,
    "reported": 2,
    "confirmed": 3,
    "denied": 3,
    "completed": 4,
    "cancelled": 4,
}
"""A later text changes the status unless it is less certain: a rumour after the announcement is no news."""
_ENDINGS = frozenset({"denied", "cancelled", "completed"})


class _Found(NamedTuple):
    start: int
    figure: str


def extract_facts(source: str, named: Sequence[Entity] = ()) -> Facts:
    """The facts that a text states at its beginning (4,000 characters).

    ``named``: the entities it names, in order of appearance.
    """
    source = source[:_LONGEST]
    found: list[_Found] = []
    if _ANY_NUMBER.search(source):
        found = sorted((*_money(source), *_power(source), *_quantities(source), *_terms(source)))
    return Facts(
        parties=_distinct(entity.name for entity in named if entity.kind in PARTY_KINDS),
        chips=_distinct(entity.name for entity in named if entity.kind == CHIP_KIND),
        figures=_distinct(entry.figure for entry in found),
        status=_status(source),
    )


def merge(several: Iterable[Facts]) -> Facts:
    """All facts of several texts in order of appearance; the status is the latest that is certain enough."""
    facts = list(several)
    status = ""
    for one in facts:
        if one.status and _CERTAINTY[one.status] >= _CERTAINTY[status]:
            status = one.status
    return Facts(
        parties=_distinct(name for one in facts for name in one.parties),
        chips=_distinct(name for one in facts for name in one.chips),
        figures=_distinct(figure for one in facts for figure in one.figures),
        status=status,
    )


def remembered(before: Facts, after: Facts) -> Facts:
    """What was said by now, once ``after`` is told to somebody who knows ``before``.

    Nothing of ``before`` is forgotten, so that what one text drops and another repeats is not news again.
    """
    return replace(merge((before, after)), status=after.status or before.status)


def new_facts(before: Facts, after: Facts) -> tuple[str, ...]:
    """What ``after`` says that ``before`` did not, in words: ``value: $12 billion``, ``party: Castellan``."""
    known = {_key(figure) for figure in before.figures}
    news = [f"{figure_kind(figure)}: {figure}" for figure in after.figures if _key(figure) not in known]
    news += [f"party: {name}" for name in after.parties if name not in before.parties]
    news += [f"chip: {name}" for name in after.chips if name not in before.chips]
    if after.status != before.status and after.status and (before.status or after.status in _ENDINGS):
        news.append(f"status: {before.status or 'not stated'} → {after.status}")
    return tuple(news)


def story_facts(story: Story, lexicon: Lexicon) -> Facts:
    """What a story states, over its independent texts.

    A figure or name counts when the story's first text has it, a headline, a party to the event, or two
    texts: what one later report mentions by the way is no fact of the story. They count in the order
    in which they were published: which of a poll's feeds answers first is chance.
    """
    originals = [member for member in story.members if member.placement.copy_of is None] or story.members[:1]
    originals = sorted(originals, key=lambda member: (published(member.item), member.item.id))
    by_id = {entity.id: entity for entity in lexicon.entities}
    read = [_member_facts(member, lexicon, by_id) for member in originals]
    whole = [facts for _, facts in read]
    trusted = [
        facts if number == 0 or member.primary else headline
        for number, (member, (headline, facts)) in enumerate(zip(originals, read, strict=True))
    ]
    counts = Counter(fact for facts in whole for fact in (*facts.parties, *facts.chips, *facts.figures))
    certain = {fact for facts in trusted for fact in (*facts.parties, *facts.chips, *facts.figures)}
    certain |= {fact for fact, texts in counts.items() if texts > 1}
    everything = merge(whole)
    return Facts(
        parties=tuple(name for name in everything.parties if name in certain),
        chips=tuple(name for name in everything.chips if name in certain),
        figures=tuple(figure for figure in everything.figures if figure in certain),
        status=everything.status,
    )


def published(item: Item) -> datetime:
    """When an article appeared: its own date, where that is not after our first sight of it."""
    return min(item.published, item.seen_at) if item.published else item.seen_at


def _member_facts(member: Member, lexicon: Lexicon, by_id: Mapping[str, Entity]) -> tuple[Facts, Facts]:
    """The facts of an article's headline, and those of headline and lead."""
    item = member.item
    lead = item.summary or item.body[:_READ]
    spans = lexicon.find(document(item.title, lead))
    first = {found: (where[0].field != "title", where[0].start) for found, where in spans.items()}
    order = sorted(first, key=lambda found: (first[found], found))
    in_title = [by_id[found] for found in order if spans[found][0].field == "title"]
    named = [by_id[found] for found in order]
    return extract_facts(item.title, in_title), extract_facts(f"{item.title}\n{lead}", named)


def _distinct(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(values))


# ── figures ──────────────────────────────────────────────────────────────────────────────────────


def _money(source: str) -> Iterator[_Found]:
    for pattern in (_MONEY, _MONEY_IN_WORDS):
        for match in pattern.finditer(source):
            sign = match["sign"].casefold()
            scale = _SCALES.get((match["scale"] or "").casefold(), "")
            if _value(match["high"] or match["low"]) * _FACTORS[scale] < _SMALLEST_SUM:
                continue
            amount = _plain(match["low"]) + (f"–{_plain(match['high'])}" if match["high"] else "")
            figure = f"{_CURRENCIES.get(sign, match['sign'].upper())}{amount} {scale}".rstrip()
            yield _Found(match.start(), figure)


def _power(source: str) -> Iterator[_Found]:
    for match in _POWER.finditer(source):
        unit = "GW" if match["unit"].casefold().startswith("g") else "MW"
        yield _Found(match.start(), f"{_plain(match['number'])} {unit}")


def _quantities(source: str) -> Iterator[_Found]:
    for match in _QUANTITY.finditer(source):
        scale = (match["scale"] or "").casefold()
        if _value(match["number"]) * _FACTORS[scale] >= _SMALLEST_QUANTITY:
            parts = (_plain(match["number"]), scale, match["unit"])
            yield _Found(match.start(), " ".join(part for part in parts if part))


def _terms(source: str) -> Iterator[_Found]:
    for match in _TERM.finditer(source):
        spelt = (match["number"] or match["span"]).casefold()
        number = _NUMBER_WORDS.get(spelt, spelt)
        years = _value(number)
        if 1 <= years <= _LONGEST_TERM:
            yield _Found(match.start(), f"{_plain(number)} {'year' if years == 1 else 'years'}")


def _plain(number: str) -> str:
    """A number as it stands, without a decimal part of nothing."""
    return re.sub(r"\.0+$", "", number)


def _value(number: str) -> float:
    """The number that a spelling means: ``1,000`` has thousands, ``1.5`` a decimal part."""
    whole, point, decimals = number.rpartition(".")
    if point and "." not in whole and len(decimals) != 0:
        return float(f"{whole.replace(',', '')}.{decimals.replace(',', '')}")
    return float(number.replace(",", "").replace(".", ""))


_FIGURE = re.compile(rf"(?P<before>\D*)(?P<number>{_NUMBER})\s?(?P<after>.*)")


def _key(figure: str) -> tuple[str, float, str]:
    """What is compared: ``1,000 million`` and ``1 billion`` are one figure."""
    match = _FIGURE.fullmatch(figure)
    if match is None:
        return (figure, 0.0, "")
    scale, _, unit = match["after"].partition(" ")
    if scale not in _FACTORS:
        scale, unit = "", match["after"]
    return (match["before"], round(_value(match["number"]) * _FACTORS[scale], 6), unit.casefold())


def figure_kind(figure: str) -> str:
    """What a figure of :func:`extract_facts` is: ``power``, ``term``, ``volume`` or ``value``."""
    if figure.endswith((" GW", " MW")):
        return "power"
    if figure.endswith((" year", " years")):
        return "term"
    last = figure.rpartition(" ")[2]
    return "volume" if figure[0].isdigit() and last not in _FACTORS else "value"


# ── status ───────────────────────────────────────────────────────────────────────────────────────


def _status(source: str) -> str:
    """The status of the first sentence that gives one; the headline is the first."""
    if not _ANY_CUE.search(source):
        return ""
    for sentence in text.sentences(source):
        for status, cues in _CUES.items():
            if cues.search(sentence):
                return status
    return ""
