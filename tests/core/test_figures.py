import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.figures import distinct_figures, event_figures, figure_kind, figures_in, replaced, same_figure


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("$9.8 billion", "$10 billion", True),
        ("$6,000 million", "$6 billion", True),
        ("$4 billion", "$4.3 billion", False),
        ("$1,5 billion", "$1.5 billion", True),
        ("$1,5 billion", "$15 billion", False),
        ("1.000.000 chips", "1 million chips", True),
        ("$4 billion", "€4 billion", False),
        ("1.2 GW", "1,200 MW", True),
        ("1.2 GW", "$1.2 billion", False),
        ("40,000 accelerators", "40,000 chips", True),
        ("40,000 chips", "60,000 chips", False),
        ("5 years", "6 years", False),
        ("1 year", "1 year", True),
        ("$10–12 billion", "$10 billion", True),
    ],
)
def test_rounding_and_spelling_make_no_other_figure(one: str, other: str, same: bool) -> None:
    assert same_figure(one, other) == same
    assert same_figure(other, one) == same


@pytest.mark.parametrize(
    ("figure", "known", "old"),
    [
        ("$6 billion", ["$4 billion"], "$4 billion"),
        ("$7 billion", ["$4 billion", "$6 billion"], "$6 billion"),
        ("$300 million", ["$4 billion"], None),
        ("€6 billion", ["$4 billion"], None),
        ("2 GW", ["$4 billion", "1,200 MW"], "1,200 MW"),
        ("6 years", ["5 years"], "5 years"),
        ("6 years", [], None),
    ],
)
def test_a_figure_replaces_the_last_of_its_kind_and_magnitude(
    figure: str, known: list[str], old: str | None
) -> None:
    assert replaced(figure, known) == old


@pytest.mark.parametrize(
    ("source", "figures"),
    [
        ("Norvik, with a market value of $210 billion, pays Tern $4 billion.", ("$4 billion",)),
        ("Revenue came to $5.1 billion. The order is worth $4 billion.", ("$4 billion",)),
        ("Its last contract brought $900 million in 2023.", ()),
        ("The first of 1.2 GW is due in 2027.", ("1.2 GW",)),
        ("The agreement is valued at $4 billion.", ("$4 billion",)),
        (
            "Norvik buys Tern for $4 billion in cash, or in stock worth $3 billion",
            ("$4 billion", "$3 billion"),
        ),
        ("Tern shares added $6 billion", ()),
        ("An earlier order was over $2 billion", ()),
        ("Es geht um 4 billion dollars.", ("$4 billion",)),
        ("Es geht um 1.000.000 chips.", ("1.000.000 chips",)),
        ("", ()),
    ],
)
def test_what_tells_of_other_things_is_no_figure_of_the_event(source: str, figures: tuple[str, ...]) -> None:
    assert event_figures(source, 2026) == figures


def test_each_figure_is_kept_once_as_spelled_first() -> None:
    assert distinct_figures(["$4 billion", "$3.9 billion", "5 years", "$6 billion"]) == (
        "$4 billion",
        "5 years",
        "$6 billion",
    )


@given(
    st.text() | st.lists(st.sampled_from(["$", "10", "–", "12", " ", "billion", "GW", "٣", "0"])).map("".join)
)
def test_any_figure_is_itself_and_has_a_kind(source: str) -> None:
    for figure in figures_in(source):
        assert same_figure(figure, figure)
        assert figure_kind(figure) in ("value", "power", "term", "volume")
        replaced(figure, figures_in(source))
    assert set(event_figures(source, 2026)) <= set(figures_in(source))


@pytest.mark.parametrize(
    "piece", ["1,", "1.", "1-year ", "$1 bn-", "over ", "1 million a b c ", "$1–", "1 a b "]
)
def test_a_long_row_of_one_thing_is_read_in_no_time(piece: str) -> None:
    """Read again from each of its commas, 100 KB took minutes."""
    row = piece * (100_000 // len(piece))
    assert set(event_figures(row, 2026)) <= set(figures_in(row)) <= {"1 year", "$1 billion"}
