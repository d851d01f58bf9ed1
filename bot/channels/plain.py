"""A digest as plain text for chats and notifications, and the words around the stories in any chat."""

from __future__ import annotations

import re
from collections.abc import Iterable

from bot.core.text import shorten
from bot.core.views import DigestView, SourceView, StoryView

# What one chat or another makes a call or a link of though nobody marked it: @name, also inside a word;
# a #tag, a $TICKER, a /command to bots; a host; an address.
_ALIVE = re.compile(r"@(?=\S)|(?<![\w/])[#$/](?=[^\W\d_])|(?<=\w)\.(?=[^\W\d_]{2})|:(?=//)")
PARTING = "\u200b"
"""A space of no width: nobody sees it."""

NEAR_MISSES = "Near misses: was this one?"
WHOLE = 10_000
"""Bytes of a line that none reaches."""


def plain(told: DigestView, foot: int, *, heading: bool = True, line: int = WHOLE) -> str:
    """The whole message, addresses on lines of their own.

    ``foot``: most bytes below the stories; ``heading``: with the digest's title, where no other field has it;
    ``line``: most bytes of a line of a story, beyond which an address is left out and all else cut.
    """
    top = [] if told.single else [headline(told) if heading else "", subtitle(told)]
    blocks = ["\n".join(inert(line) for line in top if line)]
    for section in told.sections:
        if not told.single:
            blocks.append(inert(section.title.upper()))
        blocks += [_story(story, line) for story in section.stories]
    if told.also_seen:
        blocks.append(_listed("Also seen:", map(_named, told.also_seen)))
    if told.near_misses:
        blocks.append(_listed(NEAR_MISSES, (f"{_named(each)} ({each.note})" for each in told.near_misses)))
    blocks.append("\n".join(map(inert, closing(told, foot))))
    return "\n\n".join(filter(None, blocks))


def headline(told: DigestView) -> str:
    return f"{told.title} ({told.part})" if told.part else told.title


def subtitle(told: DigestView) -> str:
    """When and how much; an alarm is about neither."""
    return "" if told.kind == "alarm" else " · ".join(filter(None, (told.window, told.summary, told.late)))


def notification(told: DigestView) -> str:
    """What a phone shows of the message, or a screen reader says: the top story and what else there is."""
    first = f"{told.subject} ({told.part})" if told.part else told.subject
    if told.single and (story := told.sections[0].stories[0]).telling:
        first = f"{label(story)}: {first}"
    return first if first.endswith(told.preheader) else f"{first} · {told.preheader}"


def label(story: StoryView) -> str:
    """``UPDATED · 2nd telling``."""
    return " · ".join(filter(None, (story.label, story.telling)))


def reasons(story: StoryView) -> list[str]:
    """How it stands to what was told before, and why it is here: a line each."""
    return [*filter(None, [story.relation]), *(f"Why: {reason}" for reason in story.because)]


def closing(told: DigestView, most: int) -> list[str]:
    """What stands below the stories, in at most ``most`` bytes. What was left out comes first and whole."""
    about = [] if told.kind == "alarm" or not told.notices else ["About the feeds:"]
    lines = [
        told.left_out,
        told.held_back,
        *told.volumes,
        f"No news: {', '.join(told.quiet)}" if told.quiet else "",
        " ".join(told.receipt),
        *about,
        *told.notices,
    ]
    kept = []
    for line in lines:
        short = cut_bytes(line, most)
        most -= len(short.encode()) + 2
        kept.append(short)
    return [line for line in kept if line]


def cut_bytes(text: str, limit: int) -> str:
    """``shorten`` for a limit in bytes of UTF-8."""
    room = len(text.encode()[: max(0, limit)].decode("utf-8", "ignore"))
    while len((short := shorten(text, room)).encode()) > max(0, limit):
        room -= 1
    return short


def inert(text: str) -> str:
    """The same with nothing in it that calls somebody or becomes a link by itself."""
    return _ALIVE.sub(lambda found: found[0] + PARTING, text)


def _story(story: StoryView, most: int) -> str:
    sources = ", ".join(map(_source, story.sources))
    lines = [
        f"{label(story)}: {story.title}",
        story.url if len(story.url) <= most else "",
        story.lead,
        *(f"{name}: {value}" for name, value in story.facts),
        *([f"{story.news_since}:", *(f"• {line}" for line in story.news)] if story.news else []),
        f"{story.sources_count}: {sources} {story.more_sources}".rstrip(": "),
        *reasons(story),
    ]
    return "\n".join(line if line == story.url else cut_bytes(inert(line), most) for line in lines if line)


def _source(source: SourceView) -> str:
    return f"{source.name} ({source.note})" if source.note else source.name


def _named(source: SourceView) -> str:
    return f"{source.title} · {source.name}" if source.name else source.title


def _listed(title: str, lines: Iterable[str]) -> str:
    return "\n".join([title, *(f"• {inert(line)}" for line in lines)])
