"""What a changed configuration would tell of what is stored. Writes nothing."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from bot.core.slots import next_slot
from bot.pipeline.alert import would_alert
from bot.pipeline.deps import Deps
from bot.pipeline.digest import would_tell
from bot.ports import Tx

_LOOKED_AT = 5000
"""Items whose stories are counted: beyond it a number says that it is at least so many."""


def tellable(tx: Tx, gaining: Mapping[str, Sequence[str]], told: Collection[str]) -> Mapping[str, int]:
    """Topic → how many stories match nothing that is told as it is stored, and would match the topic.

    ``gaining``: topic → items that would match it in addition; ``told``: topics of digests and alerts. A
    story counts for the first of its topics. Muted ones, and those that were old from the first, never do.
    """
    counted: dict[str, int] = {}
    seen: set[str] = set()
    for topic, item_ids in gaining.items():
        if topic not in told:
            continue
        for item_id in item_ids[:_LOOKED_AT]:
            placement = tx.stories.placement(item_id)
            if placement is None or placement.story_id in seen:
                continue
            seen.add(placement.story_id)
            counted[topic] = counted.get(topic, 0) + _is_new(tx, placement.story_id, told)
    return counted


def _is_new(tx: Tx, story_id: str, told: Collection[str]) -> bool:
    story = tx.stories.get(story_id)
    if story is None or story.muted or all(member.item.baseline for member in story.members):
        return False
    return not any(verdict.topic_id in told for member in story.members for verdict in member.verdicts)


def at_once(deps: Deps, tx: Tx, rules: Collection[str]) -> Mapping[str, int]:
    """Rule → how many stories it would tell, or note for later, as soon as it is in force."""
    return {
        rule.name: sum(would_alert(deps, tx, rule, channel) for channel in rule.channels)
        for rule in deps.alerts
        if rule.name in rules
    }


def by_then(deps: Deps, tx: Tx, digests: Collection[str]) -> Mapping[str, int]:
    """Digest → how many stories its next one would tell, as things stand; of its channels the most."""
    counted = {}
    for spec in deps.digests.values():
        slot = next_slot(spec, deps.clock.now())
        if spec.name in digests and slot is not None:
            counted[spec.name] = max(
                len(would_tell(deps, tx, spec, channel, slot)) for channel in spec.channels
            )
    return counted
