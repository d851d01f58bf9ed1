import asyncio
import gzip
import sys
import tracemalloc
import zlib
from collections.abc import AsyncIterator

import brotli
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.fetch.body import BadEncodingError, TooLargeError, body_hash, read_body, read_start
from bot.fetch.room import Rooms
from tests.bombs import MIB, bomb

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

LIMIT = 100_000
TEXT = b"<rss>" + b"chips " * 200 + b"</rss>"


async def pieces(body: bytes, size: int) -> AsyncIterator[bytes]:
    for start in range(0, len(body), size):
        yield body[start : start + size]


def read(body: bytes, encoding: str = "", limit: int = LIMIT, size: int = 7) -> bytes:
    return asyncio.run(read_body(pieces(body, size), encoding, limit, Rooms().room()))


def raw_deflate(body: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(body) + packer.flush()


def gzipped(body: bytes) -> bytes:
    return gzip.compress(body, mtime=0)


PACKERS = {
    "gzip": gzipped,
    "deflate": zlib.compress,
    "raw deflate": raw_deflate,
    "br": brotli.compress,
    "zstd": zstd.compress,
}


@pytest.mark.parametrize(
    ("body", "encoding"),
    [
        (TEXT, ""),
        (TEXT, "identity"),
        (gzipped(TEXT), "gzip"),
        (gzipped(TEXT), "X-GZIP"),
        (gzipped(TEXT) + b"\0" * 20, "gzip"),
        (zlib.compress(TEXT), "deflate"),
        (raw_deflate(TEXT), "deflate"),
        (brotli.compress(TEXT), "br"),
        (zstd.compress(TEXT), "zstd"),
        (zstd.compress(TEXT) + b"\0" * 20, "zstd"),
        (b"\x50\x2a\x4d\x18\x02\0\0\0xx" + zstd.compress(TEXT), "zstd"),
        (gzipped(TEXT), "deflate"),
        (gzipped(TEXT), "br"),
        (brotli.compress(gzipped(TEXT)), "gzip, br"),
        (gzipped(gzipped(TEXT)), "gzip,gzip"),
        (TEXT, "gzip"),
        (TEXT, "deflate"),
        (TEXT, "br"),
        (b"\n\n\n\n" + TEXT, "zstd"),
        (gzipped(TEXT), "gzip, br"),
    ],
)
def test_bodies_are_unpacked_whatever_the_label(body: bytes, encoding: str) -> None:
    assert read(body, encoding).strip() == TEXT


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
@pytest.mark.parametrize("encoding", ["gzip", "zstd"])
def test_members_and_frames_are_read_to_the_last(encoding: str, size: int) -> None:
    packer = PACKERS[encoding]
    assert read(packer(TEXT[:50]) + packer(b"") + packer(TEXT[50:]), encoding, size=size) == TEXT


@given(st.sampled_from(sorted(PACKERS)), st.binary(max_size=500), st.integers(1, 40), st.integers(1, 4))
def test_what_was_packed_comes_back(packer: str, part: bytes, size: int, times: int) -> None:
    body = b"<" + part * times
    assert read(PACKERS[packer](body), packer.removeprefix("raw "), size=size) == body


@pytest.mark.parametrize("encoding", sorted(PACKERS))
def test_large_pieces_come_back_too(encoding: str) -> None:
    """More than one round of unpacking for one piece as sent, and ends that fall on its borders."""
    for length in (65_535, 65_536, 65_537, 3 * 65_536, 1_000_003):
        body = b"<" + bytes(length - 1)
        packed = PACKERS[encoding](body)
        assert read(packed, encoding.removeprefix("raw "), limit=2 * MIB, size=len(packed)) == body


@pytest.mark.parametrize("encoding", ["gzip", "br", "zstd"])
def test_a_small_body_that_unpacks_to_a_large_one_is_stopped(encoding: str) -> None:
    packed = bomb(encoding)
    tracemalloc.start()
    try:
        with pytest.raises(TooLargeError, match="unpacked"):
            read(packed, encoding, limit=2 * MIB, size=16_384)
        assert tracemalloc.get_traced_memory()[1] < 16 * MIB
    finally:
        tracemalloc.stop()


def test_a_bomb_in_a_bomb_is_stopped_at_either() -> None:
    outer = gzipped(gzipped(bytes(50 * MIB)))
    with pytest.raises(TooLargeError):
        read(outer, "gzip, gzip")
    padded = gzipped(gzipped(b"x") + bytes(50 * MIB))
    with pytest.raises(TooLargeError):
        read(padded, "gzip, gzip")


def test_a_large_body_is_stopped() -> None:
    with pytest.raises(TooLargeError):
        read(b"x" * (LIMIT + 1), size=1000)
    assert len(read(b"x" * LIMIT, size=1000)) == LIMIT
    assert len(read(gzipped(b"x" * LIMIT), "gzip", size=1000)) == LIMIT


@pytest.mark.parametrize(
    ("body", "encoding"),
    [
        *((PACKERS[name](TEXT)[:-12], name) for name in ("gzip", "deflate", "br", "zstd")),
        (gzipped(TEXT)[:20] + b"\xff" * 30, "gzip"),
        (zstd.compress(TEXT)[:12] + b"\xff" * 30, "zstd"),
        (b"\x00\x01\x02 not brotli at all \xff\xff\xff", "br"),
        (b"\x28\xb5\x2f\xfd\x00\xa8" + bytes(20), "zstd"),  # a window of 128 GiB
        (TEXT, "compress"),
        (TEXT, "aes128gcm"),
        (gzipped(gzipped(gzipped(TEXT))), "gzip, gzip, gzip"),
    ],
)
def test_damage_and_what_was_not_asked_for_are_named(body: bytes, encoding: str) -> None:
    with pytest.raises(BadEncodingError):
        read(body, encoding)


def test_an_empty_body_is_empty() -> None:
    for encoding in ("", "gzip", "deflate", "br", "zstd"):
        assert read(b"", encoding) == b""
    assert read(b"x", "gzip") == b"x"


@pytest.mark.parametrize(
    ("body", "encoding", "start"),
    [
        (TEXT, "", TEXT[:100]),
        (gzipped(TEXT), "gzip", TEXT[:100]),
        (gzipped(TEXT) + b"\x1f\x8b damaged", "gzip", TEXT[:100]),
        (b"<html>", "", b"<html>"),
        (b"packed somehow", "compress", b""),
        (b"\x1f\x8b damaged", "gzip", b""),
    ],
)
def test_a_start_is_what_can_be_had(body: bytes, encoding: str, start: bytes) -> None:
    assert asyncio.run(read_start(pieces(body, 10), encoding, 100)) == start


def test_a_start_takes_no_more_than_it_needs() -> None:
    taken = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal taken
        while True:
            taken += 1
            yield b"x" * 1000

    assert len(asyncio.run(read_start(endless(), "", 2500))) == 2500
    assert taken == 3


def test_bodies_are_told_apart() -> None:
    assert body_hash(b"a") == body_hash(b"a") != body_hash(b"b")
    assert len(body_hash(b"")) == 32
