"""Feed documents of other people: what several parsers agree on, and what attacks must not do."""

from __future__ import annotations

import functools
import json
import re
import time
import unicodedata
import zlib
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, TypeAlias

import pytest

from bot.core.dates import EARLIEST, FUTURE
from bot.core.markup import title_text
from bot.core.normalise import as_published, normalise
from bot.core.parse import parse
from bot.core.urls import absolute, public
from bot.errors import FeedError
from bot.model import FeedDocument, Item
from tests.shared import shared_path

Row: TypeAlias = dict[str, Any]

# After every honest capture, so that no date of theirs counts as far ahead.
NOW = datetime(2026, 12, 1, tzinfo=UTC)
BASE = "https://feeds.example.com/feed"
BOUND = 5.0
"""Seconds that any document may take."""
AGREEMENT = 0.99

_ACTIVE = re.compile(
    r"<(?:script|iframe|object|embed|img|svg|style|link|meta|form)\b|\son\w+\s*=\s*\S*alert", re.I
)
_DIRECTION = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


@functools.cache
def manifest() -> tuple[Row, ...]:
    lines = shared_path("feeds/manifest.jsonl").read_text("utf-8").splitlines()
    return tuple(json.loads(line) for line in lines)


@functools.cache
def document(name: str) -> tuple[FeedDocument | None, float]:
    """What a file parses to, ``None`` where it is refused, and the seconds it took with all its items."""
    row = next(row for row in manifest() if row["name"] == name)
    http = row.get("http") or {}
    body = shared_path(f"feeds/{name}").read_bytes()
    if http.get("content_encoding"):
        body = _unpacked(body)
    start = time.perf_counter()
    try:
        found = parse(body, http.get("content_type") or "", BASE)
        normalise(found, "f", BASE, NOW)
    except FeedError as error:
        assert str(error)
        return None, time.perf_counter() - start
    return found, time.perf_counter() - start


def _unpacked(body: bytes) -> bytes:
    """As the fetcher would: gzip, zlib or raw deflate; what isn't packed stays."""
    for bits in (47, -15):
        try:
            return zlib.decompressobj(bits).decompress(body)
        except zlib.error:
            continue
    return body


@functools.cache
def items(name: str) -> tuple[Item, ...]:
    found, _ = document(name)
    return as_published(found, "f", BASE, NOW) if found else ()


def rows(*, hostile: bool) -> Iterator[Row]:
    return (row for row in manifest() if (row["category"] == "hostile") is hostile)


def names(must: str) -> list[str]:
    return [row["name"] for row in rows(hostile=True) if must in row["expect"]["must"]]


# ── what parsers agree on ──


def agreed(field: str) -> Iterator[tuple[str, Any, tuple[Item, ...]]]:
    """Files with an agreed value of a field: name, value, items."""
    for row in rows(hostile=False):
        facts = row.get("facts") or {}
        if not (facts.get("fields_agree") or {}).get(field):
            continue
        value = facts["entries"] if field == "entries" else facts["first"][field.removeprefix("first_")]
        if value is not None and "\ufffd" not in str(value):  # what nobody could decode, nobody agrees on
            yield row["name"], value, items(row["name"])


def test_every_document_is_read_or_refused_in_time() -> None:
    slow = [row["name"] for row in manifest() if document(row["name"])[1] > BOUND]
    assert not slow


def test_entries_are_as_many_as_parsers_agree() -> None:
    wrong = [(name, len(found), count) for name, count, found in agreed("entries") if len(found) != count]
    assert not wrong


@pytest.mark.parametrize("field", ["first_title", "first_link", "first_published"])
def test_first_entries_are_as_parsers_agree(field: str) -> None:
    total, wrong = 0, []
    for name, value, found in agreed(field):
        total += 1
        mine = _mine(field, name, found)
        if not _same(field, mine, value):
            wrong.append((name, mine, value))
    print(f"{field}: {total - len(wrong)} of {total} agree; {wrong}")
    assert len(wrong) <= (1 - AGREEMENT) * total, wrong


def _mine(field: str, name: str, found: tuple[Item, ...]) -> str | None:
    if not found:
        return None
    if field == "first_link":
        entry = (document(name)[0] or FeedDocument()).entries[0]
        return entry.link
    if field == "first_title":
        entry = (document(name)[0] or FeedDocument()).entries[0]
        return title_text(entry.title)
    return f"{found[0].published:%Y-%m-%dT%H:%M:%SZ}" if found[0].published else None


def _same(field: str, mine: str | None, value: str) -> bool:
    if field == "first_link":
        # Parsers resolve against a declared base only; ours also against where the document came from.
        return mine is not None and absolute(mine, BASE) == absolute(value, BASE)
    if field == "first_title":
        return mine is not None and _readable(mine) == _readable(value)
    return mine == value


def _readable(title: str) -> str:
    """Without controls, and put right where UTF-8 was read as Latin-1: we do that, most parsers don't."""
    with suppress(UnicodeError):
        title = title.encode("cp1252").decode("utf-8")
    return " ".join("".join(char for char in title if unicodedata.category(char) != "Cc").split())


# ── what attacks must not do ──


def test_hostile_documents_deliver_what_is_sound() -> None:
    wrong = []
    for row in rows(hostile=True):
        expected, found = row["expect"]["entries"], len(items(row["name"]))
        low, high = expected if isinstance(expected, list) else (expected, expected)
        if expected is not None and not low <= found <= high:
            wrong.append((row["name"], found, expected))
    assert not wrong


def test_what_is_no_feed_is_refused() -> None:
    assert not [name for name in names("reject") if document(name)[0] is not None]


def test_no_text_holds_controls_overrides_or_active_markup() -> None:
    unsafe = []
    for row in manifest():
        for item in items(row["name"]):
            text = f"{item.title}\n{item.summary}\n{item.body}\n{item.author}"
            controls = [
                char for char in text if unicodedata.category(char) in ("Cc", "Cs") and char not in "\n\t"
            ]
            if controls or set(text) & _DIRECTION or _ACTIVE.search(text) or len(item.title.splitlines()) > 1:
                unsafe.append((row["name"], item.title))
    assert not unsafe


def test_no_value_of_a_header_could_hold_a_line_break() -> None:
    for name in names("no_header_injection"):
        found, _ = document(name)
        assert found is not None
        for line in (
            found.title,
            *(item.title for item in items(name)),
            *(item.author for item in items(name)),
        ):
            assert len(line.splitlines()) <= 1


def test_links_are_web_addresses_of_public_hosts() -> None:
    links = {item.url for row in manifest() for item in items(row["name"]) if item.url}
    assert len(links) > 1000
    assert not [
        link for link in links if not re.match(r"https?://[^\s<>\"]+\Z", link) or not public(link, BASE)
    ]


def test_relative_links_follow_a_declared_base() -> None:
    links = [item.url for item in items("hostile/relative-xml-base.xml")]
    assert links[0] == "https://base.example.com/root/a/b"
    assert links[3] == "https://base.example.com/root/sub/d"


def test_stories_are_told_apart_and_known_again() -> None:
    for name in names("unique_ids"):
        ids: dict[str, set[str]] = {}
        for item in items(name):
            ids.setdefault(item.title or item.summary, set()).add(item.id)
        counts = Counter(item_id for found in ids.values() for item_id in found)
        assert all(len(found) == 1 for found in ids.values()), name
        assert all(count == 1 for count in counts.values()), name


def test_dates_are_plausible_or_unknown() -> None:
    for row in manifest():
        for item in items(row["name"]):
            assert item.published is None or EARLIEST <= item.published <= NOW + FUTURE, row["name"]


# ── one feed at several times ──


def test_new_items_of_a_sequence_are_those_that_were_not_there_before() -> None:
    sequences: dict[str, list[Row]] = {}
    for row in manifest():
        if row.get("sequence"):
            sequences.setdefault(row["sequence"], []).append(row)
    wrong, steps = [], 0
    for name, captures in sequences.items():
        known: set[str] = set()
        for row in sorted(captures, key=lambda row: int(row["sequence_index"])):
            found, _ = document(row["name"])
            assert found is not None
            current = normalise(found, name, BASE, NOW)
            fresh = [item for item in current if not known & set(item.keys)]
            known |= {key for item in current for key in item.keys}
            expected = row.get("new_items_vs_earlier") or {}
            if expected.get("agree"):
                steps += 1
                if len(fresh) != expected["count"]:
                    wrong.append((row["name"], len(fresh), expected["count"]))
    print(f"sequences: {steps - len(wrong)} of {steps} steps; {wrong}")
    assert len(wrong) <= 0.03 * steps, wrong
