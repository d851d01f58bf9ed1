"""An ntfy server: docs.ntfy.sh, and the codes of its source (server/errors.go)."""

from __future__ import annotations

import json
from typing import Any

from tests.channels.chat import Breach, Service, in_seconds, json_body, json_reply, require
from tests.channels.servers import Reply, Request

TOPIC = "secret-part"
TOKEN = "tk_secret-part"
MAX_MESSAGE = 4096
_FIELDS = {"topic", "title", "message", "priority", "tags", "click", "actions"}


def check(request: Request) -> None:
    require(request.path == "/" and request.headers.get("authorization") == f"Bearer {TOKEN}", "forbidden")
    require(len(request.body) <= 2 * MAX_MESSAGE, "JSON body too large", len(request.body))
    payload = json_body(request, "invalid request")
    require(payload.pop("topic", "") == TOPIC, "topic invalid")
    check_payload(payload)


def check_payload(payload: dict[str, Any]) -> None:
    require(payload.keys() <= _FIELDS, "invalid request", payload.keys())
    size = len(payload["message"].encode())
    require(1 <= size <= MAX_MESSAGE, "attachment too large", size)
    require(1 <= len(payload["title"].encode()) <= 256, "title", payload["title"])
    require(payload["priority"] in range(1, 6), "priority invalid")
    actions = payload.get("actions", [])
    require(len(actions) <= 3, "actions invalid", actions)
    for action in actions:
        require(action.keys() == {"action", "label", "url"}, "actions invalid", action)
        require(action["action"] == "view" and action["label"], "actions invalid", action)
    for url in (payload.get("click", "https://"), *(action["url"] for action in actions)):
        require(url.startswith(("http://", "https://")), "invalid address", url)


def accept(request: Request, number: int) -> Reply:
    return json_reply(200, {"id": f"id{number}", "event": "message", "topic": TOPIC})


def error(http: int, code: int, words: str) -> Reply:
    link = "https://ntfy.sh/docs/publish/#limitations"
    return json_reply(http, {"code": code, "http": http, "error": words, "link": link})


def refuse(breach: Breach) -> Reply:
    return error(400, 40024, breach.word)


def busy(seconds: float) -> Reply:
    return in_seconds(seconds)


def without_topic(request: Request) -> bytes:
    payload = json.loads(request.body)
    del payload["topic"]
    return json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode()


SERVICE = Service(
    name="ntfy",
    path="",
    check=check,
    accept=accept,
    refuse=refuse,
    busy=(busy,),
    errors={
        "invalid request": error(400, 40024, "invalid request: request body must be valid JSON"),
        "unauthorized": error(401, 40101, "unauthorized"),
        "forbidden": error(403, 40301, "forbidden"),
        "too large": error(413, 41303, "JSON body too large"),
    },
    disabling=frozenset({"unauthorized", "forbidden"}),
    rendered=without_topic,
    broken=error(500, 50001, "internal server error"),
)
