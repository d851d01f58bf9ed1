from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.features import Features, extract
from bot.core.lexicon import document
from bot.core.lint import ALIKE_MATCHES, FEW, Advice, Remark, implies, lint
from bot.core.profile import Judge, build_profiles
from bot.core.querytree import And, Near, Node, Not, Or, Phrase, Title, find
from bot.model import Topic
from tests.core.judged import ENTITIES, EXEMPLARS, TOPIC, judge


def remarks(topic: Topic, advice: Advice, *stored: str) -> list[Remark]:
    judged = judge(topic)
    return [remark for remark in lint(judged, items(judged, *stored)) if remark.advice is advice]


def items(judged: Judge, *titles: str) -> list[Features]:
    return [extract(title, title=title, lexicon=judged.lexicon) for title in titles]


def told(found: list[Remark]) -> list[tuple[str, ...]]:
    return [remark.terms for remark in found]


# ── what a query says ────────────────────────────────────────────────────────────────────────────


def test_terms_that_occur_nowhere_are_listed() -> None:
    topic = replace(TOPIC, query='@alder AND (chip OR "tape out" OR @birch OR volcano*)')
    (remark,) = remarks(topic, Advice.SILENT)
    assert remark.terms == ('"tape out"', "volcano*")
    assert remark.problem == "2 of 5 terms occur in none of 4 texts"
    assert not remark.is_suspicious
    assert told(remarks(topic, Advice.SILENT, "Volcano stops the tape-out")) == []


def test_terms_that_must_not_occur_are_none_that_never_match() -> None:
    assert remarks(replace(TOPIC, query="@alder NOT volcano"), Advice.SILENT) == []


def test_a_block_that_finds_a_good_part_of_other_texts_is_told() -> None:
    stored = [f"Weather on day {number}" for number in range(FEW)] + ["Ferry tale"] * FEW
    topic = replace(TOPIC, query="@alder OR (weather AND day)")
    assert told(remarks(topic, Advice.COMMON, *stored)) == [("weather AND day",)]
    assert remarks(topic, Advice.COMMON, *stored[:3]) == []


def test_a_word_that_is_everywhere_decides_nothing_beside_others() -> None:
    stored = [f"Weather on day {number}" for number in range(5 * FEW)]
    topic = replace(TOPIC, query="@alder NEAR/5 weather")
    (remark,) = remarks(topic, Advice.COMMON, *stored)
    assert remark.terms == ("weather",)
    assert remark.is_suspicious


@pytest.mark.parametrize(
    ("query", "shadowed"),
    [
        ("chip OR chips", []),
        ("chip* OR chips", ["chips"]),
        ('chip OR "custom chip"', ['"custom chip"']),
        ('chip OR "custom chip*"', []),
        ('"custom chip*" OR "custom chips"', ['"custom chips"']),
        ("chip OR title:chip", ["title:chip"]),
        ("chip OR (chip AND sound)", ["chip AND sound"]),
        ("chip OR (card NEAR/3 chip)", ["card NEAR/3 chip"]),
        ("chip OR chip", ["chip"]),
        ("chip OR CHIP", ["CHIP"]),
        ("@kind:foundry OR @birch", ["@birch"]),
        ("@kind:foundry OR @alder", []),
        ("(chip OR chips OR chip*) AND sound", ["chip", "chips"]),
        ("title:(chip OR chip*)", ["chip"]),
        ("sound NOT (chip OR chip*)", ["chip"]),
        # A phrase reaches one word further than the word in it.
        ('sound NEAR/3 (chip OR "custom chip")', []),
        ("sound NEAR/3 (chip OR chip*)", ["chip"]),
        ("(chip NOT sound) OR (chip NOT card)", []),
        ("chip OR (chip NOT sound)", ["chip AND NOT sound"]),
    ],
)
def test_what_another_part_finds_already_is_told(query: str, shadowed: list[str]) -> None:
    found = [term for terms in told(remarks(replace(TOPIC, query=query), Advice.SHADOWED)) for term in terms]
    assert found == shadowed


PHRASES = st.builds(
    lambda words, prefix: Phrase(tuple(words), prefix, " ".join(words)),
    st.lists(st.sampled_from(("a1", "a12", "b1")), min_size=1, max_size=3),
    st.booleans(),
)
TREES: st.SearchStrategy[Node] = st.recursive(
    PHRASES,
    lambda inner: st.one_of(
        st.lists(inner, min_size=2, max_size=3).map(lambda parts: And(tuple(parts))),
        st.lists(inner, min_size=2, max_size=3).map(lambda parts: Or(tuple(parts))),
        st.tuples(PHRASES, PHRASES, st.integers(1, 3)).map(lambda found: Near(found[:2], (found[2],))),
        inner.map(Title),
        inner.map(Not),
    ),
    max_leaves=5,
)
TEXTS = st.lists(st.sampled_from(("a1", "a12", "b1", "c")), max_size=6).map(" ".join)


@given(TREES, TREES, st.lists(st.tuples(TEXTS, TEXTS), max_size=4))
def test_what_implies_another_is_never_found_without_it(
    one: Node, other: Node, texts: list[tuple[str, str]]
) -> None:
    if implies(one, other):
        for text in (document(title, body=body) for title, body in texts):
            if find(one, text, {}) is not None:
                assert find(other, text, {}) is not None


@given(TREES)
def test_everything_implies_itself_and_an_or_that_has_it(tree: Node) -> None:
    assert implies(tree, tree)
    assert implies(tree, Or((tree, Phrase(("z",), False, "z"))))
    assert implies(And((tree, Phrase(("z",), False, "z"))), tree)


# ── examples and topics ──────────────────────────────────────────────────────────────────────────


def test_examples_that_the_query_misses_are_named() -> None:
    (remark,) = remarks(replace(TOPIC, query="training AND chip"), Advice.MISSED)
    assert (remark.terms, remark.problem) == (("second",), "misses 1 of the topic's 2 examples")
    assert remarks(TOPIC, Advice.MISSED) == []


def test_an_example_that_is_excluded_is_a_mistake() -> None:
    (remark,) = remarks(replace(TOPIC, exclude="title:training"), Advice.EXCLUDED)
    assert remark.terms == ("first",)
    assert remark.is_suspicious


def test_a_topic_with_nothing_to_judge_by_is_told() -> None:
    (remark,) = remarks(Topic(id="empty", title="Empty"), Advice.NOTHING)
    assert remark.is_suspicious


def test_articles_that_a_list_leaves_out_are_named() -> None:
    (remark,) = remarks(replace(TOPIC, exemplars=("first",)), Advice.UNLISTED)
    assert remark.terms == ("second",)
    assert remarks(replace(TOPIC, exemplars=("first", "second")), Advice.UNLISTED) == []


def test_topics_with_one_query_are_twins() -> None:
    other = replace(TOPIC, id="other", title="Other")
    (remark,) = (each for each in lint(judge(TOPIC, other)) if each.advice is Advice.TWIN)
    assert (remark.topic, remark.terms) == ("other", ("own-chips",))


def test_topics_that_match_the_same_texts_are_twins() -> None:
    one, other = (
        Topic(id="one", title="One", query="@alder chip"),
        Topic(id="two", title="Two", query="chip @alder"),
    )
    apart = Topic(id="three", title="Three", query="@cedar")
    judged = build_profiles((one, other, apart), EXEMPLARS[2:], ENTITIES)
    stored = items(judged, *(f"Alder shows chip number {number}" for number in range(ALIKE_MATCHES)))
    assert [each.topic for each in lint(judged, stored) if each.advice is Advice.TWIN] == ["two"]


def test_entities_that_nobody_names_are_listed() -> None:
    assert [each for each in lint(judge()) if each.advice is Advice.UNNAMED] == []
    extra = replace(ENTITIES[0], id="dogwood", name="Dogwood", aliases=())
    (remark,) = (each for each in lint(judge(entities=(*ENTITIES, extra))) if each.advice is Advice.UNNAMED)
    assert remark.terms == ("dogwood",)
    assert remark.topic == ""
