"""Bodies read piece by piece and unpacked within a bound: a kilobyte can unpack to a gigabyte."""

from __future__ import annotations

import zlib
from collections.abc import AsyncIterable

ACCEPTED = "gzip, deflate"
"""What we ask servers for; both are in the standard library and can be unpacked a piece at a time."""

_GZIP, _ZLIB, _RAW = 31, 15, -15  # window bits that make zlib read each of the three forms


class TooLargeError(Exception):
    """A body beyond the bound; internal to ``fetch``."""


class BadEncodingError(Exception):
    """A body that can't be unpacked; internal to ``fetch``."""


async def read_body(chunks: AsyncIterable[bytes], encoding: str, limit: int) -> bytes:
    """The whole body, unpacked. ``limit`` bounds the bytes as sent and as unpacked.

    Raises TooLargeError and BadEncodingError. A body labelled as packed that isn't is taken as it is.
    """
    names = [name for part in encoding.lower().split(",") if (name := part.strip()) not in ("", "identity")]
    if len(names) > 1 or (names and names[0] not in ("gzip", "x-gzip", "deflate")):
        raise BadEncodingError(f"the body is packed as {encoding[:40]!r}, which was not asked for")
    unpacker = Unpacker(names[0] if names else "", limit)
    received = 0
    async for chunk in chunks:
        received += len(chunk)
        if received > limit:
            raise TooLargeError(f"more than {limit} bytes")
        unpacker.feed(chunk)
    return unpacker.finish()


class Unpacker:
    """gzip (also of several members), deflate with or without its zlib header, or nothing at all."""

    def __init__(self, encoding: str, limit: int) -> None:
        self._encoding = encoding
        self._room = limit
        self._limit = limit
        self._pieces: list[bytes] = []
        self._head = b""
        self._bits: int | None = None
        self._zlib = zlib.decompressobj()
        self._complete = True

    def feed(self, chunk: bytes) -> None:
        """Take the next piece as sent."""
        if not self._encoding:
            self._keep(chunk)
            return
        if self._bits is None:
            self._head += chunk
            if len(self._head) < 2:
                return
            chunk, self._head = self._head, b""
            self._begin(chunk)
        if self._encoding:
            self._unpack(chunk)
        else:
            self._keep(chunk)

    def finish(self) -> bytes:
        """The unpacked body. Raises BadEncodingError where it was cut short."""
        if self._head:
            self._keep(self._head)
        if not self._complete:
            raise BadEncodingError("the packed body is cut short")
        return b"".join(self._pieces)

    def _begin(self, head: bytes) -> None:
        """Choose the form by the first two bytes, as labels are often wrong."""
        is_zlib = head[0] & 0x0F == 8 and int.from_bytes(head[:2], "big") % 31 == 0
        if head[:2] == b"\x1f\x8b":
            self._bits = _GZIP
        elif self._encoding == "deflate" and not head.lstrip().startswith((b"<", b"{")):
            self._bits = _ZLIB if is_zlib else _RAW
        else:
            self._bits, self._encoding = 0, ""
            return
        self._zlib = zlib.decompressobj(self._bits)
        self._complete = False

    def _unpack(self, data: bytes) -> None:
        while data:
            if self._zlib.eof:
                if not data.startswith(b"\x1f\x8b"):
                    return  # padding after the last member
                self._zlib = zlib.decompressobj(_GZIP)
                self._complete = False
            try:
                self._keep(self._zlib.decompress(data, self._room + 1))
            except zlib.error as error:
                raise BadEncodingError("the packed body is damaged") from error
            self._complete = self._zlib.eof
            data = self._zlib.unused_data if self._zlib.eof else self._zlib.unconsumed_tail

    def _keep(self, piece: bytes) -> None:
        self._room -= len(piece)
        if self._room < 0:
            raise TooLargeError(f"more than {self._limit} bytes once unpacked")
        if piece:
            self._pieces.append(piece)
