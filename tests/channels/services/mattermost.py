"""Mattermost's incoming webhooks: developers.mattermost.com, and the server's own error ids."""

from __future__ import annotations

import re

from tests.channels.chat import Breach, Service, in_seconds, json_body, json_reply, require, text_reply
from tests.channels.servers import Reply, Request

MAX_POST = 16_383
_CALL = re.compile(r"@[\w.-]|<!|<@")


def check(request: Request) -> None:
    payload = json_body(request)
    require(payload.keys() == {"text"}, "api.webhook.incoming.error", payload.keys())
    require(payload["text"], "web.incoming_webhook.text.app_error")
    # Longer text is cut into posts by the server, anywhere.
    require(len(payload["text"]) <= MAX_POST, "too long", len(payload["text"]))
    require(not _CALL.search(payload["text"]), "a live mention", _CALL.findall(payload["text"]))


def error(status: int, identity: str, message: str) -> Reply:
    body = {"id": identity, "message": message, "detailed_error": "", "status_code": status}
    return json_reply(status, body)


def refuse(breach: Breach) -> Reply:
    return error(400, breach.word, "Unable to parse incoming data.")


SERVICE = Service(
    name="mattermost",
    path="/hooks/secret-part",
    check=check,
    accept=lambda request, number: text_reply(200, "ok"),
    refuse=refuse,
    busy=(in_seconds,),
    errors={
        "Invalid webhook": error(400, "web.incoming_webhook.invalid.app_error", "Invalid webhook."),
        "Couldn't find the channel": error(
            404, "web.incoming_webhook.channel.app_error", "Couldn't find the channel."
        ),
        "Inappropriate channel permissions": error(
            403, "web.incoming_webhook.permissions.app_error", "Inappropriate channel permissions."
        ),
        "Unable to parse": error(400, "api.webhook.incoming.error", "Unable to parse incoming data."),
    },
    disabling=frozenset(
        {"Invalid webhook", "Couldn't find the channel", "Inappropriate channel permissions"}
    ),
    broken=error(500, "app.post.save.app_error", "Unable to save the Post."),
)
