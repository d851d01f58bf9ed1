import pytest

from bot.core.comment import is_comment


@pytest.mark.parametrize(
    "title",
    [
        "Tern shares jump 9% on report of chip talks",
        "Tern stock holds gains",
        "Analyst sees Norvik order adding $1.2 billion to sales",
        "Bank lifts Tern target, says order could reach $7 billion",
        "The week in chips: Norvik, Tern and a strike",
        "Morning briefing: Norvik's order",
        "Five things to know about Halcyon",
        "Weekly round-up",
        "Who will make the Halcyon?",
        "谁来制造芯片？",
    ],
)
def test_markets_round_ups_and_questions_are_comment(title: str) -> None:
    assert is_comment(title)


@pytest.mark.parametrize(
    "title",
    [
        "Norvik orders Halcyon accelerators from Tern",
        "Norvik shares its chip designs with Tern",
        "Norvik raises its order to $6 billion",
        "Tern denies it will supply Norvik",
        "Norvik bestellt Chips bei Tern",
        "",
    ],
)
def test_reports_are_not(title: str) -> None:
    assert not is_comment(title)
