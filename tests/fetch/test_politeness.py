import asyncio
import time
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.fetch.politeness import (
    LONGEST_REST,
    USUAL_REST,
    Pace,
    Places,
    Slots,
    Throttles,
    Turns,
    turn_key,
)


def turns(*jobs: str, per_host: int = 2) -> Turns[str]:
    made: Turns[str] = Turns(lambda job: job[0], per_host)
    made.add(jobs)
    return made


def test_hosts_take_turns_and_none_gets_more_than_its_share() -> None:
    waiting = turns("a1", "a2", "a3", "b1")
    assert [waiting.take() for _ in range(4)] == ["a1", "b1", "a2", None]
    assert waiting.waiting
    waiting.done("a1")
    assert waiting.take() == "a3"
    assert not waiting.waiting


def test_jobs_added_later_join_their_host() -> None:
    waiting = turns("a1", per_host=1)
    assert waiting.take() == "a1"
    waiting.add(["a2"])
    assert waiting.take() is None
    waiting.done("a1")
    assert waiting.take() == "a2"


def test_a_job_that_becomes_ready_wakes_who_waits() -> None:
    async def wait_for_it() -> str | None:
        waiting = turns("a1", "a2", per_host=1)
        waiting.take()
        await waiting.changed()
        asyncio.get_running_loop().call_later(0.01, waiting.done, "a1")
        await asyncio.wait_for(waiting.changed(), 5)
        return waiting.take()

    assert asyncio.run(wait_for_it()) == "a2"


@given(
    st.lists(st.sampled_from("abc"), max_size=30),
    st.integers(min_value=1, max_value=3),
)
def test_every_job_has_its_turn_once(hosts: list[str], per_host: int) -> None:
    jobs = [f"{host}{number}" for number, host in enumerate(hosts)]
    waiting = turns(*jobs, per_host=per_host)
    taken: list[str] = []
    busy: list[str] = []
    while len(taken) < len(jobs):
        job = waiting.take()
        if job is None:
            waiting.done(busy.pop(0))
            continue
        taken.append(job)
        busy.append(job)
        assert sum(other[0] == job[0] for other in busy) <= per_host
    assert sorted(taken) == sorted(jobs)


@pytest.mark.parametrize("per_host", [1, 2])
def test_slots_bound_what_is_under_way_at_a_host(per_host: int) -> None:
    async def most() -> tuple[int, int]:
        slots, now, highest = Slots(per_host), 0, 0

        async def visit() -> None:
            nonlocal now, highest
            async with slots.slot("a"):
                now += 1
                highest = max(highest, now)
                await asyncio.sleep(0.001)
                now -= 1

        await asyncio.gather(*(visit() for _ in range(6)))
        return highest, now

    assert asyncio.run(most()) == (per_host, 0)


# ── hosts and their pace ─────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("url", "key"),
    [
        ("https://Example.org:8443/feed", "example.org"),
        ("http://user@example.org./feed", "example.org"),
        ("http://127.0.0.1:8080/feed", "127.0.0.1:8080"),
        ("http://localhost:1/", "localhost:1"),
        ("http://[::1]:2/", "::1:2"),
        ("http://10.0.0.1:8080/", "10.0.0.1"),
        ("no address", ""),
    ],
)
def test_a_host_is_a_name_and_on_this_machine_a_port(url: str, key: str) -> None:
    assert turn_key(url) == key


class Clock:
    def __init__(self) -> None:
        self.at = 100.0

    def __call__(self) -> float:
        return self.at


def test_a_host_rests_between_two_turns_and_others_do_not_wait() -> None:
    clock = Clock()
    waiting: Turns[str] = Turns(lambda job: job[0], 2, Pace(1.0, clock))
    waiting.add(["a1", "a2", "b1"])
    assert [waiting.take() for _ in range(3)] == ["a1", "b1", None]
    assert waiting.waiting


def test_the_turn_after_a_rest_comes_by_itself() -> None:
    async def taken() -> list[str | None]:
        waiting: Turns[str] = Turns(lambda job: job[0], 2, Pace(0.05))
        waiting.add(["a1", "a2"])
        first = waiting.take()
        start = time.monotonic()
        while (second := waiting.take()) is None:
            await waiting.changed()
        assert 0.04 < time.monotonic() - start < 1
        return [first, second]

    assert asyncio.run(taken()) == ["a1", "a2"]


def test_the_pace_is_kept_by_those_who_come_by_redirects_too() -> None:
    async def times() -> list[float]:
        slots, started = Slots(2, Pace(0.05)), []

        async def visit() -> None:
            async with slots.slot("a"):
                started.append(time.monotonic())

        await asyncio.gather(*(visit() for _ in range(3)))
        return started

    first, second, third = asyncio.run(times())
    assert min(second - first, third - second) >= 0.045


def test_what_no_longer_matters_is_forgotten() -> None:
    clock = Clock()
    pace = Pace(1.0, clock)
    pace.give("a")
    assert pace.wait("a") == 1.0
    clock.at += 2
    pace.forget()
    assert pace.wait("a") == 0.0
    assert not vars(pace)["_given"]


def test_jobs_of_a_host_can_be_taken_back() -> None:
    waiting = turns("a1", "a2", "a3", "b1", per_host=1)
    assert waiting.take() == "a1"
    assert waiting.drop("a") == ["a2", "a3"]
    assert [waiting.take(), waiting.take()] == ["b1", None]
    waiting.done("a1")
    assert not waiting.waiting


# ── hosts that have enough ───────────────────────────────────────────────────────────────────────

MINUTE = timedelta(minutes=1)


def test_the_first_refusal_is_a_feeds_and_the_second_the_hosts() -> None:
    clock = Clock()
    throttles = Throttles(clock)
    assert not throttles.throttled("a", 10 * MINUTE)
    assert throttles.held("a") is None
    clock.at += 60
    assert throttles.throttled("a", MINUTE)
    assert throttles.held("a") == 9 * MINUTE, "the longest wait that was asked for counts"
    assert throttles.held("b") is None
    clock.at += 9 * 60
    assert throttles.held("a") is None


def test_refusals_far_apart_hold_no_host() -> None:
    clock = Clock()
    throttles = Throttles(clock)
    throttles.throttled("a", MINUTE)
    clock.at += 61
    assert not throttles.throttled("a", None), "no wait was named"
    clock.at += USUAL_REST.total_seconds() - 1
    assert throttles.throttled("a", timedelta(days=400))
    assert throttles.held("a") == LONGEST_REST


def test_waits_that_are_over_are_forgotten() -> None:
    clock = Clock()
    throttles = Throttles(clock)
    throttles.throttled("a", MINUTE)
    throttles.throttled("a", MINUTE)
    clock.at += 61
    throttles.forget()
    assert not vars(throttles)["_held"]
    assert not vars(throttles)["_warned"]


# ── places ───────────────────────────────────────────────────────────────────────────────────────


def test_who_waits_long_leaves_its_place_to_others_and_takes_it_again() -> None:
    async def order() -> list[str]:
        places, happened = Places(1, aside=1, patience=0.02), []

        async def fetch(name: str, seconds: float) -> None:
            await places.take()
            await places.waiting(asyncio.sleep(seconds))
            happened.append(name)
            places.give_back()

        await asyncio.gather(fetch("slow", 0.15), fetch("second", 0.001), fetch("third", 0.001))
        return happened

    assert asyncio.run(order()) == ["second", "third", "slow"]


def test_only_so_many_may_step_aside() -> None:
    async def most() -> int:
        places, now, highest = Places(1, aside=2, patience=0.01), 0, 0

        async def fetch() -> None:
            nonlocal now, highest
            await places.take()
            now += 1
            highest = max(highest, now)
            await places.waiting(asyncio.sleep(0.08))
            now -= 1
            places.give_back()

        await asyncio.gather(*(fetch() for _ in range(6)))
        return highest

    assert asyncio.run(most()) == 3
