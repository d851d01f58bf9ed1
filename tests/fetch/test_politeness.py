import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.fetch.politeness import Slots, Turns


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
