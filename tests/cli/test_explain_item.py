"""``chipwatch why ITEM``; ``test_explain.py`` holds what it says of verdicts and tellings."""

from __future__ import annotations

from datetime import UTC, datetime

from bot.app import opened
from bot.configuration import read_configuration
from tests.cli.conftest import Place

FERRY, LIBRARY = "https://harbor.example/1", "https://harbor.example/2"


def test_an_item_says_what_each_who_watches_it_makes_of_it(polled: Place) -> None:
    lines = polled.call("why", FERRY).out.splitlines()
    assert lines[-1].startswith("  digest daily by folder: waits for ")
    polled.call("digest", "daily")
    assert "digest daily by folder: told on 20" in polled.call("why", FERRY).out
    spelled = polled.json("why", FERRY)
    assert spelled["about"] == "item"
    assert [(each["kind"], each["becomes"]) for each in spelled["outlook"]] == [("digest", "told")]


def test_what_matches_nothing_is_told_by_nobody(polled: Place) -> None:
    told = polled.call("why", LIBRARY).out
    assert "Digests and alerts:" not in told
    assert told.splitlines()[-1] == "Not told: neither it nor its story matches a topic."
    assert polled.json("why", LIBRARY)["outlook"] == []


def test_a_channel_that_is_out_is_said(polled: Place) -> None:
    with (
        opened(read_configuration(polled.config, polled.data)) as application,
        application.store.begin() as tx,
    ):
        tx.queue.disable("folder", datetime.now(UTC), "disk full", "print")
    assert polled.call("why", FERRY).out.endswith("; folder is disabled (disk full): the message will wait\n")
