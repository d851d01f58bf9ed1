from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from math import comb

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.stories import CONFIG, b_cubed, read_demo
from bot.catalogue import load_catalogue
from bot.core import text
from bot.core.stories import Grouper, StoryPolicy
from bot.core.vocabulary import read
from bot.model import Article, Placement
from bot.pipeline.grouping import example
from tests.core.articles import DEAL, DEAL_AGAIN, FIRE, START, article
from tests.shared import shared_path

ENDINGS = ("by", "berg", "vik", "hus", "vin", "sund", "fors", "dal", "stad", "nes")
DAYS = ("Monday", "Tuesday", "Friday", "Saturday")


def stories(articles: list[Article], policy: StoryPolicy | None = None) -> list[str]:
    grouper = Grouper(policy)
    return [grouper.place(one).story_id for one in articles]


def test_the_first_item_opens_a_story_whose_id_derives_from_it() -> None:
    placement = Grouper().place(article(1, DEAL))
    assert placement == Placement(
        item_id="a1", story_id=text.digest(["story", "a1"]), opens=True, because="opens a story"
    )


def test_the_same_event_in_other_words_joins_and_says_why() -> None:
    grouper = Grouper()
    first = grouper.place(article(1, DEAL))
    second = grouper.place(article(2, DEAL_AGAIN, hours=3))
    assert second.story_id == first.story_id
    assert not second.opens
    assert second.copy_of is None
    assert 0.5 < second.similarity < 1.0
    assert second.because.startswith("shares ")
    assert "Halcyon" in second.because


def test_another_event_opens_another_story() -> None:
    first, second = stories([article(1, DEAL), article(2, FIRE, hours=1)])
    assert first != second


def test_a_copy_joins_and_names_the_text_it_repeats() -> None:
    grouper = Grouper()
    grouper.place(article(1, DEAL))
    copied = article(2, (f"UPDATE 1-{DEAL[0]} - Gazette", DEAL[1][:120]), hours=5)
    placement = grouper.place(copied)
    assert placement.copy_of == "a1"
    assert placement.story_id == text.digest(["story", "a1"])
    assert placement.because == "same text as a1"


def _robberies() -> list[Article]:
    towns = [first + last for first in ("Old", "Ny", "Sand", "Lof", "Kar", "Tor", "Elm") for last in ENDINGS]
    reports = [
        (
            f"Man hurt in {town} shop robbery",
            f"A man was hurt when masked robbers raided a shop in {town} on {day} night, police said. "
            f"Officer Jan {town}sen of the {town} station asked witnesses to call.",
        )
        for town, day in zip(towns, DAYS * len(towns), strict=False)
    ]
    return [article(n, report, hours=2.0 * n) for n, report in enumerate(reports)]


def test_like_events_are_told_apart_by_place_and_people() -> None:
    robberies = _robberies()
    known = robberies[-3]
    town = known.title.split()[3]
    follow_up = (
        f"Robbers of {town} shop sought",
        f"Officer Jan {town}sen said on Sunday that the {town} station still looks for the masked men.",
    )
    placed = stories([*robberies, article(999, follow_up, hours=2.0 * len(robberies))])
    assert len(set(placed[20:-1])) > 0.8 * len(placed[20:-1])
    assert placed[-1] == placed[robberies.index(known)]


def test_a_story_closes_when_nothing_joins_within_the_window() -> None:
    late = article(3, DEAL_AGAIN, hours=24 * 40)
    grouper = Grouper()
    first = grouper.place(article(1, DEAL))
    fire = grouper.place(article(2, FIRE, hours=24 * 39))
    assert grouper.place(late).story_id != first.story_id
    assert len(grouper) == 2
    assert grouper.place(article(4, FIRE, hours=24 * 40)).story_id == fire.story_id


def test_a_growing_story_stays_open() -> None:
    articles = [
        article(n, (f"{DEAL[0]}: day {n}", f"{DEAL[1]} Day {n} brought more details."), hours=72 * n)
        for n in range(6)
    ]
    assert len(set(stories(articles))) == 1


def test_one_article_from_the_far_future_closes_nothing() -> None:
    mad = replace(article(2, FIRE), published=START + timedelta(days=30_000))
    grouper = Grouper()
    first = grouper.place(article(1, DEAL))
    grouper.place(mad)
    assert grouper.place(article(3, DEAL_AGAIN, hours=2)).story_id == first.story_id


def test_undated_articles_count_as_published_now() -> None:
    first, undated = stories([article(1, DEAL), article(2, DEAL_AGAIN, dated=False)])
    assert first == undated


def test_an_article_keeps_its_place() -> None:
    grouper = Grouper()
    first = grouper.place(article(1, DEAL))
    assert grouper.place(article(1, FIRE, hours=4)) == first


def test_memory_holds_open_stories_only() -> None:
    grouper = Grouper(StoryPolicy(window=timedelta(days=1)))
    for number in range(300):
        words = f"x{number}q y{number}q z{number}q"
        grouper.place(article(number, (words, words), hours=6.0 * number))
    assert len(grouper) <= 6


# ── labelled streams ─────────────────────────────────────────────────────────────────────────────


def _labelled(name: str) -> tuple[list[Article], list[str], list[str]]:
    """A stream's articles with their true stories and texts."""
    path = shared_path(f"eval/stories/{name}.dev.jsonl")
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    articles = [
        Article(
            id=row["id"],
            title=row["title"],
            summary=row["summary"],
            published=datetime.fromisoformat(row["published"].replace("Z", "+00:00")),
        )
        for row in rows
    ]
    return articles, [row["story"] for row in rows], [row.get("copy", row["id"]) for row in rows]


@pytest.mark.parametrize(
    ("stream", "least"), [("gva", 0.885), ("mixed", 0.89), ("synd", 0.875), ("uci", 0.815)]
)
def test_labelled_streams_are_grouped_as_well_as_measured(stream: str, least: float) -> None:
    articles, gold, _ = _labelled(stream)
    assert b_cubed(gold, stories(articles)).f1 >= least


def test_made_copies_are_found_and_hardly_anything_else() -> None:
    articles, _, gold = _labelled("synd")
    grouper = Grouper()
    found = [(placed := grouper.place(one)).copy_of or placed.item_id for one in articles]
    both, true, answered = (
        sum(comb(n, 2) for n in Counter(labels).values())
        for labels in (zip(gold, found, strict=True), gold, found)
    )
    assert both / answered >= 0.97
    assert both / true >= 0.95


# ── what a wrong "yes" would hide ────────────────────────────────────────────────────────────────

NAMES = """
    Norvik Kesh, Halden Marlin, Tarnow Osprey, Quillon Tundra, Veltra Vesper, Oakum Basalt,
    Bergholt Cobra, Castrel Delphi, Dornach Ember, Esmund Fathom, Fjallby Gannet, Greystone Heron
"""


def _one_template() -> list[Article]:
    """Three unrelated items for each of twelve companies, in the same words."""
    texts = []
    for company, chip in (pair.split() for pair in NAMES.split(",")):
        headline = f"{company} unveils in-house AI accelerator {chip}"
        texts += [
            (headline, f"{headline}, {company} said on Tuesday."),
            (f"Rain in {company}", "It rained all day."),
            (f"{company} wins at home", "Three goals to one."),
        ]
    return [article(number, one) for number, one in enumerate(texts)]


@pytest.mark.parametrize("read_before", [False, True])
def test_neither_a_shared_name_nor_a_shared_form_makes_a_story(read_before: bool) -> None:
    articles = _one_template()
    grouper = Grouper()
    if read_before:
        grouper.learn(articles)
    assert len({grouper.place(one).story_id for one in articles}) == len(articles)


def test_what_fits_several_stories_and_none_well_opens_its_own() -> None:
    sale = (
        "Tarnow buys Bergen plant",
        "Tarnow Steel said it will buy the plant in Bergen with all its workers.",
    )
    between = (
        "Norvik, Halcyon and the Bergen plant",
        "The plant in Bergen that Tarnow Steel will buy makes the accelerators that Norvik ordered.",
    )
    stream = [article(1, DEAL), article(2, sale, hours=1), article(3, between, hours=2)]
    apart = StoryPolicy(start=-6.0, least_besides_rarest=0.0)
    assert len(set(stories(stream[:2], apart))) == 2
    torn = [
        stories(stream, replace(apart, several=several, weak=weak))[-1] in stories(stream[:2], apart)
        for several, weak in ((2, 0.0), (2, 99.0), (3, 99.0))
    ]
    assert torn == [True, False, True]


def test_what_is_learnt_ahead_is_not_counted_twice() -> None:
    articles = [article(1, DEAL), article(2, DEAL_AGAIN, hours=2), article(3, FIRE, hours=3)]
    ahead, twice = Grouper(), Grouper()
    ahead.learn(articles)
    twice.learn([*articles, *articles])
    placed = [ahead.place(one) for one in articles]
    assert placed == [twice.place(one) for one in articles]
    ahead.learn(articles)
    follow_up = article(4, (f"{DEAL[0]}, again", DEAL_AGAIN[1]), hours=5)
    assert ahead.place(follow_up) == twice.place(follow_up)


def _precisions(events: list[str], found: list[str]) -> dict[str, float]:
    """B³ precision of each event: how much of its items' stories is about it, on average."""
    both, answered = Counter(zip(events, found, strict=True)), Counter(found)
    return {
        event: sum(n * n / answered[story] for (about, story), n in both.items() if about == event) / size
        for event, size in Counter(events).items()
    }


def test_the_first_poll_of_the_demo_keeps_its_events_apart_and_whole() -> None:
    rows = read_demo()
    articles, events = [one for one, _ in rows], [event for _, event in rows]
    grouper = Grouper()
    grouper.learn(map(example, load_catalogue(CONFIG).exemplars))
    grouper.learn(articles)
    found = [grouper.place(one).story_id for one in articles]
    quality = b_cubed(events, found)
    assert quality.precision >= 0.86
    assert quality.recall >= 0.97
    reported_often = {event for event, count in Counter(events).items() if count > 1}
    assert len(reported_often) == 13
    precisions = _precisions(events, found)
    # What another event swallows: reports of one party, in one field, on one day.
    assert {event for event in reported_often if precisions[event] < 0.5} <= {"halcyon-kingfisher"}
    assert sum(precisions[event] == 1.0 for event in reported_often) >= 6


# ── properties ───────────────────────────────────────────────────────────────────────────────────

ONE_EVENT_EACH = [
    (
        "Ferry runs aground off Sandvik",
        "A ferry with ninety people on board ran aground off Sandvik on Sunday.",
    ),
    ("Quillon names Marta Osprey as chief", "Quillon said Marta Osprey will lead the toy maker from May."),
    ("Beetles eat the oaks of Dornach", "Foresters in Dornach found thousands of beetles in the old oaks."),
]
WORDS = st.lists(
    st.sampled_from(
        [
            "the",
            "of",
            "said",
            "people",
            "year",
            "new",
            "Norvik",
            "Halcyon",
            "Tarnow",
            "plant",
            "fire",
            "chip",
            "deal",
            "Monday",
        ]
    ),
    max_size=9,
)
TEXTS = st.sampled_from(
    [DEAL, DEAL_AGAIN, FIRE, (DEAL[0], ""), ("", DEAL[1]), ("", ""), (f"{FIRE[0]} - Wire", FIRE[1][:90])]
)
STREAM = st.lists(st.tuples(TEXTS, st.floats(0, 300)), max_size=14)


def _stream(drawn: list[tuple[tuple[str, str], float]]) -> list[Article]:
    ordered = sorted(drawn, key=lambda entry: entry[1])
    return [article(n, chosen, hours=hours) for n, (chosen, hours) in enumerate(ordered)]


@given(STREAM, st.integers(0, 14))
@settings(max_examples=60)
def test_a_restart_changes_no_decision(
    drawn: list[tuple[tuple[str, str], float]], restart_after: int
) -> None:
    articles = _stream(drawn)
    unbroken = Grouper()
    expected = [unbroken.place(one) for one in articles]
    restarted = Grouper()
    for one, placement in zip(articles[:restart_after], expected, strict=False):
        restarted.restore(one, placement)
    assert [restarted.place(one) for one in articles[restart_after:]] == expected[restart_after:]


MINUTE = st.lists(st.sampled_from([DEAL, FIRE, *ONE_EVENT_EACH]), max_size=8).flatmap(
    lambda texts: st.tuples(st.just(texts), st.permutations(range(len(texts))))
)


def _together(placements: Iterable[Placement]) -> set[frozenset[str]]:
    """The stories as sets of their items, whatever their names."""
    stories: dict[str, set[str]] = defaultdict(set)
    for placement in placements:
        stories[placement.story_id].add(placement.item_id)
    return {frozenset(items) for items in stories.values()}


@given(MINUTE)
@settings(max_examples=40)
def test_order_within_a_minute_makes_no_other_stories(
    drawn: tuple[list[tuple[str, str]], list[int]],
) -> None:
    texts, order = drawn
    articles = [article(n, chosen) for n, chosen in enumerate(texts)]
    placed = []
    for batch in (articles, [articles[at] for at in order]):
        grouper = Grouper()
        grouper.learn(batch)
        placed.append(_together([grouper.place(one) for one in batch]))
    assert placed[0] == placed[1]


@given(STREAM)
@settings(max_examples=40)
def test_a_stream_that_is_repeated_changes_nothing(drawn: list[tuple[tuple[str, str], float]]) -> None:
    articles = _stream(drawn)
    grouper = Grouper(StoryPolicy(window=timedelta(days=365)))
    first = [grouper.place(one) for one in articles]
    assert [grouper.place(one).story_id for one in articles] == [
        grouper.memory.placed(placement.item_id).story_id  # type: ignore[union-attr]
        for placement in first
    ]
    alone = Grouper(StoryPolicy(window=timedelta(days=365)))
    assert [alone.place(one) for one in articles] == first


@given(STREAM)
@settings(max_examples=40)
def test_a_stream_from_two_sources_at_once_makes_the_same_stories(
    drawn: list[tuple[tuple[str, str], float]],
) -> None:
    """The second source has every text a minute later: all of it are copies, and none opens a story."""
    articles = [one for one in _stream(drawn) if len(one.title) + len(one.summary) > 60]
    twice = [
        each
        for one in articles
        for each in (
            one,
            replace(one, id=f"{one.id}/2", published=(one.published or START) + timedelta(minutes=1)),
        )
    ]
    once, both = Grouper(), Grouper()
    placed = {each.id: both.place(each) for each in twice}
    expected = [once.place(one) for one in articles]
    assert _together(placed[one.id] for one in articles) == _together(expected)
    for one in articles:
        assert placed[f"{one.id}/2"].copy_of == (placed[one.id].copy_of or one.id)
        assert placed[f"{one.id}/2"].story_id == placed[one.id].story_id


@given(st.lists(st.tuples(WORDS, WORDS), min_size=2, max_size=12))
@settings(max_examples=60)
def test_no_item_joins_a_story_with_which_it_shares_neither_a_name_nor_a_rare_word(
    drawn: list[tuple[list[str], list[str]]],
) -> None:
    grouper = Grouper()
    least = StoryPolicy().least_rarest
    for number, (title, lead) in enumerate(drawn):
        one = article(number, (" ".join(title), " ".join(lead)), hours=number)
        grouper.learn([one])
        known = {
            story_id: {word for kept in story.traces.values() for word in kept.words}
            for story_id, story in grouper.memory._stories.items()
        }
        vocabulary = grouper.memory.vocabulary
        words = {word.folded for word in (read(one).headline + read(one).lead)}
        rare = {word for word in words if vocabulary.weight(word) >= least}
        placement = grouper.place(one)
        if not placement.opens and placement.copy_of is None:
            assert rare & known[placement.story_id]


@given(STREAM)
@settings(max_examples=60)
def test_every_item_has_one_story_that_its_opener_names(
    drawn: list[tuple[tuple[str, str], float]],
) -> None:
    articles = _stream(drawn)
    grouper = Grouper()
    placements = [grouper.place(one) for one in articles]
    opened = {placement.story_id for placement in placements if placement.opens}
    assert {placement.story_id for placement in placements} == opened
    by_id = {placement.item_id: placement for placement in placements}
    for placement in placements:
        if placement.copy_of is not None:
            assert by_id[placement.copy_of].copy_of is None
            assert by_id[placement.copy_of].story_id == placement.story_id


@given(
    st.lists(st.tuples(st.text(max_size=60), st.text(max_size=120), st.none() | st.datetimes()), max_size=8)
)
@settings(max_examples=60)
def test_any_stream_is_grouped(drawn: list[tuple[str, str, datetime | None]]) -> None:
    grouper = Grouper()
    for number, (title, summary, when) in enumerate(drawn):
        published = when.replace(tzinfo=START.tzinfo) if when else None
        grouper.place(Article(id=str(number), title=title, summary=summary, published=published))
