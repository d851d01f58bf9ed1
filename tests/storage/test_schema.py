"""Tables: what the migrations make is what the code expects, and both engines answer alike."""

from __future__ import annotations

import ast
from dataclasses import fields
from datetime import UTC, datetime, timedelta, timezone

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import create_engine
from sqlalchemy.exc import StatementError

from bot import model
from bot.storage import schema
from bot.storage.engine import MIGRATIONS
from bot.storage.store import SqlStore
from tests.storage.conftest import sqlalchemy_url
from tests.storage.samples import NOW, item

# One database for all examples: each adds rows of its own.
SHARED = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

# A day from either end: what a time zone shifts beyond the calendar is no moment in UTC.
moments = st.datetimes(
    datetime(1, 1, 2),  # noqa: DTZ001 - hypothesis adds the zone
    datetime(9999, 12, 30),  # noqa: DTZ001
    timezones=st.sampled_from([UTC, timezone(timedelta(hours=-9, minutes=-30))]),
)


def test_migrations_make_the_tables_of_the_schema(url: str) -> None:
    engine = create_engine(sqlalchemy_url(url))
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), schema.metadata) == []
    engine.dispose()


def test_the_known_revisions_are_those_of_the_scripts() -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    scripts = ScriptDirectory.from_config(config)
    assert tuple(reversed([script.revision for script in scripts.walk_revisions()])) == schema.REVISIONS
    assert scripts.get_heads() == [schema.REVISIONS[-1]]


@pytest.mark.parametrize("script", sorted(MIGRATIONS.rglob("*.py")), ids=lambda path: path.name)
def test_migrations_import_nothing_from_the_code(script: object) -> None:
    tree = ast.parse(script.read_text())  # type: ignore[attr-defined]
    names = [node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    names += [alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names]
    assert {name.partition(".")[0] for name in names} <= {"__future__", "alembic", "sqlalchemy"}


@pytest.mark.parametrize(
    ("noun", "table", "elsewhere"),
    [
        (model.FeedState, schema.feeds, set()),
        (model.Item, schema.items, set()),
        (model.Verdict, schema.verdicts, set()),
        (model.Placement, schema.placements, set()),
        (model.Delivery, schema.deliveries, {"message", "interrupted"}),
        (model.Message, schema.deliveries, set()),
        (model.Telling, schema.tellings, set()),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_every_field_of_a_stored_noun_has_a_column(noun: type, table: object, elsewhere: set[str]) -> None:
    names = {each.name for each in fields(noun)} - elsewhere
    assert names <= set(table.c.keys())  # type: ignore[attr-defined]


def test_a_time_without_zone_is_refused(store: SqlStore) -> None:
    with pytest.raises(StatementError, match="no time zone"), store.begin() as tx:
        tx.items.add([item(seen_at=datetime(2026, 11, 22))])  # noqa: DTZ001


@SHARED
@given(moment=moments)
@example(moment=datetime.max.replace(tzinfo=UTC))
@example(moment=datetime.min.replace(tzinfo=UTC))
def test_every_time_comes_back_in_utc_to_the_microsecond(store: SqlStore, moment: datetime) -> None:
    with store.begin() as tx:
        tx.outbox.slot(str(moment), moment, NOW)
        last = tx.outbox.last_slot(str(moment), moment)
    assert last == moment
    assert last is not None
    assert last.tzinfo is UTC


@SHARED
@given(first=moments, second=moments)
def test_times_are_ordered_by_the_database_as_by_python(
    store: SqlStore, first: datetime, second: datetime
) -> None:
    digest = f"{first} {second}"
    with store.begin() as tx:
        tx.outbox.slot(digest, first, NOW)
        tx.outbox.slot(digest, second, NOW)
        assert tx.outbox.last_slot(digest, max(first, second)) == max(first, second)
        assert tx.outbox.last_slot(digest, min(first, second)) == min(first, second)
