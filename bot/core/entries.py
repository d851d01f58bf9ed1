"""What feedparser made of a document → our entries. Every text field of an entry is HTML afterwards."""

from __future__ import annotations

import html
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from bot.core.dates import from_fields, zone_unknown_to_feedparser
from bot.core.markup import unlabelled
from bot.model import Entry

_HTML_TYPES = frozenset({"text/html", "application/xhtml+xml"})


def entry(parsed: Mapping[str, Any], version: str, put_back: Callable[[str], str] = str) -> Entry:
    """An entry of feedparser's as ours; ``put_back`` gives the texts that it was not shown."""
    contents = [
        (put_back(part["value"]), part.get("type", ""))
        for part in _list(parsed, "content")
        if isinstance(part.get("value"), str)
    ]
    content, kind = max(contents, key=lambda part: len(part[0]), default=("", ""))
    return Entry(
        guid=string(parsed, "id") or None,
        link=_link(parsed),
        title=text(parsed, "title", version),
        summary=text(parsed, "summary", version, put_back),
        content=_as_html(content, kind, version) if content else "",
        author=string(parsed, "author")[:500],
        language=_language(parsed),
        published=_date(parsed, "published") or _date(parsed, "created"),
        updated=_date(parsed, "updated"),
    )


def string(parsed: Mapping[str, Any], key: str) -> str:
    """A value of feedparser's, trimmed; empty where it is absent or no text."""
    value = _value(parsed, key)
    return value.strip() if isinstance(value, str) else ""


def text(parsed: Mapping[str, Any], key: str, version: str, put_back: Callable[[str], str] = str) -> str:
    """A text construct of feedparser's as HTML."""
    detail = _value(parsed, key + "_detail")
    kind = string(detail, "type") if isinstance(detail, dict) else "text/html"
    return _as_html(put_back(string(parsed, key)), kind, version)


def _value(parsed: Mapping[str, Any], key: str) -> Any:
    """The value under a key itself: feedparser's own lookup maps old names to new ones and warns."""
    return dict.get(parsed, key) if isinstance(parsed, dict) else None


def _list(parsed: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    value = _value(parsed, key)
    return [part for part in value if isinstance(part, dict)] if isinstance(value, list) else []


def _date(parsed: Mapping[str, Any], key: str) -> datetime | None:
    date = from_fields(_value(parsed, key + "_parsed"))
    try:
        return None if date is None else date - zone_unknown_to_feedparser(string(parsed, key))
    except OverflowError:  # the last hours of the year 9999
        return None


def _link(parsed: Mapping[str, Any]) -> str | None:
    """The article's address: feedparser's choice, else the first alternate link of any type, else any."""
    if link := string(parsed, "link"):
        return link
    links = [link for link in _list(parsed, "links") if string(link, "href")]
    ranked = sorted(links, key=lambda link: _rel(link) not in ("alternate", ""))
    usable = [link for link in ranked if _rel(link) not in ("self", "edit", "enclosure", "replies", "hub")]
    return string(usable[0], "href") if usable else None


def _rel(link: Mapping[str, Any]) -> str:
    return string(link, "rel").lower()


def _language(parsed: Mapping[str, Any]) -> str | None:
    detail = _value(parsed, "title_detail")
    return (string(detail, "language") or None) if isinstance(detail, dict) else None


def _as_html(value: str, kind: str, version: str) -> str:
    """A text construct as HTML: plain text is escaped.

    Atom says which of the two it writes, and is believed; RSS never does.
    """
    if kind in _HTML_TYPES or ("<" not in value and "&" not in value):
        return value
    return html.escape(value, quote=False) if version.startswith("atom") else unlabelled(value)
