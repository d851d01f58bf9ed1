"""Slack's incoming webhooks: docs.slack.dev, and two packages with Slack's own models and limits."""

from __future__ import annotations

import json
from typing import Any

from slack_sdk.models.blocks import Block
from slackblocks import Block as LimitedBlock

from bot.core.render import utf16
from tests.channels.chat import Service, in_seconds, json_body, require, text_reply
from tests.channels.reading import walk
from tests.channels.servers import Request

MAX_BLOCKS = 50
MAX_TEXT = 4000
# Text that Slack parses for markup and mentions, and elements that call people.
PARSED = frozenset({"mrkdwn", "markdown", "user", "channel", "usergroup", "broadcast", "emoji"})
# What slackblocks can't read from a dictionary.
_UNREAD = frozenset({"rich_text", "actions"})


def check(request: Request) -> None:
    payload = json_body(request)
    require(payload.keys() <= {"text", "blocks", "unfurl_links", "unfurl_media"}, "invalid_payload", payload)
    require(payload.get("text"), "no_text")
    require(utf16(payload["text"]) < MAX_TEXT, "msg_too_long")
    require(not {"<", ">"} & set(payload["text"]), "invalid_payload", "the notification is parsed")
    check_blocks(payload["blocks"])


def check_blocks(blocks: list[dict[str, Any]]) -> None:
    require(1 <= len(blocks) <= MAX_BLOCKS, "invalid_blocks", len(blocks))
    for block in blocks:
        parsed = Block.parse(block)
        require(parsed is not None and parsed.to_dict() == block, "invalid_blocks", block)
        if block["type"] not in _UNREAD:
            LimitedBlock.from_dict(block)
    for node in walk(blocks):
        require(node.get("type") not in PARSED, "invalid_blocks", node)
        text = node.get("text")
        if isinstance(text, str):
            require(1 <= utf16(text) <= 3000, "invalid_blocks", node)
        if node.get("type") == "header":
            require(utf16(node["text"]["text"]) <= 150, "invalid_blocks", node)
        if "url" in node:
            require(len(node["url"]) <= 3000, "invalid_blocks", node)
        require(node.get("elements", True), "invalid_blocks", node)
    # Not documented: slackapi/bolt-js issue 2509.
    size = utf16(json.dumps(blocks, ensure_ascii=False, separators=(",", ":")))
    require(size <= 13_200, "msg_blocks_too_long", size)


SERVICE = Service(
    name="slack",
    path="/services/T0/B0/secret-part",
    check=check,
    accept=lambda request, number: text_reply(200, "ok"),
    refuse=lambda breach: text_reply(400, breach.word),
    busy=(in_seconds,),
    errors={
        **{
            word: text_reply(400, word)
            for word in (
                "invalid_payload",
                "invalid_blocks",
                "invalid_attachments",
                "no_text",
                "user_not_found",
                "too_many_attachments",
            )
        },
        "action_prohibited": text_reply(403, "action_prohibited"),
        "invalid_token": text_reply(403, "invalid_token"),
        "channel_not_found": text_reply(404, "channel_not_found"),
        "no_service": text_reply(404, "no_service"),
        "channel_is_archived": text_reply(410, "channel_is_archived"),
    },
    disabling=frozenset(
        {"action_prohibited", "invalid_token", "channel_not_found", "no_service", "channel_is_archived"}
    ),
    broken=text_reply(500, "rollup_error"),
)
