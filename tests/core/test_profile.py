from __future__ import annotations

from dataclasses import replace

import pytest

from bot.core import weights
from bot.core.profile import build_profiles, check_queries
from bot.errors import QueryError, TopicQueryError
from bot.model import Exemplar, Topic
from tests.core.judged import ENTITIES, EXEMPLARS, TOPIC, judge


def names(positions: tuple[int, ...], of: tuple[Exemplar, ...] = EXEMPLARS) -> list[str]:
    return [of[position].id for position in positions]


def test_a_topic_has_the_exemplars_that_name_it() -> None:
    (profile,) = judge().profiles
    assert names(profile.on) == ["first", "second"]
    assert names(profile.off) == ["launch", "snack"]


def test_a_topic_that_lists_its_exemplars_has_only_these() -> None:
    (profile,) = judge(replace(TOPIC, exemplars=("second",))).profiles
    assert names(profile.on) == ["second"]
    assert names(profile.off) == ["launch", "snack"], "one that names the topic does not count against it"


def test_copies_count_once_and_stand_for_their_original() -> None:
    copy = replace(EXEMPLARS[0], id="a-copy", copy_of="first")
    of_copy = replace(EXEMPLARS[0], id="z-copy", copy_of="a-copy")
    doubled = judge(replace(TOPIC, exemplars=("z-copy",)), exemplars=(copy, *EXEMPLARS, of_copy))
    assert [reference.exemplar.id for reference in doubled.corpus.references] == [e.id for e in EXEMPLARS]
    assert names(doubled.profiles[0].on) == ["first"]


def test_the_cast_are_those_whom_most_exemplars_name_and_others_do_not() -> None:
    third = replace(EXEMPLARS[1], id="third")
    (profile,) = judge(exemplars=(*EXEMPLARS, third)).profiles
    assert profile.cast == {"alder": 1.0}, "Birch is in one of three, Cedar in none"
    everywhere = tuple(replace(exemplar, text="Alder. " + exemplar.text) for exemplar in (*EXEMPLARS, third))
    assert judge(exemplars=everywhere).profiles[0].cast == {}


def test_two_exemplars_have_no_cast() -> None:
    assert judge().profiles[0].cast == {}


@pytest.mark.parametrize("key", ["query", "exclude"])
def test_a_query_that_cannot_be_read_names_topic_and_key(key: str) -> None:
    texts = {"query": "", "exclude": "", key: "(chip"}
    wrong = Topic(id="own-chips", title="Own chips", query=texts["query"], exclude=texts["exclude"])
    with pytest.raises(TopicQueryError) as caught:
        build_profiles([wrong], (), ())
    assert (caught.value.topic, caught.value.key) == ("own-chips", key)
    assert isinstance(caught.value.__cause__, QueryError)
    assert str(caught.value) == str(caught.value.__cause__)


def test_the_version_changes_with_everything_that_matters() -> None:
    versions = {
        judge().profiles[0].version,
        judge(replace(TOPIC, query="chip")).profiles[0].version,
        judge(replace(TOPIC, threshold=0.7)).profiles[0].version,
        judge(replace(TOPIC, exemplars=("first",))).profiles[0].version,
        judge(exemplars=EXEMPLARS[:3]).profiles[0].version,
        judge(exemplars=(replace(EXEMPLARS[0], text="Other words."), *EXEMPLARS[1:])).profiles[0].version,
        judge(exemplars=(replace(EXEMPLARS[0], published=None), *EXEMPLARS[1:])).profiles[0].version,
        judge(entities=ENTITIES[:2]).profiles[0].version,
    }
    assert len(versions) == 8


def test_the_version_is_stable() -> None:
    again = replace(TOPIC)
    shuffled = replace(EXEMPLARS[0], topics=frozenset(sorted(EXEMPLARS[0].topics, reverse=True)))
    assert (
        judge().profiles[0].version == judge(again, exemplars=(shuffled, *EXEMPLARS[1:])).profiles[0].version
    )


def test_the_threshold_is_the_topics_or_the_shipped_one() -> None:
    auto, own = judge(TOPIC, replace(TOPIC, threshold=0.8)).profiles
    assert (auto.threshold, own.threshold) == (weights.AUTO_THRESHOLD, 0.8)


def test_the_centre_lies_between_the_topics_exemplars_and_the_others_once_there_are_enough() -> None:
    assert judge().profiles[0].centre == weights.CONTRAST_CENTRE, "two exemplars place nothing"
    many = tuple(replace(EXEMPLARS[number % 2], id=f"on{number}") for number in range(40))
    others = tuple(replace(EXEMPLARS[2 + number % 2], id=f"off{number}") for number in range(40))
    world = judge(exemplars=many + others)
    (profile,) = world.profiles
    inside, outside = world.corpus.leave_one_out(profile.on, profile.off)
    assert weights.CONTRAST_CENTRE < profile.centre < (sum(inside) + sum(outside)) / 80


@pytest.mark.parametrize(
    ("topic", "key"),
    [
        (replace(TOPIC, id="bad", query="(chip"), "query"),
        (replace(TOPIC, id="bad", exclude="(chip"), "exclude"),
    ],
)
def test_queries_are_checked_without_the_corpus(topic: Topic, key: str) -> None:
    check_queries([TOPIC], ENTITIES)
    with pytest.raises(TopicQueryError) as caught:
        check_queries([TOPIC, topic], ENTITIES)
    assert (caught.value.topic, caught.value.key) == ("bad", key)
