from datetime import UTC, datetime, timedelta

import pytest

from bot.app import opened
from bot.configuration import read_configuration
from bot.model import Judgement
from bot.pipeline.poll import poll
from tests.cli.calling import NEWS, SETTINGS, chipwatch, entry, write_config
from tests.cli.conftest import Place

FERRY, LIBRARY = "https://harbor.example/1", "https://harbor.example/2"
NO_DIGEST = SETTINGS[: SETTINGS.index("[digests.daily]")]


# ── items ────────────────────────────────────────────────────────────────────────────────────────


def test_items_are_listed_newest_first_with_what_they_match(place: Place) -> None:
    place.publish(
        entry("1", "A ferry of yesterday", hours_ago=20),
        entry("2", "Rain this morning", hours_ago=2),
        entry("3", "A car deck for the sound", hours_ago=1),
    )
    place.call("poll")
    items = place.json("items")
    assert [item["title"] for item in items] == [
        "A car deck for the sound",
        "Rain this morning",
        "A ferry of yesterday",
    ]
    assert [list(item["topics"]) for item in items] == [["ferries"], [], ["ferries"]]
    assert "keys" not in items[0]
    table = place.call("items").out
    assert items[0]["id"][:12] in table
    assert "ferries 9" in table or "ferries 100%" in table


@pytest.mark.parametrize("command", ["items", "stories"])
@pytest.mark.parametrize(
    ("options", "found"),
    [
        ([], 2),
        (["ferry"], 1),
        (["FERRY", "electric"], 1),
        (["ferry", "library"], 0),
        (["--topic", "ferries"], 1),
        (["--since", "1h"], 2),
        (["--since", "2999-01-01"], 0),
        (["--limit", "1"], 1),
        (["--topic", "ferries", "--since", "1d", "skerry"], 1),
    ],
)
def test_a_search_is_narrowed_by_words_topic_and_time(
    polled: Place, command: str, options: list[str], found: int
) -> None:
    assert len(polled.json(command, *options)) == found


@pytest.mark.parametrize("command", ["items", "stories"])
@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--topic", "feries"], 'unknown topic "feries"; did you mean "ferries"?'),
        (["--since", "yesterday"], '"yesterday" is no time'),
        (["--since", "999999999d"], "is no time"),
        (["--limit", "0"], "--limit"),
        (["--limit", "many"], "--limit"),
    ],
)
def test_a_wrong_call_is_named(place: Place, command: str, options: list[str], told: str) -> None:
    place.call("db", "upgrade")
    called = place.call(command, *options)
    assert called.status == 2
    assert told in called.err
    assert not called.out


def test_nothing_found_is_said(place: Place) -> None:
    place.call("db", "upgrade")
    assert place.call("items", "zeppelin").out == "no item matches\n"
    assert place.call("stories").out == "no story matches\n"


# ── stories ──────────────────────────────────────────────────────────────────────────────────────


def test_copies_are_one_story(place: Place) -> None:
    text = "The electric ferry of Skerry Lines left the quay at noon with ninety cars and many guests aboard."
    place.publish(
        entry("1", "Skerry Lines launches ferry", text),
        entry("2", "Skerry Lines launches ferry", text),
        NEWS[1],
    )
    place.call("poll")
    stories = {len(story["items"]): story for story in place.json("stories")}
    assert set(stories) == {1, 2}
    first, copy = stories[2]["items"]
    assert copy["copy_of"] == first["id"]
    assert first["copy_of"] is None
    told = place.call("why", copy["id"]).out
    assert f"Story {stories[2]['id']}: 2 items" in told
    assert f"{first['id'][:12]}  harbor.example: Skerry Lines launches ferry" in told


# ── why ──────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def ferry(polled: Place) -> str:
    """Id of the item on topic."""
    (item,) = polled.json("items", "ferry")
    return str(item["id"])


def test_the_whole_decision_is_told(polled: Place, ferry: str) -> None:
    told = polled.call("why", ferry).out
    lines = [line.strip() for line in told.splitlines()]
    assert lines[:3] == ["Skerry Lines launches its electric ferry", FERRY, f"item {ferry}"]
    assert any(line.startswith("Ferries: matched, ") for line in lines)
    shares = [line.split()[1] for line in lines if line[:1] in "+-" and "sum:" not in line and line]
    assert shares == ["prior", "query", "exemplars", "entities"]
    assert any("Skerry Lines" in line and "query" in line for line in lines)
    assert any(line.startswith("nearest exemplar new-ferry: ") for line in lines)
    assert "Not told: it waits for daily." in lines
    assert lines[-2] == "Digests and alerts:"
    assert lines[-1].startswith("digest daily by folder: waits for ")
    assert lines[-1].endswith(" 07:00 UTC, number 1 of 1")


def test_the_shares_add_up_to_the_score(polled: Place, ferry: str) -> None:
    told = polled.call("why", ferry).out
    numbers = [
        line.split() for line in told.splitlines() if line[:4].strip() in ("+", "-") or line[2:3] in "+-"
    ]
    values = [float(words[0]) for words in numbers if words and words[0][0] in "+-"]
    *shares, total = values
    assert sum(shares) == pytest.approx(total, abs=0.03)


@pytest.mark.parametrize(
    "reference",
    [lambda item: item, lambda item: item[:6], lambda _: FERRY, lambda _: FERRY + "?utm_source=mail#top"],
)
def test_an_item_is_found_by_id_its_beginning_and_its_address(
    polled: Place, ferry: str, reference: object
) -> None:
    assert callable(reference)
    assert polled.json("why", reference(ferry))["id"] == ferry


@pytest.mark.parametrize("reference", ["nope", "ab", "", "https://harbor.example/nowhere", "http://[::1"])
def test_an_unknown_item_is_named_with_how_to_find_one(polled: Place, reference: str) -> None:
    called = polled.call("why", reference)
    assert called.status == 2
    assert (
        f'no item is known by "{reference}"; write its address, or six or more characters of its id'
        in called.err
    )


def test_json_holds_verdicts_story_and_deliveries(polled: Place, ferry: str) -> None:
    polled.call("digest", "daily")
    polled.call("deliver")
    told = polled.json("why", ferry)
    (verdict,) = told["verdicts"]
    assert (verdict["topic_id"], verdict["matched"]) == ("ferries", True)
    assert told["story"]["id"] == told["placement"]["story_id"]
    assert {(each["origin"], each["channel"], each["state"]) for each in told["deliveries"]} == {
        ("daily", "folder", "sent")
    }


def test_what_was_sent_to_whom(polled: Place, ferry: str) -> None:
    polled.call("digest", "daily")
    assert "pending" in polled.call("why", ferry).out
    polled.call("deliver")
    told = polled.call("why", ferry).out
    assert "Told:" in told
    assert told.count("daily by folder to ") == 3
    assert "Not told" not in told


CHOOSY = '\n[[alerts]]\nname = "sure"\ntopics = ["ferries"]\nchannels = ["folder"]\nmin_score = 1.0\n'


@pytest.mark.parametrize(
    ("settings", "item", "reason"),
    [
        (SETTINGS, LIBRARY, "neither it nor its story matches a topic."),
        (NO_DIGEST, FERRY, "no digest and no alert watches its topics."),
        (SETTINGS.replace("10000d", "1s"), FERRY, "it was old when its feed was first polled."),
        (SETTINGS, FERRY, "it waits for daily."),
        (NO_DIGEST + CHOOSY, FERRY, "its score, 100.0%, is below the rule's 100.0%."),
        (SETTINGS + CHOOSY, FERRY, "it waits for daily."),
    ],
)
def test_why_something_was_not_told(place: Place, settings: str, item: str, reason: str) -> None:
    (place.config / "chipwatch.toml").write_text(settings)
    place.call("poll")
    assert f"Not told: {reason}" in place.call("why", item).out.splitlines()


def test_what_each_alert_rule_makes_of_it(place: Place) -> None:
    rule = '\n[[alerts]]\nname = "{}"\ntopics = ["ferries"]\nchannels = ["folder"]\n'
    settings = SETTINGS + rule.format("strikes") + 'keywords = "strike*"\n' + rule.format("all")
    (place.config / "chipwatch.toml").write_text(settings)
    place.call("poll")
    lines = place.call("why", FERRY).out.splitlines()
    strikes, all_of_it, daily = lines[lines.index("Digests and alerts:") + 1 :]
    assert strikes.startswith("  alert strikes by folder: not told: told before, by all, on ")
    assert all_of_it.startswith("  alert all by folder: alerted on ")
    assert all_of_it.endswith("; 3 pending")
    assert daily.startswith("  digest daily by folder: not told: told by all on ")
    assert daily.endswith("; nothing material is new since")
    told = place.json("why", FERRY)["alerts"]
    assert [(each["rule"], each["channel"]) for each in told] == [("strikes", "folder"), ("all", "folder")]
    assert [each["origin"] for each in place.json("why", FERRY)["outlook"]] == ["strikes", "all", "daily"]
    lines = place.call("why", LIBRARY).out.splitlines()
    assert lines[-1] == "Not told: neither it nor its story matches a topic."
    assert place.json("why", LIBRARY)["outlook"] == []


def test_an_item_whose_story_became_part_of_another_says_where_it_was(polled: Place) -> None:
    stories = {story["items"][0]["url"]: story["id"] for story in polled.json("stories")}
    assert "how it came here" not in polled.call("why", LIBRARY).out
    polled.call("stories", "merge", stories[FERRY], stories[LIBRARY])
    told = polled.call("why", LIBRARY).out
    how = f"how it came here: chipwatch stories --explain {stories[FERRY][:12]}"
    assert f"  it was in story {stories[LIBRARY]} then; {how}" in told.splitlines()
    assert "how it came here" not in polled.call("why", FERRY).out


def test_whether_a_told_story_had_news_and_why(place: Place) -> None:
    first = entry("1", "Skerry Lines orders an electric ferry", "The ferry costs $40 million.", hours_ago=5)
    more = entry("2", "Skerry Lines pays $60 million for its electric ferry", "It costs $60 million.")
    less = entry("3", "Skerry Lines and its $59 million electric ferry", "It has a quiet engine.")
    for entries in ((first,), (more, first), (less, more, first)):
        place.publish(*entries)
        place.call("poll", "--all")
        place.call("digest", "daily")
    told = place.call("why", FERRY).out.splitlines()
    news = [line.partition("telling ")[2] for line in told[told.index("News since it was told:") + 1 :]]
    assert news == [
        "1 by folder: value: $60 million (was $40 million)",
        "2 by folder: not news: $59 million is $60 million, which was told",
    ]
    assert [each["material"] for each in place.json("why", FERRY)["updates"]] == [True, False]


def test_what_is_not_judged_yet_says_so(place: Place) -> None:
    with opened(read_configuration(place.config, place.data)) as application:
        application.subscribe()
        list(poll(application.deps))
    told = place.call("why", FERRY).out
    assert "Not judged yet" in told
    assert told.splitlines()[-1] == "Not told: it is not judged yet."


def test_what_could_not_be_judged_says_so(polled: Place, ferry: str) -> None:
    """A fault of ours sets an item aside, so that it stops no other; nobody tries it again by itself."""
    with (
        opened(read_configuration(polled.config, polled.data)) as application,
        application.store.begin() as tx,
    ):
        item = tx.items.get(ferry)
        assert item is not None
        tx.items.judge(
            [Judgement(item_id=item.id, content_hash=item.content_hash, verdicts=())],
            application.deps.clock.now(),
        )
    told = polled.call("why", ferry).out
    assert "Set aside without a verdict on 20" in told
    assert "Not judged yet" not in told
    assert "Not told: neither it nor its story matches a topic." in told


def test_a_topic_that_left_is_named_by_its_id(polled: Place, ferry: str) -> None:
    write_config(polled.config, settings=NO_DIGEST)
    (polled.config / "topics" / "ferries.toml").rename(polled.config / "topics" / "boats.toml")
    for path in (polled.config / "corpus").glob("*.md"):
        path.write_text(path.read_text().replace('["ferries"]', '["boats"]'))
    assert "ferries: matched" in polled.call("why", ferry).out


def test_times_are_utc_and_short(polled: Place, ferry: str) -> None:
    (line,) = (line for line in polled.call("why", ferry).out.splitlines() if "first seen" in line)
    seen = datetime.strptime(line.split("first seen ")[1], "%Y-%m-%d %H:%M UTC").replace(tzinfo=UTC)
    assert timedelta(0) <= datetime.now(UTC) - seen < timedelta(minutes=3)


def test_every_reader_works_while_another_writes(polled: Place) -> None:
    """Looking is no reason to wait for, or to hold up, a daemon that writes."""
    configuration = read_configuration(polled.config, polled.data)
    with opened(configuration) as application, application.store.begin():
        assert chipwatch("items", "--config", polled.config, "--data", polled.data).status == 0
        assert polled.call("why", FERRY).status == 0
        assert polled.call("deliveries", "list").status == 0
        assert polled.call("feeds", "list").status == 0
