"""One fake server for every chat service: it checks what it is sent and answers as the service does.

What a service takes and says stands in ``tests/channels/services/NAME.py``, one ``SERVICE`` a file; a test
asks for ``chat_server(SERVICE)`` and may script the next answers with ``server.play(…)``:

    with chat_server(slack.SERVICE) as server:
        server.play(slack.SERVICE.busy[0](30), slack.SERVICE.broken)

Scripted answers come first, one a request; then the service itself judges each request again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.channels.servers import HttpServer, Reply, Request, serving


class Breach(AssertionError):
    """A request that the service would not take. ``word`` is what the service says to it."""

    def __init__(self, word: str, detail: object = "") -> None:
        self.word = word
        super().__init__(f"{word}: {detail}")


Busy = Callable[[float], Reply]
"""A 429 that asks for so many seconds."""


@dataclass(frozen=True, kw_only=True)
class Service:
    """How one service takes, refuses and answers."""

    name: str
    path: str
    """Of the address that a channel is given; ``secret-part`` in it must show nowhere."""
    check: Callable[[Request], None]
    """Raises Breach for a request that the service would not take."""
    accept: Callable[[Request, int], Reply]
    """The answer to a sound request, and which one it is (from 1)."""
    refuse: Callable[[Breach], Reply]
    """The answer to any other."""
    busy: Sequence[Busy]
    """Every way in which it says when to come again."""
    errors: Mapping[str, Reply]
    """Its own answers to what is wrong, by what is wrong; each is final."""
    disabling: frozenset[str] = frozenset()
    """Those of ``errors`` after which nothing can be sent until a person acts."""
    rendered: Callable[[Request], bytes] = lambda request: request.body
    """What the channel had rendered, where more is added on the way out."""
    broken: Reply = field(default_factory=lambda: Reply(status=500, body=b"internal error"))


@dataclass
class ChatServer(HttpServer):
    """A service on loopback: keeps every request and every breach."""

    service: Service = field(kw_only=True)
    breaches: list[Breach] = field(default_factory=list)

    def play(self, *replies: Reply) -> None:
        """Answer the next requests like this, whatever is in them."""
        self.replies.extend(replies)

    def next(self) -> Reply | None:
        return self.replies.pop(0) if self.replies else None

    def answer(self, request: Request) -> Reply:
        try:
            self.service.check(request)
        except Breach as breach:
            self.breaches.append(breach)
            return self.service.refuse(breach)
        return self.service.accept(request, len(self.requests))


@contextmanager
def chat_server(service: Service) -> Iterator[ChatServer]:
    """A running server; at its end no request may have been one that the service would not take."""
    with serving(ChatServer(service=service, path=service.path)) as server:
        yield server
    assert server.breaches == []


def text_reply(status: int, text: str) -> Reply:
    return Reply(status=status, body=text.encode(), headers=(("Content-Type", "text/plain"),))


def json_reply(status: int, value: Any, **headers: str) -> Reply:
    import json

    told = tuple((name.replace("_", "-"), text) for name, text in headers.items())
    return Reply(
        status=status, body=json.dumps(value).encode(), headers=(("Content-Type", "application/json"), *told)
    )


def in_seconds(seconds: float) -> Reply:
    """A 429 whose header asks for whole seconds."""
    return Reply(status=429, body=b"slow down", headers=(("Retry-After", str(int(seconds))),))


def require(condition: object, word: str, detail: object = "") -> None:
    """Raise Breach unless ``condition`` holds."""
    if not condition:
        raise Breach(word, detail)


def json_body(request: Request, word: str = "invalid_payload") -> Any:
    """The body as JSON in UTF-8, as its header must say."""
    import json

    kind = request.headers.get("content-type", "")
    require(kind.partition(";")[0].strip() == "application/json", word, kind)
    try:
        return json.loads(request.body.decode("utf-8"))
    except ValueError as error:
        raise Breach(word, error) from error
