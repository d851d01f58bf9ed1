import asyncio
import gzip
import zlib
from collections.abc import AsyncIterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.fetch.body import BadEncodingError, TooLargeError, read_body

LIMIT = 100_000
TEXT = b"<rss>" + b"chips " * 200 + b"</rss>"


def read(body: bytes, encoding: str = "", limit: int = LIMIT, size: int = 7) -> bytes:
    async def pieces() -> AsyncIterator[bytes]:
        for start in range(0, len(body), size):
            yield body[start : start + size]

    return asyncio.run(read_body(pieces(), encoding, limit))


def raw_deflate(body: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(body) + packer.flush()


@pytest.mark.parametrize(
    ("body", "encoding"),
    [
        (TEXT, ""),
        (TEXT, "identity"),
        (gzip.compress(TEXT, mtime=0), "gzip"),
        (gzip.compress(TEXT, mtime=0), "X-GZIP"),
        (gzip.compress(TEXT[:50], mtime=0) + gzip.compress(TEXT[50:], mtime=0), "gzip"),
        (gzip.compress(TEXT, mtime=0) + b"\0" * 20, "gzip"),
        (zlib.compress(TEXT), "deflate"),
        (raw_deflate(TEXT), "deflate"),
        (gzip.compress(TEXT, mtime=0), "deflate"),
        (TEXT, "gzip"),
        (TEXT, "deflate"),
    ],
)
def test_bodies_are_unpacked_whatever_the_label(body: bytes, encoding: str) -> None:
    assert read(body, encoding) == TEXT


@given(st.binary(max_size=500), st.integers(min_value=1, max_value=40))
def test_what_was_packed_comes_back(body: bytes, size: int) -> None:
    assert read(gzip.compress(body, mtime=0), "gzip", size=size) == body
    assert read(zlib.compress(body), "deflate", size=size) == body


def test_a_small_body_that_unpacks_to_a_large_one_is_stopped() -> None:
    bomb = gzip.compress(b"\0" * 50_000_000, mtime=0)
    assert len(bomb) < LIMIT
    with pytest.raises(TooLargeError, match="unpacked"):
        read(bomb, "gzip", size=16_384)


def test_a_large_body_is_stopped() -> None:
    with pytest.raises(TooLargeError):
        read(b"x" * (LIMIT + 1), size=1000)
    assert len(read(b"x" * LIMIT, size=1000)) == LIMIT


@pytest.mark.parametrize(
    ("body", "encoding"),
    [
        (gzip.compress(TEXT, mtime=0)[:-12], "gzip"),
        (gzip.compress(TEXT, mtime=0)[:20] + b"\xff" * 30, "gzip"),
        (TEXT, "br"),
        (gzip.compress(gzip.compress(TEXT, mtime=0), mtime=0), "gzip, gzip"),
    ],
)
def test_damage_and_what_was_not_asked_for_are_named(body: bytes, encoding: str) -> None:
    with pytest.raises(BadEncodingError):
        read(body, encoding)


def test_an_empty_body_is_empty() -> None:
    assert read(b"", "gzip") == b""
    assert read(b"x", "gzip") == b"x"
