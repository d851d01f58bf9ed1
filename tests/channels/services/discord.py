"""Discord's webhooks: docs.discord.com, "Execute Webhook", "Message Resource" and "Rate Limits"."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

from jsonschema import Draft202012Validator

from bot.core.render import utf16
from tests.channels.chat import Breach, Service, json_body, json_reply, require
from tests.channels.servers import Reply, Request

MAX_EMBEDS_TEXT = 6000


def _text(longest: int) -> Mapping[str, Any]:
    return {"type": "string", "minLength": 1, "maxLength": longest}


def _object(required: tuple[str, ...] = (), **properties: Any) -> Mapping[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(required),
        "additionalProperties": False,
    }


_LINK = {"type": "string", "pattern": "^https?://[!-~]+$", "maxLength": 2048}
_EMBED = _object(
    title=_text(256),
    description=_text(4096),
    url=_LINK,
    color={"type": "integer", "minimum": 0, "maximum": 0xFFFFFF},
    author=_object(("name",), name=_text(256), url=_LINK),
    footer=_object(("text",), text=_text(2048)),
    fields={
        "type": "array",
        "maxItems": 25,
        "items": _object(("name", "value"), name=_text(256), value=_text(1024), inline={"type": "boolean"}),
    },
)
# Mentions are off only where this stands; the default calls people.
_SCHEMA = _object(
    ("allowed_mentions",),
    content={"type": "string", "maxLength": 2000},
    embeds={"type": "array", "maxItems": 10, "items": _EMBED},
    allowed_mentions={"const": {"parse": []}},
    flags={"enum": [4, 4096]},
    username=_text(80),
)
_VALIDATOR = Draft202012Validator(_SCHEMA)


def check(request: Request) -> None:
    require(parse_qs(urlsplit(request.path).query).get("wait") == ["true"], "wait=true is missing")
    agent = request.headers.get("user-agent", "")
    require(agent and not re.match(r"python|curl", agent), "user agent", agent)
    payload = json_body(request, "50109 The request body contains invalid JSON.")
    problems = [
        f"{'.'.join(map(str, each.path))}: {each.message}" for each in _VALIDATOR.iter_errors(payload)
    ]
    require(not problems, "50035 Invalid Form Body", problems)
    embeds = payload.get("embeds", [])
    require(payload.get("content") or embeds, "50006 Cannot send an empty message")
    total = sum(utf16(text) for embed in embeds for text in _counted(embed))
    require(total <= MAX_EMBEDS_TEXT, "50035 Embed size exceeds maximum size of 6000", total)
    for text in [payload.get("content", ""), *(text for embed in embeds for text in _counted(embed))]:
        # The schema counts characters, Discord code units.
        require(utf16(text) <= 4096, "50035 Invalid Form Body", text)
    linked = [embed["url"] for embed in embeds if "url" in embed]
    require(len(linked) == len(set(linked)), "embeds with one url are shown as one", linked)


def _counted(embed: Mapping[str, Any]) -> list[str]:
    fields = [field[part] for field in embed.get("fields", ()) for part in ("name", "value")]
    named = [embed.get("author", {}).get("name", ""), embed.get("footer", {}).get("text", "")]
    return [embed.get("title", ""), embed.get("description", ""), *named, *fields]


def refuse(breach: Breach) -> Reply:
    fault = {"_errors": [{"code": "BASE_TYPE_BAD_LENGTH", "message": str(breach)[:200]}]}
    body = {"message": "Invalid Form Body", "code": 50035, "errors": {"embeds": {"0": {"title": fault}}}}
    return json_reply(400, body)


def busy(seconds: float) -> Reply:
    """Whole seconds in the header, a broken number in the body."""
    body = {"message": "You are being rate limited.", "retry_after": seconds, "global": False}
    return json_reply(
        429, body, Retry_After=str(int(seconds)), X_RateLimit_Scope="shared", X_RateLimit_Remaining="0"
    )


def by_bucket(seconds: float) -> Reply:
    """Only the bucket's own header tells it."""
    body = {"message": "You are being rate limited.", "global": False}
    return json_reply(429, body, X_RateLimit_Reset_After=str(seconds), X_RateLimit_Bucket="abcd1234")


SERVICE = Service(
    name="discord",
    path="/api/webhooks/4711/secret-part",
    check=check,
    accept=lambda request, number: json_reply(200, {"id": f"10{number}", "type": 0, "channel_id": "42"}),
    refuse=refuse,
    busy=(busy, by_bucket),
    errors={
        "50027 Invalid Webhook Token": json_reply(401, {"message": "Invalid Webhook Token", "code": 50027}),
        "10015 Unknown Webhook": json_reply(404, {"message": "Unknown Webhook", "code": 10015}),
        "50035 Invalid Form Body; embeds.0.title": refuse(Breach("too long")),
        "error code: 1010": Reply(status=403, body=b"error code: 1010"),
    },
    disabling=frozenset({"50027 Invalid Webhook Token", "10015 Unknown Webhook"}),
    broken=json_reply(500, {"message": "500: Internal Server Error", "code": 0}),
)
