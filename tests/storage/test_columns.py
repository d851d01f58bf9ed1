"""Columns: what goes into either engine comes out equal."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot import model
from bot.storage import columns
from bot.storage.store import SqlStore
from tests.storage.samples import telling

# One database for all examples: each adds rows of its own.
SHARED = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


words = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=20)


@SHARED
@given(parties=st.lists(words).map(tuple), figures=st.lists(words).map(tuple), status=words)
def test_facts_come_back_equal(
    store: SqlStore, parties: tuple[str, ...], figures: tuple[str, ...], status: str
) -> None:
    facts = model.Facts(parties=parties, figures=figures, status=status)
    story_id = str(hash(facts))
    with store.begin() as tx:
        tx.outbox.add([], [telling(story_id, facts=facts)])
        assert tx.outbox.told("mail", [story_id])[story_id].facts == facts


@pytest.mark.parametrize(
    "rhythm", [timedelta(0), timedelta(microseconds=1), timedelta(days=36_500), -timedelta(1)]
)
def test_a_span_of_time_is_exact(rhythm: timedelta) -> None:
    column = columns.Duration()
    stored = column.process_bind_param(rhythm, None)  # type: ignore[arg-type]
    assert column.process_result_value(stored, None) == rhythm  # type: ignore[arg-type]
