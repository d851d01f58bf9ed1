"""Room for bodies: large ones come a few at a time, small ones never wait."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from bot.fetch.room import LARGE, Rooms


async def hold(rooms: Rooms, size: int, until: asyncio.Event, under_way: list[int]) -> None:
    async with rooms.room() as room:
        for grown in (size // 2, size):  # a body is told of more than once
            await room.grow(grown)
        under_way.append(size)
        await until.wait()


def in_memory_at_once(sizes: list[int], large: int) -> list[int]:
    """Sizes of the bodies that got room before any was let go of; then all end."""

    async def play() -> list[int]:
        rooms, until, under_way = Rooms(large), asyncio.Event(), list[int]()
        async with asyncio.TaskGroup() as group:
            for size in sizes:
                group.create_task(hold(rooms, size, until, under_way))
            for _ in range(5):
                await asyncio.sleep(0)
            at_once = list(under_way)
            until.set()
        assert sorted(under_way) == sorted(sizes)
        return at_once

    return asyncio.run(play())


def test_small_bodies_never_wait() -> None:
    assert in_memory_at_once([LARGE] * 100, large=2) == [LARGE] * 100


def test_large_bodies_wait_until_another_was_read() -> None:
    assert in_memory_at_once([LARGE + 1] * 10 + [5], large=2) == [LARGE + 1, LARGE + 1, 5]


def test_a_visit_that_fails_gives_its_room_back() -> None:
    async def play() -> None:
        rooms = Rooms(1)
        try:
            async with rooms.room() as room:
                await room.grow(LARGE + 1)
                raise ConnectionError
        except ConnectionError:
            pass
        async with asyncio.timeout(1), rooms.room() as room:
            await room.grow(LARGE + 1)

    asyncio.run(play())


def test_waiting_for_room_takes_nothing_of_the_visits_time() -> None:
    async def play() -> list[str]:
        rooms, ended = Rooms(1), list[str]()

        async def visit(name: str, reads: float) -> None:
            async with rooms.room() as room:
                with suppress(TimeoutError):
                    async with asyncio.timeout(0.1) as room.limit:
                        await room.grow(LARGE + 1)
                        await asyncio.sleep(reads)
                        ended.append(name)
                if name == "first":
                    await asyncio.sleep(0.3)

        async with asyncio.TaskGroup() as group:
            for name, reads in (("first", 0.0), ("second", 0.0), ("slow", 5.0)):
                group.create_task(visit(name, reads))
        return ended

    assert asyncio.run(play()) == ["first", "second"]
