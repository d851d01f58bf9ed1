from dataclasses import replace

import pytest

from bot.core.portrait import blocks, portray
from bot.core.query import parse
from tests.core.judged import EXEMPLARS, TOPIC, judge


@pytest.mark.parametrize(
    ("query", "parts"),
    [
        ("ferry", ["ferry"]),
        ("ferry OR (ship AND sound) OR title:quay", ["ferry", "ship AND sound", "title:quay"]),
        ("(ferry OR ship) AND sound", ["(ferry OR ship) AND sound"]),
    ],
)
def test_a_block_is_what_stands_between_the_outermost_ors(query: str, parts: list[str]) -> None:
    assert [str(block) for block in blocks(parse(query))] == parts


def test_a_topic_without_a_query_has_no_block() -> None:
    assert blocks(None) == ()


def test_a_topic_is_told_as_it_is_judged() -> None:
    judged = judge(replace(TOPIC, query="@alder NEAR/8 chip OR potatoes", exclude="title:snack"))
    (profile,) = judged.profiles
    portrait = portray(judged, profile)
    assert (portrait.examples, portrait.others) == (2, 2)
    assert [(block.query, block.examples, block.others) for block in portrait.blocks] == [
        ("@alder NEAR/8 chip", 2, 0),
        ("potatoes", 0, 1),
    ]
    assert portrait.exclude == "title:snack"
    assert {each.exemplar for each in portrait.recognised} == {"first", "second"}
    assert [each.score for each in portrait.recognised] == sorted(each.score for each in portrait.recognised)
    for each in portrait.recognised:
        assert each.nearest == {"first": "second", "second": "first"}[each.exemplar]


def test_the_cast_is_named() -> None:
    third = replace(EXEMPLARS[0], id="third", text="Alder says that its accelerator is faster than it was.")
    judged = judge(exemplars=(*EXEMPLARS, third))
    (profile,) = judged.profiles
    members = portray(judged, profile).cast
    assert [(member.entity, member.name) for member in members][:1] == [("alder", "Alder")]
    assert 0 < members[0].weight <= 1
