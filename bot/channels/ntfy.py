"""ntfy: a notification on phones and desktops, published as JSON.

Whoever knows a topic's name may read it, so it is kept as a secret and joins the message only on its way out.
ntfy drops no repeats: a request without an answer is held.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from typing import Any, TypeAlias

from pydantic import Field, SecretStr, field_validator

from bot.channels import checking, http, posting
from bot.channels.context import ChannelOptions, Context, policy
from bot.channels.plain import cut_bytes, headline, inert, plain
from bot.core.render import Cut
from bot.core.views import DigestView, view
from bot.model import Digest, Finding, Message, Rendered, RetryPolicy, SendResult, Sent

# docs.ntfy.sh, "Limitations": 4,096 bytes, longer ones become files. The JSON around may be twice as long.
MAX_MESSAGE = 3_900
MAX_BODY = 7_700
MAX_TITLE = 200
MAX_FOOT = 900
# With this, one story always fits, whatever is in it.
MAX_LINE = 400
MAX_ACTIONS = 3
MAX_PARTS = 4
# 60 at once, then one in five seconds.
RETRY = replace(posting.RETRY, pace=timedelta(seconds=5))
_DISABLING = frozenset({401, 403})
# The day's messages are used up: ntfy does not say until when.
_QUOTA, _QUOTA_WAIT = 42908, timedelta(hours=1)
_TOPIC = re.compile(r"[A-Za-z0-9_-]{1,64}")
_NORMAL, _HIGH = 3, 4

Json: TypeAlias = dict[str, Any]


class NtfyOptions(ChannelOptions):
    """Publish to one ntfy topic."""

    topic: SecretStr
    """Name of the topic; without a token, whoever knows it can read along."""
    server: str = "https://ntfy.sh"
    """Address of the server."""
    token: SecretStr = SecretStr("")
    """Access token, ``tk_…``, where the server asks for one."""
    alert_priority: int = Field(default=_HIGH, ge=1, le=5)
    """Priority of alerts, from 1 to 5; digests have 3."""

    @field_validator("topic")
    @classmethod
    def _check_topic(cls, value: SecretStr) -> SecretStr:
        if not _TOPIC.fullmatch(value.get_secret_value()):
            raise ValueError("write up to 64 letters, digits, hyphens and underscores")
        return value

    @field_validator("server")
    @classmethod
    def _check_server(cls, value: str) -> str:
        http.web_address(SecretStr(value))
        return value.rstrip("/")

    @field_validator("token")
    @classmethod
    def _check_token(cls, value: SecretStr) -> SecretStr:
        return http.access_token(value) if value.get_secret_value() else value


def make_ntfy(name: str, options: NtfyOptions, context: Context) -> NtfyChannel:
    return NtfyChannel(name=name, options=options, context=context)


@dataclass(frozen=True, kw_only=True, slots=True)
class NtfyChannel:
    name: str
    options: NtfyOptions
    context: Context

    @property
    def retry(self) -> RetryPolicy:
        return policy(RETRY, self.options)

    def render(self, digest: Digest, key: str) -> Sequence[Rendered]:
        priority = _NORMAL if digest.kind == "digest" else self.options.alert_priority
        return posting.in_parts(
            digest,
            key,
            channel=self.name,
            recipient=http.host_of(SecretStr(self.options.server)),
            fits=_fits,
            payload=partial(_payload, priority=priority),
            most=MAX_PARTS,
        )

    def send(self, message: Message, recipient: str, key: str) -> SendResult:  # noqa: ARG002 - no id in ntfy
        topic = {"topic": self.options.topic.get_secret_value()}
        token = self.options.token.get_secret_value()
        headers = {"authorization": f"Bearer {token}"} if token else {}
        content = posting.as_json(topic | json.loads(message.body)).encode()
        result = posting.post(SecretStr(f"{self.options.server}/"), content, self.context, headers=headers)
        if not isinstance(result, http.Answer):
            return result
        said = result.json()
        if result.ok:
            return Sent(receipt=str(said.get("id", "")))
        code = said.get("code", "")
        return result.refused(
            words=f"{code} {said.get('error', '')}".strip(),
            disabling=_DISABLING,
            retry_after=_QUOTA_WAIT if code == _QUOTA else None,
        )

    def check(self) -> Sequence[Finding]:
        """The server's own word on its health, and whether it knows the token."""
        server = SecretStr(self.options.server)
        answer = self._look("v1/health", f"[channels.{self.name}] server")
        if isinstance(answer, Finding):
            return [answer]
        if not answer.ok or answer.json().get("healthy") is not True:
            remedy = f"look at the server's log, or correct [channels.{self.name}] server"
            return [checking.unwell(answer, server, remedy, str(answer.json().get("error", "")))]
        if not self.options.token.get_secret_value():
            return [checking.well(answer, server, "the server is well", self.context)]
        account = self._look("v1/account", f"[channels.{self.name}] server")
        if isinstance(account, Finding):
            return [account]
        if account.status in _DISABLING:
            remedy = f"make a new access token and write it into [channels.{self.name}] token"
            return [checking.unwell(account, server, remedy, str(account.json().get("error", "")))]
        return [checking.well(answer, server, "the server is well and knows the token", self.context)]

    def _look(self, path: str, setting: str) -> http.Answer | Finding:
        token = self.options.token.get_secret_value()
        headers = {"authorization": f"Bearer {token}"} if token else {}
        return checking.ask(
            SecretStr(f"{self.options.server}/{path}"), self.context, setting, headers=headers
        )


def _payload(cut: Cut, priority: int) -> Json:
    told = view(cut)
    payload: Json = {
        "title": cut_bytes(inert(told.title if told.single else headline(told)), MAX_TITLE),
        "message": plain(told, MAX_FOOT, heading=False, line=MAX_LINE) or told.subject,
        "priority": priority,
        "tags": ["warning" if told.kind == "alarm" else "newspaper"],
    }
    links = _links(told) if told.single else []
    if links:
        payload["click"] = links[0][1]
        payload["actions"] = [{"action": "view", "label": words, "url": url} for words, url in links]
    return payload


def _links(told: DigestView) -> list[tuple[str, str]]:
    """The story of an alert, then its other sources: a button each."""
    story = told.sections[0].stories[0]
    sources = [(source.name, source.url) for source in story.sources if source.url != story.url]
    links = [("Read it", story.url), *sources]
    return [(cut_bytes(words, 40), url) for words, url in links if url][:MAX_ACTIONS]


def _fits(cut: Cut) -> bool:
    payload = _payload(cut, _NORMAL)
    size = len(posting.as_json(payload).encode())
    return size <= MAX_BODY and len(payload["message"].encode()) <= MAX_MESSAGE
