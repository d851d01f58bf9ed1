from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.core.nextup import what_next
from bot.model import DeliveryState, Destination
from tests.core.test_outlook import sent
from tests.core.told import NOW

PENDING = sent(DeliveryState.PENDING)
LATER = NOW + timedelta(minutes=10)
OFF = Destination(channel="mail", disabled_at=NOW, disabled_why="404")
PAUSED = Destination(channel="mail", paused_until=LATER, paused_why="429")


@pytest.mark.parametrize("state", DeliveryState)
def test_every_state_says_what_comes_next(state: DeliveryState) -> None:
    told = what_next(sent(state), None, known=True, now=NOW)
    assert told
    assert not told.endswith(".")


@pytest.mark.parametrize(
    ("delivery", "destination", "known", "told"),
    [
        (PENDING, None, True, "it goes out with the next round; by hand: chipwatch deliver"),
        (replace(PENDING, due_at=LATER), None, True, "it is tried at 2026-05-04 12:10 UTC"),
        (replace(PENDING, due_at=LATER, attempt=2), None, True, "it is tried again at 2026-05-04 12:10 UTC"),
        (PENDING, OFF, True, "it waits: mail is disabled (404) until: chipwatch deliveries enable mail"),
        (PENDING, PAUSED, True, "it waits: mail is paused until 2026-05-04 12:10 UTC"),
        (
            PENDING,
            replace(PAUSED, paused_until=NOW),
            True,
            "it goes out with the next round; by hand: chipwatch deliver",
        ),
        (PENDING, OFF, False, "no channel mail is configured any more: at the next round it dies"),
        (sent(DeliveryState.SENT), OFF, True, "nothing: the receiver has accepted it"),
    ],
)
def test_what_waits_says_for_what(delivery: object, destination: object, known: bool, told: str) -> None:
    assert what_next(delivery, destination, known=known, now=NOW) == told  # type: ignore[arg-type]


@pytest.mark.parametrize("state", [DeliveryState.DEAD, DeliveryState.UNKNOWN])
def test_what_a_person_has_to_do_names_the_command(state: DeliveryState) -> None:
    told = what_next(sent(state), None, known=True, now=NOW)
    assert told.endswith("chipwatch deliveries retry 3f2a9c81d4aa")
