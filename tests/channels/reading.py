"""What people and programs read in a message, whatever a channel made of it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

_LEFT_OUT = re.compile(r"([\d,]+) more stor(?:y is|ies are) not shown")
# What is read, without the characters that only keep markup from coming to life.
INVISIBLE = str.maketrans("", "", "\u200b")


@dataclass(frozen=True, kw_only=True)
class Reading:
    """What a person or program reads in one rendition of a whole digest."""

    text: str
    left_out: int
    links: frozenset[str]


def left_out(text: str) -> int:
    """All counts of stories not shown, over however many messages."""
    return sum(int(number.replace(",", "")) for number in _LEFT_OUT.findall(text))


def reading(text: str, links: frozenset[str]) -> Reading:
    return Reading(text=text, left_out=left_out(text), links=links)


def walk(node: Any) -> Iterator[dict[str, Any]]:
    """Every object inside a JSON value."""
    if isinstance(node, dict):
        yield node
    for inner in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from walk(inner)
