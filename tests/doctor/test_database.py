"""Databases on both engines looked over, and what they remember."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.configuration import Configuration, read_configuration
from bot.doctor.database import check_database
from bot.model import Level
from bot.storage.engine import upgrade
from tests.cli.calling import SETTINGS, write_config
from tests.cli.conftest import Place, place, web  # noqa: F401 - fixtures
from tests.storage.conftest import Databases, new_database  # noqa: F401 - a fixture

NOW = datetime.now(UTC)


def configured(tmp_path: Path, url: str) -> Configuration:
    settings = f'{SETTINGS}\n[storage]\nurl = "{url}"\nbusy_timeout = "0.3s"\n'
    return read_configuration(write_config(tmp_path / "config", settings=settings), tmp_path / "data")


def test_a_postgresql_database(tmp_path: Path, new_database: Databases) -> None:  # noqa: F811
    url = new_database()
    configuration = configured(tmp_path, url)
    (new,), _ = check_database(configuration, NOW)
    assert new.level is Level.FAULT
    assert "chipwatch db upgrade" in new.remedy
    upgrade(url)
    (sound,), remembered = check_database(configuration, NOW)
    assert (sound.level, sound.found.startswith("PostgreSQL ")) == (Level.FINE, True)
    assert (remembered.feeds, remembered.destinations, remembered.oldest) == ({}, {}, None)


@pytest.mark.parametrize(
    "url", ["postgresql://bot:hunter22@127.0.0.1:9/news", "sqlite:////proc/nowhere/chipwatch.db"]
)
def test_a_database_that_is_not_to_be_reached_or_not_there(tmp_path: Path, url: str) -> None:
    (found,), remembered = check_database(configured(tmp_path, url), NOW)
    assert "hunter22" not in found.found + found.remedy
    assert (found.level is Level.FAULT) == url.startswith("postgresql")
    assert remembered.feeds == {}
    assert not (tmp_path / "data").exists()


def test_what_it_remembers_and_that_it_will_outgrow_the_disk(place: Place) -> None:  # noqa: F811
    assert place.call("poll").status == 0
    configuration = read_configuration(place.config, place.data)
    (sound,), remembered = check_database(configuration, NOW)
    assert sound.level is Level.FINE
    assert [state.url for state in remembered.feeds.values()] == [place.feed]
    assert remembered.oldest is not None
    assert abs(remembered.oldest - NOW) < timedelta(days=1)
