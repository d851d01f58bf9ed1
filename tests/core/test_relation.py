from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.features import cosine
from bot.core.relation import is_copy, relation
from bot.model import Relation
from tests.core.judged import item, judge

JUDGE = judge()
TITLE = "Alder tests a training chip made by Birch"
TEXT = "Alder has put 4,000 of the accelerators to work in two halls, and more follow if the test goes well."


def test_a_copy_is_the_same_story_whenever_it_is_printed() -> None:
    original = item(JUDGE, TITLE, TEXT, published="2026-03-02")
    reprint = item(JUDGE, "From the wire", TEXT + " Our reporter adds a line.", published="2026-09-01")
    assert is_copy(reprint, original)
    assert is_copy(original, reprint)
    assert relation(reprint, original, cosine(reprint.vector, original.vector)) is Relation.SAME_STORY


def test_a_headline_alone_is_no_copy() -> None:
    assert not is_copy(item(JUDGE, TITLE), item(JUDGE, TITLE))


@pytest.mark.parametrize(
    ("similarity", "days", "expected"),
    [
        (0.31, ("2026-03-02", "2026-03-08"), Relation.SAME_STORY),
        (0.31, ("2026-03-08", "2026-03-02"), Relation.SAME_STORY),
        (0.31, ("2026-03-02", "2026-03-20"), Relation.FOLLOW_UP),
        (0.31, ("2026-03-20", "2026-03-02"), Relation.RELATED),
        (0.29, ("2026-03-02", "2026-03-20"), Relation.RELATED),
        (0.22, ("2026-03-02", "2026-03-08"), Relation.RELATED),
        (0.19, ("2026-03-02", "2026-03-08"), Relation.NONE),
        (0.31, ("2026-03-02", None), Relation.RELATED),
        (0.51, ("2026-03-02", None), Relation.SAME_STORY),
        (0.51, (None, None), Relation.SAME_STORY),
    ],
)
def test_dates_tell_a_follow_up_from_the_same_story(
    similarity: float, days: tuple[str | None, str | None], expected: Relation
) -> None:
    before, after = days
    exemplar = item(JUDGE, "Alder and Birch agree on a chip", published=before)
    assert relation(item(JUDGE, "Birch builds for Alder", published=after), exemplar, similarity) is expected


def test_a_figure_in_common_stands_in_for_a_missing_date() -> None:
    exemplar = item(JUDGE, "Alder orders 4,000 chips", published="2026-03-02")
    assert relation(item(JUDGE, "4000 chips for Alder"), exemplar, 0.31) is Relation.SAME_STORY
    assert relation(item(JUDGE, "5,000 chips for Alder"), exemplar, 0.31) is Relation.RELATED


def test_nobody_in_common_is_not_related_unless_the_words_are() -> None:
    one, other = item(JUDGE, "Alder"), item(JUDGE, "Cedar")
    assert relation(one, other, 0.25) is Relation.NONE
    assert relation(one, other, 0.31) is Relation.RELATED


@given(st.floats(0, 1), st.floats(0, 1))
def test_more_likeness_never_means_a_looser_relation(one: float, other: float) -> None:
    order = [Relation.NONE, Relation.RELATED, Relation.FOLLOW_UP, Relation.SAME_STORY]
    exemplar = item(JUDGE, "Alder and Birch agree on a chip", published="2026-03-02")
    later = item(JUDGE, "Birch builds for Alder", published="2026-03-05")
    low, high = sorted((one, other))
    assert order.index(relation(later, exemplar, low)) <= order.index(relation(later, exemplar, high))
