"""``chipwatch config plan`` on a database that a daemon's configuration is in force on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.cli.calling import SETTINGS, TOPIC, write_config
from tests.cli.conftest import Place

RULE = '\n[[alerts]]\nname = "fast"\ntopics = ["ferries"]\nchannels = ["folder"]\n'


def rewrite(place: Place, old: str, new: str) -> None:
    path = place.config / "chipwatch.toml"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def changes(place: Place, part: str) -> list[tuple[str, str, str]]:
    spelled: Any = place.json("config", "plan")
    return [(each["sign"], each["name"], each["text"]) for each in spelled[part]]


def test_the_same_files_change_nothing(polled: Place) -> None:
    told = polled.call("config", "plan", "--fail-on-change")
    assert told.status == 0, told.out
    assert told.out.startswith("Nothing changes: the files are as what is in force since 20")
    spelled = polled.json("config", "plan")
    assert (spelled["changed"], spelled["items_judged"], spelled["known"]) == (0, None, True)


def test_before_anything_ran_there_is_nothing_to_compare_with(place: Place) -> None:
    told = place.call("config", "plan")
    assert told.status == 1
    assert "there is no database at" in told.err
    assert not place.data.exists()


def test_feeds_come_go_move_and_change(polled: Place) -> None:
    write_feeds(polled, f'[[feed]]\nurl = "{polled.feed}"\ntitle = "Wire"\ntags = ["press"]\nevery = "1h"\n')
    (changed,) = changes(polled, "feeds")
    assert changed == ("~", "Wire", "title “” → “Wire”; tags +press; every as it publishes → 60 min")
    polled.call("poll")
    assert changes(polled, "feeds") == []
    write_feeds(polled, '[[feed]]\nurl = "https://harbor.example/new"\ntitle = "Wire"\n')
    assert changes(polled, "feeds") == [("~", "Wire", f"moved: {polled.feed} → https://harbor.example/new")]
    write_feeds(polled, "".join(f'[[feed]]\nurl = "https://harbor.example/{n}"\n' for n in range(14)))
    told = polled.call("config", "plan").out.splitlines()
    assert told[0] == "Feeds: 14 added, 1 removed"
    assert told[1].strip() == "+ https://harbor.example/0: https://harbor.example/0"
    assert "  and 4 more" in told
    assert f"  − Wire: {polled.feed}" in told


def write_feeds(place: Place, text: str) -> None:
    (place.config / "feeds.toml").write_text(text)


def test_digests_move_come_and_go_with_their_next_slots(polled: Place) -> None:
    rewrite(polled, '"0 7 * * *"', '"30 8 * * *"\nmax_stories = 5')
    (moved,) = changes(polled, "digests")
    assert moved[:2] == ("~", "daily")
    assert moved[2].startswith("next on ")
    assert " 07:00 UTC → " in moved[2]
    assert "08:30 UTC; max_stories 20 → 5; with 1 story as things stand" in moved[2]
    rewrite(polled, "[digests.daily]", "[digests.weekly]")
    came, gone = changes(polled, "digests")
    assert came[:2] == ("+", "weekly")
    assert "ferries; to folder" in came[2]
    assert gone[:2] == ("−", "daily")
    assert gone[2].startswith("would have come on ")


def test_a_new_rule_says_what_goes_out_at_once(polled: Place) -> None:
    rewrite(polled, "[digests.daily]", RULE + "\n[digests.daily]")
    (rule,) = changes(polled, "alerts")
    assert rule == ("+", "fast", "ferries; to folder; 1 story would go out or be noted at once")
    assert polled.json("deliveries", "list") == []


def test_channels_and_what_waits_for_one_that_goes(polled: Place) -> None:
    polled.call("digest", "daily")
    rewrite(polled, 'type = "files"', 'type = "files"\nfolder = "elsewhere"')
    assert changes(polled, "channels") == [("~", "folder", "its options or the mail server changed")]
    (polled.config / "chipwatch.toml").write_text(SETTINGS.replace("folder", "shelf"))
    assert changes(polled, "channels") == [
        ("+", "shelf", "files"),
        ("−", "folder", "3 messages that wait for it will be dead"),
    ]


def test_topics_that_judge_otherwise_are_counted(polled: Place) -> None:
    (polled.config / "topics" / "ferries.toml").write_text(TOPIC.replace("ferry", "ferry OR library"))
    ((sign, name, text),) = changes(polled, "topics")
    assert (sign, name) == ("~", "ferries")
    assert text.startswith("judged otherwise: ")
    assert text.endswith("; items +1 −0, 1 story more to tell")
    told = polled.call("config", "plan", "--since", "7d")
    assert "  2 stored items, first seen after 20" in told.out
    assert "Stored verdicts stay as they are" in told.out
    assert "\x1b[" not in told.out
    assert polled.json("items", "--topic", "ferries", "library") == [], "nothing is written"


def test_a_topic_that_goes(polled: Place) -> None:
    for path in (polled.config / "corpus").glob("*.md"):
        path.unlink()
    (polled.config / "topics" / "ferries.toml").rename(polled.config / "topics" / "boats.toml")
    rewrite(polled, '["ferries"]', '["boats"]')
    came, gone = changes(polled, "topics")
    assert came == ("+", "boats", "items +1 −0, 1 story more to tell")
    assert gone == ("−", "ferries", "items +0 −1")


def test_settings_and_the_status_for_scripts(polled: Place) -> None:
    rewrite(polled, 'host_gap = "0s"', 'host_gap = "2s"\nconcurrency = 7')
    with (polled.config / "chipwatch.toml").open("a") as file:
        file.write('\n[retention]\nitems = "30d"\n')
    told = polled.call("config", "plan", "--fail-on-change")
    assert told.status == 1
    assert told.out.splitlines() == [
        "Settings: 2 changed",
        "  ~ http: concurrency 50 → 7; host_gap 0s → 2s",
        "  ~ retention: items 90d → 30d",
    ]


def test_nothing_secret_is_written_down(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    secret = "s3cret-and-never-shown"
    monkeypatch.setenv("HOOK", f"https://hooks.example/{secret}")
    settings = SETTINGS + (
        f'\n[channels.hook]\ntype = "slack"\nurl = {{ env = "HOOK" }}\n'
        f'[judging.advisor]\nurl = "http://127.0.0.1:9/"\nmodel = "m"\napi_key = "{secret}"\n'
        f'request = {{ key = "{secret}" }}\n[smtp]\npassword = "{secret}"\n'
    )
    write_config(place.config, feeds=[place.feed], settings=settings)
    place.call("poll")
    assert changes(place, "channels") == []
    stored = b"".join(path.read_bytes() for path in Path(place.data).rglob("chipwatch.db*"))
    assert secret.encode() not in stored
    assert b"fingerprint" in stored
