"""The date that stands at an article's head, where it can be read in one way only."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import date

# Months by how they begin in English, German, French, Spanish, Italian, Portuguese, Dutch and Swedish.
_MONTHS = (
    (
        "january",
        "jan",
        "januar",
        "jänner",
        "janvier",
        "janv",
        "enero",
        "ene",
        "gennaio",
        "gen",
        "janeiro",
        "januari",
    ),
    ("february", "feb", "februar", "février", "févr", "febrero", "febbraio", "fevereiro", "fev", "februari"),
    ("march", "mar", "märz", "mrz", "mars", "marzo", "março", "maart", "mrt"),
    ("april", "apr", "avril", "avr", "abril", "abr", "aprile"),
    ("may", "mai", "mayo", "maggio", "mag", "maio", "mei", "maj"),
    ("june", "jun", "juni", "juin", "junio", "giugno", "giu", "junho"),
    ("july", "jul", "juli", "juillet", "juil", "julio", "luglio", "lug", "julho"),
    ("august", "aug", "août", "agosto", "ago", "augustus", "augusti"),
    ("september", "sep", "sept", "septembre", "septiembre", "settembre", "set", "setembro"),
    ("october", "oct", "oktober", "okt", "octobre", "octubre", "ottobre", "ott", "outubro", "out"),
    ("november", "nov", "novembre", "noviembre", "novembro"),
    ("december", "dec", "dezember", "dez", "décembre", "déc", "diciembre", "dic", "dicembre", "dezembro"),
)
_NUMBER = {name: number for number, names in enumerate(_MONTHS, 1) for name in names}
MONTHS = frozenset(_NUMBER)
"""The names of months, in small letters."""
_MONTH = "|".join(sorted(_NUMBER, key=len, reverse=True))
_FORMS = re.compile(
    rf"""(?<![\w-])(?:
        (?P<y1>\d{{4}})(?P<s1>[-/.])(?P<m1>\d{{1,2}})(?P=s1)(?P<d1>\d{{1,2}})(?=\D|$)
      | (?P<y2>\d{{4}})\s?[年년]\s?(?P<m2>\d{{1,2}})\s?[月월]\s?(?P<d2>\d{{1,2}})\s?[日일]
      | (?P<d3>\d{{1,2}})(?:\.|st|nd|rd|th)?\s+(?:de\s+)?(?P<m3>{_MONTH})\.?,?
        \s+(?:de\s+)?(?P<y3>\d{{4}})(?!\w)
      | (?P<m4>{_MONTH})\.?\s+(?P<d4>\d{{1,2}})(?:st|nd|rd|th)?,?\s+(?P<y4>\d{{4}})(?!\w)
      | (?P<a5>\d{{1,2}})(?P<s5>[-/.])(?P<b5>\d{{1,2}})(?P=s5)(?P<y5>\d{{4}})(?!\w)
    )""",
    re.VERBOSE | re.IGNORECASE,
)
# A news agency's dateline: place and date, then a dash or the agency, all before the first sentence.
_DATELINE = re.compile(r"^.{0,100}?(?:\s[-–—]{1,2}\s|\s*/[^/]{3,40}/|[-–—]{2})")

# Dates of people and sites, not of articles.
_OTHER_DATE = re.compile(r"\b(joined|member|registered|since|mitglied|seit|copyright)\b|©", re.IGNORECASE)


def find_date(head: Sequence[str], first_paragraph: str = "") -> date | None:
    """The first full date in the lines of an article's head, else in the dateline of its first paragraph.

    ``11-03-2025`` can be read in two ways and ``March 4`` has no year: neither is a date here. A point
    between the numbers means day first, as everywhere where it is written.
    """
    dateline = _DATELINE.match(first_paragraph)
    for text in (*head, dateline[0] if dateline else ""):
        if not _OTHER_DATE.search(text):
            for found in _dates(text):
                return found
    return None


def _dates(text: str) -> Iterator[date]:
    for match in _FORMS.finditer(text):
        part = {name[0]: value for name, value in match.groupdict().items() if value}
        if "a" in part:
            day_month = _day_and_month(int(part["a"]), int(part["b"]), part["s"])
        else:
            month = part["m"].casefold()
            day_month = int(part["d"]), _NUMBER.get(month) or int(month)
        try:
            if day_month and 1990 <= int(part["y"]) <= 2100:
                yield date(int(part["y"]), day_month[1], day_month[0])
        except ValueError:  # no such day
            continue


def _day_and_month(first: int, second: int, separator: str) -> tuple[int, int] | None:
    if separator == "." or first == second or first > 12:
        return first, second
    return (second, first) if second > 12 else None
