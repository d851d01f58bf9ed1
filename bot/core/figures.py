"""Figures of a text, each in one spelling: sums of money, power, quantities, terms.

``$10bn`` and ``$10 billion`` are one figure, and ``$9.8 billion`` is the same sum told more exactly. What
speaks of other things than the event (a market value, last year's revenue) is known by the clause it is in.
Cue words are English; where there are none, a figure counts.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

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
_BEGINS = r"(?<!\d[.,])\b"
"""Not inside a number: "1,1,1,…" would be read anew from each of its commas."""
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
_POWER = re.compile(
    rf"{_BEGINS}(?P<number>{_NUMBER})[\s-]?(?P<unit>GW|MW|gigawatts?|megawatts?)\b", re.IGNORECASE
)
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
    rf"{_BEGINS}{_YEARS}-year\b(?![\s-]old)|\b(?:over|for|spanning|span|lasting|runs?)\s(?:the\snext\s|at\sleast\s|about\s)?"
    rf"{_YEARS.replace('number', 'span')}\syears?\b(?!\s(?:ago|old))",
    re.IGNORECASE,
)
_DECIMAL_COMMA = re.compile(r"\d+,\d\d?")
_ANY_NUMBER = re.compile(rf"\d|\b(?:{'|'.join(_NUMBER_WORDS)})\b", re.IGNORECASE)
_FIGURE = re.compile(rf"(?P<before>\D*)(?P<number>{_NUMBER})\s?(?P<after>.*)")
_RANGE = re.compile(rf"–{_NUMBER}")

ROUNDED = 0.05
"""Figures that differ by less are one, told more or less exactly: "$9.8bn" and "nearly $10 billion"."""
REPLACES = 10**0.5
"""A figure replaces one of its kind within this factor, the same order of magnitude; else it adds to it."""

_CLAUSE_END = re.compile(r"[,;:]\s|[.!?…][\"'”’)]*\s|\s[–—-]\s|[()\n]")
_BACKGROUND = re.compile(
    r"\b(?:market (?:value|cap\w*)|valuation|revenues?|sales|turnover|profits?|earnings|income"
    r"|price targets?|capital (?:spending|expenditure)|capex|debt|dividends?|(?<!in )(?:shares?|stock)"
    r"|last (?:year|month|quarter)|a year (?:ago|earlier|before)"
    r"|(?:previous|earlier|prior|separate) (?:\S+ )?(?:deal|order|contract|agreement|purchase))\b",
    re.IGNORECASE,
)
_YEAR = re.compile(r"\b(?:19|20)\d\d\b")


class _Found(NamedTuple):
    start: int
    figure: str


def figures_in(source: str) -> tuple[str, ...]:
    """All figures of a text in order of appearance."""
    return tuple(dict.fromkeys(found.figure for found in _all(source)))


def event_figures(source: str, year: int) -> tuple[str, ...]:
    """The figures that tell of the event, in a text published in ``year``.

    Left out are those in a clause on market value, shares, results, or years gone by: background that
    stands in every report of a company.
    """
    if not (found := _all(source)):
        return ()
    ends = [0, *(match.end() for match in _CLAUSE_END.finditer(source)), len(source)]
    clauses = {number: source[start:end] for number, (start, end) in enumerate(pairwise(ends), start=1)}
    within = [bisect_right(ends, each.start) for each in found]
    told = {number for number in set(within) if not _is_background(clauses[number], year)}
    return tuple(
        dict.fromkeys(each.figure for each, number in zip(found, within, strict=True) if number in told)
    )


def _is_background(clause: str, year: int) -> bool:
    years = [int(match[0]) for match in _YEAR.finditer(clause)]
    return bool(_BACKGROUND.search(clause) or (years and max(years) < year))


def _all(source: str) -> list[_Found]:
    if not _ANY_NUMBER.search(source):
        return []
    return sorted((*_money(source), *_power(source), *_quantities(source), *_terms(source)))


def same_figure(one: str, other: str) -> bool:
    """Whether two figures say the same, but for rounding and for the word that is counted (chips, GPUs)."""
    first, second = _measure(one), _measure(other)
    if first[:2] != second[:2]:
        return False
    return abs(first[2] - second[2]) < ROUNDED * max(first[2], second[2]) or first == second


def distinct_figures(figures: Iterable[str]) -> tuple[str, ...]:
    """Each figure once, as it was spelled first."""
    kept: list[str] = []
    for figure in figures:
        if not any(same_figure(figure, other) for other in kept):
            kept.append(figure)
    return tuple(kept)


def replaced(figure: str, known: Sequence[str]) -> str | None:
    """The latest of the known figures that this one takes the place of: its kind, unit and magnitude."""
    kind, unit, size = _measure(figure)
    for other in reversed(known):
        measure = _measure(other)
        if (
            measure[:2] == (kind, unit)
            and size
            and measure[2]
            and 1 / REPLACES < size / measure[2] < REPLACES
        ):
            return other
    return None


@lru_cache(maxsize=16384)
def _measure(figure: str) -> tuple[str, str, float]:
    """Kind, currency or unit, and size of a figure; a range counts from its low end."""
    kind = figure_kind(figure)
    before, size, unit = figure_key(_RANGE.sub("", figure))
    if kind == "power":
        return (kind, "", size * (1000 if unit == "gw" else 1))
    return (kind, before if kind == "value" else "", size)


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
    return number if number.count(".") > 1 else re.sub(r"\.0+$", "", number)


def _value(number: str) -> float:
    """The number that a spelling means: ``1,000`` has thousands, ``1.5`` and ``1,5`` a decimal part."""
    if _DECIMAL_COMMA.fullmatch(number):
        return float(number.replace(",", "."))
    whole, point, decimals = number.rpartition(".")
    if point and "." not in whole and len(decimals) != 0:
        return float(f"{whole.replace(',', '')}.{decimals.replace(',', '')}")
    return float(number.replace(",", "").replace(".", ""))


def figure_key(figure: str) -> tuple[str, float, str]:
    """What is compared: ``1,000 million`` and ``1 billion`` are one figure."""
    match = _FIGURE.fullmatch(figure)
    if match is None:
        return (figure, 0.0, "")
    scale, _, unit = match["after"].partition(" ")
    if scale not in _FACTORS:
        scale, unit = "", match["after"]
    return (match["before"], round(_value(match["number"]) * _FACTORS[scale], 6), unit.casefold())


def figure_kind(figure: str) -> str:
    """What a figure is: ``power``, ``term``, ``volume`` or ``value``."""
    if figure.endswith((" GW", " MW")):
        return "power"
    if figure.endswith((" year", " years")):
        return "term"
    last = figure.rpartition(" ")[2]
    return "volume" if figure[0].isdigit() and last not in _FACTORS else "value"
