"""``chipwatch stories``: listed, explained, split, merged and muted, through the real command line."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cli.calling import NEWS, chipwatch, entry
from tests.cli.conftest import Place

COPY = entry(
    "3",
    "Skerry Lines launches its electric ferry",
    "The ferry carries 90 cars and leaves at noon.",
    hours_ago=0.5,
)
FERRY = "Skerry Lines launches its electric ferry"


@pytest.fixture
def told(place: Place) -> Place:
    """Two stories, one of them with a copy; nothing was told yet."""
    place.publish(*NEWS, COPY)
    assert place.call("poll").status == 0
    return place


def story(place: Place, *words: str) -> Any:
    (found,) = place.json("stories", *words)
    return found


def ids(found: Any) -> list[str]:
    return [item["id"] for item in found["items"]]


def test_words_and_options_come_in_any_order_with_or_without_the_name_of_the_command(told: Place) -> None:
    ferry = story(told, "ferry")
    for call in (
        ("list", "ferry"),
        ("--topic", "ferries"),
        ("--since", "7d", "ferry"),
        ("list", "--topic", "ferries"),
    ):
        assert [each["id"] for each in told.json("stories", *call)] == [ferry["id"]], call
    assert len(told.json("stories")) == 2
    assert ferry["title"] == FERRY
    assert FERRY in told.call("stories").out


def test_the_help_names_the_commands() -> None:
    for option in ("--help", "-h"):
        shown = chipwatch("stories", option)
        assert shown.status == 0
        assert all(name in shown.out for name in ("list", "split", "merge", "mute"))


def test_why_each_item_is_in_it(told: Place) -> None:
    ferry = story(told, "ferry")
    shown = told.call("stories", "--explain", ferry["id"][:8]).out
    assert shown.splitlines()[0] == FERRY
    assert "opens a story" in shown
    assert f"same text as {ferry['items'][0]['id']}" in shown
    assert shown.count("UTC by grouping") == 2
    assert "Not told: it waits for daily." in shown.splitlines()
    explained = told.json("stories", "--explain", ferry["id"])
    assert (explained["title"], explained["muted"], explained["edits"]) == (FERRY, False, [])
    assert {item["placed_in"] for item in explained["items"]} == {ferry["id"]}


def test_why_a_story_was_not_told(told: Place) -> None:
    library, ferry = story(told, "library")["id"], story(told, "ferry")["id"]
    rule = '[[alerts]]\nname = "fast"\ntopics = ["ferries"]\nchannels = ["folder"]\nmin_score = 1.0\n'
    with (told.config / "chipwatch.toml").open("a", encoding="utf-8") as settings:
        settings.write(rule)
    assert "Not told: it matches no topic." in told.call("stories", "--explain", library).out
    assert "fast by folder: not told: its score" in told.call("stories", "--explain", ferry).out
    assert told.json("stories", "--explain", ferry)["alerts"][0]["rule"] == "fast"
    told.call("stories", "mute", ferry)
    assert "Not told: its story is muted; end that with" in told.call("stories", "--explain", ferry).out


def test_what_was_told_is_shown(told: Place) -> None:
    told.call("digest", "daily")
    assert "daily by folder" in told.call("stories", "--explain", story(told, "ferry")["id"]).out


def test_items_are_split_off_for_good_and_untold(told: Place) -> None:
    told.call("digest", "daily")
    ferry = story(told, "ferry")
    copy = ferry["items"][1]["id"]
    split = told.call("stories", "split", ferry["id"], copy[:9], "--by", "Ada", "--note", "another ferry")
    assert split.status == 0, split.err
    new = split.out.split("as story ")[1].split(";")[0]
    assert (
        ids(told.json("stories", "--explain", new)),
        ids(told.json("stories", "--explain", ferry["id"])),
    ) == (
        [copy],
        [ferry["items"][0]["id"]],
    )
    shown = told.call("stories", "--explain", ferry["id"]).out
    assert f"by Ada: 1 item split off from story {ferry['id']} as story {new} (another ferry)" in shown
    assert told.json("stories", "--explain", new)["items"][0]["copy_of"] is None


def test_a_split_that_keeps_everybody_told(told: Place) -> None:
    told.call("digest", "daily")
    ferry = story(told, "ferry")
    told.call("stories", "split", ferry["id"], ferry["items"][1]["id"], "--told")
    preview = told.call("digest", "daily", "--preview", told.data / "preview")
    assert preview.status == 0
    assert not [
        path for path in (told.data / "preview").glob("*") if FERRY in path.read_text(errors="replace")
    ]


def test_stories_are_merged_and_the_old_id_still_leads_there(told: Place) -> None:
    library, ferry = story(told, "library"), story(told, "ferry")
    merged = told.call("stories", "merge", ferry["id"], library["id"][:10], "--by", "Ada")
    assert merged.out == f"1 story is part of story {ferry['id']} now\n"
    whole = told.json("stories", "--explain", library["id"])
    assert (whole["id"], sorted(ids(whole))) == (ferry["id"], sorted(ids(ferry) + ids(library)))
    assert [edit["by"] for edit in whole["edits"]] == ["Ada"]
    assert f"in story {library['id']}" in told.call("stories", "--explain", ferry["id"]).out


def test_of_a_muted_story_nothing_is_told_and_it_says_so(told: Place) -> None:
    ferry = story(told, "ferry")
    assert told.call("stories", "mute", ferry["id"]).out == f"story {ferry['id']} is muted\n"
    assert "muted already" in told.call("stories", "mute", ferry["id"]).out
    assert "(muted)" in told.call("stories", "ferry").out
    assert "muted: nothing is told of it" in told.call("stories", "--explain", ferry["id"]).out
    assert "its story is muted" in told.call("why", ferry["items"][0]["id"]).out
    told.call("digest", "daily")
    assert told.json("why", ferry["items"][0]["id"])["deliveries"] == []
    assert told.call("stories", "mute", ferry["id"], "--undo").out == f"story {ferry['id']} is heard again\n"
    assert not story(told, "ferry")["muted"]


@pytest.mark.parametrize(
    ("call", "problem"),
    [
        (("split", "unknown1", "{item}"), 'no story is known by "unknown1"'),
        (("split", "", "{item}"), 'no story is known by ""'),
        (("split", "{short}", "{item}"), "write six or more characters"),
        (("split", "{story}", "unknown1"), "no item is known"),
        (("split", "{story}", "{other_item}"), "is not in story"),
        (("split", "{story}", "{item}", "{second}"), "all items of story"),
        (("merge", "{story}", "unknown1"), "no story is known"),
        (("merge", "{story}", "{story}"), "can't become part of itself"),
        (("mute", "unknown1"), "no story is known"),
        (("--explain", "unknown1"), "no story is known"),
    ],
)
def test_wrong_calls_are_named_and_change_nothing(told: Place, call: tuple[str, ...], problem: str) -> None:
    ferry, library = story(told, "ferry"), story(told, "library")
    item, second = ids(ferry)
    names = {
        "story": ferry["id"],
        "short": ferry["id"][:3],
        "item": item,
        "second": second,
        "other_item": ids(library)[0],
    }
    before = told.json("stories")
    outcome = told.call("stories", *(word.format(**names) for word in call))
    assert outcome.status == 2
    assert problem in outcome.err
    assert told.json("stories") == before
