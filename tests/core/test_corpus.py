from __future__ import annotations

from dataclasses import replace
from math import isclose

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core import weights
from bot.core.corpus import affinity, contrast
from bot.core.features import cosine
from tests.core.judged import EXEMPLARS, TOPIC, item, judge

similarity_lists = st.lists(st.floats(0, 1), min_size=1, max_size=12)


def test_copies_of_each_other_or_of_something_unknown_are_kept_once() -> None:
    ring = (replace(EXEMPLARS[0], id="a", copy_of="b"), replace(EXEMPLARS[0], id="b", copy_of="a"))
    orphan = replace(EXEMPLARS[1], id="c", copy_of="nowhere")
    kept = judge(TOPIC, exemplars=(*ring, orphan)).corpus.references
    assert [reference.exemplar.id for reference in kept] == ["a", "c"]


def test_similarities_are_the_cosines_with_every_exemplar() -> None:
    world = judge()
    features = item(world, "Alder ships its own training chip", "The accelerator comes from Birch.")
    expected = [cosine(features.vector, reference.features.vector) for reference in world.corpus.references]
    assert world.corpus.similarities(features) == pytest.approx(expected)
    assert expected[0] > expected[2] > 0 or expected[0] > expected[2] == 0


@given(similarity_lists, similarity_lists)
def test_the_contrast_averages_the_best_few_on_each_side(on: list[float], off: list[float]) -> None:
    positions = range(len(on)), range(len(on), len(on) + len(off))
    found = contrast(on + off, *positions)
    best = sorted(on)[-weights.POOL :]
    assert found.on == pytest.approx(sum(best) / len(best))
    assert found.value == pytest.approx(found.on - weights.OFF_TOPIC_PART * found.off)


def test_a_side_without_exemplars_counts_nothing() -> None:
    assert contrast([0.4], [0], []) == (0.4, 0.0)


def test_leaving_one_out_never_compares_an_exemplar_with_itself() -> None:
    corpus = judge().corpus
    inside, outside = corpus.leave_one_out([0, 1], [2, 3])
    features = corpus.references[0].features
    _, second, *off = corpus.likenesses(features, corpus.similarities(features))
    expected = second - weights.OFF_TOPIC_PART * sum(off) / 2
    assert inside[0] == pytest.approx(expected)
    assert max(outside) < min(inside)


parts = st.floats(min_value=0, max_value=1)


@given(parts, parts, parts)
def test_affinity_is_from_0_to_1(in_names: float, in_others: float, name_part: float) -> None:
    assert 0 <= affinity(in_names, in_others, name_part) <= 1


@given(parts)
def test_a_copy_has_all_affinity_whatever_part_of_it_are_names(name_part: float) -> None:
    assert isclose(affinity(name_part, 1 - name_part, name_part), 1)


def test_names_and_matter_together_are_more_than_either() -> None:
    assert affinity(0.2, 0.2, 0.5) > affinity(0.4, 0, 0.5) == affinity(0, 0.4, 0.5)


def test_without_known_names_affinity_is_the_cosine() -> None:
    assert affinity(0, 0.4, 0) == 0.4


def test_the_names_of_a_corpus_are_what_its_articles_write_with_capitals() -> None:
    names = judge().corpus.names
    assert {"alder"} <= names
    assert not {"chip", "card"} & names
    (first, *_) = judge().corpus.references
    assert 0 < first.name_part < 1


def test_traits_make_articles_alike_that_share_no_word() -> None:
    world = judge()
    plain = item(world, "Larch opens a hall")
    deal = item(world, "Alder orders hall for $10 billion")
    for features, more in ((plain, False), (deal, True)):
        similarities = world.corpus.similarities(features)
        likenesses = world.corpus.likenesses(features, similarities)
        assert any(two > one for one, two in zip(similarities, likenesses, strict=True)) is more
        assert all(0 <= likeness <= 1 for likeness in likenesses)


def test_an_exemplar_is_wholly_like_itself() -> None:
    world = judge()
    for position, reference in enumerate(world.corpus.references):
        similarities = world.corpus.similarities(reference.features)
        assert isclose(world.corpus.likenesses(reference.features, similarities)[position], 1)
        assert isclose(world.corpus.affinities(reference.features)[position], 1)
