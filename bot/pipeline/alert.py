"""Alert: tell each channel at once what a rule finds urgent."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

from bot.core.alerts import select_alerts
from bot.core.text import digest as text_hash
from bot.model import AlertRule
from bot.pipeline.deps import Deps
from bot.pipeline.telling import background, write_down
from bot.ports import Tx

_BUDGET_SPAN = timedelta(hours=1)


def alert(deps: Deps) -> int:
    """Put an alert into the outbox for every story that a rule finds urgent. Returns how many messages."""
    count = 0
    for rule in deps.alerts:
        for channel in rule.channels:
            count += deps.guard(f"alerts {rule.name}", partial(_alert, deps, rule, channel)) or 0
    return count


def _alert(deps: Deps, rule: AlertRule, channel: str) -> int:
    with deps.store.begin() as tx:
        return _compose_alerts(deps, tx, rule, channel)


def _compose_alerts(deps: Deps, tx: Tx, rule: AlertRule, channel: str) -> int:
    now = deps.clock.now()
    stories = tx.stories.touched(rule.topics, now - rule.max_age)
    if not stories:
        return 0
    spent = tx.outbox.told_since(channel, rule.name, now - _BUDGET_SPAN)
    alerts = select_alerts(
        rule,
        channel,
        stories,
        tx.outbox.told(channel, [story.id for story in stories]),
        background(deps),
        now=now,
        budget_left=rule.budget - spent,
        digest_follows=any(
            channel in spec.channels and set(rule.topics) <= set(spec.topics)
            for spec in deps.digests.values()
        ),
        timezone=deps.timezone,
    )
    tx.outbox.add((), alerts.waiting)
    count = 0
    for selection in alerts.selections:
        (telling,) = selection.tellings
        key = text_hash((rule.name, channel, telling.story_id, str(telling.revision)), size=16)
        count += write_down(deps, tx, channel, selection, key, now)
    return count
