"""``chipwatch deliver``: what happened, by destination."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.cli.deliver import standing
from bot.model import Destination
from tests.cli.conftest import Place

NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)


def test_nothing_due_is_said(place: Place) -> None:
    called = place.call("deliver")
    assert (called.status, called.out) == (0, "nothing is due\n")
    assert place.json("deliver") == []


def test_a_row_a_destination(polled: Place) -> None:
    polled.call("digest", "daily")
    called = polled.call("deliver")
    assert called.status == 0
    lines = [line.split()[:2] for line in called.out.splitlines() if line.strip()]
    assert lines[0] == ["destination", "sent"]
    assert ["folder", "3"] in lines
    assert polled.call("deliver").out == "nothing is due\n"


def test_json_names_each_delivery(polled: Place) -> None:
    polled.call("digest", "daily")
    rows = polled.json("deliver")
    assert {(row["channel"], row["state"], row["attempt"]) for row in rows} == {("folder", "sent", 1)}
    assert all(Path(row["note"]).is_file() for row in rows)


def test_what_can_not_be_sent_is_named_with_the_next_try(polled: Place) -> None:
    polled.call("digest", "daily")
    (polled.data / "digests").write_text("in the way")
    called = polled.call("deliver")
    assert called.status == 1
    assert "again later" in called.out
    assert str(polled.data / "digests") in "".join(called.out.split())
    assert polled.call("deliver").status == 0, "it is tried again later"


@pytest.mark.parametrize(
    ("state", "told"),
    [
        (Destination(channel="chat"), ""),
        (Destination(channel="chat", paused_until=NOW, paused_why="429"), ""),
        (
            Destination(channel="chat", paused_until=NOW + timedelta(minutes=5), paused_why="429"),
            "paused until 2026-11-22 08:05 UTC (429)",
        ),
        (
            Destination(channel="chat", disabled_at=NOW, disabled_why="404"),
            "disabled since 2026-11-22 08:00 UTC (404): chipwatch deliveries enable chat",
        ),
    ],
)
def test_why_a_channel_gets_nothing(state: Destination, told: str) -> None:
    assert standing(state, NOW) == told
