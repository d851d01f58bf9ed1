import pytest

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
    return [delivery["state"] for delivery in place.json("deliveries", "list")]


def test_an_empty_outbox_says_so(place: Place) -> None:
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
    assert [row["key"] for row in dead.json("deliveries", "list")] == [row["key"] for row in listed]
    assert len(list((dead.data / "digests").iterdir())) == 3


@pytest.mark.parametrize(("key", "told"), [("nope", "is neither dead nor unknown"), ("", "fits several")])
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
