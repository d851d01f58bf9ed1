"""A short run of the program that ``make chaos`` runs at length."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.chaos.__main__ import run

KILLS, SEED = 25, 20261122


@pytest.mark.slow
def test_a_bot_killed_again_and_again_tells_every_story_once(tmp_path: Path) -> None:
    assert run(tmp_path, KILLS, SEED) == []
