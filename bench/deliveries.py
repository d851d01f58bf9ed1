"""Deliveries: 10,000 due ones to 50 destinations, two of them sick, beside the same without the sick ones.

    python bench/deliveries.py                  10,000 to 50
    python bench/deliveries.py COUNT CHANNELS   so many

Webhooks on loopback, answered by a server in a process of its own. One destination accepts connections and
never answers, one answers 429 with a Retry-After of two minutes. Measured is until the last message to a
sound destination was settled: alone, with the sick ones among them, and the ratio of the two (asked:
at most 1.1). Runs alternate, so that what else the machine does falls on both; the median of three pairs
counts.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import statistics
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from pathlib import Path

from bot.app import Application, opened
from bot.channels import Context, build
from bot.configuration import SystemClock, read_configuration
from bot.core.text import digest
from bot.documents import parse_toml
from bot.model import Delivery, DeliveryState, Message
from bot.pipeline.deliver import send
from bot.ports import Channel

DELIVERIES, CHANNELS, PAIRS = 10_000, 50, 3
ASKED = 1.1
BODY = b'{"type":"alert.raised","data":"' + b"x" * 2_000 + b'"}'
SECRET = "whsec_" + "c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0"
SICK = ("hangs", "throttled")
_OK = b"HTTP/1.1 204 No Content\r\n\r\n"
_BUSY = b"HTTP/1.1 429 Too Many Requests\r\nRetry-After: 120\r\nContent-Length: 0\r\n\r\n"


def main(count: int = DELIVERIES, channels: int = CHANNELS) -> None:
    """Print a row a pair of runs, and what it comes to."""
    names = [f"hook-{number}" for number in range(channels - len(SICK))]
    with _Receiver() as port:
        alone, beside = [], []
        print(f"{'sound alone':>20} {'beside the sick':>20} {'ratio':>8}")
        for _ in range(PAIRS):
            each = count // channels
            alone.append(each * len(names) / _run(port, names, (), each))
            beside.append(each * len(names) / _run(port, names, SICK, each))
            print(f"{alone[-1]:>18,.0f}/s {beside[-1]:>18,.0f}/s {alone[-1] / beside[-1]:>8.2f}")
    ratio = statistics.median(first / second for first, second in zip(alone, beside, strict=True))
    print(
        f"{count:,} deliveries to {channels} destinations: {statistics.median(beside):,.0f} a second; "
        f"slowdown by the sick ones {ratio:.2f} (asked: at most {ASKED})"
    )


def _run(port: int, sound: Sequence[str], sick: Sequence[str], each: int) -> float:
    """Seconds until the last message to a sound destination was settled."""
    with tempfile.TemporaryDirectory(prefix="chipwatch-bench-") as folder:
        data = Path(folder) / "data"
        (Path(folder) / "chipwatch.toml").touch()
        with opened(read_configuration(Path(folder), data)) as application:
            names = [*sound, *sick]
            channels = {name: _channel(name, port, data) for name in names}
            _compose(application, names, each)
            deps = replace(application.deps, channels=channels)
            began = time.monotonic()
            left = each * len(sound)
            for settlement in send(deps):
                if settlement.channel not in sick:
                    assert settlement.state is DeliveryState.SENT, settlement
                    left -= 1
                if not left:
                    return time.monotonic() - began
    raise AssertionError(f"{left} messages were not sent")


def _channel(name: str, port: int, data: Path) -> Channel:
    table = {"type": "webhook", "url": f"http://127.0.0.1:{port}/{name}", "secret": SECRET}
    context = Context(data=data, now=SystemClock().now)
    return build(name, table, context, parse_toml("", Path("chipwatch.toml")))


def _compose(application: Application, names: Sequence[str], each: int) -> None:
    now = datetime.now(UTC)
    message = Message(subject="An alert", content_type="application/json", body=BODY)
    deliveries = [
        Delivery(
            key=digest((name, str(number)), size=16),
            channel=name,
            recipient="127.0.0.1",
            origin="bench",
            kind="alert",
            message=message,
            created_at=now,
            due_at=now,
        )
        for number in range(each)
        for name in names
    ]
    with application.store.begin() as tx:
        tx.outbox.add(deliveries, ())


class _Receiver:
    """A server on loopback that answers by the path's name; its process ends with the block."""

    def __enter__(self) -> int:
        ours, theirs = multiprocessing.Pipe()
        self._process = multiprocessing.get_context("spawn").Process(
            target=_serve, args=(theirs,), daemon=True
        )
        self._process.start()
        port: int = ours.recv()
        return port

    def __exit__(self, *_exception: object) -> None:
        self._process.kill()
        self._process.join()


def _serve(pipe: Connection) -> None:
    asyncio.run(_answer_all(pipe))


async def _answer_all(pipe: Connection) -> None:
    server = await asyncio.start_server(_answer, "127.0.0.1", 0, backlog=1024)
    pipe.send(server.sockets[0].getsockname()[1])
    await server.serve_forever()


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Every request of one connection."""
    try:
        while True:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
            path, headers = head.split(" ", 2)[1], _headers(head)
            await reader.readexactly(int(headers.get("content-length", "0")))
            if path == "/hangs":
                await asyncio.sleep(3600)
            writer.write(_BUSY if path == "/throttled" else _OK)
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()


def _headers(head: str) -> Mapping[str, str]:
    lines = [line.partition(":") for line in head.split("\r\n")[1:]]
    return {name: value.strip() for name, _, value in lines}


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
