"""A listener on loopback below HTTP: plays bytes as they are, and counts who came."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TypeAlias

Play: TypeAlias = Callable[["Connection"], None]


class Connection:
    """One client. Its methods raise OSError when the client has gone or the server ends."""

    def __init__(self, server: RawServer, link: socket.socket) -> None:
        self._server = server
        self._link = link
        self._read = b""

    def request(self) -> bytes:
        """The next request's head; empty when the client closed the connection."""
        while b"\r\n\r\n" not in self._read:
            piece = self._link.recv(65_536)
            if not piece:
                return b""
            self._read += piece
        head, _, self._read = self._read.partition(b"\r\n\r\n")
        self._server.requests.append(head)
        return head

    def exactly(self, size: int) -> bytes:
        """So many bytes."""
        while len(self._read) < size:
            piece = self._link.recv(65_536)
            if not piece:
                raise ConnectionError("closed")
            self._read += piece
        taken, self._read = self._read[:size], self._read[size:]
        return taken

    def send(self, data: bytes) -> None:
        self._link.sendall(data)
        self._server.sent += len(data)

    def wait_for_end(self) -> None:
        """Until the client closes the connection."""
        while self._link.recv(65_536):
            pass

    def reset(self) -> None:
        """End the connection with an RST."""
        self._link.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")


class RawServer:
    """Plays one script for every connection, each in a thread of its own."""

    def __init__(self, play: Play, host: str, port: int, tls: ssl.SSLContext | None) -> None:
        self._play = play
        self._tls = tls
        self._links: set[socket.socket] = set()
        self._listener = socket.create_server(
            (host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET
        )
        self.port = int(self._listener.getsockname()[1])
        self.connections = 0
        self.ended = 0
        """Connections whose script came to its end, or whose client went away."""
        self.requests: list[bytes] = []
        self.sent = 0
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def stop(self) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for link in list(self._links):
            with suppress(OSError):
                link.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                link, _ = self._listener.accept()
                self.connections += 1
                self._links.add(link)
                thread = threading.Thread(target=self._serve, args=(link,))
                self._threads.append(thread)
                thread.start()

    def _serve(self, link: socket.socket) -> None:
        with suppress(OSError), link:
            if self._tls is None:
                self._play(Connection(self, link))
            else:
                with self._tls.wrap_socket(link, server_side=True) as secure:
                    self._play(Connection(self, secure))
        self._links.discard(link)
        self.ended += 1


@contextmanager
def raw_server(
    play: Play, host: str = "127.0.0.1", port: int = 0, tls: ssl.SSLContext | None = None
) -> Iterator[RawServer]:
    """A running listener; stopped when the block ends."""
    server = RawServer(play, host, port, tls)
    try:
        yield server
    finally:
        server.stop()


def says(answer: bytes) -> Play:
    """Every request on the connection gets this answer."""

    def play(connection: Connection) -> None:
        while connection.request():
            connection.send(answer)

    return play


def says_once(answer: bytes) -> Play:
    """The first request gets this answer, then the connection is closed."""

    def play(connection: Connection) -> None:
        connection.request()
        connection.send(answer)

    return play


def says_and_waits(answer: bytes) -> Play:
    """The first request gets this answer, then nothing comes and nothing is closed."""

    def play(connection: Connection) -> None:
        connection.request()
        connection.send(answer)
        connection.wait_for_end()

    return play


def says_for_ever(start: bytes, again: bytes) -> Play:
    """An answer that has no end."""

    def play(connection: Connection) -> None:
        connection.request()
        connection.send(start)
        while True:
            connection.send(again)

    return play
