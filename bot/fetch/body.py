"""Bodies read piece by piece and unpacked within a bound: a kilobyte can unpack to a gigabyte."""

from __future__ import annotations

import re
import sys
import zlib
from collections.abc import AsyncIterable, Iterator
from contextlib import suppress
from hashlib import blake2b
from typing import Protocol

import brotli
import httpx

from bot.fetch.room import Room

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

ACCEPTED = "gzip, deflate, br, zstd"
"""What we ask servers for; each can be unpacked a piece at a time."""
MOST_LAYERS = 2
"""Encodings one over the other that are taken off: a proxy may pack once more what the server packed."""

_PIECE = 64 * 1024  # bytes that a layer gives at once
_MOST_FOR_START = 1024 * 1024  # bytes that may be unpacked to get at a body's start
_SNIFFED = 8  # bytes that tell what a body really is
_GZIP, _ZLIB, _RAW = 31, 15, -15  # window bits that make zlib read each of the three forms
_ZSTD_WINDOW = 23  # 8 MiB, the most that HTTP allows (RFC 9659)
_GZIP_MAGIC = b"\x1f\x8b"
_ZSTD_MAGIC = re.compile(rb"\x28\xb5\x2f\xfd|[\x50-\x5f]\x2a\x4d\x18", re.DOTALL)  # a frame, or one to skip
_PLAIN = re.compile(rb"(?:\xef\xbb\xbf)?(?:\s*(?:<[?!a-z][a-z:-]{2}|\{\s*\")|\s{4})", re.IGNORECASE)


class TooLargeError(Exception):
    """A body beyond the bound; internal to ``fetch``."""


class BadEncodingError(Exception):
    """A body that can't be unpacked; internal to ``fetch``."""


async def read_body(chunks: AsyncIterable[bytes], encoding: str, limit: int, room: Room) -> bytes:
    """The whole body, unpacked. ``limit`` bounds the bytes as sent and as unpacked, at every layer.

    ``room`` is told as it grows, and may keep a large one waiting.

    Raises TooLargeError and BadEncodingError. A body labelled as packed that isn't is taken as it is.
    """
    unpacker = Unpacker(encoding, limit)
    received = 0
    async for chunk in chunks:
        received += len(chunk)
        if received > limit:
            raise TooLargeError(f"more than {limit} bytes")
        unpacker.feed(chunk)
        await room.grow(unpacker.size)
    return unpacker.finish()


async def read_start(chunks: AsyncIterable[bytes], encoding: str, most: int) -> bytes:
    """What can be had of the first ``most`` bytes; damage or a cut connection ends it without a word."""
    start = b""
    with suppress(TooLargeError, BadEncodingError, httpx.TransportError):
        unpacker = Unpacker(encoding, _MOST_FOR_START)
        async for chunk in chunks:
            for piece in unpacker.unpacked(chunk):
                start += piece
                if len(start) >= most:
                    return start[:most]
    return start


def body_hash(body: bytes) -> str:
    """What tells one body from another, for servers that send no validators."""
    return blake2b(body, digest_size=16).hexdigest()


class _Layer(Protocol):
    """One encoding to take off."""

    @property
    def complete(self) -> bool:
        """Whether the body may end here."""
        ...

    def unpack(self, data: bytes) -> Iterator[bytes]:
        """What comes of the next piece, at most ``_PIECE`` bytes at once. Raises BadEncodingError."""
        ...


class Unpacker:
    """Takes off all encodings of a body, in the order opposite to ``Content-Encoding``'s."""

    def __init__(self, encoding: str, limit: int) -> None:
        names = [name for part in encoding.lower().split(",") if (name := part.strip())]
        names = [name.removeprefix("x-") for name in names if name != "identity"]
        if len(names) > MOST_LAYERS or not set(names) <= {"gzip", "deflate", "br", "zstd"}:
            raise BadEncodingError("the body is packed in a way that was not asked for")
        self._layers: list[_Layer] = [_Sniffing(name) for name in reversed(names)]
        self._rooms = [limit] * len(names) or [limit]
        self._limit = limit
        self._pieces: list[bytes] = []
        self.size = 0
        """Bytes kept so far."""

    def feed(self, chunk: bytes) -> None:
        """Take the next piece as sent."""
        for piece in self.unpacked(chunk):
            self._pieces.append(piece)
            self.size += len(piece)

    def finish(self) -> bytes:
        """The unpacked body. Raises BadEncodingError where it was cut short."""
        for depth, layer in enumerate(self._layers):
            if isinstance(layer, _Sniffing):
                for piece in layer.rest():
                    self._pieces.extend(self._through(piece, depth + 1))
            if not layer.complete:
                raise BadEncodingError("the packed body is cut short")
        return b"".join(self._pieces)

    def unpacked(self, chunk: bytes) -> Iterator[bytes]:
        """What comes of the next piece as sent."""
        if not self._layers:
            self._count(0, chunk)
            yield chunk
            return
        yield from self._through(chunk, 0)

    def _through(self, data: bytes, depth: int) -> Iterator[bytes]:
        if depth == len(self._layers):
            yield data
            return
        for piece in self._layers[depth].unpack(data):
            self._count(depth, piece)
            yield from self._through(piece, depth + 1)

    def _count(self, depth: int, piece: bytes) -> None:
        self._rooms[depth] -= len(piece)
        if self._rooms[depth] < 0:
            raise TooLargeError(f"more than {self._limit} bytes once unpacked")


class _Sniffing:
    """Waits for the first bytes to choose the layer by them, as labels are often wrong."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._head = b""
        self._chosen: _Layer | None = None

    @property
    def complete(self) -> bool:
        return self._chosen is None or self._chosen.complete

    def unpack(self, data: bytes) -> Iterator[bytes]:
        if self._chosen is None:
            self._head += data
            if len(self._head) < _SNIFFED:
                return
            data, self._head = self._head, b""
            self._chosen = _chosen(self._name, data)
        yield from self._chosen.unpack(data)

    def rest(self) -> Iterator[bytes]:
        """What comes of a body that is shorter than what is needed to choose."""
        if self._head:
            self._chosen = _chosen(self._name, self._head)
            yield from self._chosen.unpack(self._head)


def _chosen(name: str, head: bytes) -> _Layer:
    if head.startswith(_GZIP_MAGIC):
        return _Deflated(_GZIP)
    if _PLAIN.match(head):
        return _Plain()
    match name:
        case "deflate":
            is_zlib = head[0] & 0x0F == 8 and int.from_bytes(head[:2], "big") % 31 == 0
            return _Deflated(_ZLIB if is_zlib else _RAW)
        case "br":
            return _Brotli()
        case "zstd" if _ZSTD_MAGIC.match(head):
            return _Zstandard()
        case _:
            return _Plain()


class _Plain:
    complete = True

    def unpack(self, data: bytes) -> Iterator[bytes]:
        yield data


class _Deflated:
    """gzip (also of several members), deflate with or without its zlib header."""

    def __init__(self, bits: int) -> None:
        self._zlib = zlib.decompressobj(bits)
        self._tail = b""
        self.complete = False

    def unpack(self, data: bytes) -> Iterator[bytes]:
        more = False  # a full piece: there may be more to come without more input
        while data or more:
            if self._zlib.eof and (data := self._next_member(data)) == b"":
                return
            try:
                piece = self._zlib.decompress(data, _PIECE)
            except zlib.error as error:
                raise BadEncodingError("the packed body is damaged") from error
            yield piece
            self.complete = self._zlib.eof
            more = len(piece) == _PIECE and not self._zlib.eof
            data = self._zlib.unused_data if self._zlib.eof else self._zlib.unconsumed_tail

    def _next_member(self, data: bytes) -> bytes:
        """What follows a member's end, if it is another one; nothing where that can't be told yet."""
        data = self._tail + data
        self._tail = data[:1]
        if not data.startswith(_GZIP_MAGIC):
            return b""
        self._tail = b""
        self._zlib = zlib.decompressobj(_GZIP)
        return data


class _Brotli:
    def __init__(self) -> None:
        self._brotli = brotli.Decompressor()
        self.complete = False

    def unpack(self, data: bytes) -> Iterator[bytes]:
        if self.complete:
            return  # padding
        try:
            piece = self._brotli.process(data, output_buffer_limit=_PIECE)
            yield piece
            # After a piece as long as the limit more may come, although all input was taken.
            while len(piece) >= _PIECE or not self._brotli.can_accept_more_data():
                piece = self._brotli.process(b"", output_buffer_limit=_PIECE)
                yield piece
        except brotli.error as error:
            raise BadEncodingError("the packed body is damaged") from error
        self.complete = self._brotli.is_finished()


class _Zstandard:
    """Also of several frames."""

    def __init__(self) -> None:
        self._zstd = _zstd_frame()
        self._tail = b""
        self.complete = False

    def unpack(self, data: bytes) -> Iterator[bytes]:
        while data or not (self._zstd.needs_input or self._zstd.eof):
            if self._zstd.eof and (data := self._next_frame(data)) == b"":
                return
            try:
                yield self._zstd.decompress(data, _PIECE)
            except zstd.ZstdError as error:
                raise BadEncodingError("the packed body is damaged") from error
            self.complete = self._zstd.eof
            data = self._zstd.unused_data if self._zstd.eof else b""

    def _next_frame(self, data: bytes) -> bytes:
        """What follows a frame's end, if it is another one; nothing where that can't be told yet."""
        data = self._tail + data
        self._tail = data[:3]
        if not _ZSTD_MAGIC.match(data):
            return b""
        self._tail = b""
        self._zstd = _zstd_frame()
        return data


def _zstd_frame() -> zstd.ZstdDecompressor:
    return zstd.ZstdDecompressor(options={zstd.DecompressionParameter.window_log_max: _ZSTD_WINDOW})
