"""``/u/TOKEN``: where the unsubscribe link of a mail leads (RFC 8058).

A GET shows a button and changes nothing, for scanners follow links. A POST unsubscribes: a mail program's,
or that of the button. Both need no login, and a repeat is answered like the first.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from html import escape
from typing import Protocol

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse
from starlette.routing import Route

from bot.errors import ChipwatchError

_ONE_CLICK = b"One-Click"
# A mail program sends some 30 bytes, as multipart form data some 200.
_MAX_BODY = 4096
_BODY_WITHIN = 10.0
_MAX_TOKEN = 100
_HEADERS = {
    "cache-control": "no-store",
    "content-security-policy": (
        "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'"
    ),
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-robots-tag": "noindex",
}
_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title}</title>
<style>
body {{ margin: 12vh auto; max-width: 30rem; padding: 0 1.5rem; font: 1.05rem/1.6 system-ui, sans-serif; }}
h1 {{ font: 700 1.7rem/1.25 Georgia, serif; }}
button {{ font: inherit; padding: .6rem 1.4rem; border: 0; background: #0b5a6e; color: #fff; }}
</style>
</head>
<body>
<h1>{title}</h1>
<p>{text}</p>
{form}</body>
</html>
"""
_FORM = """<form method="post"><input type="hidden" name="List-Unsubscribe" value="One-Click">
<button type="submit">Unsubscribe</button></form>
"""


class Unsubscribing(Protocol):
    """Who a token belongs to: the name of what they are sent, ``None`` for a token that isn't ours.

    Both raise ChipwatchError where it can't be told just now.
    """

    def known(self, token: str) -> str | None: ...

    def unsubscribe(self, token: str) -> str | None: ...


def routes(unsubscribing: Unsubscribing) -> Sequence[Route]:
    async def ask(request: Request) -> HTMLResponse:
        try:
            name = await run_in_threadpool(unsubscribing.known, _token(request))
        except ChipwatchError:
            return _busy()
        if name is None:
            return _unknown()
        return _page(200, "Unsubscribe?", f"You will get no more messages of “{name}”.", _FORM)

    async def act(request: Request) -> HTMLResponse:
        body = await _body(request)
        if body is None:
            return _page(413, "Too much", "This address takes nothing but an unsubscription.")
        if _ONE_CLICK not in body:
            return _page(400, "Nothing was changed", "The request did not ask to unsubscribe.")
        try:
            name = await run_in_threadpool(unsubscribing.unsubscribe, _token(request))
        except ChipwatchError:
            return _busy()
        if name is None:
            return _unknown()
        text = f"You get no more messages of “{name}”. To have them again, write to whoever sent them."
        return _page(200, "You are unsubscribed", text)

    path = "/u/{token}"
    return [Route(path, ask, methods=["GET"]), Route(path, act, methods=["POST"])]


def _token(request: Request) -> str:
    token: str = request.path_params["token"]
    return token[:_MAX_TOKEN]


async def _body(request: Request) -> bytes | None:
    """What was sent; ``None`` for too much of it, or too slowly."""
    body = b""
    try:
        async with asyncio.timeout(_BODY_WITHIN):
            async for chunk in request.stream():
                body += chunk
                if len(body) > _MAX_BODY:
                    return None
    except (TimeoutError, ClientDisconnect):
        return None
    return body


def _unknown() -> HTMLResponse:
    text = "It may be incomplete, or you are no longer among the recipients. Nothing was changed."
    return _page(404, "This link is not known", text)


def _busy() -> HTMLResponse:
    response = _page(503, "Please try again", "It could not be done just now. Nothing was changed.")
    response.headers["retry-after"] = "60"
    return response


def _page(status: int, title: str, text: str, form: str = "") -> HTMLResponse:
    content = _PAGE.format(title=escape(title), text=escape(text), form=form)
    return HTMLResponse(content, status, headers=_HEADERS)
