"""The list of feeds as a file: ``feeds.toml`` edited without losing a comment, and OPML in and out."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

import tomlkit
from tomlkit.items import AoT

from bot.documents import read_toml
from bot.errors import UsageError
from bot.model import Feed


@dataclass(frozen=True, kw_only=True)
class Subscription:
    """A feed as OPML and the command line name it."""

    url: str
    title: str = ""
    tags: tuple[str, ...] = ()


def add(path: Path, subscriptions: Sequence[Subscription]) -> list[Subscription]:
    """Append what is not there yet and return it. Raises UsageError where the file can't be written."""
    document = _read(path) if path.exists() else tomlkit.document()
    feeds = document.get("feed", tomlkit.aot())
    if not isinstance(feeds, AoT):
        raise UsageError(f"{path}: feed must be a list of [[feed]] tables")
    known = {str(table.get("url")) for table in feeds}
    added = []
    for subscription in subscriptions:
        if subscription.url not in known:
            known.add(subscription.url)
            added.append(subscription)
    if added:
        before = tomlkit.dumps(document).rstrip()
        _write(path, "\n\n".join(filter(None, (before, *map(_spelled, added)))) + "\n")
    return added


def _spelled(subscription: Subscription) -> str:
    table: dict[str, object] = {"url": subscription.url}
    if subscription.title:
        table["title"] = subscription.title
    if subscription.tags:
        table["tags"] = list(subscription.tags)
    return f"[[feed]]\n{tomlkit.dumps(table).rstrip()}"


def remove(path: Path, url: str) -> bool:
    """Take a feed out. ``False`` where it is not there."""
    if not path.exists():
        return False
    document = _read(path)
    feeds = document.get("feed")
    if not isinstance(feeds, AoT):
        return False
    for index, table in enumerate(feeds):
        if table.get("url") == url:
            del feeds[index]
            _write(path, tomlkit.dumps(document))
            return True
    return False


def _read(path: Path) -> tomlkit.TOMLDocument:
    """The file with its comments. Raises ConfigErrors, which name the line, for what is no TOML."""
    read_toml(path)
    return tomlkit.parse(path.read_bytes().decode("utf-8-sig"))


def _write(path: Path, text: str) -> None:
    """Replace the file as a whole, so that a crash leaves the old or the new one."""
    beside = path.with_name(f".{path.name}.new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        beside.write_text(text, encoding="utf-8")
        os.replace(beside, path)  # noqa: PTH105 - Path.replace is the same call
    except OSError as error:
        raise UsageError(f"{path} can't be written: {error.strerror}") from error


def read_opml(path: Path) -> tuple[list[Subscription], list[str]]:
    """The feeds of an OPML file, and addresses that are not of the web.

    Tags are the folders around a feed, the outermost first, then its categories; a feed that stands in
    several folders has the tags of all. Raises UsageError.
    """
    try:
        # A file of the user's own; expat bounds what entities may expand to.
        root = ElementTree.fromstring(path.read_bytes())  # noqa: S314
    except OSError as error:
        raise UsageError(f"{path} can't be read: {error.strerror}") from error
    except ElementTree.ParseError as error:
        raise UsageError(f"{path} is no OPML: {error}") from error
    if root.tag.lower() != "opml":
        raise UsageError(f"{path} is no OPML: its root is <{root.tag}>")
    feeds: dict[str, Subscription] = {}
    unreadable = []
    for named, title, tags in _outlines(root):
        if not (url := _web(named)):
            unreadable.append(named)
            continue
        first = feeds.get(url, Subscription(url=url))
        every = tuple(dict.fromkeys((*first.tags, *tags)))
        feeds[url] = Subscription(url=url, title=first.title or title, tags=every)
    return list(feeds.values()), unreadable


def _web(url: str) -> str:
    """A web address with its scheme as we write it; ``feed:`` is what browsers once registered for feeds."""
    scheme, colon, rest = url.partition(":")
    match scheme.lower():
        case "http" | "https" as web:
            return web + colon + rest
        case "feed":
            return _web(rest) if rest.lower().startswith("http") else f"https:{rest}"
        case _:
            return ""


def _outlines(root: ElementTree.Element) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """Address, name and folders of each feed, depth first without recursion: nesting has no bound."""
    waiting: list[tuple[ElementTree.Element, tuple[str, ...]]] = [(root, ())]
    while waiting:
        element, tags = waiting.pop()
        # Some programs write names of attributes in a case of their own.
        values = {name.lower(): value.strip() for name, value in element.items()}
        url, name = values.get("xmlurl", ""), values.get("title") or values.get("text", "")
        outline = element.tag.lower() == "outline"
        if outline and url:
            yield url, name, (*tags, *_categories(values.get("category", "")))
        inner = (*tags, name) if outline and name and not url else tags
        waiting.extend((child, inner) for child in reversed(list(element)))


def _categories(listed: str) -> Iterator[str]:
    """The parts of OPML's ``category``: paths with slashes, divided by commas."""
    for part in listed.replace("/", ",").split(","):
        if name := part.strip():
            yield name


def write_opml(feeds: Sequence[Feed]) -> str:
    """An OPML 2.0 document; a feed stands in the folder of its first tag and has the others as categories."""
    root = ElementTree.Element("opml", version="2.0")
    ElementTree.SubElement(ElementTree.SubElement(root, "head"), "title").text = "chipwatch"
    body = ElementTree.SubElement(root, "body")
    folders: dict[str, ElementTree.Element] = {"": body}
    for feed in feeds:
        tag = feed.tags[0] if feed.tags else ""
        if tag not in folders:
            folders[tag] = ElementTree.SubElement(body, "outline", text=tag, title=tag)
        name = feed.title or feed.url
        outline = ElementTree.SubElement(
            folders[tag], "outline", type="rss", text=name, title=name, xmlUrl=feed.url
        )
        if feed.tags[1:]:
            outline.set("category", ",".join(feed.tags[1:]))
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="unicode", xml_declaration=True) + "\n"
