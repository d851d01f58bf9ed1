import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core import text


def test_a_word_inside_another_is_no_word_of_its_own() -> None:
    assert "ai" not in text.words("Training aims at chains")
    assert text.words("AI-driven, ＡＩ and “ai”") == ["ai", "driven", "ai", "and", "ai"]


def test_decimals_stay_whole_and_hyphens_cut() -> None:
    assert text.words("A $1.5 billion, in-house MI300X") == ["a", "1.5", "billion", "in", "house", "mi300x"]


def test_unspaced_scripts_are_cut_by_character() -> None:
    assert text.words("Meta自研芯片") == ["meta", "自", "研", "芯", "片"]


def test_sentences_end_at_full_stops_before_capitals_only() -> None:
    assert text.sentences("It costs $1.5 billion. Meta said so.\nNext line") == [
        "It costs $1.5 billion.",
        "Meta said so.",
        "Next line",
    ]


def test_one_line_drops_what_could_harm_a_header_or_turn_text_around() -> None:
    assert text.one_line("Chip\r\nBcc: x\u202e\x00 \t news") == "Chip Bcc: x news"


def test_no_sign_that_hides_or_turns_text_stays() -> None:
    # The Arabic letter mark, a Mongolian one without width, notes between lines, and invisible ASCII.
    assert text.one_line("Chip\u061c \u180edeal\ufff9s\ufffb \U000e0001\U000e0041now") == "Chip deals now"


def test_digest_is_stable_and_keeps_parts_apart() -> None:
    assert text.digest(["a", "b"]) == text.digest(["a", "b"])
    assert text.digest(["ab", ""]) != text.digest(["a", "b"])
    assert len(text.digest(["a"], size=16)) == 32


@given(st.text())
def test_tokens_point_at_their_text(sample: str) -> None:
    for token in text.tokenize(sample):
        assert text.fold(sample[token.start : token.end]) == token.word
    assert [token.word for token in text.tokenize(sample)] == text.words(sample)


@given(st.text(), st.integers(min_value=1, max_value=80))
def test_shortened_text_fits_and_says_that_it_was_cut(sample: str, limit: int) -> None:
    short = text.shorten(sample, limit)
    assert len(short) <= limit
    assert short == sample or short.endswith("…")


@given(st.lists(st.text(min_size=1), max_size=12), st.integers(min_value=1, max_value=5))
def test_shingles_cover_every_word(tokens: list[str], size: int) -> None:
    covered = {word for run in text.shingles(tokens, size) for word in run}
    assert covered == set(tokens)


@pytest.mark.parametrize("word", ["नॉरविक", "কারখানা", "மின்சாரம்", "مُسَرِّعات", "cafe\u0301"])
def test_vowel_signs_and_accents_are_parts_of_the_word(word: str) -> None:
    assert text.spelled(f"4 {word}, GW") == ["4", word, "GW"]


@pytest.mark.parametrize("code", [0xFDD0, 0xFDEF, 0xFFFE, 0xFFFF, 0x1FFFE, 0x10FFFF])
def test_what_is_no_character_is_dropped(code: int) -> None:
    assert text.safe(f"a{chr(code)}b") == "ab"
