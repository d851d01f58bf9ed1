"""Takes out of an entry what feedparser need not see, so that it reads the rest several times faster.

feedparser spends its time on elements, and on every line and reference of a text. Elements that no field of
ours is made of are dropped; texts that it would hand through are lifted out and put back afterwards. Nothing
else is changed, and only where the entry is plain enough for that to be certain. What no entry needs
(thousands of elements, endless attributes) is dropped as well: it is where feedparser takes minutes.
"""

from __future__ import annotations

import html
import re
from contextlib import suppress
from dataclasses import dataclass, field

from bot.core.cut import TAG, is_flooded
from bot.core.parsers import bounded
from bot.core.repair import shortened_people

# Text without elements, as character data or not; then one element that holds nothing else.
_TEXT = r"[^<]*+(?:<!\[CDATA\[(?s:.*?)\]\]>[^<]*+)*+"
_ATTRIBUTES = r"[^<>\"'/]*+(?:(?:\"[^\"<]*+\"|'[^'<]*+'|/(?!>))[^<>\"'/]*+)*+"
_LEAF = re.compile(rf"<([A-Za-z_][^\s<>/\"']*+)({_ATTRIBUTES})(?:/>|>({_TEXT})</\1\s*+>)")
_SPACE = re.compile(r"\s*+")
_CDATA = re.compile(r"\s*<!\[CDATA\[(.*)\]\]>\s*", re.DOTALL)
_NOT_A_REFERENCE = re.compile(r"&(?!(?:amp|lt|gt|quot|apos|#[0-9]{1,7}|#x[0-9a-fA-F]{1,6});)")
_NUMERIC = re.compile(r"&#(?:x([0-9a-fA-F]+)|([0-9]+));")
_AMPERSAND = re.compile(r"&#(?:0*38|x0*26);")
_SAYS_HTML = re.compile(r"""\s+type\s*=\s*["'](?:text/)?html["']\s*""")
_NOT_A_LINK = re.compile(r"""\sispermalink\s*=\s*["']false["']""", re.IGNORECASE)
_SCOPE = re.compile(r"\s(?:xml|base\s*=)")
_ADDRESSED = re.compile(r"\sxml:base\s*=|\sbase\s*=|<(?:[\w.\-]+:)?(?:link|guid|id)(?=[\s/>])")
_HREF = re.compile(r"""\shref\s*=\s*["']([^"'<>]*)["']""", re.IGNORECASE)
# Addresses that are the same whatever they are resolved against.
_ABSOLUTE = re.compile(
    r"https?://[\w.\-:]+(?:/[^\s?#;\[\]\\]*)?(?:\?[^\s#;\[\]\\]+)?(?:#[^\s\[\]\\]+)?|(?:urn|tag):[^\s#?;\[\]\\]+",
    re.ASCII,
)

# Elements by name that no field of ours is made of. Their prefixes are those that everybody uses: one that
# is bound to something else would only hide what feedparser doesn't know.
_UNUSED = frozenset({
    "category", "comments", "enclosure", "dc:subject", "slash:comments", "slash:section", "slash:department",
    "slash:hit_parade", "wfw:comment", "wfw:commentrss", "thr:total", "post-id", "feedburner:origlink",
    "feedburner:origenclosurelink", "media:content", "media:thumbnail", "media:keywords", "media:category",
    "media:credit", "media:rating", "media:copyright", "itunes:keywords", "itunes:duration",
    "itunes:explicit", "itunes:episode", "itunes:season", "itunes:episodetype", "itunes:block",
    "itunes:order", "georss:point", "geo:lat", "geo:long",
})  # fmt: skip
_LIFTED = {"description": "", "content:encoded": "", "content": "html", "summary": "html"}
_PEOPLE = frozenset({"author", "creator", "managingeditor", "webmaster", "publisher", "owner", "name"})
_ADDRESSES = frozenset({"link", "guid", "id"})

_WORTH_LIFTING = 80
_LONGEST_NAME = 400
_LONGEST_TEXT = 20_000
"""Characters of a text that is not lifted: a title, an address, a name."""
MOST_TAGS = 20_000
"""Tags in an entry; beyond, its elements that hold others are dropped."""


@dataclass(kw_only=True, slots=True)
class Lifted:
    """Texts that were lifted out, by the word that stands in their place."""

    mark: str
    """What the words begin with; no text begins with it by chance."""
    texts: dict[str, str] = field(default_factory=dict)

    def lift(self, text: str) -> str:
        word = f"{self.mark}-{len(self.texts)}"
        self.texts[word] = text
        return word

    def put_back(self, word: str) -> str:
        """The text that stood where this word is, or the word itself."""
        return self.texts.get(word, word) if self.texts else word


@dataclass(frozen=True, kw_only=True, slots=True)
class Light:
    """An entry as feedparser gets it."""

    text: str
    absolute: bool
    """All its addresses are the same whatever they are resolved against."""
    tags: int
    cut_down: bool = False
    """Something of it was dropped for its size."""


def lighten(entry: str, lifted: Lifted) -> Light:
    """The entry without ballast; as it is where it isn't plain enough for that."""
    opening, end = TAG.match(entry), entry.rfind("</")
    if opening is None or end < opening.end():
        return _as_it_is(entry)
    large = is_flooded(opening[3])
    kept = [f"<{opening[2]}>" if large else opening[0]]
    absolute, tags, position = not _SCOPE.search(opening[3]), 2, opening.end()
    while (position := _SPACE.match(entry, position).end()) < end:  # type: ignore[union-attr]
        leaf = _LEAF.match(entry, position)
        if leaf is None:
            after, count = _subtree(entry, position, end)
            if after < 0:
                return _as_it_is(entry)
            if tags + count > MOST_TAGS:
                large = True
            else:
                tags += count
                kept.append(bounded(entry[position:after]))
                absolute = absolute and not _ADDRESSED.search(entry, position, after)
            position = after
            continue
        position = leaf.end()
        if is_flooded(leaf[2]) or tags > MOST_TAGS:
            large = True
        elif piece := _without_ballast(leaf, lifted):
            tags += 1 + _weight(leaf[2])
            kept.append(piece)
            absolute = absolute and _stays(leaf[1].lower(), leaf[2], leaf[3] or "")
    return Light(text="".join([*kept, entry[end:]]), absolute=absolute, tags=tags, cut_down=large)


def _weight(attributes: str) -> int:
    """For how many tags a tag counts: attributes take time too."""
    return 1 + len(attributes) // 100


def _as_it_is(entry: str) -> Light:
    tags = entry.count("<")
    if tags > MOST_TAGS:
        return Light(text="", absolute=True, tags=0, cut_down=True)
    return Light(text=bounded(shortened_people(entry)), absolute=False, tags=tags)


def _without_ballast(leaf: re.Match[str], lifted: Lifted) -> str:
    """What is kept of an element without children."""
    name, attributes, inner = leaf[1].lower(), leaf[2], leaf[3] or ""
    if len(inner) < _WORTH_LIFTING:
        return "" if name in _UNUSED and not _SCOPE.search(attributes) else leaf[0]
    if _SCOPE.search(attributes):
        return leaf[0]
    if name in _UNUSED:
        return ""
    how = _LIFTED.get(name)
    if how is not None and _holds_html(attributes, how) and (text := _text(inner)) and not text.isspace():
        return f"<{leaf[1]}{attributes}>{lifted.lift(_as_parsed(text))}</{leaf[1]}>"
    longest = _LONGEST_NAME if name.rpartition(":")[2] in _PEOPLE else _LONGEST_TEXT
    if len(inner) > longest:
        shorter = html.escape((_text(inner) or "")[:longest], quote=False)
        return f"<{leaf[1]}{attributes}>{shorter}</{leaf[1]}>"
    return leaf[0]


def _holds_html(attributes: str, how: str) -> bool:
    return bool(_SAYS_HTML.fullmatch(attributes)) if how else not attributes or attributes.isspace()


def _stays(name: str, attributes: str, inner: str) -> bool:
    """Whether an element is the same whatever addresses are resolved against."""
    if _SCOPE.search(attributes):
        return False
    if name.rpartition(":")[2] not in _ADDRESSES or _NOT_A_LINK.search(attributes):
        return True
    href = _HREF.search(attributes)
    address = href[1] if href else (_text(inner) or "").strip()
    return _ABSOLUTE.fullmatch(address) is not None


def _text(inner: str) -> str | None:
    """The text that an XML parser makes of it; ``None`` where that isn't plain to see."""
    if "\r" in inner:
        inner = inner.replace("\r\n", "\n").replace("\r", "\n")
    if "<" in inner:
        character_data = _CDATA.fullmatch(inner)
        return character_data[1] if character_data and "]]>" not in character_data[1] else None
    if "&" not in inner:
        return None if "]]>" in inner else inner
    if "]]>" in inner or _NOT_A_REFERENCE.search(inner):
        return None
    text = inner.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", '"').replace("&apos;", "'")
    if "&#" in text:
        text = _NUMERIC.sub(_character, _AMPERSAND.sub("&amp;", text))
    return text.replace("&amp;", "&")


def _character(match: re.Match[str]) -> str:
    return chr(int(match[1], 16) if match[1] else int(match[2]))


# What feedparser reads C1 controls as: the characters that windows-1252 has there.
_CP1252 = {
    code: bytes([code]).decode("cp1252")
    for code in range(0x80, 0xA0)
    if code not in (0x81, 0x8D, 0x8F, 0x90, 0x9D)
}
_C1 = re.compile("[\x80-\x9f]")


def _as_parsed(text: str) -> str:
    """A text as feedparser hands it through: trimmed, and put right where UTF-8 was taken for Latin-1."""
    text = text.strip()
    if text.isascii():
        return text
    with suppress(UnicodeError):
        text = text.encode("iso-8859-1").decode("utf-8")
    return text.translate(_CP1252) if _C1.search(text) else text


def _subtree(entry: str, position: int, end: int) -> tuple[int, int]:
    """Where an element that holds others ends, and its number of tags; -1 where that isn't certain.

    A tag of too many attributes counts as too many tags.
    """
    depth = count = 0
    while position < end:
        if entry.startswith("<!--", position):
            position = entry.find("-->", position) + 3
            if position < 3:
                break
        elif entry.startswith("<![CDATA[", position):
            position = entry.find("]]>", position) + 3
            if position < 3:
                break
        else:
            tag = TAG.match(entry, position)
            if tag is None:
                break
            count += MOST_TAGS if is_flooded(tag[3]) else _weight(tag[3])
            position = tag.end()
            depth += -1 if tag[1] else not tag[3].endswith("/")
        if depth == 0:
            return position, count
        position = entry.find("<", position)
        if position < 0:
            break
    return -1, count
