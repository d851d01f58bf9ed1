"""What channels of chats share: numbered parts, one JSON request, and how long news is worth a try."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import timedelta
from types import MappingProxyType

from pydantic import SecretStr

from bot.channels import http
from bot.channels.context import Context
from bot.core.captions import subject
from bot.core.render import Cut, Fits, clean, pages
from bot.core.text import digest as text_hash
from bot.model import Digest, Message, Refused, Rendered, RetryPolicy, Unanswered

# Old news has no value in a chat: what could not be sent for six hours is given up. A message a second is
# what Slack asks for, and less than the others bear.
RETRY = RetryPolicy(
    waits=(timedelta(seconds=5), timedelta(minutes=5), timedelta(minutes=30), timedelta(hours=2)),
    give_up=timedelta(hours=6),
    pace=timedelta(seconds=1),
)


def in_parts(
    digest: Digest,
    key: str,
    *,
    channel: str,
    recipient: str,
    fits: Fits,
    payload: Callable[[Cut], object],
    most: int,
) -> list[Rendered]:
    """The digest as up to ``most`` messages to ``recipient``, each the JSON of a ``payload``."""
    return [
        Rendered(
            recipient=recipient,
            key=text_hash((key, channel, recipient, str(cut.part)), size=16),
            message=Message(
                subject=subject(cut.digest),
                content_type="application/json",
                body=as_json(payload(cut)).encode(),
            ),
            stories=cut.shown,
        )
        for cut in pages(clean(digest), fits, most)
    ]


def as_json(value: object) -> str:
    """Minified, in the order of its keys as they were written down."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def post(
    url: SecretStr,
    body: bytes,
    context: Context,
    *,
    method: str = "POST",
    headers: Mapping[str, str] = MappingProxyType({}),
) -> http.Answer | Refused | Unanswered:
    """One attempt to post JSON; ``headers`` are those that the service wants besides."""
    headers = {
        "content-type": "application/json; charset=utf-8",
        "user-agent": context.user_agent,
        **headers,
    }
    return http.post(url, body, headers, context.now(), method=method, timeout=context.timeout)
