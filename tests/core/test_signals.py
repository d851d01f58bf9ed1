from __future__ import annotations

from dataclasses import replace
from math import atanh

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core import signals, weights
from bot.core.signals import SIGNALS, VETOES, Evidence, Reading
from bot.model import Exemplar, Topic
from tests.core.judged import EXEMPLARS, TOPIC, item, judge

CAST = (*EXEMPLARS, replace(EXEMPLARS[1], id="third"))


def read(signal: str, topic: Topic, title: str, summary: str = "", language: str | None = None) -> Reading:
    world = judge(topic, exemplars=CAST)
    features = item(world, title, summary, language=language)
    evidence = Evidence(features=features, judge=world, similarities=world.corpus.similarities(features))
    reading = (SIGNALS.get(signal) or VETOES[signal])(evidence, world.profiles[0])
    assert reading is not None
    return reading


def test_every_signal_has_its_weight() -> None:
    assert list(SIGNALS) == list(weights.WEIGHTS)


def test_a_query_speaks_with_the_words_it_found_and_where() -> None:
    reading = read("query", TOPIC, "Alder shows a chip", "It is an accelerator for Alder.")
    assert reading.value is not None
    assert reading.value > 0
    assert reading.detail == "title: “Alder”, “chip”; summary: “accelerator”, “Alder”"
    assert [span.field for span in reading.spans] == ["title", "title", "summary", "summary"]


def test_a_query_that_does_not_match_speaks_against() -> None:
    reading = read(
        "query",
        TOPIC,
        "Alder opens a hall",
        "No word on chips from the company so far, or on what else it plans",
    )
    assert (reading.value, reading.spans) == (-1.0, ())


@pytest.mark.parametrize(
    ("signal", "topic"),
    [
        ("query", replace(TOPIC, query="")),
        ("exemplars", replace(TOPIC, id="empty")),
        ("entities", replace(TOPIC, exemplars=("first",))),
    ],
)
def test_a_signal_without_ground_abstains_and_says_so(signal: str, topic: Topic) -> None:
    reading = read(signal, topic, "Alder tests a chip")
    assert reading.value is None
    assert reading.detail.startswith("abstained: ")


def test_exemplars_speak_for_what_is_like_them_and_against_the_rest() -> None:
    alike = read("exemplars", TOPIC, "Alder tests a second training chip", "Alder designed the accelerator.")
    unlike = read("exemplars", TOPIC, "Cedar launches a card", "Shops sell the graphics card from Friday.")
    assert alike.value is not None
    assert unlike.value is not None
    assert alike.value > 0 > unlike.value
    assert "nearest “Alder tests a training chip of its own”" in alike.detail


def test_exemplars_say_nothing_of_a_nearest_where_no_word_is_shared() -> None:
    assert "nearest" not in read("exemplars", TOPIC, "Zzz").detail


@given(st.text(max_size=60), st.text(max_size=120))
def test_readings_stay_within_their_bounds(title: str, summary: str) -> None:
    world = judge(TOPIC, exemplars=CAST)
    features = item(world, title, summary)
    evidence = Evidence(features=features, judge=world, similarities=world.corpus.similarities(features))
    bounds = {"query": 1.0, "exemplars": weights.Z_LIMIT, "entities": 1.0}
    for name, signal in SIGNALS.items():
        value = signal(evidence, world.profiles[0]).value
        assert value is not None
        assert abs(value) <= bounds[name]


def test_entities_say_who_is_in_it_and_who_is_missing() -> None:
    there, missing = read("entities", TOPIC, "Alder hires"), read("entities", TOPIC, "Cedar hires")
    assert (there.value, there.detail) == (1.0, "Alder")
    assert (missing.value, missing.detail) == (-1.0, "nobody of the topic’s cast; not in it: Alder")


def test_an_exclusion_that_matches_is_a_veto() -> None:
    topic = replace(TOPIC, exclude="potato")
    hit, miss = read("exclude", topic, "Potato chips by Alder"), read("exclude", topic, "A chip by Alder")
    assert (hit.value, hit.detail) == (weights.VETO, "excluded by title: “Potato”")
    assert [span.term for span in hit.spans] == ["potato"]
    assert miss.value is None


@pytest.mark.parametrize(
    ("wanted", "given", "vetoed"),
    [
        (("en",), "en-GB", False),
        (("en-US",), "en_GB", False),
        (("EN", "de"), "de", False),
        (("en",), "fi", True),
        (("en",), None, False),
        (("en",), "", False),
    ],
)
def test_a_known_foreign_language_is_a_veto(wanted: tuple[str, ...], given: str | None, vetoed: bool) -> None:
    reading = read("language", replace(TOPIC, languages=wanted), "Alder", language=given)
    assert (reading.value == weights.VETO) is vetoed
    assert (given or "not known") in reading.detail


def test_vetoes_nobody_asked_for_are_silent() -> None:
    world = judge(TOPIC)
    features = item(world, "Alder", language="fi")
    evidence = Evidence(features=features, judge=world, similarities=world.corpus.similarities(features))
    assert signals.exclude(evidence, world.profiles[0]) is None
    assert signals.language(evidence, world.profiles[0]) is None


def test_being_unlike_a_few_examples_says_less_against_a_query() -> None:
    title = "Rain floods a cellar in Kesh"
    with_query = read("exemplars", TOPIC, title).value
    alone = read("exemplars", replace(TOPIC, query=""), title).value
    assert with_query is not None
    assert alone is not None
    few = 3  # articles in CAST that are on topic
    assert raw(with_query) / raw(alone) == pytest.approx(few / (few + weights.UNLIKENESS_TRUST))


def raw(value: float) -> float:
    """Undo the flattening at the limit."""
    return atanh(value / weights.Z_LIMIT)


@pytest.mark.parametrize(("others", "alone"), [(0, 1.0), (4, 0.6), (10, 0.0), (30, 0.0)])
def test_the_more_other_articles_there_are_the_less_exemplars_stand_alone(others: int, alone: float) -> None:
    negatives = (replace(EXEMPLARS[2], id=f"other{number}") for number in range(others))
    world = judge(TOPIC, exemplars=(*EXEMPLARS[:2], *negatives))
    assert world.profiles[0].alone == pytest.approx(alone)


def test_without_other_articles_a_shared_kind_of_event_is_not_enough() -> None:
    reports = (
        ("Two shot in Skerry Park in Ostren", "Police in Ostren found two men wounded in Skerry Park."),
        ("Ostren man dies after Skerry Park shooting", "A man shot in Skerry Park in Ostren died on Friday."),
        ("Suspect held over shots in Skerry Park", "Police arrested a man from Ostren for the shooting."),
    )
    corpus = tuple(
        Exemplar(id=f"e{number}", title=title, text=text, topics=frozenset({"event"}))
        for number, (title, text) in enumerate(reports)
    )
    world = judge(Topic(id="event", title="An event"), exemplars=corpus, entities=())

    def value(title: str, summary: str) -> float:
        features = item(world, title, summary)
        evidence = Evidence(features=features, judge=world, similarities=world.corpus.similarities(features))
        reading = SIGNALS["exemplars"](evidence, world.profiles[0])
        assert reading.value is not None
        return reading.value

    same = value("Trial over Skerry Park shooting opens", "A court in Ostren hears that two men were shot.")
    kind = value("Two men shot in Kesh", "Police in Kesh arrested a suspect after the shooting on Friday.")
    place = value("Ostren plants trees in Skerry Park", "The council of Ostren wants shade for Skerry Park.")
    assert same > 0
    assert same > kind
    assert same > place
