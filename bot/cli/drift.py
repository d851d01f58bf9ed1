"""``chipwatch topics drift``: whether the stream is still the one that the topics were made for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from bot.cli.opening import looked_into
from bot.cli.options import CONFIG, DATA, AsJson, ConfigDir, DataDir
from bot.cli.output import NOTHING, print_json, print_table, say

if TYPE_CHECKING:
    from bot.core.drift import Drift, Sight


def drift(config: ConfigDir = CONFIG, data: DataDir = DATA, as_json: AsJson = False) -> None:
    """Compare the last seven days of each topic with the first four weeks under its profile.

    Close decisions, the stability index of scores (0.25 is much), and words that the corpus lacks, each
    with what it was.

    [dim]Example: chipwatch topics drift[/dim]
    """
    from bot.pipeline.drift import drifts

    with looked_into(config, data) as application:
        found = drifts(application.deps)
    if as_json:
        print_json([_spell(each) for each in found])
        return
    print_table(
        ("topic", "items", "close", "stability", "unknown words", "drifts"),
        (
            (
                each.topic_id,
                _pair(each, lambda sight: f"{sight.scores.items}"),
                _pair(each, lambda sight: NOTHING if sight.near is None else f"{sight.near:.1%}"),
                NOTHING if each.stability is None else f"{each.stability:.2f}",
                _pair(each, lambda sight: f"{sight.unknown.mean:.0%}" if sight.unknown else NOTHING),
                ", ".join(alarm.kind.value for alarm in each.alarms) or _calm(each),
            )
            for each in found
        ),
        empty="no topic can match; draft one with: chipwatch topics suggest FOLDER",
    )
    for each in found:
        for alarm in each.alarms:
            say(f"{alarm.topic_id}: {alarm.text}")


def _pair(drift: Drift, show: Callable[[Sight], str]) -> str:
    """Now, and what it was: ``4.0% (was 3.1%)``."""
    now = show(drift.recent)
    return f"{now} (was {show(drift.reference)})" if drift.reference else now


def _calm(drift: Drift) -> str:
    return "too early to tell" if drift.stability is None else "no"


def _spell(drift: Drift) -> dict[str, Any]:
    return {
        "topic": drift.topic_id,
        "recent": asdict(drift.recent),
        "reference": drift.reference and asdict(drift.reference),
        "stability": drift.stability,
        "alarms": [{"kind": alarm.kind.value, "text": alarm.text} for alarm in drift.alarms],
    }
