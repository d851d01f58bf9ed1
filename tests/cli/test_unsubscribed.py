"""Who unsubscribed is listed and taken back by command."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.model import Unsubscription
from bot.storage.engine import open_store, upgrade
from tests.cli.calling import Outcome, chipwatch, write_config


@pytest.fixture
def house(tmp_path: Path) -> Path:
    write_config(tmp_path / "config", feeds=())
    (tmp_path / "data").mkdir()
    return tmp_path


def call(house: Path, *arguments: str) -> Outcome:
    folders = ("--config", house / "config", "--data", house / "data")
    return chipwatch("deliveries", "unsubscribed", *arguments, *folders)


def write_wish(house: Path) -> None:
    url = f"sqlite:///{house / 'data' / 'chipwatch.db'}"
    upgrade(url)
    store = open_store(url)
    with store.begin() as tx:
        moment = datetime(2026, 3, 4, 7, 0, tzinfo=UTC)
        tx.unsubscriptions.add(Unsubscription(channel="mail", address="ann@example.org", at=moment))
    store.close()


def test_nobody_has_unsubscribed(house: Path) -> None:
    assert call(house).out == "nobody has unsubscribed\n"
    refused = call(house, "--undo", "ann@example.org")
    assert refused.status == 2
    assert "has not unsubscribed" in refused.err


def test_a_wish_is_listed_and_taken_back(house: Path) -> None:
    write_wish(house)
    assert "ann@example.org" in call(house).out
    assert [(row["channel"], row["address"]) for row in call(house, "--json").json] == [
        ("mail", "ann@example.org")
    ]
    assert "gets messages of 1 channel again" in call(house, "--undo", "Ann <Ann@example.org>").out
    assert call(house, "--json").json == []
