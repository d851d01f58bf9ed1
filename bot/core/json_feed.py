"""JSON Feed 1.0 and 1.1 (https://www.jsonfeed.org/version/1.1/), tolerant of wrong types."""

from __future__ import annotations

import html
import json
from datetime import datetime
from typing import Any, TypeAlias

from bot.core.dates import from_text
from bot.core.markup import title_text, unlabelled
from bot.core.seen import MOST_ENTRIES, Parsed, Request, all_distinct, entry_hashes, kept, unseen
from bot.errors import FeedError
from bot.model import Entry, FeedDocument

JsonObject: TypeAlias = dict[str, Any]


def looks_like_json(text: str) -> bool:
    """Whether a document starts as a JSON object or list does."""
    return text.lstrip("\ufeff \t\r\n")[:1] in ("{", "[")


def parse_json(text: str, request: Request) -> Parsed:
    """A JSON Feed; raises FeedError where the text is no JSON, or JSON of another kind."""
    document = _loaded(text)
    version = document.get("version")
    is_feed = isinstance(version, str) and "jsonfeed.org/version/" in version
    items = document.get("items")
    if not is_feed and not (isinstance(items, list) and isinstance(document.get("title"), str)):
        raise FeedError("JSON, but no JSON Feed: it has neither a jsonfeed.org version nor items")
    given = items if isinstance(items, list) else []
    objects = [item for item in given if isinstance(item, dict)]
    faults = () if len(objects) == len(given) else (f"{len(given) - len(objects)} items are no JSON objects",)
    looked_at = objects[: max(request.max_entries, MOST_ENTRIES)]
    surroundings = (_text(document.get(key)) for key in ("home_page_url", "language"))
    hashes = entry_hashes(map(_as_written, looked_at), request, surroundings)
    fresh = unseen(hashes, request.seen)
    if 0 < len(fresh) < len(looked_at) and not all_distinct(map(_known_by, looked_at), request.base_url):
        fresh = list(range(len(looked_at)))
    fresh, beyond = fresh[: request.max_entries], set(fresh[request.max_entries :])
    skipped = len(looked_at) - len(fresh) - len(beyond)
    return Parsed(
        document=FeedDocument(
            title=title_text(unlabelled(_text(document.get("title")))),
            link=_text(document.get("home_page_url")) or None,
            language=_text(document.get("language")) or None,
            format="json1.1" if is_feed and str(version).endswith("1.1") else "json1",
            entries=tuple(_entry(looked_at[number]) for number in fresh),
            left_out=len(objects) - len(fresh) - skipped,
            faults=faults,
        ),
        seen=kept(hashes, beyond, request),
        skipped=skipped,
    )


def _as_written(item: JsonObject) -> str:
    return json.dumps(item, ensure_ascii=False)


def _known_by(item: JsonObject) -> tuple[set[str], set[str]]:
    guid, link = _text(item.get("id")), _text(item.get("url")) or _text(item.get("external_url"))
    if not link and guid.startswith(("http://", "https://")):
        link = guid
    return {guid} - {""}, {link} - {""}


def _loaded(text: str) -> JsonObject:
    try:
        document = json.loads(text.lstrip("\ufeff"), parse_constant=lambda _: None)
    except RecursionError as error:
        raise FeedError("JSON nested too deeply") from error
    except ValueError as error:
        raise FeedError("JSON that can't be read (cut short or damaged)") from error
    if not isinstance(document, dict):
        raise FeedError("JSON, but no JSON Feed: the document is no object")
    return document


def _entry(item: JsonObject) -> Entry:
    content = _text(item.get("content_html")) or html.escape(_text(item.get("content_text")), quote=False)
    return Entry(
        guid=_text(item.get("id")) or None,
        link=_text(item.get("url")) or _text(item.get("external_url")) or None,
        title=unlabelled(_text(item.get("title"))),
        summary=unlabelled(_text(item.get("summary"))),
        content=content,
        author=_author(item),
        language=_text(item.get("language")) or None,
        published=_date(item.get("date_published")),
        updated=_date(item.get("date_modified")),
    )


def _author(item: JsonObject) -> str:
    """Version 1.1 has a list of authors, 1.0 a single one."""
    authors = item.get("authors")
    people = authors if isinstance(authors, list) else [item.get("author")]
    names = (_text(person.get("name")) for person in people[:20] if isinstance(person, dict))
    return ", ".join(name for name in names if name)


def _text(value: object) -> str:
    """A string, or a number written as one (ids often are numbers); anything else counts as absent."""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return str(value)[:100]
    return ""


def _date(value: object) -> datetime | None:
    return from_text(value) if isinstance(value, str) else None
