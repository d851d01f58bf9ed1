"""Bodies that are small as sent and large once unpacked."""

from __future__ import annotations

import gzip
import sys

import brotli

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

MIB = 1024 * 1024


def bomb(encoding: str) -> bytes:
    """A gibibyte of zeros as ``gzip``, ``br`` or ``zstd``, packed into less than two megabytes."""
    match encoding:
        case "gzip":
            return gzip.compress(bytes(32 * MIB), mtime=0) * 32
        case "br":
            packer = brotli.Compressor(quality=1)
            return b"".join(packer.process(bytes(MIB)) for _ in range(1024)) + bytes(packer.finish())
        case _:
            return zstd.compress(bytes(64 * MIB), 1) * 16
