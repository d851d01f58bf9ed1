"""A real HTTP server on loopback that plays scripted answers: for tests of whatever fetches."""

from __future__ import annotations

import ssl
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Answer:
    """One answer. ``Content-Length`` is added unless ``headers`` names it or the body is endless."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    delay: float = 0.0
    """Seconds before the answer starts."""
    drip: float = 0.0
    """Seconds before each byte of the body."""
    endless: bool = False
    """The body is repeated until the client hangs up."""


@dataclass(frozen=True, kw_only=True)
class Request:
    path: str
    headers: Mapping[str, str]
    body: bytes = b""
    method: str = "GET"


class ScriptedServer:
    """Answers by path. A path with several answers plays them in order and stays at the last."""

    def __init__(self, host: str = "127.0.0.1") -> None:
        self.requests: list[Request] = []
        self._scripts: dict[str, Sequence[Answer]] = {}
        self._played: Counter[str] = Counter()
        self._under_way: Counter[str] = Counter()
        self.most_under_way: defaultdict[str, int] = defaultdict(int)
        """Host header → most requests that were under way at once."""
        self._lock = threading.Lock()
        self._ending = threading.Event()
        self._server = _Server((host, 0), _handler(self))
        self.host = host
        self.port = int(self._server.server_address[1])
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    @property
    def origin(self) -> str:
        return f"http://{self.host}:{self.port}"

    def play(self, path: str, *answers: Answer) -> str:
        """Set what a path answers; gives its address."""
        self._scripts[path] = answers
        self._played[path] = 0
        return self.origin + path

    def asked(self, path: str) -> list[Request]:
        return [request for request in self.requests if request.path == path]

    def start(self, tls: ssl.SSLContext | None = None) -> None:
        if tls is not None:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self._thread.start()

    def stop(self) -> None:
        self._ending.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def answer(self, request: Request) -> Answer:
        with self._lock:
            self.requests.append(request)
            script = self._scripts.get(request.path, (Answer(status=404),))
            step = min(self._played[request.path], len(script) - 1)
            self._played[request.path] += 1
            return script[step]

    @contextmanager
    def counted(self, host: str) -> Iterator[None]:
        with self._lock:
            self._under_way[host] += 1
            self.most_under_way[host] = max(self.most_under_way[host], self._under_way[host])
        try:
            yield
        finally:
            with self._lock:
                self._under_way[host] -= 1

    def pause(self, seconds: float) -> None:
        """Sleeps, but no longer than the server lives."""
        if seconds:
            self._ending.wait(seconds)

    @property
    def ending(self) -> bool:
        return self._ending.is_set()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up is part of many tests."""


def _handler(server: ScriptedServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            request = Request(
                path=self.path, headers=dict(self.headers.items()), body=body, method=self.command
            )
            with server.counted(self.headers.get("Host", "")):
                self._play(server.answer(request))

        do_POST = do_PUT = do_HEAD = do_OPTIONS = do_GET

        def _play(self, answer: Answer) -> None:
            server.pause(answer.delay)
            self.send_response_only(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            if not answer.endless and "Content-Length" not in answer.headers and answer.status != 304:
                self.send_header("Content-Length", str(len(answer.body)))
            self.send_header("Connection", "close")
            self.end_headers()
            self.close_connection = True
            self._send_body(answer)

        def _send_body(self, answer: Answer) -> None:
            if self.command == "HEAD":
                return
            if answer.drip:
                for index in range(len(answer.body)):
                    server.pause(answer.drip)
                    self.wfile.write(answer.body[index : index + 1])
                    self.wfile.flush()
                return
            self.wfile.write(answer.body)
            while answer.endless and not server.ending:
                self.wfile.write(answer.body)

        def log_message(self, format: str, *args: Any) -> None:
            """Silent: a test says what went wrong."""

    return Handler


@contextmanager
def http_server(tls: ssl.SSLContext | None = None, host: str = "127.0.0.1") -> Iterator[ScriptedServer]:
    """A running server; stopped when the block ends."""
    server = ScriptedServer(host)
    server.start(tls)
    try:
        yield server
    finally:
        server.stop()


def wait_until(condition: Any, within: float = 5.0) -> None:
    """Waits for something that another thread brings about."""
    end = time.monotonic() + within
    while not condition():
        if time.monotonic() > end:
            raise AssertionError("it did not come about in time")
        time.sleep(0.01)
