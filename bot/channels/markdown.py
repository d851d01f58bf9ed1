"""Text from feeds in the Markdown of chat services: it shows as it stands, and nothing in it comes to life.

What Markdown gives a meaning is escaped with a backslash. What becomes a link, a call or a picture without
any mark (``https://…``, ``@here``, ``:tada:``) is parted by a space of no width, which nobody sees.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator

from bot.channels.plain import PARTING
from bot.core.render import utf16
from bot.core.text import shorten
from bot.core.views import SourceView

# An at sign may call somebody; a colon may end the scheme of an address or begin the name of a picture.
_CALLS = re.compile(r"@(?=\S)|(?<=[A-Za-z]):(?=\S)|:(?=[\w+-]+:)")
_MARKS = re.compile(r"[\\*_~`>#|\[\]()<]")
# Mattermost makes links of names of hosts.
_HOSTS = re.compile(r"(?<=\w)\.(?=[^\W\d_]{2})")
# The characters of a safe address that Markdown may take for its own.
_MARKS_OF_ADDRESSES = str.maketrans({"(": "%28", ")": "%29", "*": "%2A"})
# At the beginning of a line: lists, rules, headings underlined.
_OPENS = re.compile(r"^(?:[-+]|\d+(?=\.(?:\s|$)))|^(?==)")

Escape = Callable[[str], str]


def escape(text: str) -> str:
    """One line of text as Markdown that shows it."""
    text = _CALLS.sub(lambda match: match[0] + PARTING, text)
    text = _HOSTS.sub(r"\\.", _MARKS.sub(r"\\\g<0>", text))
    return _OPENS.sub(_opened, text)


def _opened(match: re.Match[str]) -> str:
    sign = match[0]
    return sign + PARTING if sign.isdigit() or not sign else "\\" + sign


def link(label: str, url: str, escape: Escape = escape) -> str:
    """``[label](url)``, or only the label where there is no address; it is one of ``web_link``'s."""
    if not url:
        return escape(label)
    return f"[{escape(label)}]({url.translate(_MARKS_OF_ADDRESSES)})"


def clip(text: str, limit: int, escape: Escape = escape) -> str:
    """The escaped text in at most ``limit`` UTF-16 code units, never cut inside an escape."""
    room = limit
    while (over := utf16(escape(shorten(text, room))) - limit) > 0:
        room -= max(1, over // 2)
    return escape(shorten(text, room))


def lines(parts: Iterable[str], limit: int) -> str:
    """The first of the lines, whole, in at most ``limit`` UTF-16 code units; ``…`` where some went."""
    kept: list[str] = []
    room = limit - 2
    for part in parts:
        room -= utf16(part) + 1
        if room < 0:
            return "\n".join([*kept, "…"])
        kept.append(part)
    return "\n".join(kept)


def named(sources: Iterable[SourceView], escape: Escape = escape) -> Iterator[str]:
    """``• [Title](url) · Name``, a line each."""
    for source in sources:
        name = f" · {escape(source.name)}" if source.name else ""
        yield f"• {link(source.title, source.url, escape)}{name}"


def asked(sources: Iterable[SourceView], escape: Escape = escape) -> Iterator[str]:
    """The same with what is asked about each."""
    for source, line in zip(sources, named(sources, escape), strict=True):
        yield f"{line} · {escape(source.note)}"


def cited(source: SourceView, escape: Escape = escape) -> str:
    """``[Name](url) (note)``."""
    note = f" ({escape(source.note)})" if source.note else ""
    return link(source.name, source.url, escape) + note
