"""Reading only what is unseen of other people's documents gives what reading them whole gives."""

from __future__ import annotations

import functools
import random
from itertools import pairwise
from typing import Any

import pytest

from bot.core.encoding import decode
from bot.core.entries import entry
from bot.core.json_feed import looks_like_json
from bot.core.normalise import as_published
from bot.core.parse import parse_unseen
from bot.core.parsers import feedparsed
from bot.core.reading import read
from bot.core.repair import repair, rooted
from bot.core.seen import SIZE, Parsed, Request, hashes_in
from bot.errors import FeedError
from bot.model import Item, ReadTask
from tests.core.test_parse_shared import BASE, NOW, manifest
from tests.shared import shared_path

MANY = 5_000
PARTS = 2
"""Random histories that each document is read after."""


def rows(*categories: str) -> list[dict[str, Any]]:
    plain = (row for row in manifest() if not (row.get("http") or {}).get("content_encoding"))
    return [row for row in plain if row["category"] in categories]


@functools.cache
def whole(name: str) -> Parsed | None:
    try:
        return parsed(name, b"")
    except FeedError:
        return None


def parsed(name: str, seen: bytes) -> Parsed:
    row = next(row for row in manifest() if row["name"] == name)
    content_type = (row.get("http") or {}).get("content_type") or ""
    request = Request(base_url=BASE, max_entries=MANY, seen=hashes_in(seen))
    return parse_unseen(shared_path(f"feeds/{name}").read_bytes(), content_type, request)


def items(of: Parsed) -> tuple[Item, ...]:
    return as_published(of.document, "f", BASE, NOW)


def each(hashes: bytes) -> list[bytes]:
    return [hashes[start : start + SIZE] for start in range(0, len(hashes), SIZE)]


def test_fields_are_those_of_feedparser_on_the_whole_document() -> None:
    """Where the document is XML: in a broken one feedparser's lenient parser reads every entry otherwise."""
    total, wrong = 0, []
    for row in rows("real-news", "wellformed"):
        found = whole(row["name"])
        text = decode(shared_path(f"feeds/{row['name']}").read_bytes()).text
        if found is None or looks_like_json(text):
            continue
        reference = feedparsed(repair(*rooted(text)), BASE)
        if reference["bozo"]:
            continue
        total += 1
        expected = tuple(entry(one, reference["version"]) for one in reference["entries"])
        if found.document.entries != expected:
            wrong.append(row["name"])
    print(f"{total - len(wrong)} of {total} documents as feedparser reads them")
    assert total > 300
    assert not wrong


def test_what_is_read_after_any_history_is_what_is_new_of_the_whole() -> None:
    chance = random.Random(20260303)
    cut, total = 0, 0
    for row in rows("real-news", "wellformed", "illformed", "encodings", "hostile", "jsonfeed"):
        found = whole(row["name"])
        if found is None or not found.document.entries:
            continue
        total += 1
        hashes = each(found.seen)
        cut += bool(hashes)
        if len(hashes) != len(found.document.entries):
            continue  # not cut, or an entry was broken
        everything = items(found)
        for _ in range(PARTS):
            seen = {one for one in hashes if chance.random() < chance.choice((0.1, 0.5, 0.9))}
            part = parsed(row["name"], b"".join(seen))
            fresh = [number for number, one in enumerate(hashes) if one not in seen]
            expected = fresh if part.skipped or not fresh else range(len(hashes))
            assert part.seen == found.seen, row["name"]
            assert [found.document.entries[number] for number in expected] == list(part.document.entries)
            assert [everything[number] for number in expected] == list(items(part)), row["name"]
    print(f"{cut} of {total} documents cut")
    assert cut > 0.8 * total


def test_nothing_is_read_again_of_a_document_that_was_read() -> None:
    for row in rows("real-news"):
        found = whole(row["name"])
        if found is not None and found.seen:
            again = parsed(row["name"], found.seen)
            assert (again.document.entries, again.seen) == ((), found.seen)
            assert again.skipped * SIZE == len(found.seen)
            assert again.document.hints == found.document.hints


@pytest.mark.parametrize("step_seen", [True, False])
def test_a_sequence_read_step_by_step_gives_the_items_of_reading_it_whole(step_seen: bool) -> None:
    sequences: dict[str, list[dict[str, Any]]] = {}
    for row in manifest():
        if row.get("sequence"):
            sequences.setdefault(row["sequence"], []).append(row)
    assert sequences
    for captures in sequences.values():
        ordered = sorted(captures, key=lambda row: int(row["sequence_index"]))
        names = [row["name"] for row in ordered]
        known: set[str] = set()
        stepwise: set[str] = set()
        for before, name in pairwise(["", *names]):
            body = shared_path(f"feeds/{name}").read_bytes()
            earlier = whole(before) if before and step_seen else None
            seen = earlier.seen if earlier else b""
            task = ReadTask(feed_id="f", body=body, content_type="", base_url=BASE, now=NOW, seen=seen)
            known |= {item.id for item in items(whole(name) or parsed(name, b""))}
            stepwise |= {item.id for item in read(task).items}
        assert stepwise == {one for one in known if one}
