"""The shared set of feed documents: what its manifest says of each, and how each is served."""

from __future__ import annotations

import functools
import json
from dataclasses import dataclass
from typing import Any, TypeAlias

from tests.e2e.origin import Page
from tests.shared import shared_path

Row: TypeAlias = dict[str, Any]
_USUAL_TYPES = {".json": "application/feed+json"}


@dataclass(frozen=True)
class Expectation:
    """What a reader should make of a hostile document."""

    low: int
    high: int
    """Entries to deliver, at least and at most."""
    may_refuse: bool
    must: tuple[str, ...]


@functools.cache
def manifest() -> tuple[Row, ...]:
    lines = shared_path("feeds/manifest.jsonl").read_text("utf-8").splitlines()
    return tuple(json.loads(line) for line in lines)


def hostile() -> tuple[Row, ...]:
    return tuple(row for row in manifest() if row["category"] == "hostile")


def body(row: Row) -> bytes:
    return shared_path(f"feeds/{row['name']}").read_bytes()


def page(row: Row) -> Page:
    """As the manifest says; a document that it says nothing of goes out as XML or JSON Feed."""
    http = row.get("http") or {}
    usual = _USUAL_TYPES.get(row["name"][-5:], "application/xml")
    headers = {
        "Content-Type": http.get("content_type", usual),
        "Content-Encoding": http.get("content_encoding"),
    }
    return Page(
        body=body(row),
        status=http.get("status", 200),
        headers={name: value for name, value in headers.items() if value},
    )


def expectation(row: Row) -> Expectation:
    entries = row["expect"]["entries"]
    low, high = entries if isinstance(entries, list) else (entries or 0, entries)
    return Expectation(
        low=low,
        high=10**9 if high is None else high,
        may_refuse=low == 0,
        must=tuple(row["expect"]["must"]),
    )
