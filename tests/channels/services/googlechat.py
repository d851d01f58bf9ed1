"""Google Chat's incoming webhooks: Google's own description of its API, made into a strict JSON Schema."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import googleapiclient
from jsonschema import Draft202012Validator

from tests.channels.chat import Breach, Service, in_seconds, json_body, json_reply, require
from tests.channels.reading import walk
from tests.channels.servers import Reply, Request

MAX_BODY = 32_000
MAX_WIDGETS = 100
# developers.google.com/workspace/chat/format-messages#card-formatting
TAGS = frozenset({"b", "i", "u", "strike", "font", "a", "br", "time"})
_TAG = re.compile(r"</?([a-z]+)(?: [a-z]+=\"[^\"<>]*\")?>")


@cache
def _validator() -> Draft202012Validator:
    """Unknown fields are refused, and those that only Google writes; types and enumerations are held."""
    folder = Path(googleapiclient.__file__).parent / "discovery_cache" / "documents"
    described = json.loads((folder / "chat.v1.json").read_text(encoding="utf-8"))["schemas"]
    definitions = {name: _strict(schema) for name, schema in described.items()}
    return Draft202012Validator({"$ref": "#/$defs/Message", "$defs": definitions})


def _strict(schema: dict[str, Any]) -> dict[str, Any]:
    if "$ref" in schema:
        return {"$ref": f"#/$defs/{schema['$ref']}"}
    strict: dict[str, Any] = {"type": schema["type"]} if schema.get("type") not in (None, "any") else {}
    if "enum" in schema:
        strict["enum"] = schema["enum"]
    if "items" in schema:
        strict["items"] = _strict(schema["items"])
    if schema.get("type") == "object":
        fields = schema.get("properties", {})
        strict["properties"] = {
            name: _strict(field) for name, field in fields.items() if not field.get("readOnly")
        }
        more = schema.get("additionalProperties")
        strict["additionalProperties"] = _strict(more) if more else False
    return strict


def check(request: Request) -> None:
    query = parse_qs(urlsplit(request.path).query)
    require(re.fullmatch(r"[0-9a-f]{32}", query.get("requestId", [""])[0]), "INVALID_ARGUMENT", query)
    option = query.get("messageReplyOption")
    require(option == ["REPLY_MESSAGE_FALLBACK_TO_NEW_THREAD"], "INVALID_ARGUMENT", option)
    check_message(json_body(request, "INVALID_ARGUMENT"), len(request.body))


def check_message(message: dict[str, Any], size: int) -> None:
    problems = [error.message for error in _validator().iter_errors(message)]
    require(not problems, "INVALID_ARGUMENT", problems)
    require(size <= MAX_BODY, "INVALID_ARGUMENT", size)
    for plain in (message["fallbackText"], *(_header(card) for card in message["cardsV2"])):
        require(not {"<", ">"} & set(plain), "INVALID_ARGUMENT", plain)
    for card in message["cardsV2"]:
        sections = card["card"]["sections"]
        require(sections and all(section["widgets"] for section in sections), "INVALID_ARGUMENT", card)
        widgets = [widget for section in sections for widget in section["widgets"]]
        require(len(widgets) <= MAX_WIDGETS, "INVALID_ARGUMENT", len(widgets))
        require(all(len(widget) == 1 for widget in widgets), "INVALID_ARGUMENT", widgets)
    for text in texts(message):
        require(text, "INVALID_ARGUMENT", "empty text")
        require(set(_TAG.findall(text)) <= TAGS, "INVALID_ARGUMENT", text)
        require(not {"<", ">"} & set(_TAG.sub("", text)), "INVALID_ARGUMENT", text)


def _header(card: dict[str, Any]) -> str:
    header = card["card"].get("header", {})
    return f"{header.get('title', '')} {header.get('subtitle', '')}"


def texts(message: dict[str, Any]) -> list[str]:
    """Everything that is read as HTML."""
    nodes = list(walk(message["cardsV2"]))
    headers = [node["header"] for node in nodes if isinstance(node.get("header"), str)]
    return [*headers, *(node[name] for node in nodes for name in ("text", "topLabel") if name in node)]


def accept(request: Request, number: int) -> Reply:
    message = {"name": f"spaces/AAA/messages/{number}", "thread": {"name": "spaces/AAA/threads/t"}}
    return json_reply(200, json.loads(request.body) | message)


def error(code: int, status: str, message: str) -> Reply:
    return json_reply(code, {"error": {"code": code, "message": message, "status": status}})


def refuse(breach: Breach) -> Reply:
    return error(400, breach.word, str(breach))


SERVICE = Service(
    name="googlechat",
    path="/v1/spaces/AAA/messages?key=secret-part&token=secret-part",
    check=check,
    accept=accept,
    refuse=refuse,
    busy=(in_seconds,),
    errors={
        "INVALID_ARGUMENT": error(400, "INVALID_ARGUMENT", "Invalid JSON payload received."),
        "UNAUTHENTICATED": error(401, "UNAUTHENTICATED", "Request had invalid authentication credentials."),
        "PERMISSION_DENIED": error(403, "PERMISSION_DENIED", "The caller does not have permission"),
        "NOT_FOUND": error(404, "NOT_FOUND", "Requested entity was not found."),
    },
    disabling=frozenset({"UNAUTHENTICATED", "PERMISSION_DENIED", "NOT_FOUND"}),
    broken=error(503, "UNAVAILABLE", "The service is currently unavailable."),
)
