"""The world of the demo on loopback: sites with feeds, a mailbox, a chat and a webhook receiver."""

from __future__ import annotations

import asyncio
import hashlib
import threading
import time
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session

HOST = "127.0.0.1"


@dataclass(frozen=True, kw_only=True)
class Site:
    """One address of the feed server."""

    path: str
    file: str = ""
    """Name of its document among the samples."""
    title: str
    tags: tuple[str, ...]
    content_type: str
    body: bytes
    status: int = 200
    delay: float = 0.0
    """Seconds before it answers."""


@dataclass(frozen=True, kw_only=True)
class Received:
    """A request that the chat or the webhook receiver got."""

    path: str
    headers: Mapping[str, str]
    body: bytes


def read_sites(folder: Path) -> tuple[Site, ...]:
    """The sites that ``sites.toml`` lists, with their documents."""
    listed = tomllib.loads((folder / "sites.toml").read_text(encoding="utf-8"))["site"]
    return tuple(
        Site(
            path=site["path"],
            file=site["file"],
            title=site["title"],
            tags=tuple(site["tags"]),
            content_type=site["content_type"],
            body=(folder / "feeds" / site["file"]).read_bytes(),
            status=site.get("status", 200),
            delay=site.get("delay", 0.0),
        )
        for site in listed
    )


def read_later(folder: Path, sites: Sequence[Site]) -> tuple[Site, ...]:
    """Those of the sites that have news some hours later, with the document that they serve then."""
    bodies = {path.name: path.read_bytes() for path in (folder / "later").iterdir()}
    return tuple(replace(site, body=bodies[site.file]) for site in sites if site.file in bodies)


class _Quiet(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: the demo's own table tells what happened."""

    def answer(self, status: int, content_type: str, body: bytes, **headers: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


@contextmanager
def feed_server(sites: tuple[Site, ...] | Mapping[str, Site]) -> Iterator[str]:
    """Serve the sites with ETags; yields the base address. A mapping by path may change meanwhile."""
    by_path = sites if isinstance(sites, Mapping) else {site.path: site for site in sites}

    class Handler(_Quiet):
        def do_GET(self) -> None:
            site = by_path.get(self.path)
            if site is None:
                self.answer(HTTPStatus.NOT_FOUND, "text/plain", b"not found")
                return
            time.sleep(site.delay)
            tag = f'"{hashlib.blake2b(site.body, digest_size=8).hexdigest()}"'
            if site.status == HTTPStatus.OK and self.headers.get("If-None-Match") == tag:
                self.send_response(HTTPStatus.NOT_MODIFIED)
                self.send_header("ETag", tag)
                self.end_headers()
                return
            self.answer(site.status, site.content_type, site.body, ETag=tag)

    with _serving(Handler) as base:
        yield base


@contextmanager
def receiver() -> Iterator[tuple[str, list[Received]]]:
    """Take webhooks as Slack and any other receiver would; yields the base address and what came."""
    received: list[Received] = []

    class Handler(_Quiet):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            received.append(Received(path=self.path, headers=dict(self.headers.items()), body=body))
            self.answer(HTTPStatus.OK, "text/plain", b"ok")

    with _serving(Handler) as base:
        yield base, received


@contextmanager
def _serving(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    server = ThreadingHTTPServer((HOST, 0), handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"http://{HOST}:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)


@dataclass
class Mailbox:
    """Every message that was handed in over SMTP, as bytes."""

    messages: list[bytes] = field(default_factory=list)

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        self.messages.append(bytes(envelope.original_content or b""))
        return "250 kept"


@contextmanager
def smtp_server() -> Iterator[tuple[int, Mailbox]]:
    """A real SMTP server on a free port; yields the port and its mailbox."""
    mailbox = Mailbox()
    loop = asyncio.new_event_loop()
    listening = loop.run_until_complete(loop.create_server(lambda: SMTP(mailbox, loop=loop), HOST, 0))
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield listening.sockets[0].getsockname()[1], mailbox
    finally:
        loop.call_soon_threadsafe(listening.close)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(5)
        loop.close()
