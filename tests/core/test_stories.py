from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta
from math import comb
from pathlib import Path

import pytest

from bench.stories import CONFIG, b_cubed, read, read_demo
from bot.catalogue import load_catalogue
from bot.core import text
from bot.core.stories import Grouper, StoryPolicy
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


def test_a_round_up_that_fits_three_stories_opens_its_own() -> None:
    ferry = (
        "Ferry runs aground off Sandvik",
        "A ferry with ninety people on board ran aground in fog off Sandvik. Boats brought all ashore.",
    )
    events = [DEAL, FIRE, ferry]
    grouper = Grouper()
    placed = [grouper.place(article(n, event, hours=n)) for n, event in enumerate(events)]
    assert all(placement.opens for placement in placed)
    week = (
        "Norvik, Tarnow and Sandvik: chips from Halcyon, a warehouse fire and a ferry",
        "Norvik will buy four gigawatts of Halcyon accelerators. A warehouse fire near Tarnow closed the rail"
        " line to Rzeszow. All left the ferry that lies aground off Sandvik.",
    )
    assert grouper.place(article(9, week, hours=9)).opens
    fewer = Grouper()
    fewer.place(article(0, DEAL))
    assert not fewer.place(article(9, week, hours=9)).opens


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


@pytest.mark.parametrize("read_before", [False, True])
def test_the_next_of_a_series_opens_its_own_story(read_before: bool) -> None:
    # Orders, launches, seizures, recalls; and events that go on, with figures that change.
    rows = read(Path(__file__).parent / "series.jsonl")
    grouper = Grouper()
    if read_before:
        grouper.learn(row.article for row in rows)
    found = b_cubed([row.story for row in rows], [grouper.place(row.article).story_id for row in rows])
    assert found.precision >= 0.9
    assert found.recall >= 0.95


LEADS = (
    "A rocket of Orbitas carried {} satellites into orbit from {}{}.",
    "Skyweb has {} more in orbit after a flight from {}{}, Orbitas said.",
)


def _launch(number: int, satellites: int, place: str, when: str = "", days: int = 0) -> Article:
    title = f"Orbitas launches {satellites} Skyweb satellites from {place}"
    return article(number, (title, LEADS[number].format(satellites, place, when)), hours=24.0 * days)


@pytest.mark.parametrize(
    ("second", "apart"),
    [
        (_launch(1, 22, "Kourou"), False),
        (_launch(1, 22, "Baikonur"), True),
        (_launch(1, 23, "Baikonur"), False),
        (_launch(1, 22, "Kourou", " on Tuesday", days=3), True),
    ],
)
def test_other_figures_alone_make_no_other_event(second: Article, apart: bool) -> None:
    assert (len(set(stories([_launch(0, 23, "Kourou", " on Saturday"), second]))) == 2) is apart


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
    assert quality.precision >= 0.93
    assert quality.recall >= 0.97
    reported_often = {event for event, count in Counter(events).items() if count > 1}
    assert len(reported_often) == 13
    precisions = _precisions(events, found)
    assert not {event for event in reported_often if precisions[event] < 0.5}
    assert sum(precisions[event] == 1.0 for event in reported_often) >= 9
