"""Real servers on loopback that answer as told: HTTP with a script, SMTP with TLS, login and a script."""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import trustme
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session


@dataclass(frozen=True, kw_only=True)
class Reply:
    """One scripted answer. ``drop`` closes the connection after the request was read."""

    status: int = 200
    body: bytes = b"ok"
    headers: tuple[tuple[str, str], ...] = ()
    drop: bool = False


@dataclass(frozen=True, kw_only=True)
class Request:
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class HttpServer:
    """Answers with the replies in turn, the last one for ever; keeps what it was sent."""

    url: str = ""
    replies: list[Reply] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)


@contextmanager
def http_server(replies: Sequence[Reply] = (Reply(),)) -> Iterator[HttpServer]:
    record = HttpServer(replies=list(replies))

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            headers = {name.lower(): value for name, value in self.headers.items()}
            record.requests.append(Request(path=self.path, headers=headers, body=body))
            reply = record.replies.pop(0) if len(record.replies) > 1 else record.replies[0]
            self.close_connection = True
            if reply.drop:
                return
            self.send_response(reply.status)
            for name, value in reply.headers:
                self.send_header(name, value)
            self.send_header("content-length", str(len(reply.body)))
            self.end_headers()
            self.wfile.write(reply.body)

        def log_message(self, format: str, *args: Any) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    record.url = f"http://127.0.0.1:{server.server_address[1]}/hook/secret-part"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield record
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@dataclass
class MailServer:
    """What it was sent, and what it answers. An answer of ``drop`` closes the connection instead."""

    port: int = 0
    at_sender: str = "250 OK"
    at_recipient: str = "250 OK"
    at_data: str = "250 queued as 4711"
    messages: list[tuple[str, list[str], bytes]] = field(default_factory=list)
    logins: list[tuple[bytes, bytes]] = field(default_factory=list)
    encrypted: list[bool] = field(default_factory=list)

    async def handle_MAIL(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        envelope.mail_from = address
        return self._answer(server, self.at_sender)

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        envelope.rcpt_tos.append(address)
        return self._answer(server, self.at_recipient)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        content = envelope.content
        assert isinstance(content, bytes)
        self.messages.append((envelope.mail_from or "", list(envelope.rcpt_tos), content))
        assert server.transport is not None
        self.encrypted.append(server.transport.get_extra_info("ssl_object") is not None)
        return self._answer(server, self.at_data)

    def login(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any
    ) -> AuthResult:
        self.logins.append((data.login, data.password))
        return AuthResult(success=data.password == b"right", handled=False)

    @staticmethod
    def _answer(server: SMTP, answer: str) -> str:
        if answer == "drop" and isinstance(server.transport, asyncio.WriteTransport):
            server.transport.abort()
        return answer


class _AnyPort(Controller):
    """A controller on a port of the system's choice; the library's start-up probe needs to be told which."""

    def _trigger_server(self) -> None:
        assert isinstance(self.server, asyncio.Server)
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()  # type: ignore[no-untyped-call]


@contextmanager
def smtp_server(
    record: MailServer, *, tls: ssl.SSLContext | None = None, implicit: bool = False, login: bool = False
) -> Iterator[MailServer]:
    """Serve ``record``: STARTTLS (required where there is a context) or TLS from the first byte."""
    starttls = tls if not implicit else None
    controller = _AnyPort(
        record,
        hostname="127.0.0.1",
        port=0,
        ssl_context=tls if implicit else None,
        tls_context=starttls,
        require_starttls=starttls is not None,
        authenticator=record.login if login else None,
        auth_required=login,
        auth_require_tls=starttls is not None,
    )
    controller.start()
    try:
        record.port = controller.port
        yield record
    finally:
        controller.stop()


def server_tls(authority: trustme.CA, name: str = "localhost") -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(context)
    return context
