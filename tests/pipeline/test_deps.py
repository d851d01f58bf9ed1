import pytest

from bot.pipeline.deps import unguarded


def test_a_command_lets_faults_through() -> None:
    def broken() -> int:
        raise ValueError("a bug")

    assert unguarded("work", lambda: 7) == 7
    with pytest.raises(ValueError, match="a bug"):
        unguarded("work", broken)
