"""Checks side by side: order kept, none waited for beyond its time, a fault of ours costs one."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import pytest

from bot.core.findings import fine
from bot.doctor.together import Check, side_by_side
from bot.model import Finding, Level


def check(name: str, *found: str, until: threading.Event | None = None) -> Check:
    def run() -> Sequence[Finding]:
        if until:
            until.wait()
        return [fine(each) for each in found]

    return Check(part="channels", name=name, run=run)


def test_they_run_at_once_and_come_in_their_order() -> None:
    meeting = threading.Barrier(2, timeout=10)

    def meet() -> Sequence[Finding]:
        meeting.wait()
        return [fine("met")]

    both = [Check(part="mail", name=name, run=meet) for name in ("one", "two")]
    rows = side_by_side([*both, check("three", "first chat", "second chat")]).rows()
    assert [(row.name, row.finding.found) for row in rows] == [
        ("one", "met"),
        ("two", "met"),
        ("three", "first chat"),
        ("three", "second chat"),
    ]


def test_one_that_hangs_is_left_and_the_others_are_told() -> None:
    never = threading.Event()
    try:
        rows = side_by_side([check("stuck", "late", until=never), check("quick", "well")], within=0.2).rows()
    finally:
        never.set()
    stuck, quick = (row.finding for row in rows)
    assert (stuck.level, stuck.found, stuck.unreached) == (Level.FAULT, "no end within 0.2 s", True)
    assert quick.found == "well"


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_fault_of_ours_costs_one_check() -> None:
    def broken() -> Sequence[Finding]:
        raise RuntimeError("a bug")

    rows = side_by_side([Check(part="mail", name="login", run=broken), check("quick", "well")]).rows()
    assert [(row.finding.level, row.finding.found) for row in rows] == [
        (Level.FAULT, "a fault of ours"),
        (Level.FINE, "well"),
    ]
