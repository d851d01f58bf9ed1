"""What people and programs read in a message, whatever a channel made of it."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

_LEFT_OUT = re.compile(r"([\d,]+) more stor(?:y is|ies are) not shown")
_LINK = re.compile(r"\[((?:\\.|[^\[\]\\])*)\]\((https?://[^()\s]+)\)")
# An address that a chat makes a link of although nobody marked it.
_ALIVE = re.compile(r"https?://[^\s<>\"|`]+|www\.\w+|(?<![\w.-])\w+\.com\b", re.IGNORECASE)
_ESCAPE = re.compile(r"\\([^A-Za-z0-9\s])")
_PARTING = "\u200b"


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


def read_markdown(text: str, links: set[str]) -> Reading:
    """Text in the Markdown of a chat: its links, also those that it makes of bare addresses."""
    links = links | {match[2] for match in _LINK.finditer(text)}
    text = _LINK.sub(r"\1", text)
    return reading(shown(text), frozenset(links | set(_ALIVE.findall(text))))


def shown(text: str) -> str:
    """Escaped text as people see it."""
    return _ESCAPE.sub(r"\1", text).replace(_PARTING, "")


def bare(text: str) -> str:
    """Text that is not read as Markdown, written so that ``read_markdown`` shows it as it is."""
    return re.sub(r"([^\w\s])", r"\\\1", text)


def read_tags(page: str) -> Reading:
    """HTML of a chat: its links, also those that the chat makes of bare addresses."""
    links = set(re.findall(r'href="([^"]*)"', page))
    text = html.unescape(re.sub(r"<[^<>]*>", "\n", page))
    return reading(text.replace(_PARTING, ""), frozenset({*map(html.unescape, links), *_ALIVE.findall(text)}))
