from datetime import UTC, datetime

import pytest

from bot.model import Alarm, Part
from bot.storage.engine import open_store
from tests.cli.calling import SETTINGS
from tests.cli.conftest import Place


@pytest.fixture
def composed(polled: Place) -> Place:
    """Three messages in the outbox."""
    assert polled.call("digest", "daily").status == 0
    return polled


@pytest.fixture
def dead(composed: Place) -> Place:
    """The same, given up: their channel left the configuration before they were sent."""
    path = composed.config / "chipwatch.toml"
    path.write_text(SETTINGS.replace("folder", "other"))
    called = composed.call("deliver")
    assert called.status == 1
    assert "not configured any more" in called.out
    path.write_text(SETTINGS)
    return composed


def states(place: Place) -> list[str]:
    """Of the digest's messages, newest first."""
    rows = place.json("deliveries", "list")
    return [delivery["state"] for delivery in rows if delivery["origin"] == "daily"]


def test_an_empty_outbox_says_so(place: Place) -> None:
    place.call("db", "upgrade")
    assert place.call("deliveries", "list").out == "the outbox is empty\n"
    assert place.call("deliveries", "dead").out == "no delivery is dead\n"
    assert place.json("deliveries", "list") == []


def test_what_waits_and_what_was_sent(composed: Place) -> None:
    assert states(composed) == ["pending"] * 3
    composed.call("deliver")
    rows = composed.json("deliveries", "list")
    assert {(row["state"], row["attempt"], row["channel"], row["origin"]) for row in rows} == {
        ("sent", 1, "folder", "daily")
    }
    assert all(row["bytes"] > 100 and "electric ferry" in row["subject"] for row in rows)
    assert "message" not in rows[0]
    told = composed.call("deliveries", "list").out
    assert "electric ferry" in told
    assert all(row["key"][:12] in told for row in rows)


def test_a_state_and_a_number_narrow_the_list(composed: Place) -> None:
    assert composed.json("deliveries", "list", "--state", "sent") == []
    assert len(composed.json("deliveries", "list", "--state", "pending")) == 3
    assert len(composed.json("deliveries", "list", "--limit", "2")) == 2


def test_an_unknown_state_is_answered_with_the_known_ones(place: Place) -> None:
    called = place.call("deliveries", "list", "--state", "ded")
    assert called.status == 2
    assert 'unknown state "ded"; did you mean "dead"?' in called.err


def test_dead_letters_are_kept_listed_and_sent_again_by_command(dead: Place) -> None:
    listed = dead.json("deliveries", "dead")
    assert [row["state"] for row in listed] == ["dead"] * 3
    assert dead.call("deliver").out == "nothing is due\n", "dead is dead"
    first, *others = [row["key"] for row in listed]
    called = dead.call("deliveries", "retry", first[:8])
    assert called.status == 0
    assert called.out == "1 will be sent again; now, with: chipwatch deliver\n"
    assert dead.call("deliveries", "retry", *others).out.startswith("2 will")
    assert dead.call("deliver").status == 0
    assert states(dead) == ["sent"] * 3
    rows = [row for row in dead.json("deliveries", "list") if row["kind"] == "digest"]
    assert [row["key"] for row in rows] == [row["key"] for row in listed]
    assert len([*(dead.data / "digests").glob("*-daily-*")]) == 3


def test_a_dead_letter_is_told_once_by_another_channel(dead: Place) -> None:
    alarms = [row for row in dead.json("deliveries", "list") if row["kind"] == "alarm"]
    assert {(row["channel"], row["state"]) for row in alarms} == {("other", "sent")}
    (told,) = (dead.data / "digests").glob("*-alarms-*.txt")
    assert "refused for good: channel “folder”" in told.read_text().replace('"folder"', "“folder”")


def test_what_no_channel_is_left_to_tell_is_told_here(composed: Place) -> None:
    def untold() -> bool:
        return "No channel is left to tell: A message" in composed.call("deliveries", "list").out

    now = datetime.now(UTC)
    alarm = Alarm(part=Part.CHANNEL, subject="folder", cause="given up", text="A message died", raised_at=now)
    store = open_store(f"sqlite:///{composed.data / 'chipwatch.db'}")
    with store.begin() as tx:
        tx.alarms.put(alarm)
    store.close()
    assert untold(), "there is no other channel"
    path = composed.config / "chipwatch.toml"
    path.write_text(f'{SETTINGS}\n[channels.other]\ntype = "files"\n')
    assert not untold(), "it only waits for its turn"


@pytest.mark.parametrize(("key", "told"), [("nope", "no delivery has the key"), ("", "fits several")])
def test_a_key_that_names_nothing_changes_nothing(dead: Place, key: str, told: str) -> None:
    called = dead.call("deliveries", "retry", key)
    assert called.status == 2
    assert told in called.err
    assert states(dead) == ["dead"] * 3


def test_what_was_sent_is_not_sent_again(composed: Place) -> None:
    composed.call("deliver")
    (key, *_) = (row["key"] for row in composed.json("deliveries", "list"))
    assert composed.call("deliveries", "retry", key).status == 2
    assert composed.call("deliver").out == "nothing is due\n"


def test_a_delivery_is_shown_with_its_stories_and_its_text(composed: Place) -> None:
    rows = {row["recipient"][-4:]: row for row in composed.json("deliveries", "list")}
    called = composed.call("deliveries", "show", rows["json"]["key"][:8])
    assert called.status == 0
    for told in ("state     pending", "from      digest daily", "to        folder: ", "electric ferry"):
        assert told in called.out
    assert '"type": "digest.ready",\n' in called.out, "JSON that can be read"
    shown = composed.json("deliveries", "show", rows[".txt"]["key"])
    assert "electric ferry" in shown["text"]
    assert any("electric ferry" in title for title in shown["stories"].values())
    assert composed.call("deliveries", "show", "nope").status == 2


def test_all_that_died_is_sent_again_at_once(dead: Place) -> None:
    assert dead.call("deliveries", "retry", "--all", "--channel", "fold").status == 2
    called = dead.call("deliveries", "retry", "--all", "--channel", "folder")
    assert called.out == "3 will be sent again; now, with: chipwatch deliver\n"
    assert dead.call("deliver").status == 0
    assert states(dead) == ["sent"] * 3
    assert dead.call("deliveries", "retry", "--all").out == "no delivery is dead\n"


@pytest.mark.parametrize(
    "options", [(), ("abc", "--all"), ("abc", "--channel", "folder"), ("abc", "--unknown")]
)
def test_what_to_retry_is_said_in_one_way(place: Place, options: tuple[str, ...]) -> None:
    assert place.call("deliveries", "retry", *options).status == 2


def test_a_channel_that_waits_is_told_and_enabled(composed: Place) -> None:
    url = f"sqlite:///{composed.data / 'chipwatch.db'}"
    store = open_store(url)
    with store.begin() as tx:
        tx.queue.disable("folder", datetime(2026, 11, 22, tzinfo=UTC), "404 no_service", "")
        tx.queue.pause("folder", datetime(2026, 11, 22, tzinfo=UTC), "long ago")
    listed = composed.call("deliveries", "list").out
    assert "“folder” is disabled since 2026-11-22 00:00 UTC (404 no_service" in listed
    assert "3 messages to it wait" in listed
    key = composed.json("deliveries", "list")[0]["key"]
    assert "disabled since" in composed.call("deliveries", "show", key).out
    assert composed.call("deliveries", "enable", "folde").status == 2
    assert composed.call("deliveries", "enable", "folder").out.startswith("“folder” is enabled; 3 waiting")
    assert composed.call("deliveries", "enable", "folder").out == "“folder” is neither disabled nor paused\n"
    with store.begin() as tx:
        tx.queue.disable("folder", datetime(2026, 11, 22, tzinfo=UTC), "404 no_service", "of older options")
    store.close()
    assert composed.call("deliver").status == 0, "its options are other ones now"
