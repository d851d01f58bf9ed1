import shutil
from pathlib import Path

import pytest

from tests.cli.calling import chipwatch, entry
from tests.cli.conftest import Place


@pytest.fixture
def other(polled: Place) -> Path:
    """A configuration whose query finds the library in place of the ferry."""
    folder = polled.config.parent / "other"
    shutil.copytree(polled.config, folder)
    (folder / "topics" / "ferries.toml").write_text(
        'title = "Ferries"\nquery = "library"\nexemplars = ["x"]\n'
    )
    for file in (folder / "corpus").iterdir():
        file.unlink()
    (folder / "topics" / "ferries.toml").write_text('title = "Ferries"\nquery = "library"\n')
    return folder


def test_the_same_configuration_changes_nothing(polled: Place) -> None:
    told = polled.call("backtest", "--fail-on-change")
    assert told.status == 0
    assert "2 items" in told.out
    assert "nothing would be told otherwise" in told.out
    assert polled.json("backtest")["changed"] == 0


def test_a_changed_configuration_says_what_it_would_tell(polled: Place, other: Path) -> None:
    options = ("--config", other, "--data", polled.data)
    told = chipwatch("backtest", *options)
    assert told.status == 0
    assert "1 additional, 1 no longer" in told.out
    assert "ferries: +1 −1" in told.out
    assert "Ostren library stays open late" in told.out
    asked = chipwatch("backtest", *options, "--fail-on-change", "--json")
    assert asked.status == 1
    found = {change["change"]: change for change in asked.json["changes"]}
    assert set(found) == {"added", "dropped"}
    (added,) = found["added"]["topics"]
    assert added["score_before"] < 0.5 <= added["score_after"]
    assert "query" in added["why"]
    assert len(polled.json("items", "--topic", "ferries", "skerry")) == 1


def test_the_number_of_rows_is_limited_and_the_rest_counted(polled: Place, other: Path) -> None:
    polled.publish(*_ferries(5))
    assert polled.call("poll", "--all").status == 0
    told = chipwatch("backtest", "--limit", "2", "--config", other, "--data", polled.data).out
    assert "1 additional, 6 no longer" in told
    assert "and 4 more (--limit)" in told


def _ferries(number: int) -> list[str]:
    return [entry(f"f{each}", f"A ferry of type {each}", "The ferry sails.") for each in range(number)]


def test_only_what_was_seen_since_is_judged(polled: Place) -> None:
    assert polled.json("backtest", "--since", "2999-01-01")["items"] == 0
    assert polled.call("backtest", "--since", "soon").status == 2


def test_pending_answers_alone(polled: Place) -> None:
    polled.call("feedback", "https://harbor.example/2", "ferries", "yes")
    assert polled.call("backtest", "--feedback").status == 0
    assert polled.json("backtest", "--feedback")["items"] == 2
    assert polled.json("backtest")["changed"] == 0
