"""Telegram's Bot API: the limits of python-telegram-bot, and a list of the tags that Telegram reads."""

from __future__ import annotations

import html
import re
from typing import Any

from telegram.constants import MessageEntityType, MessageLimit

from bot.core.render import utf16
from tests.channels.chat import Breach, Service, json_body, json_reply, require
from tests.channels.servers import Reply, Request

TOKEN = "123456:secret-part"
# core.telegram.org/bots/api#html-style; those without attributes but for a link's.
TAGS = frozenset({"b", "i", "u", "s", "code", "pre", "a", "blockquote", "tg-spoiler"})
_TAG = re.compile(r"<(/?)([a-z-]+)(?: href=\"(https?://[^\"<>\s]+)\")?>")
_ENTITY = re.compile(r"&(?:lt|gt|amp|quot|#x[0-9a-f]+|#\d+);")
_MENTION = re.compile(r"(?<!\w)@\w")
_FIELDS = {"chat_id", "text", "parse_mode", "link_preview_options", "reply_parameters"}
assert MessageEntityType.TEXT_LINK


def check(request: Request) -> None:
    require(request.path == f"/bot{TOKEN}/sendMessage", "Not Found", request.path)
    payload = json_body(request, "Bad Request: can't parse JSON")
    check_payload(payload)


def check_payload(payload: dict[str, Any]) -> None:
    require(payload.keys() <= _FIELDS, "Bad Request: unknown field", payload.keys())
    require(isinstance(payload["chat_id"], int) or payload["chat_id"].startswith("@"), "chat not found")
    require(payload["link_preview_options"] == {"is_disabled": True}, "Bad Request: a preview")
    if "reply_parameters" in payload:
        require(payload["reply_parameters"]["allow_sending_without_reply"] is True, "Bad Request: reply")
        require(isinstance(payload["reply_parameters"]["message_id"], int), "Bad Request: reply")
    text, entities = payload["text"], 0
    if payload.get("parse_mode") == "HTML":
        text, entities = parse(text)
    require(utf16(text.strip()) >= 1, "Bad Request: message text is empty")
    require(utf16(text) <= MessageLimit.MAX_TEXT_LENGTH, "Bad Request: message is too long", utf16(text))
    require(entities <= MessageLimit.MESSAGE_ENTITIES, "Bad Request: too many entities", entities)
    require(not _MENTION.search(text), "Bad Request: it calls somebody", text)


def parse(page: str) -> tuple[str, int]:
    """The text as it is read and how many entities are in it; Breach as Telegram would put it."""
    unparsed = "Bad Request: can't parse entities"
    opened: list[str] = []
    entities = 0
    for tag in _TAG.finditer(page):
        closes, name, link = tag.groups()
        require(name in TAGS, unparsed, name)
        require((name == "a") == bool(link) or closes, unparsed, tag[0])
        if closes:
            require(opened and opened.pop() == name, unparsed, tag[0])
        else:
            opened.append(name)
            entities += 1
    require(not opened, unparsed, opened)
    text = _TAG.sub("", page)
    require(not {"<", ">"} & set(text), unparsed, text)
    require("&" not in _ENTITY.sub("", text), unparsed, text)
    return html.unescape(text), entities


def accept(request: Request, number: int) -> Reply:
    chat = json_body(request)["chat_id"]
    message = {"message_id": number, "date": 1, "chat": {"id": chat, "type": "supergroup"}}
    return json_reply(200, {"ok": True, "result": message})


def error(code: int, description: str, **parameters: int) -> Reply:
    more = {"parameters": parameters} if parameters else {}
    return json_reply(code, {"ok": False, "error_code": code, "description": description, **more})


def refuse(breach: Breach) -> Reply:
    return error(400, breach.word)


def busy(seconds: float) -> Reply:
    return error(429, f"Too Many Requests: retry after {int(seconds)}", retry_after=int(seconds))


SERVICE = Service(
    name="telegram",
    path="",
    check=check,
    accept=accept,
    refuse=refuse,
    busy=(busy,),
    errors={
        "chat not found": error(400, "Bad Request: chat not found"),
        "message is too long": error(400, "Bad Request: message is too long"),
        "Unauthorized": error(401, "Unauthorized"),
        "bot was kicked": error(403, "Forbidden: bot was kicked from the supergroup chat"),
        "Not Found": error(404, "Not Found"),
    },
    disabling=frozenset({"Unauthorized", "bot was kicked", "Not Found"}),
    broken=Reply(status=502, body=b"<html><title>502 Bad Gateway</title></html>"),
)
