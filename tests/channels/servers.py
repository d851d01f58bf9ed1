"""Real servers on loopback that answer as told: HTTP with a script, SMTP with TLS, login and a script."""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, TypeVar

import trustme
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session


@dataclass(frozen=True, kw_only=True)
class Reply:
    """One scripted answer."""

    status: int = 200
    body: bytes = b"ok"
    headers: tuple[tuple[str, str], ...] = ()
    delay: float = 0.0
    """Seconds before it comes."""
    drop: bool = False
    """Hang up in its place, the request being read."""
    unread: bool = False
    """Hang up before the request's body is read."""


@dataclass(frozen=True, kw_only=True)
class Request:
    path: str
    headers: dict[str, str]
    """Names in lower case."""
    body: bytes
    method: str = "POST"


@dataclass
class HttpServer:
    """Answers with the replies in turn, the last one for ever; keeps what it was sent."""

    url: str = ""
    replies: list[Reply] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    path: str = "/hook/secret-part"
    """Where it is asked to be found."""
    closing: threading.Event = field(default_factory=threading.Event)

    def next(self) -> Reply | None:
        """The scripted reply whose turn it is; nothing where the request itself decides."""
        return self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]

    def answer(self, request: Request) -> Reply:
        """What is answered where no reply is scripted."""
        return Reply()


@contextmanager
def http_server(replies: Sequence[Reply] = (Reply(),)) -> Iterator[HttpServer]:
    """A server that answers with ``replies`` and looks at nothing."""
    with serving(HttpServer(replies=list(replies))) as record:
        yield record


Server = TypeVar("Server", bound=HttpServer)


@contextmanager
def serving(record: Server) -> Iterator[Server]:
    """Serve what ``record`` says on loopback, and write down what comes."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.close_connection = True
            scripted = record.next()
            unread = scripted is not None and scripted.unread
            body = b"" if unread else self.rfile.read(int(self.headers.get("content-length", 0)))
            headers = {name.lower(): value for name, value in self.headers.items()}
            request = Request(path=self.path, headers=headers, body=body, method=self.command)
            record.requests.append(request)
            reply = scripted or record.answer(request)
            record.closing.wait(reply.delay)
            if reply.drop or reply.unread:
                return
            self.send_response(reply.status)
            for name, value in reply.headers:
                self.send_header(name, value)
            self.send_header("content-length", str(len(reply.body)))
            self.end_headers()
            self.wfile.write(reply.body)

        do_PUT = do_GET = do_POST

        def log_message(self, format: str, *args: Any) -> None:
            """Quiet."""

    server = _Quiet(("127.0.0.1", 0), Handler)
    record.url = f"http://127.0.0.1:{server.server_address[1]}{record.path}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield record
    finally:
        record.closing.set()
        server.shutdown()
        server.server_close()
        thread.join()


class _Quiet(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that gives up waiting is part of many tests."""


@dataclass
class MailServer:
    """What it was sent, and what it answers. An answer of ``drop`` closes the connection instead."""

    port: int = 0
    size: int | None = None
    """The largest message, as announced."""
    at_login: str = ""
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
        if self.at_login:
            return AuthResult(success=False, handled=False, message=self.at_login)
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
        data_size_limit=record.size,
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
