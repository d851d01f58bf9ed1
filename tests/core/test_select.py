from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.core.alerts import Standing, select_alerts
from bot.core.select import Selection, select_digest
from bot.core.telling import best_verdicts
from bot.model import DigestSpec, Facts, Receipt, Story, Telling, Volume
from tests.core.told import NOW, RULE, SPEC, TOPICS, WINDOW, background, member, story, telling

VOLUME = Volume(topic_id="chips", topic="Chips", stories=9, usual=3)
RECEIPT = Receipt(feeds=3, feeds_failing=(), items_read=40, stories_matched=0)


def digest_of(
    stories: Sequence[Story],
    told: dict[str, Telling] | None = None,
    *,
    spec: DigestSpec = SPEC,
    facts: dict[str, Facts] | None = None,
) -> Selection:
    selection = select_digest(
        spec, "mail", WINDOW, stories, told or {}, background(facts), now=NOW, receipt=RECEIPT
    )
    assert selection is not None
    return selection


def test_a_story_stands_once_under_its_best_topic() -> None:
    one = story(member(1, story=1, matched=("deals",), score=0.6), member(2, story=1, matched=("chips",)))
    two = story(member(3, story=2, matched=("deals",)))
    digest = digest_of([two, one]).digest
    assert [(section.title, [each.id for each in section.stories]) for section in digest.sections] == [
        ("Chips", ["s1"]),
        ("Deals", ["s2"]),
    ]
    assert digest.quiet_topics == ("Labs",)
    assert digest.receipt == replace(RECEIPT, stories_matched=2, stories_told=2)


def test_the_receipt_counts_stories_of_the_window_and_what_is_told() -> None:
    before = timedelta(hours=1) + (NOW - WINDOW.start)
    told_before, untold = (
        replace(story(member(number, story=number)), last_seen=NOW - before) for number in (1, 2)
    )
    digest = digest_of([told_before, untold, story(member(3, story=3))], {"s1": telling("s1")}).digest
    assert [each.id for each in digest.stories] == ["s2", "s3"]
    assert digest.receipt == replace(RECEIPT, stories_matched=2, stories_told=2)


def test_the_receipt_says_how_many_stories_had_waited_for_the_digest() -> None:
    stories = [story(member(number, story=number)) for number in range(3)]
    selection = select_digest(
        SPEC,
        "mail",
        WINDOW,
        stories,
        {},
        background({}),
        now=NOW,
        receipt=RECEIPT,
        waiting={"s1", "gone"},
        volumes=[VOLUME],
    )
    assert selection is not None
    assert selection.digest.receipt == replace(RECEIPT, stories_matched=3, stories_told=3, waited=1)
    assert selection.digest.volumes == (VOLUME,)


def test_new_comes_before_updated_before_late_then_sources_and_score() -> None:
    stories = [
        story(member(1, story=1, hours=24 * 9, seen=1, score=0.99)),
        story(member(2, story=2, score=0.98)),
        story(member(3, story=3, score=0.6)),
        story(member(4, story=4, score=0.8)),
        story(member(5, story=5, score=0.6), member(6, story=5, score=0.6)),
    ]
    digest = digest_of(stories, {"s2": telling("s2")}, facts={"s2": Facts(figures=("4 GW",))}).digest
    assert [each.id for each in digest.stories] == ["s5", "s4", "s3", "s2", "s1"]


def test_what_does_not_fit_is_mentioned_and_counts_as_told() -> None:
    stories = [story(member(number, story=number, score=0.9 - number / 100)) for number in range(5)]
    selection = digest_of(stories, spec=replace(SPEC, max_stories=2))
    assert [each.id for each in selection.digest.stories] == ["s0", "s1"]
    assert [each.id for each in selection.digest.also_seen] == ["s2", "s3", "s4"]
    assert {each.story_id for each in selection.tellings} == {f"s{number}" for number in range(5)}


def test_an_empty_digest_is_sent_only_if_wished() -> None:
    assert select_digest(SPEC, "mail", WINDOW, [], {}, background(), now=NOW) is None
    empty = digest_of([], spec=replace(SPEC, send_empty=True)).digest
    assert (empty.sections, empty.quiet_topics) == ((), ("Chips", "Deals", "Labs"))


def test_what_is_written_down_names_channel_and_origin() -> None:
    (kept,) = digest_of([story(member(1))]).tellings
    assert (kept.channel, kept.origin, kept.revision, kept.sources) == ("mail", "daily", 1, 1)


# ── properties ───────────────────────────────────────────────────────────────────────────────────

figures = st.lists(st.sampled_from(["4 GW", "$1 billion", "6 years", "5,000 chips"]), max_size=3).map(tuple)
statuses = st.sampled_from(["", "rumoured", "reported", "confirmed", "denied", "cancelled"])
facts = st.builds(Facts, figures=figures, parties=st.just(("Norvik",)), status=statuses)


@st.composite
def some_stories(draw: st.DrawFn) -> list[Story]:
    return [
        story(
            *(
                member(
                    number * 10 + at,
                    story=number,
                    hours=draw(st.floats(0, 400)),
                    seen=draw(st.floats(0, 40)),
                    source=draw(st.sampled_from(["", "a.example", "b.example", "c.example"])),
                    primary=draw(st.booleans()),
                    matched=tuple(draw(st.sets(st.sampled_from(TOPICS)))),
                    score=draw(st.sampled_from([0.3, 0.6, 0.9])),
                    baseline=draw(st.booleans()),
                )
                for at in range(draw(st.integers(1, 4)))
            )
        )
        for number in range(draw(st.integers(0, 6)))
    ]


@st.composite
def situations(draw: st.DrawFn) -> tuple[list[Story], dict[str, Facts], dict[str, Telling], int]:
    stories = draw(some_stories())
    now_stated = {each.id: draw(facts) for each in stories}
    told = {
        each.id: telling(each.id, sources=draw(st.integers(1, 3)), facts=draw(facts))
        for each in stories
        if draw(st.booleans())
    }
    return stories, now_stated, told, draw(st.integers(0, 4))


@settings(max_examples=40)
@given(situations())
def test_every_matched_story_is_told_mentioned_or_known(
    situation: tuple[list[Story], dict[str, Facts], dict[str, Telling], int],
) -> None:
    stories, stated, told, most = situation
    spec = replace(SPEC, max_stories=most, send_empty=True)
    selection = digest_of(stories, told, spec=spec, facts=stated)
    said = {each.id for each in (*selection.digest.stories, *selection.digest.also_seen)}
    assert len(said) == len(selection.digest.stories) + len(selection.digest.also_seen)
    assert len(selection.digest.stories) <= most
    assert {each.story_id for each in selection.tellings} == said
    for each in stories:
        tellable = best_verdicts(each, TOPICS) and not all(one.item.baseline for one in each.members)
        assert (each.id in said) <= bool(tellable)
        if tellable:
            assert each.id in said or each.id in told


@settings(max_examples=40)
@given(situations())
def test_nothing_is_told_twice(
    situation: tuple[list[Story], dict[str, Facts], dict[str, Telling], int],
) -> None:
    stories, stated, told, budget = situation
    standing = Standing(now=NOW, told=told)
    rule = replace(RULE, budget=budget)
    alerts = select_alerts(rule, "mail", stories, standing, background(stated))
    told = told | {each.story_id: each for one in alerts.selections for each in one.tellings}
    again = select_alerts(RULE, "mail", stories, replace(standing, told=told), background(stated))
    alerted = {one.digest.stories[0].id for one in alerts.selections}
    assert not alerted & {one.digest.stories[0].id for one in again.selections}
    first = digest_of(stories, told, spec=replace(SPEC, send_empty=True), facts=stated)
    assert not alerted & {each.story_id for each in first.tellings}
    told = told | {each.story_id: each for each in first.tellings}
    assert select_digest(SPEC, "mail", WINDOW, stories, told, background(stated), now=NOW) is None


@settings(max_examples=40)
@given(situations(), st.randoms(use_true_random=False))
def test_the_order_of_the_input_does_not_matter(
    situation: tuple[list[Story], dict[str, Facts], dict[str, Telling], int],
    random: Random,
) -> None:
    stories, stated, told, most = situation
    spec = replace(SPEC, max_stories=most, send_empty=True)
    shuffled = list(stories)
    random.shuffle(shuffled)
    assert digest_of(stories, told, spec=spec, facts=stated) == digest_of(
        shuffled, told, spec=spec, facts=stated
    )
