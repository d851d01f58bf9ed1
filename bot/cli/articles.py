"""Example articles as users have them: clean text, saved pages, addresses, articles of a corpus."""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path
from typing import TYPE_CHECKING

from bot.errors import ConfigErrors, UsageError

if TYPE_CHECKING:
    from bot.core.article import ExtractedArticle

_PAGES = (".html", ".htm", ".xhtml")


def read_article(source: str, config: Path) -> ExtractedArticle:
    """The article of a file or an address, fetched as the configuration says.

    Raises:
        UsageError: it can't be read, or holds no article.
    """
    from bot.core.article import extract_html, extract_text
    from bot.core.encoding import decode

    if is_address(source):
        return extract_html(_download(source, config), source)
    try:
        content = Path(source).read_bytes()
    except OSError as error:
        raise UsageError(f"can't be read: {error.strerror}") from error
    head = content[:2000].lstrip().lower()
    if source.lower().endswith(_PAGES) or head.startswith((b"<!doctype html", b"<html")):
        return extract_html(content)
    if source.lower().endswith(".md") and head.startswith(b"+++"):
        return _exemplar(Path(source))
    text = decode(content).text
    # No text has NUL, and nearly every other kind of file does.
    if "\0" in text or head.startswith(b"%pdf-"):
        raise UsageError("is neither text nor a web page; save the page as HTML, or its words as text")
    return extract_text(text)


def is_address(source: str) -> bool:
    """Whether it is to be fetched from the web."""
    return re.match(r"https?://", source) is not None


def slug(title: str) -> str:
    """The first words of a title as a name for a file; empty where it has no Latin letter."""
    ascii_title = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    return "-".join(re.findall(r"[a-z0-9]+", ascii_title)[:8])[:60].strip("-")


def _exemplar(path: Path) -> ExtractedArticle:
    """An article that is in the form of the corpus already."""
    from bot.catalogue import load_exemplar
    from bot.core.article import ExtractedArticle
    from bot.core.language import detect

    try:
        found = load_exemplar(path)
    except ConfigErrors as error:
        raise UsageError(str(error)) from error
    return ExtractedArticle(
        title=found.title,
        text=found.text,
        published=found.published,
        language=found.language or detect(f"{found.title}\n{found.text}"),
    )


def _download(url: str, config: Path) -> bytes:
    from bot.app import make_fetcher
    from bot.model import Fetched, FetchFailed
    from bot.settings import load_settings

    match make_fetcher(load_settings(config)[0]).fetch_one(url):
        case Fetched(body=body):
            return body
        case FetchFailed(kind=kind, detail=detail):
            raise UsageError(f"{kind}: {detail}")
        case _:
            raise UsageError("nothing came")
