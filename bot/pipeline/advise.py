"""Advise: an advisor is asked about the verdicts that are in question, and has a share in them from then on.

Triage never waits for it. Verdicts are stored, and told, without advice; where the advisor can't be reached,
is too slow, answers nonsense or has no budget left, they stay as they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from bot.core import advice as deciding
from bot.core.profile import TopicProfile
from bot.model import Advice, AdviceKey, Item, Unadvised, Verdict
from bot.pipeline.deps import Advising, Deps
from bot.ports import Tx

MOST_ASKED = 8
"""Questions a run: with a minute for each, a run stays within the time that a step may take."""
LOOK_BACK = timedelta(hours=24)
"""What was judged longer ago is not asked about any more: it was told, or it is too late to alert."""
_LOOKED_AT = 50
"""Verdicts a run. More than it asks about, since some need no question: their text was asked about before."""
_HOUR = timedelta(hours=1)


@dataclass(frozen=True, kw_only=True)
class AdviceReport:
    asked: int = 0
    advised: int = 0
    """Verdicts that got a share of advice, some of it remembered from the same text."""
    gained: int = 0
    """Of these, verdicts that match now and did not before."""
    lost: int = 0
    """And the other way round."""
    trouble: str = ""
    """Why the advisor gave no answer, the last time it gave none; without its own words."""


def advise(deps: Deps) -> AdviceReport:
    """Ask about what is in question, newest first, and put the answers into the verdicts.

    Nothing is held while the advisor thinks. A question is written down before it is asked: killed in
    between, it counts against the budget and may be asked once more.
    """
    report = AdviceReport()
    if deps.advising is None:
        return report
    profiles = {profile.topic.id: profile for profile in deps.judge.profiles}
    for item, verdict in _in_question(deps, deps.advising):
        if deps.stopping() or report.asked == MOST_ASKED:
            break
        report = _sum(report, _advise(deps, deps.advising, item, profiles[verdict.topic_id]))
    return report


def _in_question(deps: Deps, advising: Advising) -> Sequence[tuple[Item, Verdict]]:
    with deps.store.read() as tx:
        return tx.advice.in_question(
            deciding.borderlines(deps.judge, advising.policy),
            advising.advisor.id,
            since=deps.clock.now() - LOOK_BACK,
            tries=deciding.TRIES,
            limit=_LOOKED_AT,
        )


def _advise(deps: Deps, advising: Advising, item: Item, profile: TopicProfile) -> AdviceReport:
    """From what is remembered, or else by asking, if that is allowed just now."""
    now, advisor = deps.clock.now(), advising.advisor
    key = AdviceKey(content_hash=item.content_hash, profile_version=profile.version, advisor=advisor.id)
    with deps.store.begin() as tx:
        known = tx.advice.known(key)
        if known is not None:
            return _apply(tx, advising, key, item, profile, known)
        record = tx.advice.record(advisor.id, now - _HOUR)
        if not deciding.may_ask(record, advising.policy, now):
            return AdviceReport()
        number = tx.advice.begin(key, now)
    outcome = advisor.ask(deciding.question(item, profile, deps.judge))
    with deps.store.begin() as tx:
        match outcome:
            case Advice():
                tx.advice.end(number, outcome)
                return replace(_apply(tx, advising, key, item, profile, outcome), asked=1)
            case Unadvised():
                tx.advice.end(number, outcome, deciding.leave_alone(outcome, record, deps.clock.now()))
                return AdviceReport(asked=1, trouble=outcome.in_short or outcome.reason)


def _apply(
    tx: Tx, advising: Advising, key: AdviceKey, item: Item, profile: TopicProfile, advice: Advice
) -> AdviceReport:
    """Revise the verdict as it is stored now, unless meanwhile another text or profile was judged."""
    current = tx.items.get(item.id)
    before = next((each for each in tx.items.verdicts(item.id) if each.topic_id == profile.topic.id), None)
    if current is None or before is None or current.content_hash != key.content_hash:
        return AdviceReport()
    if deciding.plain_version(before.profile_version) != key.profile_version:
        return AdviceReport()
    after = deciding.advised(before, advice, policy=advising.policy, advisor=advising.advisor)
    tx.items.amend([after])
    return AdviceReport(
        advised=1, gained=after.matched and not before.matched, lost=before.matched and not after.matched
    )


def _sum(one: AdviceReport, other: AdviceReport) -> AdviceReport:
    return AdviceReport(
        asked=one.asked + other.asked,
        advised=one.advised + other.advised,
        gained=one.gained + other.gained,
        lost=one.lost + other.lost,
        trouble=other.trouble or one.trouble,
    )
