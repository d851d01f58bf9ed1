"""A short run of the program that ``make soak`` runs at length, over a change to winter time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.soak.__main__ import run

BEGAN, SEED = datetime(2026, 10, 23, 12, tzinfo=UTC), 20261122


@pytest.mark.slow
def test_a_bot_that_lives_for_days_tells_everything_once(tmp_path: Path) -> None:
    day = timedelta(days=1)
    assert run(tmp_path, began=BEGAN, days=3, feeds=60, seed=SEED, on_topic=0.3, kept=day) == []
