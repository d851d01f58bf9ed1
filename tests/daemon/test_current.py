from __future__ import annotations

from tests.daemon.house import House
from tests.daemon.running import parts


def test_work_under_way_with_the_one_before_is_to_end(house: House) -> None:
    house.watch("https://one.example/rss")
    with parts(house) as running:
        current, first = running.current, running.current.deps()
        assert not first.stopping()
        current.replace(current.application)
        second = current.deps()
        assert (first.stopping(), second.stopping()) == (True, False)
        current.replace(current.application)
        assert (first.stopping(), second.stopping(), current.deps().stopping()) == (True, True, False)


def test_its_size_is_that_of_the_configuration(house: House) -> None:
    house.watch("https://one.example/rss", "https://other.example/rss")
    with parts(house) as running:
        assert running.current.size == {"feeds": 2, "topics": 1, "channels": 2}


def test_a_fault_in_one_unit_of_work_goes_no_further(house: House) -> None:
    def broken() -> None:
        raise ValueError("a bug")

    house.watch("https://one.example/rss")
    with parts(house) as running:
        assert running.current.deps().guard("a test", broken) is None
