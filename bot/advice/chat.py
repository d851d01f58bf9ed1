"""A chat completion over HTTP, in the way of OpenAI that most servers of language models speak.

The address is the operator's own setting and is trusted: it may be on a private network. What comes back
is not: it is read within a time and a size. Redirects are not followed, since they would take the key along.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from pydantic import SecretStr

from bot.advice.prompt import REVISION, messages, read_answer
from bot.core.text import digest, one_line, shorten
from bot.model import AdviceOutcome, Question, Unadvised

if TYPE_CHECKING:
    import httpx

MAX_BODY = 64 * 1024
"""Bytes of a response; an answer takes a few hundred."""

_REASON = 160
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True, kw_only=True, slots=True)
class ChatOptions:
    """Field by field what ``[judging.advisor]`` says of the service."""

    url: str
    model: str
    api_key: SecretStr = field(default_factory=lambda: SecretStr(""))
    timeout: timedelta = timedelta(seconds=15)
    """For the whole of one question, from the DNS to the last byte."""
    request: Mapping[str, Any] = field(default_factory=dict)
    """Further fields of the request."""


class ChatAdvisor:
    """``ports.Advisor``."""

    def __init__(self, options: ChatOptions, user_agent: str) -> None:
        self._options = options
        self._user_agent = user_agent
        self.name = options.model
        request = json.dumps(dict(options.request), sort_keys=True, default=str)
        self.id = digest([options.url, options.model, request, REVISION])

    def ask(self, question: Question) -> AdviceOutcome:
        """Ask once. Never longer than the timeout, but for a DNS that does not answer at all."""
        import httpx

        host = urlsplit(self._options.url).hostname or ""
        try:
            return asyncio.run(self._ask(question))
        except TimeoutError:
            seconds = self._options.timeout.total_seconds()
            return Unadvised(reason=f"{host}: no answer within {seconds:g} s", lasting=True)
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            return Unadvised(reason=f"{host}: {type(error).__name__}", lasting=True)

    async def _ask(self, question: Question) -> AdviceOutcome:
        import httpx

        options = self._options
        body = {**options.request, "model": options.model, "messages": messages(question), "stream": False}
        headers = {
            "user-agent": self._user_agent,
            # Packed, a few bytes could become more than fits into memory.
            "accept-encoding": "identity",
        }
        if key := options.api_key.get_secret_value():
            headers["authorization"] = f"Bearer {key}"
        # A proxy set in the environment is for the world outside this machine.
        outside = urlsplit(options.url).hostname not in _LOOPBACK
        async with (
            asyncio.timeout(options.timeout.total_seconds()),
            # Its own timeouts are for single reads: whoever sends a byte a second never meets them.
            httpx.AsyncClient(
                timeout=options.timeout.total_seconds(), follow_redirects=False, trust_env=outside
            ) as client,
            client.stream("POST", options.url, json=body, headers=headers) as response,
        ):
            return self._read(response, await _beginning(response))

    def _read(self, response: httpx.Response, body: bytes) -> AdviceOutcome:
        if response.status_code != 200:
            return Unadvised(
                reason=f"{response.status_code} {self._shown(body)}".strip(),
                in_short=f"HTTP {response.status_code}",
                lasting=True,
                retry_after=_seconds(response.headers.get("retry-after", "")),
            )
        if len(body) > MAX_BODY:
            return Unadvised(reason="the response is too long")
        try:
            return read_answer(body)
        except ValueError as error:
            return Unadvised(reason=str(error))

    def _shown(self, body: bytes) -> str:
        """The beginning of what the service says is wrong, without the key that some of them repeat."""
        text = one_line(body[:4096].decode("utf-8", "replace"))
        key = self._options.api_key.get_secret_value()
        return shorten(text.replace(key, "…") if key else text, _REASON)


async def _beginning(response: httpx.Response) -> bytes:
    """The body, or more of it than may be read."""
    body = b""
    async for piece in response.aiter_raw(16 * 1024):
        body += piece
        if len(body) > MAX_BODY:
            break
    return body


def _seconds(value: str) -> timedelta | None:
    """``Retry-After`` where it is a number of seconds (RFC 9110, 10.2.3)."""
    value = value.strip()
    return timedelta(seconds=int(value)) if value.isascii() and value.isdecimal() and len(value) < 7 else None
