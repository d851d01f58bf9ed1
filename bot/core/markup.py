"""HTML fragments as feeds carry them, made into plain text that is safe to hand on."""

from __future__ import annotations

import html
import re

from selectolax.lexbor import LexborHTMLParser

from bot.core.text import one_line, shorten

LONGEST = 100_000
"""Characters of a fragment that are read; what follows is cut off."""

# The parser's cost grows with the square of the nesting depth (200,000 open elements took two minutes), so a
# fragment with more tags than any article has is stripped by pattern instead.
_MOST_TAGS = 1_500
_DROPPED = (
    "script", "style", "noscript", "template", "iframe", "object", "embed", "applet", "svg", "math",
    "head", "title", "button", "select", "textarea", "canvas", "audio", "video", "frameset",
)  # fmt: skip
# Tags that set their content apart from what surrounds it: each becomes a line break.
_BREAK = re.compile(
    r"</?(?:address|article|aside|blockquote|br|caption|center|dd|details|div|dl|dt|fieldset|figcaption|figure"
    r"|footer|form|h[1-6]|header|hr|legend|li|main|nav|ol|option|p|pre|section|summary|table|tbody|tfoot"
    r"|thead|tr|ul)(?=[\s/>])",
    re.IGNORECASE,
)
_CELL = re.compile(r"</?(?:td|th)(?=[\s/>])", re.IGNORECASE)
_CDATA = re.compile(r"<!\[CDATA\[|\]\]>")
_TAG = re.compile(r"</?[a-zA-Z!?][^<>]*>")
# Elements of HTML: what tells markup from a less-than sign or a type parameter (``Vec<T>``).
_ELEMENTS = (
    "a|abbr|acronym|address|area|article|aside|audio|b|base|bdi|bdo|big|blink|blockquote|body|br|button|canvas|caption"
    "|center|cite|code|col|colgroup|dd|del|details|dfn|dir|div|dl|dt|em|embed|fieldset|figcaption|figure|font"
    "|footer|form|frame|frameset|h[1-6]|head|header|hr|html|i|iframe|img|input|ins|kbd|label|legend|li|link|main|map"
    "|mark|marquee|math|meta|nav|nobr|noscript|object|ol|optgroup|option|p|param|picture|pre|q|rp|rt|ruby|s|samp"
    "|script|section|select|small|source|span|strike|strong|style|sub|summary|sup|svg|table|tbody|td|template"
    "|textarea|tfoot|th|thead|time|title|tr|tt|u|ul|var|video|wbr"
)
_HTML_TAG = re.compile(rf"</?(?:{_ELEMENTS})(?:\s[^<>]*|/)?>", re.IGNORECASE)
_REFERENCE = re.compile(r"&(?:#\w{1,8}|[A-Za-z][A-Za-z0-9]{1,31});")
_HTML_CLOSED = re.compile(rf"</(?:{_ELEMENTS})\s*>|<(?:br|hr|img)\b[^<>]*>", re.IGNORECASE)
# What could run where a receiver forgets to escape: dropped from plain text too.
_ACTIVE_BLOCK = re.compile(r"<(script|style)\b[^<>]*>[^<]*(?:</\1\s*>)?", re.IGNORECASE)
_ACTIVE_TAG = re.compile(
    r"</?(?:script|style|iframe|frame|frameset|object|embed|applet|svg|math|img|image|video|audio|source|track"
    r"|link|meta|base|form|input|button|textarea|select|marquee|template|xml|isindex|body|html|a)"
    r"(?:[\s/][^<>]*)?(?:>|(?=<)|$)"
    r"|<[a-zA-Z][^<>]*\son[a-z]+\s*=[^<>]*>?",
    re.IGNORECASE,
)


def unlabelled(text: str) -> str:
    """A text of a format that never says whether it writes plain text or HTML, as HTML.

    It is HTML where it holds a tag or a reference of HTML; a mere less-than sign or ampersand is escaped.
    """
    if ("<" in text and _HTML_TAG.search(text)) or ("&" in text and _REFERENCE.search(text)):
        return text
    return html.escape(text, quote=False)


def plain(fragment: str) -> str:
    """An HTML fragment as plain text: one line a block, inline elements joined, references resolved.

    Scripts, styles and embedded objects are dropped with their content. Reads at most
    :data:`LONGEST` characters. What was escaped twice by its publisher is resolved twice.
    """
    fragment = fragment[:LONGEST]
    if "<" not in fragment and "&" not in fragment:
        return _tidy(_collapsed(fragment))
    text = _text_of(fragment)
    if "<" not in fragment and _HTML_CLOSED.search(text):
        text = _text_of(text)
    return _tidy(_harmless(text))


def title_text(fragment: str, limit: int = 500) -> str:
    """An HTML fragment as one line of plain text of at most ``limit`` characters."""
    return shorten(one_line(plain(fragment[: 20 * limit])), limit)


def _text_of(fragment: str) -> str:
    collapsed = _collapsed(_CDATA.sub("", fragment))
    broken = _CELL.sub(lambda tag: " " + tag[0], _BREAK.sub(lambda tag: "\n" + tag[0], collapsed))
    if broken.count("<") > _MOST_TAGS:
        return _stripped(broken)
    tree = LexborHTMLParser(broken)
    tree.strip_tags(list(_DROPPED))
    return "" if tree.body is None else tree.body.text()


def _collapsed(fragment: str) -> str:
    return " ".join(fragment.split())


def _stripped(fragment: str) -> str:
    """Text without a tree, in time that grows with the length only."""
    return html.unescape(_TAG.sub("", _ACTIVE_BLOCK.sub("", _without_comments(fragment))))


def _without_comments(fragment: str) -> str:
    pieces, position = [], 0
    while (start := fragment.find("<!--", position)) >= 0 and (end := fragment.find("-->", start)) >= 0:
        pieces.append(fragment[position:start])
        position = end + 3
    return "".join([*pieces, fragment[position:]])


def _harmless(text: str) -> str:
    """Plain text without tags that could run, however they were nested."""
    for _ in range(5):
        if "<" not in text:
            return text
        cleaned = _ACTIVE_TAG.sub("", _ACTIVE_BLOCK.sub("", text))
        if cleaned == text:
            return text
        text = cleaned
    return text.replace("<", "‹")


def _tidy(text: str) -> str:
    lines = (one_line(line) for line in text.replace("\r", "\n").split("\n"))
    return "\n".join(line for line in lines if line)
