import textwrap

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.lines import Kind, lines_of


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Quarry will open a third production line in Dresden next year.", Kind.PROSE),
        ("She said of the second line that it was full, she explained:", Kind.PROSE),
        ("Quarry declined to comment.", Kind.SENTENCE),
        ("Buy low and sell high", Kind.SHORT),
        ("Start trading today with zero fees and win tickets in the cup", Kind.SHORT),
        ("• A fixed price for two years", Kind.ITEM),
        ("By Maria Lindqvist and Tom Okafor", Kind.LABEL),
        ("4 min read", Kind.LABEL),
        ("Read more: Why the ferry strike hit the islands first", Kind.LABEL),
        ("Related articles", Kind.OTHERS),
        ("Das könnte Sie auch interessieren:", Kind.OTHERS),
        ("You may also like", Kind.OTHERS),
        ("3 Comments", Kind.AFTER),
        ("About Orrery Systems", Kind.AFTER),
        ("About the deal", Kind.SHORT),
        ("Forward-Looking Statements", Kind.AFTER),
        ("###", Kind.AFTER),
    ],
)
def test_a_line_is_known_by_its_shape_and_its_words(text: str, kind: Kind) -> None:
    (line,) = lines_of(text)
    assert line.kind is kind


def test_marks_of_headings_and_quotes_are_taken_off_and_those_of_lists_and_speech_are_not() -> None:
    assert [
        line.text for line in lines_of("## A title\n> > quoted words\n• item\n– Ja, sa hon.\n```\ncode```")
    ] == [
        "A title",
        "quoted words",
        "• item",
        "– Ja, sa hon.",
        "```",
        "code",
    ]


def test_a_notice_is_known_in_any_line() -> None:
    assert [
        line.notice for line in lines_of("We use cookies here.\nNothing is investment advice.\nA chip.")
    ] == [
        True,
        True,
        False,
    ]


def test_paragraphs_broken_to_a_width_become_one_line_each() -> None:
    text = (
        "A title in its own line\n\n"
        "The first paragraph was broken\nby a mail program to a width\nof thirty characters.\n\n"
        "The second paragraph was also\nbroken by it.\n"
    )
    assert [line.text for line in lines_of(text)] == [
        "A title in its own line",
        "The first paragraph was broken by a mail program to a width of thirty characters.",
        "The second paragraph was also broken by it.",
    ]


WRAPPABLE = (
    "Velaro, which builds its own accelerators, has agreed to rent several thousand graphics processors from "
    "its rival Pendra until its own well-tested chips are ready, according to a filing published on Friday.",
    "The agreement runs for eighteen months. Velaro pays Pendra a monthly fee that depends on how many "
    "processors it uses, and it may hand back half of them at three months' notice.",
    "Pendra declined to comment.",
)


@pytest.mark.parametrize("hyphens", [True, False])
@pytest.mark.parametrize("width", [36, 60, 72, 90, 100, 110, 118])
def test_any_width_is_found_also_beside_a_longer_headline(width: int, hyphens: bool) -> None:
    headline = "Velaro rents compute from a rival to train its next model"
    broken = [textwrap.fill(each, width, break_on_hyphens=hyphens) for each in WRAPPABLE]
    lines = lines_of(f"{headline}\n\n" + "\n\n".join(broken))
    assert [line.text for line in lines] == [headline, *WRAPPABLE]
    # Without empty lines two paragraphs may run together, but none is cut.
    lines = lines_of(f"{headline}\n\n" + "\n".join(broken))
    assert " ".join(line.text for line in lines) == " ".join((headline, *WRAPPABLE))


def test_a_list_of_headlines_of_one_length_is_left_alone() -> None:
    headlines = [
        "Ferries between the islands stop for two days",
        "Harbour opens a third berth for larger ships",
        "How a fishing village became a port for yards",
        "Storm closes the sound for most of the summer",
    ]
    assert [line.text for line in lines_of("\n".join(headlines))] == headlines


def test_paragraphs_of_one_line_are_left_alone() -> None:
    text = "The first sentence ends here.\nThe second sentence ends here.\niPhone sales rose again.\n"
    assert len(lines_of(text)) == 3


@given(st.text())
def test_lines_hold_something(text: str) -> None:
    for line in lines_of(text):
        assert line.text.strip()
        assert line.size >= 0
