"""``chipwatch backtest``: what would be told in addition, no longer, or in another topic."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.cli.opening import looked_into
from bot.cli.options import CONFIG, DATA, AsJson, ConfigDir, DataDir, Limit, since
from bot.cli.output import NOTHING, print_json, print_table, say, short_time
from bot.cli.progress import measured

if TYPE_CHECKING:
    from datetime import datetime

    from bot.app import Application
    from bot.core.backtest import Change, Shift, Tally
    from bot.pipeline.backtest import Judging

SINCE = "30d"


def backtest(
    after: Annotated[
        str, typer.Option("--since", metavar="TIME", help="Items first seen later: a date, a time or an age.")
    ] = SINCE,
    feedback: Annotated[
        bool,
        typer.Option("--feedback", help="The effect of the pending answers alone, on the stored verdicts."),
    ] = False,
    fail_on_change: Annotated[
        bool, typer.Option("--fail-on-change", help="Exit status 1 where anything would be told otherwise.")
    ] = False,
    limit: Limit = 20,
    config: ConfigDir = CONFIG,
    data: DataDir = DATA,
    as_json: AsJson = False,
) -> None:
    """Judge stored items anew with this configuration and compare with the stored verdicts; writes nothing.

    [dim]Example: chipwatch backtest --since 30d --config new-config --fail-on-change[/dim]
    """
    from bot.core.feedback import correct
    from bot.pipeline.backtest import anew
    from bot.pipeline.feedback import adopted

    with looked_into(config, data) as application:
        deps = application.deps
        begin = since(after, deps.clock.now())
        with deps.store.read() as tx:
            effective = adopted(tx)
        judging = pending_effect(application) if feedback else anew(correct(deps.judge, effective))
        tally = replay(application, judging, begin, limit)
    if as_json:
        print_json(spell(tally))
    else:
        how = "with the pending answers" if feedback else f"with the configuration in {config}"
        show(tally, begin, how)
    if fail_on_change and tally.changed:
        raise typer.Exit(1)


def pending_effect(application: Application) -> Judging:
    """How stored verdicts would be if every pending answer were adopted."""
    from bot.core.feedback import correct
    from bot.pipeline.backtest import with_feedback
    from bot.pipeline.feedback import after_adopting

    deps = application.deps
    with deps.store.read() as tx:
        standing = tx.feedback.answers()
    pending = [answer.id for answer in standing if answer.pending]
    return with_feedback(correct(deps.judge, after_adopting(standing, pending)))


def replay(application: Application, judging: Judging, begin: datetime | None, limit: int) -> Tally:
    """Run a backtest with a progress bar."""
    from bot.pipeline.backtest import backtest as run

    deps = application.deps
    with deps.store.read() as tx:
        total = tx.items.count_judged(begin)
    with measured("judging", total) as advance:
        return run(deps, judging, since=begin, limit=limit, advance=advance)


# ── in words ─────────────────────────────────────────────────────────────────────────────────────


def show(tally: Tally, begin: datetime | None, how: str) -> None:
    """Counts, then the items that would match other topics; ``how`` they were judged, in words."""
    from bot.core.backtest import Kind

    seen = f", first seen after {short_time(begin)} UTC" if begin else ""
    say(f"{tally.items:,} items{seen}, {how}")
    if tally.headline_only:
        say(f"{tally.headline_only:,} of them by the headline alone: their texts are not kept any more")
    say(f"on topic: {tally.matched_before:,} before, {tally.matched_after:,} after")
    if not tally.changed:
        say("nothing would be told otherwise")
        return
    say(", ".join(f"{tally.kinds[kind]:,} {kind}" for kind in Kind if tally.kinds[kind]))
    for topic in sorted({topic for topic, _ in tally.topics}):
        say(f"  {topic}: +{tally.topics[topic, True]:,} −{tally.topics[topic, False]:,}")
    widest = tally.widest()
    print_table(
        ("item", "change", "topic", "title", "why"),
        (
            (
                change.item.id[:12],
                change.kind.value,
                "; ".join(map(_scores, change.shifts)),
                change.item.title,
                _why(change),
            )
            for change in widest
        ),
        empty="",
    )
    if len(widest) < tally.changed:
        say(f"and {tally.changed - len(widest):,} more (--limit)")


def _scores(shift: Shift) -> str:
    return f"{shift.topic} {_percent(shift.before)} → {_percent(shift.after)}"


def _percent(score: float | None) -> str:
    return NOTHING if score is None else f"{score:.0%}"


def _why(change: Change) -> str:
    reasons = [shift.why for shift in change.shifts[:1]]
    return "; ".join([*reasons, *(["headline only"] if change.headline_only else [])])


def spell(tally: Tally) -> dict[str, Any]:
    """For programs."""
    from bot.core.backtest import Kind

    return {
        "items": tally.items,
        "headline_only": tally.headline_only,
        "matched_before": tally.matched_before,
        "matched_after": tally.matched_after,
        "changed": tally.changed,
        **{kind.name.lower(): tally.kinds[kind] for kind in Kind},
        "topics": {
            topic: {"gains": tally.topics[topic, True], "loses": tally.topics[topic, False]}
            for topic in sorted({topic for topic, _ in tally.topics})
        },
        "changes": [_spell_change(change) for change in tally.widest()],
    }


def _spell_change(change: Change) -> dict[str, Any]:
    return {
        "change": change.kind.name.lower(),
        "item": change.item.id,
        "title": change.item.title,
        "url": change.item.url,
        "published": change.item.published,
        "headline_only": change.headline_only,
        "topics": [
            {
                "topic": shift.topic,
                "score_before": shift.before,
                "score_after": shift.after,
                "matched_before": shift.matched_before,
                "matched_after": shift.matched_after,
                "why": shift.why,
            }
            for shift in change.shifts
        ],
    }
