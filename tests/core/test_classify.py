from __future__ import annotations

import json
from dataclasses import replace
from math import log
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.catalogue import load_catalogue
from bot.core.classify import classify, nearest, probability
from bot.core.evaluate import Labelled, evaluate
from bot.core.features import extract
from bot.core.profile import Judge, build_profiles
from bot.model import Relation, Topic, Verdict
from tests.core.judged import EXEMPLARS, TOPIC, item, judge
from tests.shared import shared_path

CONFIG = Path(__file__).resolve().parents[2] / "config"
WORDS = (
    "Alder",
    "Birch",
    "Cedar",
    "tests",
    "its",
    "own",
    "training",
    "chip",
    "accelerator",
    "potato",
    "card",
)
TOPICS = (
    TOPIC,
    Topic(id="by-query", title="By query", query="accelerator OR title:chip", exclude="potato"),
    Topic(id="by-exemplars", title="By exemplars", exemplars=("first", "second")),
    Topic(id="english", title="English", query="chip", languages=("en",)),
    Topic(id="nothing", title="Nothing said"),
)
JUDGE = judge(*TOPICS)
headlines = st.lists(st.sampled_from(WORDS), max_size=12).map(" ".join)


def verdict(world: Judge, title: str, summary: str = "", language: str | None = None) -> Verdict:
    (found,) = classify(item(world, title, summary, language=language), world)
    return found


@given(headlines, headlines, st.sampled_from([None, "en", "fi"]))
def test_shares_add_up_to_the_log_odds_of_the_score(title: str, summary: str, language: str | None) -> None:
    for found in classify(item(JUDGE, title, summary, language=language), JUDGE):
        assert 0 < found.score < 1
        total = sum(share.share for share in found.shares)
        assert log(found.score / (1 - found.score)) == pytest.approx(total, abs=1e-6)


@given(headlines, headlines, st.sampled_from([None, "en", "fi"]))
def test_a_match_is_a_score_above_the_threshold(title: str, summary: str, language: str | None) -> None:
    for found in classify(item(JUDGE, title, summary, language=language), JUDGE):
        assert found.matched == (found.score >= found.threshold)


@given(st.lists(st.floats(-15, 15), min_size=1, max_size=6), st.floats(0.01, 5))
def test_probability_grows_with_every_share(shares: list[float], more: float) -> None:
    assert 0 < probability(shares) < 1 or abs(sum(shares)) > 30
    assert probability([*shares, more]) >= probability(shares)


def test_one_verdict_a_topic_in_their_order() -> None:
    found = classify(item(JUDGE, "Alder tests a chip"), JUDGE)
    assert [(v.topic_id, v.item_id) for v in found] == [(topic.id, "item") for topic in TOPICS]
    assert [v.profile_version for v in found] == [profile.version for profile in JUDGE.profiles]
    assert len({v.profile_version for v in found}) == len(TOPICS)


def test_news_of_the_topic_matches_and_other_news_does_not() -> None:
    world = judge(TOPIC)
    assert verdict(world, "Alder to build a second training chip", "The accelerator is Alder's own.").matched
    assert not verdict(world, "Cedar launches a graphics card", "Shops sell it from Friday.").matched
    assert not verdict(world, "Potato chips become dearer still", "A poor harvest again.").matched


def test_a_topic_with_only_exemplars_decides_by_them() -> None:
    world = judge(Topic(id="own-chips", title="Own chips"))
    assert verdict(world, "Alder to build a second training chip", "The accelerator is Alder's own.").matched
    assert not verdict(world, "Cedar launches a graphics card", "Shops sell it from Friday.").matched


def test_a_topic_with_only_a_query_decides_by_it() -> None:
    world = judge(Topic(id="t", title="T", query="Alder chip"), exemplars=())
    assert verdict(world, "Alder tests a chip").matched
    assert not verdict(world, "Alder hires an engineer").matched


def test_a_topic_with_neither_never_matches_and_says_so() -> None:
    found = verdict(judge(Topic(id="t", title="T", threshold=1e-9)), "Alder tests a chip")
    assert not found.matched
    assert found.score < 0.01
    assert "neither query nor exemplars" in found.shares[0].detail


def test_an_exclusion_ends_the_matter_even_at_the_lowest_threshold() -> None:
    world = judge(replace(TOPIC, exclude="potato", threshold=1e-9))
    found = verdict(world, "Alder tests a chip on potato farms", "The accelerator is Alder's own.")
    assert not found.matched
    assert found.score < 0.01
    (share,) = [share for share in found.shares if share.signal == "exclude"]
    assert share.detail == "excluded by title: “potato”"
    assert any(span.term == "potato" for span in found.spans)


def test_a_known_language_that_is_not_watched_ends_the_matter() -> None:
    world = judge(replace(TOPIC, languages=("en",)))
    title, summary = "Alder tests a training chip", "The accelerator is Alder's own."
    assert verdict(world, title, summary, language="en").matched
    assert verdict(world, title, summary).matched
    refused = verdict(world, title, summary, language="fi")
    assert not refused.matched
    assert refused.shares[-1].detail == "the item is in fi, the topic watches en"


def test_a_topic_has_its_own_threshold() -> None:
    title, summary = "Alder tests a training chip", "The accelerator is Alder's own."
    score = verdict(judge(TOPIC), title, summary).score
    assert not verdict(judge(replace(TOPIC, threshold=score + 0.001)), title, summary).matched
    assert verdict(judge(replace(TOPIC, threshold=score)), title, summary).matched


def test_more_of_a_topic_scores_higher() -> None:
    world = judge(TOPIC)
    scores = [
        verdict(world, title).score
        for title in ("Cedar opens a shop", "Alder opens a shop", "Alder tests a training chip of its own")
    ]
    assert scores == sorted(scores)
    assert len(set(scores)) == 3


def test_printing_an_exemplar_twice_changes_no_verdict() -> None:
    twice = (*EXEMPLARS, replace(EXEMPLARS[0], id="again", copy_of="first"))
    title = "Alder tests a training chip"
    once, doubled = verdict(judge(TOPIC), title), verdict(judge(TOPIC, exemplars=twice), title)
    assert once.shares == doubled.shares


def test_spans_come_once_each_in_reading_order() -> None:
    found = verdict(judge(replace(TOPIC, query="Alder chip chip")), "A chip for Alder", "Alder has a chip.")
    places = [(span.field, span.start) for span in found.spans]
    assert places == [("title", 2), ("title", 11), ("summary", 0), ("summary", 12)]


def test_nearest_names_the_exemplar_and_the_relation() -> None:
    features = item(JUDGE, EXEMPLARS[0].title, EXEMPLARS[0].text, published="2026-03-04")
    found = nearest(features, JUDGE)
    assert found is not None
    assert (found.exemplar, found.relation) == ("first", Relation.SAME_STORY)
    assert 0.9 < found.similarity <= 1
    assert classify(features, JUDGE)[0].nearest == found


def test_nearest_looks_at_all_exemplars_and_a_verdict_at_the_topics_own() -> None:
    features = item(JUDGE, "Potato chips cost more after a poor harvest")
    everywhere = nearest(features, JUDGE)
    assert everywhere is not None
    assert everywhere.exemplar == "snack"
    own = classify(features, JUDGE)[0].nearest
    assert own is not None
    assert own.exemplar in {"first", "second"}


def test_nothing_in_common_has_no_nearest() -> None:
    assert nearest(item(JUDGE, "Zzz"), JUDGE) is None
    assert nearest(item(judge(exemplars=()), "Alder"), judge(exemplars=())) is None
    assert classify(item(JUDGE, "Zzz"), JUDGE)[0].nearest is None


def test_the_shipped_topics_are_judged_well_and_honestly_on_labelled_news() -> None:
    """Lower bounds well below what docs/judging.md reports: they catch a break, not a drift."""
    lines = shared_path("eval/dev.jsonl").read_text(encoding="utf-8").splitlines()
    catalogue = load_catalogue(CONFIG)
    world = build_profiles(catalogue.topics, catalogue.exemplars, catalogue.entities)
    rows = [labelled(json.loads(line), world) for line in lines]
    report = evaluate(rows)
    assert report.rows == 667
    assert not report.unknown_labels
    assert report.average_precision > 0.85
    assert report.f1 > 0.75
    assert report.calibration_error < 0.05


def labelled(row: dict[str, Any], world: Judge) -> Labelled:
    features = extract(row["id"], title=row["title"], summary=row["summary"], lexicon=world.lexicon)
    return Labelled(
        item_id=row["id"],
        title=row["title"],
        topics=frozenset(row["topics"]),
        verdicts=classify(features, world),
    )
