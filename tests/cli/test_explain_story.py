"""``chipwatch why STORY``: everything about a story, with a line for each who watches its topics."""

from __future__ import annotations

from typing import Any

from tests.cli.calling import SETTINGS, entry
from tests.cli.conftest import Place

RULE = '\n[[alerts]]\nname = "{}"\ntopics = ["ferries"]\nchannels = ["folder"]\n'


def story(place: Place, *words: str) -> Any:
    (found,) = place.json("stories", *words)
    return found


def watchers(out: str) -> list[str]:
    lines = out.splitlines()
    begin = lines.index("Digests and alerts:") + 1
    return [line.strip() for line in lines[begin:] if line.strip()]


def test_a_story_by_its_beginning_is_told_as_stories_explain_does(polled: Place) -> None:
    ferry = story(polled, "ferry")["id"]
    told = polled.call("why", ferry[:8]).out
    assert told == polled.call("stories", "--explain", ferry).out
    assert told.splitlines()[0] == "Skerry Lines launches its electric ferry"
    spelled = polled.json("why", ferry)
    assert (spelled["about"], spelled["id"], spelled["edits"]) == ("story", ferry, [])
    assert [(each["becomes"], each["origin"]) for each in spelled["outlook"]] == [("waits", "daily")]
    assert spelled["outlook"][0]["at"] is not None


def test_an_alert_told_it_and_the_digest_says_why_it_does_not(place: Place) -> None:
    (place.config / "chipwatch.toml").write_text(SETTINGS + RULE.format("fast"))
    place.call("poll")
    fast, daily = watchers(place.call("why", story(place, "ferry")["id"]).out)
    assert fast.startswith("alert fast by folder: alerted on 20")
    assert fast.endswith("; nothing material is new since; 3 pending")
    assert daily.startswith("digest daily by folder: not told: told by fast on 20")
    place.call("deliver")
    assert watchers(place.call("why", story(place, "ferry")["id"]).out)[0].endswith("; 3 sent")


def test_where_all_refuse_each_says_why(place: Place) -> None:
    rules = RULE.format("strikes") + 'keywords = "strike*"\n' + RULE.format("press") + 'tags = ["press"]\n'
    (place.config / "chipwatch.toml").write_text(SETTINGS[: SETTINGS.index("[digests.daily]")] + rules)
    with (place.config / "feeds.toml").open("a") as feeds:
        feeds.write('[[feed]]\nurl = "https://harbor.example/none"\ntags = ["press"]\nenabled = false\n')
    place.call("poll")
    told = place.call("why", story(place, "ferry")["id"]).out
    assert "Not told: no digest and no alert takes it; each says below why." in told.splitlines()
    assert watchers(told) == [
        "alert strikes by folder: not told: no article matches the keywords strike*",
        "alert press by folder: not told: no article is from a feed tagged press",
    ]


def test_a_digest_begun_after_it_does_not_look_back_that_far(polled: Place) -> None:
    polled.call("poll")
    polled.call("digest", "daily")
    new = SETTINGS.replace("[digests.daily]", "[digests.weekly]")
    (polled.config / "chipwatch.toml").write_text(new)
    (weekly,) = watchers(polled.call("why", story(polled, "ferry")["id"]).out)
    assert weekly.startswith("digest weekly by folder: not told: told by daily on 20")


def test_an_update_waits_for_the_next_digest(place: Place) -> None:
    first = entry("1", "Skerry Lines orders an electric ferry", "The ferry costs $40 million.", hours_ago=5)
    more = entry("2", "Skerry Lines pays $60 million for its electric ferry", "It costs $60 million.")
    place.publish(first)
    place.call("poll")
    place.call("digest", "daily")
    place.publish(more, first)
    place.call("poll", "--all")
    (daily,) = watchers(place.call("why", story(place, "ferry")["id"]).out)
    assert daily.startswith("digest daily by folder: told on 20")
    assert "; its news waits for " in daily
