"""HTML as chats read it: a handful of tags around escaped text that calls nobody."""

from __future__ import annotations

import html

from bot.channels.plain import inert
from bot.core.views import SourceView, StoryView


def text(words: str) -> str:
    return html.escape(inert(words), quote=False)


def tag(name: str, inner: str) -> str:
    return f"<{name}>{inner}</{name}>"


def link(url: str, words: str) -> str:
    """A link, or only its words where there is no safe address."""
    return f'<a href="{html.escape(url)}">{text(words)}</a>' if url else text(words)


def sources(story: StoryView) -> str:
    """``2 sources: Paper (primary source), Gazette +1 more``, the names linked."""
    named = ", ".join(
        link(source.url, source.name) + (f" ({text(source.note)})" if source.note else "")
        for source in story.sources
    )
    return f"{tag('b', text(story.sources_count) + ':')} {named} {text(story.more_sources)}".rstrip()


def titled(source: SourceView) -> str:
    """An article by its title, linked, and who published it."""
    return link(source.url, source.title) + (f" · {text(source.name)}" if source.name else "")


def asked(source: SourceView) -> str:
    """A near miss: the article, and how to answer whether it belongs there."""
    return f"{titled(source)} ({text(source.note)})"
