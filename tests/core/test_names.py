from bot.core.keyness import sample
from bot.core.names import recurring_names
from tests.core.examples import FERRIES, LEXICON, OTHERS, samples


def names(*texts: str, least: int = 2) -> dict[str, int]:
    read = [sample("", text, LEXICON) for text in texts]
    return {name.name: name.examples for name in recurring_names(read, samples(OTHERS), least=least)}


def test_a_name_that_recurs_is_told_and_an_entity_is_not() -> None:
    found = recurring_names(samples(FERRIES), samples(OTHERS), least=2)
    assert ("Halvorsen", 4, 0) in found
    assert not [name for name in found if "Skerry" in name.name]


def test_what_begins_a_sentence_is_no_name_by_that() -> None:
    assert names("Nobody came. Rain fell on Vikholm.", "Nobody saw it. Rain hid Vikholm.") == {"Vikholm": 2}


def test_a_word_that_is_also_written_small_is_no_name() -> None:
    assert names("They met at the Harbour in Vik.", "She saw the Harbour, a small harbour.") == {}


def test_days_and_months_are_no_names() -> None:
    assert names("It opens on Monday in March.", "They close on Monday in March.") == {}


def test_short_titles_and_trades_are_no_names() -> None:
    text = "They say that AI pays the CFO of Norvik Inc well."
    assert names(text, text) == {"Norvik Inc": 2}


def test_the_longest_form_stands_for_its_parts() -> None:
    text = "The order went to Ada Lindqvist of the yard."
    assert names(text, text.replace("order", "prize")) == {"Ada Lindqvist": 2}


def test_what_the_background_names_as_often_is_none_of_theirs() -> None:
    texts = ("A market in Ostren opens.", "The match in Ostren ended.")
    read = [sample("", text, LEXICON) for text in texts]
    assert [name.name for name in recurring_names(read, [], least=2)] == ["Ostren"]
    assert recurring_names(read, read, least=2) == ()


def test_a_language_that_writes_nouns_with_capitals_tells_nothing() -> None:
    text = "Die Werft baut das Schiff für die Reederei, und das Land zahlt die Hälfte der Summe für den Bau."
    assert names(text, text) == {}
