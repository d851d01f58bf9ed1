"""What is new in a story since a channel was told it, and whether that is worth a telling.

An update is material or it is not told. Material are a new figure of the event, a new party or chip, a status
that the story had not reached, and reports of their own by several outlets while nobody has spoken
officially. Not material are the same figure rounded otherwise or in another currency, a weaker word in a
later text, copies, and outlets that repeat each other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bot.core.figures import figure_key, figure_kind, replaced, same_figure
from bot.core.status import ENDED, OPEN, follows
from bot.model import Facts, Telling, UpdateDecision

MANY_SOURCES = 3
"""New sources that are news by themselves, if they also double the number."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Update:
    """What was weighed since a telling, in words."""

    news: tuple[str, ...] = ()
    """What is new and worth telling: ``value: $12 billion (was $10 billion)``."""
    passed_over: tuple[str, ...] = ()
    """What differs and is not."""

    @property
    def material(self) -> bool:
        return bool(self.news)

    @property
    def reasons(self) -> tuple[str, ...]:
        return (*self.news, *(f"not news: {each}" for each in self.passed_over))


def weigh(told: Telling, facts: Facts, sources: int) -> Update:
    """What ``facts`` and ``sources``, the story's as it is now, add to what was told.

    ``sources``: outlets with a report of their own.
    """
    figures, same = _figures(told.facts.figures, facts.figures)
    news = [*figures]
    news += [f"party: {name}" for name in facts.parties if name not in told.facts.parties]
    news += [f"chip: {name}" for name in facts.chips if name not in told.facts.chips]
    status, weaker = _status(told.facts.status, facts.status)
    growth, few = _growth(told.sources, sources, facts.status)
    return Update(news=(*news, *status, *growth), passed_over=(*same, *weaker, *few))


def decision_in_words(decision: UpdateDecision) -> str:
    """``material against telling 1 by chat: value: $6 billion (was $4 billion)``."""
    compared = f"against telling {decision.revision} by {decision.channel}"
    verdict = "material" if decision.material else "not material"
    reasons = "; ".join(decision.reasons) or "nothing differs"
    return f"{verdict} {compared}: {reasons}"


def _figures(known: Sequence[str], stated: Sequence[str]) -> tuple[list[str], list[str]]:
    """New figures in words, and those that only look new."""
    news: list[str] = []
    same: list[str] = []
    said = [*known]
    for figure in stated:
        if figure in said:
            continue
        kind = figure_kind(figure)
        if alike := next((each for each in said if same_figure(each, figure)), None):
            same.append(f"{figure} is {alike}, which was told")
        elif _in_another_currency(figure, known):
            same.append(f"{figure} is in another currency than what was told")
        else:
            old = replaced(figure, known)
            news.append(f"{kind}: {figure}" + (f" (was {old})" if old else ""))
        said.append(figure)
    return news, same


def _in_another_currency(figure: str, known: Sequence[str]) -> bool:
    """A sum, where sums were told and none in its currency: outlets convert for their readers."""
    currencies = {figure_key(each)[0] for each in known if figure_kind(each) == "value"}
    return figure_kind(figure) == "value" and bool(currencies) and figure_key(figure)[0] not in currencies


def _status(before: str, after: str) -> tuple[list[str], list[str]]:
    if after == before or not after:
        return [], []
    if follows(before, after):
        if before or after in ENDED:
            return [f"status: {before or 'not stated'} → {after}"], []
        return [], []
    return [], [f"{after}, after {before} was told"]


def _growth(before: int, now: int, status: str) -> tuple[list[str], list[str]]:
    """Whether reports of their own became many; once it is official, more of them add nothing."""
    if now <= before:
        return [], []
    words = f"sources: {before} → {now}"
    if status not in OPEN:
        return [], [f"{words}, of what is {status}"]
    if now >= 2 * before and now >= before + MANY_SOURCES:
        return [words], []
    return [], [words]
