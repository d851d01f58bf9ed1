"""Drift: the last days of every topic are compared with the first weeks under its profile."""

from __future__ import annotations

from bot.core.advice import AdvicePolicy, borderline
from bot.core.drift import EDGES, SAMPLE, Drift, Sight, recent_window, reference_window, unknown_words
from bot.model import Borderline, Window
from bot.pipeline.deps import Deps
from bot.ports import Tx

_IN_QUESTION = AdvicePolicy()
"""Close is what an advisor would be asked about by default."""


def drifts(deps: Deps) -> tuple[Drift, ...]:
    """One a topic that can match, in their order. Reads only; the database does the counting."""
    with deps.store.read() as tx:
        return tuple(
            _drift(deps, tx, borderline(profile, _IN_QUESTION))
            for profile in deps.judge.profiles
            if profile.can_match
        )


def _drift(deps: Deps, tx: Tx, where: Borderline) -> Drift:
    now = deps.clock.now()
    # What is older has lost its verdicts that did not match.
    begins = tx.drift.begins(where, now - deps.retention.items)
    reference = reference_window(begins, now)
    return Drift(
        topic_id=where.topic_id,
        recent=_sight(deps, tx, where, recent_window(now)),
        reference=_sight(deps, tx, where, reference) if reference else None,
    )


def _sight(deps: Deps, tx: Tx, where: Borderline, window: Window) -> Sight:
    return Sight(
        window=window,
        scores=tx.drift.tally(where, EDGES, window),
        unknown=unknown_words(tx.drift.sample(where, window, SAMPLE), deps.judge),
    )
