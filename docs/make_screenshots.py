"""Pictures of the demo's digest for the README: ``make screenshots``. Needs Chromium.

Runs the demo into a temporary folder, so that a picture never shows what the program does not do.
"""

from __future__ import annotations

import os
import shutil
import struct
import subprocess
import sys
import tempfile
import zlib
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

DOCS = Path(__file__).resolve().parent
HEIGHT = 1600
PICTURES = {
    "digest.png": (700, ()),
    "digest-dark.png": (700, ("--blink-settings=preferredColorScheme=0",)),
    "digest-phone.png": (390, ()),
}
"""File name → width in pixels and further switches of the browser."""
LARGEST = 250_000
"""Bytes. A README is read over slow lines too."""
_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_PALETTE = 256


def main() -> int:
    browser = next(filter(None, map(shutil.which, _BROWSERS)), None)
    if browser is None:
        sys.stderr.write(f"none of {', '.join(_BROWSERS)} is installed\n")
        return 1
    with tempfile.TemporaryDirectory() as folder:
        page = _demo_page(Path(folder))
        for name, (width, switches) in PICTURES.items():
            picture = with_palette(_shot(browser, page, Path(folder), width, switches))
            if len(picture) > LARGEST:
                sys.stderr.write(f"{name} has {len(picture):,} bytes, more than {LARGEST:,}\n")
                return 1
            (DOCS / name).write_bytes(picture)
            sys.stdout.write(f"docs/{name}  {width} × {HEIGHT}, {len(picture):,} bytes\n")
    return 0


def _demo_page(folder: Path) -> Path:
    output = folder / "demo"
    command = [sys.executable, "-m", "bot", "demo", "--output", str(output)]
    subprocess.run(command, cwd=DOCS.parent, check=True, stdout=subprocess.DEVNULL)  # noqa: S603 - our own
    return output / "mail-1.html"


def _shot(browser: str, page: Path, folder: Path, width: int, switches: Sequence[str]) -> bytes:
    picture = folder / "picture.png"
    command = [
        browser,
        "--headless",
        "--hide-scrollbars",
        "--force-device-scale-factor=1",
        f"--window-size={width},{HEIGHT}",
        f"--user-data-dir={folder / 'profile'}",
        f"--screenshot={picture}",
        # Chromium's sandbox refuses root, which is who one is in a container. The page is our own.
        *(["--no-sandbox"] if os.geteuid() == 0 else []),
        *switches,
        page.as_uri(),
    ]
    subprocess.run(command, check=True, timeout=60, stderr=subprocess.DEVNULL)  # noqa: S603
    return picture.read_bytes()


# ── smaller pictures ─────────────────────────────────────────────────────────────────────────────
# A page of text has few colours and their blends. With a palette it takes a third of the bytes.


def with_palette(png: bytes) -> bytes:
    """The same picture in its 256 most frequent colours. Takes 8-bit RGB and RGBA, not interlaced."""
    width, height, pixels = _pixels(png)
    counts = Counter(pixels)
    palette = [colour for colour, _ in counts.most_common(_PALETTE)]
    nearest = {colour: number for number, colour in enumerate(palette)}
    for colour in counts.keys() - nearest.keys():
        nearest[colour] = min(range(len(palette)), key=lambda at: _distance(colour, palette[at]))
    indices = bytes(nearest[pixel] for pixel in pixels)
    rows = b"".join(b"\0" + indices[start : start + width] for start in range(0, width * height, width))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        _chunk(kind, data)
        for kind, data in (
            (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)),
            (b"PLTE", b"".join(palette)),
            (b"IDAT", zlib.compress(rows, 9)),
            (b"IEND", b""),
        )
    )


def _distance(one: bytes, other: bytes) -> int:
    return sum((a - b) ** 2 for a, b in zip(one, other, strict=True))


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _pixels(png: bytes) -> tuple[int, int, list[bytes]]:
    """Width, height and the colour of every pixel, three bytes each."""
    width = height = size = 0
    packed, at = b"", 8
    while at < len(png):
        (length,) = struct.unpack(">I", png[at : at + 4])
        kind, data = png[at + 4 : at + 8], png[at + 8 : at + 8 + length]
        at += 12 + length
        if kind == b"IHDR":
            width, height, depth, colours = struct.unpack(">IIBB", data[:10])
            size = {2: 3, 6: 4}[colours]
            if depth != 8 or data[12]:
                raise ValueError("not an 8-bit picture, or an interlaced one")
        elif kind == b"IDAT":
            packed += data
    raw, stride = zlib.decompress(packed), width * size
    pixels: list[bytes] = []
    above = bytearray(stride)
    for start in range(0, height * (stride + 1), stride + 1):
        above = _unfiltered(raw[start], bytearray(raw[start + 1 : start + 1 + stride]), above, size)
        pixels += [bytes(above[at : at + 3]) for at in range(0, stride, size)]
    return width, height, pixels


def _unfiltered(kind: int, row: bytearray, above: bytearray, size: int) -> bytearray:
    """Undo a row's filter (PNG specification, 9.2)."""
    if kind == 0:
        return row
    for at in range(len(row)):
        left = row[at - size] if at >= size else 0
        up, corner = above[at], above[at - size] if at >= size else 0
        predicted = (0, left, up, (left + up) // 2, _paeth(left, up, corner))[kind]
        row[at] = (row[at] + predicted) & 255
    return row


def _paeth(left: int, up: int, corner: int) -> int:
    estimate = left + up - corner
    return min((left, up, corner), key=lambda value: abs(estimate - value))


if __name__ == "__main__":
    sys.exit(main())
