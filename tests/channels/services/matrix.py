"""A Matrix homeserver, as its specification has it. The real one stands in tests/realserver."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import unquote

from selectolax.lexbor import LexborHTMLParser

from tests.channels.chat import Breach, Service, json_body, json_reply, require
from tests.channels.servers import Reply, Request

TOKEN = "syt_secret-part"
ROOM = "!deals:hs.example"
MAX_EVENT = 65_536
# What a homeserver adds to the content: ids, hashes and signatures.
_AROUND = 4_000
_SPECIFIED = """
del h1 h2 h3 h4 h5 h6 blockquote p a ul ol sup sub li b i u strong em s code hr br div table thead tbody tr
th td caption pre span img details summary
"""
TAGS = frozenset(_SPECIFIED.split())
MAX_DEPTH = 100
_PATH = re.compile(r"/_matrix/client/v3/rooms/([^/]+)/send/m\.room\.message/([^/]+)")
_OPENING = re.compile(r"<(/?)([a-z0-9]+)((?: [a-z]+=\"[^\"<>]*\")*)>")


def check(request: Request) -> None:
    found = _PATH.fullmatch(request.path)
    require(found is not None and request.method == "PUT", "M_UNRECOGNIZED", request.path)
    assert found is not None
    require(unquote(found[1]) == ROOM, "M_FORBIDDEN", found[1])
    require(request.headers.get("authorization") == f"Bearer {TOKEN}", "M_UNKNOWN_TOKEN")
    check_content(json_body(request, "M_NOT_JSON"), len(request.body))


def check_content(content: dict[str, Any], size: int) -> None:
    require(size + _AROUND <= MAX_EVENT, "M_TOO_LARGE", size)
    fields = {"msgtype", "body", "format", "formatted_body", "m.mentions", "m.relates_to"}
    require(content.keys() <= fields, "M_BAD_JSON", content.keys())
    require(content["msgtype"] == "m.notice" and content["m.mentions"] == {}, "M_BAD_JSON", content)
    require(content["format"] == "org.matrix.custom.html", "M_BAD_JSON", content["format"])
    for text in (content["body"], content["formatted_body"]):
        require(text and "@room" not in text.lower(), "M_BAD_JSON", text)
    check_html(content["formatted_body"])


def check_html(page: str) -> None:
    opened: list[str] = []
    for closes, name, attributes in _OPENING.findall(page):
        require(name in TAGS, "M_BAD_JSON", name)
        allowed = r' href="(?:https?://|mailto:)[^"\s]+"' if name == "a" and not closes else ""
        require(re.fullmatch(allowed, attributes), "M_BAD_JSON", (name, attributes))
        if closes:
            require(opened and opened.pop() == name, "M_BAD_JSON", name)
        elif name not in ("br", "hr", "img"):
            opened.append(name)
            require(len(opened) <= MAX_DEPTH, "M_BAD_JSON", "too deep")
    require(not opened, "M_BAD_JSON", opened)
    require(not {"<", ">"} & set(_OPENING.sub("", page)), "M_BAD_JSON", page)
    require(LexborHTMLParser(page).body, "M_BAD_JSON", page)


def accept(request: Request, number: int) -> Reply:
    return json_reply(200, {"event_id": f"$event{number}"})


def error(status: int, code: str, words: str, **more: Any) -> Reply:
    return json_reply(status, {"errcode": code, "error": words, **more})


def refuse(breach: Breach) -> Reply:
    return error(400, breach.word, str(breach))


def in_milliseconds(seconds: float) -> Reply:
    wait = int(seconds * 1000)
    return error(429, "M_LIMIT_EXCEEDED", "Too Many Requests", retry_after_ms=wait)


def both_ways(seconds: float) -> Reply:
    reply = in_milliseconds(seconds)
    headers = (*reply.headers, ("Retry-After", str(int(seconds))))
    return Reply(status=429, body=reply.body, headers=headers)


SERVICE = Service(
    name="matrix",
    path="",
    check=check,
    accept=accept,
    refuse=refuse,
    busy=(in_milliseconds, both_ways),
    errors={
        "M_BAD_JSON": error(400, "M_BAD_JSON", "content is not a JSON object"),
        "M_UNKNOWN_TOKEN": error(401, "M_UNKNOWN_TOKEN", "Invalid access token passed.", soft_logout=False),
        "M_FORBIDDEN": error(403, "M_FORBIDDEN", "User @bot:hs.example not in room"),
        "M_TOO_LARGE": error(413, "M_TOO_LARGE", "event too large"),
    },
    disabling=frozenset({"M_UNKNOWN_TOKEN", "M_FORBIDDEN"}),
    broken=error(500, "M_UNKNOWN", "Internal server error"),
)
