from __future__ import annotations

from datetime import timedelta

from bot.core.earlier import LOOKED_AT, candidates, closest
from bot.core.features import Features, extract
from bot.core.lexicon import Lexicon
from bot.model import Entity, Facts
from tests.core.told import NOW, telling

LEXICON = Lexicon(
    [
        Entity(id="norvik", name="Norvik", kind="company"),
        Entity(id="tern", name="Tern", kind="company"),
        Entity(id="castellan", name="Castellan", kind="foundry"),
    ]
)
PARTIES = Facts(parties=("Norvik", "Tern"))
ORDER = "Norvik orders Halcyon accelerators from Tern for its data centres in Ostren, worth $4 billion."


def read(text: str, days: float = 0) -> Features:
    title, _, body = text.partition("|")
    return extract("x", title=title, body=body, published=NOW - timedelta(days=days), lexicon=LEXICON)


def test_told_stories_are_found_by_their_names_and_rare_words() -> None:
    told = [
        telling("same", facts=PARTIES),
        telling("one-name", facts=Facts(parties=("Norvik",))),
        telling("other", facts=Facts(parties=("Castellan",))),
    ]
    assert [each.story_id for each in candidates("Norvik and Tern sign", PARTIES, told)] == ["same"]
    assert candidates("Weather", Facts(), told) == []
    rare = "Kingfisher Oceanside told first"
    assert candidates(f"{rare} again", Facts(), told) == []


def test_few_of_them_are_read_again() -> None:
    told = [telling(f"s{number}", facts=PARTIES) for number in range(40)]
    assert len(candidates("Norvik and Tern", PARTIES, told)) == LOOKED_AT


def test_a_later_report_of_both_parties_is_a_follow_up() -> None:
    before = (telling("s1", facts=PARTIES), read(f"Norvik orders accelerators from Tern|{ORDER}", days=30))
    found = closest(read(f"Tern ships Norvik its first Halcyon accelerators|{ORDER} They came."), [before])
    assert found is not None
    assert (found.words, found.story_id, found.names) == ("same event as", "s1", ("norvik", "tern"))
    later = read("Norvik sues Tern over Halcyon accelerators|The order of accelerators for Ostren came late.")
    found = closest(later, [before])
    assert found is not None
    assert found.words in ("follow-up to", "related to")
    assert found.because.startswith("shares norvik, tern; ")


def test_like_reports_of_other_parties_are_not_the_same_event() -> None:
    other = ORDER.replace("Tern", "Castellan").replace("Norvik", "Oakum")
    before = (telling("s1"), read(f"Castellan takes order|{other[:60]}", days=1))
    found = closest(read(f"Norvik orders accelerators|{ORDER[:60]} and more of them"), [before])
    assert found is None or found.words == "related to"


def test_nothing_told_nothing_found() -> None:
    assert closest(read("Norvik orders chips|It pays."), []) is None
