"""Made-up feeds: RSS 2.0 and Atom in three editions, seeded, with the sizes and rhythms of news sites.

A feed has about 40 entries (10 to 100) and 69 kB of XML on average: two thirds carry summaries, one third
whole articles. Each has an address of its own on the loopback network, so that every feed is a host.

Editions: 0 is the beginning; in 1 a tenth of the feeds has one new entry; in 2 every feed has one more. A
document keeps its length: what is new on top pushes the oldest out.
"""

from __future__ import annotations

import gzip
import json
import os
import random
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from functools import cache
from html import escape
from itertools import accumulate
from pathlib import Path

EDITIONS = 3
SEED = 2026
TENTH = 10
FILE = "feed.xml"

_LENGTHS = {10: 13, 20: 20, 30: 20, 40: 10, 50: 27, 100: 10}
"""Entries in a document, with weights: most are the defaults of common publishing systems."""
_ATOM = 0.35
_WHOLE_TEXT = 0.35
_ON_THE_FIELD = 0.03
"""Share of entries that are about chips, so that judging has something to find."""
_FUNCTION_WORDS = """the of to and a in for is on that by this with it as from at be are was has have not or
an will their its but which more were they had been one all who new also about up after would when out some"""
_FIELD_WORDS = """custom silicon accelerator chip training inference data centre cloud gigawatt foundry
wafer tape-out supply agreement multi-year server processor networking memory packaging Broadcom Nvidia
Google Amazon Meta Microsoft Marvell TPU Trainium MTIA hyperscaler order capacity megawatts
design partner three-nanometre"""
_STARTS = (
    "b",
    "br",
    "ch",
    "d",
    "f",
    "fl",
    "g",
    "gr",
    "h",
    "j",
    "k",
    "l",
    "m",
    "n",
    "p",
    "pr",
    "s",
    "st",
    "t",
)
_MIDDLES = ("a", "e", "i", "o", "u", "ai", "ea", "ou")
_ENDS = ("", "", "l", "n", "r", "s", "t", "nd", "rk", "st", "x")


@dataclass(frozen=True)
class Entry:
    number: int
    title: str
    link: str
    guid: str
    author: str
    category: str
    summary: str
    content: str
    published: datetime


def address(number: int) -> str:
    """The loopback address of a feed: 127.1.0.1, 127.1.0.2, …"""
    third, last = divmod(number, 250)
    second, third = divmod(third, 250)
    return f"127.{second + 1}.{third}.{last + 1}"


def changes_early(number: int) -> bool:
    """Whether a feed has something new in edition 1 already."""
    return number % TENTH == 3


def make(folder: Path, count: int) -> tuple[int, int]:
    """Write ``folder/<edition>/<address>/feed.xml`` and its ``.gz``, unless they are there and of today.

    Returns the entries and the bytes of edition 0.
    """
    note = folder / "made.json"
    made: dict[str, object] = {"feeds": count, "seed": SEED, "day": datetime.now(UTC).date().isoformat()}
    if note.exists() and (known := json.loads(note.read_text())) | made == known:
        return known["entries"], known["bytes"]
    with ProcessPoolExecutor() as pool:
        sizes = list(pool.map(_write, [folder] * count, range(count), [time.time()] * count, chunksize=25))
    entries, written = sum(entries for entries, _ in sizes), sum(size for _, size in sizes)
    note.write_text(json.dumps(made | {"entries": entries, "bytes": written}))
    return entries, written


def _write(folder: Path, number: int, now: float) -> tuple[int, int]:
    length, atom, entries = _entries(number, now)
    newest = [length, length + changes_early(number), length + changes_early(number) + 1]
    written: dict[int, Path] = {}
    for edition, end in enumerate(newest):
        place = folder / str(edition) / address(number)
        place.mkdir(parents=True, exist_ok=True)
        for name in (FILE, f"{FILE}.gz"):
            (place / name).unlink(missing_ok=True)
            if end in written:
                os.link(written[end] / name, place / name)
        if end not in written:
            document = _document(number, atom, entries[end - length : end][::-1])
            _save(place, document)
            written[end] = place
    return length, (folder / "0" / address(number) / FILE).stat().st_size


def _save(place: Path, document: str) -> None:
    body = document.encode()
    for path, content in ((place / FILE, body), (place / f"{FILE}.gz", gzip.compress(body, 6))):
        path.write_bytes(content)


def _entries(number: int, now: float) -> tuple[int, bool, list[Entry]]:
    """A feed's length, whether it is Atom, and its entries, oldest first, with those of later editions."""
    chance = random.Random(f"{SEED} {number}")
    length = chance.choices([*_LENGTHS], [*_LENGTHS.values()])[0]
    atom, whole = chance.random() < _ATOM, chance.random() < _WHOLE_TEXT
    a_day = min(60.0, max(0.2, chance.lognormvariate(1.2, 1.2)))
    ages = [age for age, _ in zip(_ages(chance, a_day), range(length), strict=False)][::-1]
    dates = [datetime.fromtimestamp(now, UTC) - age for age in ages]
    dates += [datetime.fromtimestamp(now - 600 + 60 * step, UTC) for step in range(EDITIONS - 1)]
    return length, atom, [_entry(chance, number, at, date, whole) for at, date in enumerate(dates)]


def _ages(chance: random.Random, a_day: float) -> Iterator[timedelta]:
    """Ages of the entries of edition 0, newest first: exponential gaps."""
    age = 1800.0
    while True:
        age += chance.expovariate(a_day / 86_400)
        yield timedelta(seconds=int(age))


def _entry(chance: random.Random, feed: int, number: int, published: datetime, whole: bool) -> Entry:
    field = chance.random() < _ON_THE_FIELD
    title = " ".join(_words(chance, chance.randint(6, 13), field)).capitalize()
    slug = "-".join(word.lower() for word in title.split()[:6])
    link = f"https://news{feed}.example/{published:%Y/%m}/{slug}-{number}"
    paragraphs = [_sentences(chance, chance.randint(25, 70), field) for _ in range(6 if whole else 1)]
    first = f'<p><img src="{link}/lead.jpg" width="640" height="360" alt="" /> {paragraphs[0]}</p>'
    content = first + "".join(f'<p>{text} <a href="{link}#more">More</a></p>\n' for text in paragraphs[1:])
    return Entry(
        number=number,
        title=title,
        link=link,
        guid=f"https://news{feed}.example/?p={100_000 + number}",
        author=" ".join(word.title() for word in _words(chance, 2, False)),
        category=_words(chance, 1, False)[0].title(),
        summary=f"<p>{paragraphs[0]}</p>",
        content=content if whole else "",
        published=published,
    )


def _words(chance: random.Random, count: int, field: bool) -> list[str]:
    vocabulary, weights = _vocabulary()
    words = chance.choices(vocabulary, cum_weights=weights, k=count)
    if field:
        known = _FIELD_WORDS.split()
        for at in range(0, count, 3):
            words[at] = chance.choice(known)
    return words


def _sentences(chance: random.Random, count: int, field: bool) -> str:
    words = _words(chance, count, field)
    sentences = [words[at : at + 14] for at in range(0, count, 14)]
    return " ".join(f"{sentence[0].capitalize()} {' '.join(sentence[1:])}." for sentence in sentences)


@cache
def _vocabulary() -> tuple[list[str], list[float]]:
    """Function words, made-up words and made-up names, as often as Zipf's law has it."""
    chance = random.Random(SEED)
    made = {
        "".join(
            chance.choice(part) for _ in range(chance.randint(1, 3)) for part in (_STARTS, _MIDDLES, _ENDS)
        )
        for _ in range(9000)
    }
    words = sorted(made)
    chance.shuffle(words)
    names = [word.title() for word in words[:1500]]
    everything = _FUNCTION_WORDS.split() + words[1500:3000] + names + words[3000:]
    return everything, [*accumulate(1 / (rank + 8) for rank in range(len(everything)))]


# ── as XML ───────────────────────────────────────────────────────────────────────────────────────


def _document(number: int, atom: bool, entries: list[Entry]) -> str:
    return (_atom if atom else _rss)(number, entries)


def _rss(number: int, entries: list[Entry]) -> str:
    site = f"https://news{number}.example"
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<rss version="2.0"'
        ' xmlns:content="http://purl.org/rss/1.0/modules/content/"'
        ' xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:atom="http://www.w3.org/2005/Atom">\n<channel>\n'
        f"<title>News {number}</title>\n<link>{site}/</link>\n<description>News</description>\n"
        f'<atom:link href="{site}/feed.xml" rel="self" type="application/rss+xml" />\n'
        f"<language>en</language>\n<lastBuildDate>{format_datetime(entries[0].published)}</lastBuildDate>\n"
        + "".join(map(_rss_item, entries))
        + "</channel>\n</rss>\n"
    )


def _rss_item(entry: Entry) -> str:
    date = format_datetime(entry.published)
    content = f"<content:encoded><![CDATA[{entry.content}]]></content:encoded>\n" if entry.content else ""
    return (
        f"<item>\n<title>{escape(entry.title)}</title>\n<link>{entry.link}</link>\n"
        f'<guid isPermaLink="false">{entry.guid}</guid>\n<pubDate>{date}</pubDate>\n'
        f"<dc:creator><![CDATA[{entry.author}]]></dc:creator>\n"
        f"<category><![CDATA[{entry.category}]]></category>\n"
        f"<description><![CDATA[{entry.summary}]]></description>\n{content}</item>\n"
    )


def _atom(number: int, entries: list[Entry]) -> str:
    site = f"https://news{number}.example"
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="en">\n'
        f"<title>News {number}</title>\n<id>{site}/</id>\n"
        f'<link href="{site}/" />\n<link rel="self" href="{site}/feed.xml" />\n'
        f"<updated>{entries[0].published.isoformat()}</updated>\n"
        + "".join(map(_atom_entry, entries))
        + "</feed>\n"
    )


def _atom_entry(entry: Entry) -> str:
    content = f'<content type="html">{escape(entry.content)}</content>\n' if entry.content else ""
    date = entry.published.isoformat()
    return (
        f"<entry>\n<title>{escape(entry.title)}</title>\n"
        f'<link rel="alternate" type="text/html" href="{entry.link}" />\n'
        f"<id>{entry.guid}</id>\n<published>{date}</published>\n<updated>{date}</updated>\n"
        f'<author><name>{entry.author}</name></author>\n<category term="{entry.category}" />\n'
        f'<summary type="html">{escape(entry.summary)}</summary>\n{content}</entry>\n'
    )
