import codecs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.encoding import decode

_HEAD = "<?xml version='1.0' encoding='{}'?>"


@pytest.mark.parametrize(
    ("mark", "codec"),
    [
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
        (codecs.BOM_UTF32_LE, "utf-32-le"),
        (codecs.BOM_UTF32_BE, "utf-32-be"),
    ],
)
def test_a_mark_beats_every_label(mark: bytes, codec: str) -> None:
    text = _HEAD.format("iso-8859-1") + "<rss>é</rss>"
    assert decode(mark + text.encode(codec), "text/xml; charset=us-ascii") == (text, codec, "")


@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
def test_wide_encodings_are_seen_without_a_mark(codec: str) -> None:
    assert decode("<rss>é</rss>".encode(codec)).text == "<rss>é</rss>"


def test_valid_utf8_beats_a_wrong_label() -> None:
    text = _HEAD.format("iso-8859-1") + "Kölner “Chips”"
    assert decode(text.encode(), "text/xml; charset=iso-8859-1").text == text


@pytest.mark.parametrize(
    ("codec", "words"),
    [
        ("windows-1251", "Чипы и новости"),
        ("shift_jis", "半導体の新製品"),
        ("big5", "晶片新聞"),
        ("euc-kr", "반도체 소식"),
    ],
)
def test_the_label_is_believed_where_the_bytes_are_not_utf8(codec: str, words: str) -> None:
    inside = (_HEAD.format(codec) + words).encode(codec)
    assert decode(inside).text.endswith(words)
    assert decode(words.encode(codec), f"text/xml; charset={codec}").text == words


def test_seven_bit_encodings_need_their_label() -> None:
    body = (_HEAD.format("iso-2022-jp") + "半導体").encode("iso-2022-jp")
    assert decode(body).text.endswith("半導体")


def test_latin1_is_read_as_the_larger_set_people_write() -> None:
    assert decode(_HEAD.format("iso-8859-1").encode() + b"\x93quoted\x94").text.endswith("“quoted”")


def test_a_stray_byte_costs_its_character_only() -> None:
    text, codec, fault = decode("Größe und Maß ".encode() + b"\x93x\x94")
    assert (text, codec) == ("Größe und Maß “x”", "utf-8")
    assert "not valid" in fault


@pytest.mark.parametrize("label", ["hex", "utf-7", "no-such-set", "rot13", "unicode_escape", "idna"])
def test_labels_that_name_no_encoding_of_text_are_passed_over(label: str) -> None:
    assert decode(
        _HEAD.format(label).encode() + b"+AGE- \\u0041 41", f"text/xml; charset={label}"
    ).text.endswith("41")


@given(
    st.binary(max_size=300),
    st.sampled_from(["", "text/xml; charset=big5", "text/xml; charset=utf-16", "a;charset="]),
)
def test_any_bytes_have_a_reading(body: bytes, content_type: str) -> None:
    assert isinstance(decode(body, content_type).text, str)


@given(st.text(max_size=300))
def test_utf8_is_read_back(text: str) -> None:
    if text and text.isprintable():
        assert decode(text.encode()).text == text.removeprefix("\ufeff")
