"""``chipwatch why KEY``: who composed a delivery, of what, how it stands, and what comes next."""

from __future__ import annotations

import pytest

from tests.cli.calling import SETTINGS
from tests.cli.conftest import Place

RULE = '\n[[alerts]]\nname = "fast"\ntopics = ["ferries"]\nchannels = ["folder"]\nmin_score = 0.6\n'


@pytest.fixture
def key(polled: Place) -> str:
    """Of one of the messages of a digest that waits to be sent."""
    polled.call("digest", "daily")
    return str(polled.json("deliveries", "list")[0]["key"])


def test_who_composed_it_of_what_and_what_comes_next(polled: Place, key: str) -> None:
    lines = polled.call("why", key[:8]).out.splitlines()
    assert "electric ferry" in lines[0]
    assert lines[1] == f"  delivery {key}"
    assert lines[2].startswith("  to ")
    assert lines[2].endswith(" by folder")
    assert lines[3].endswith(" UTC by digest daily: ferries; 0 7 * * * UTC")
    assert lines[5:7] == [
        "Pending; 0 attempts",
        "  next: it goes out with the next round; by hand: chipwatch deliver",
    ]
    assert lines[8] == "It tells 1 story:"
    assert lines[9].endswith("  Skerry Lines launches its electric ferry")
    assert lines[10].startswith("    told for the first time: ferries ")


def test_after_it_was_sent_nothing_comes_next(polled: Place, key: str) -> None:
    polled.call("deliver")
    told = polled.call("why", key).out
    assert "\nSent on 20" in told
    assert "; 1 attempt\n" in told
    assert "  next: nothing: the receiver has accepted it" in told
    spelled = polled.json("why", key)
    assert (spelled["about"], spelled["key"], spelled["state"]) == ("delivery", key, "sent")
    assert [(each["title"], each["revision"]) for each in spelled["told"]] == [
        ("Skerry Lines launches its electric ferry", 1)
    ]


def test_a_dead_one_says_why_and_what_to_do(polled: Place, key: str) -> None:
    (polled.config / "chipwatch.toml").write_text(SETTINGS.replace("folder", "other"))
    assert "no channel folder is configured any more" in polled.call("why", key).out
    polled.call("deliver")
    (polled.config / "chipwatch.toml").write_text(SETTINGS.replace("[digests.daily]", "[digests.weekly]"))
    told = polled.call("why", key).out
    assert "\nDead; 1 attempt\n" in told
    assert '  channel "folder" is not configured any more\n' in told
    assert f"chipwatch deliveries retry {key[:12]}" in told
    assert "by digest daily, which is not configured any more" in told


def test_an_alert_names_its_rule(place: Place) -> None:
    (place.config / "chipwatch.toml").write_text(SETTINGS + RULE)
    place.call("poll")
    key = place.json("deliveries", "list")[0]["key"]
    assert " UTC by alert rule fast: ferries, from 60%\n" in place.call("why", key).out
    (place.config / "chipwatch.toml").write_text(SETTINGS)
    assert "by alert rule fast, which is not configured any more" in place.call("why", key).out
