"""``chipwatch poll``: one round now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.cli.opening import opened
from bot.cli.options import CONFIG, DATA, AsJson, ConfigDir, DataDir
from bot.cli.output import note, print_json, print_table, say
from bot.errors import UsageError

if TYPE_CHECKING:
    from bot.app import Application
    from bot.model import Feed
    from bot.pipeline.poll import PollReport


@dataclass(frozen=True, kw_only=True, slots=True)
class _Row:
    """What is told of one feed's poll."""

    feed: Feed
    result: str
    new: int
    revised: int
    unchanged: int
    skipped: int
    left_out: int
    next_poll_at: datetime
    notices: list[str]
    note: str


def poll(
    every: Annotated[bool, typer.Option("--all", help="Also what is not due yet.")] = False,
    feed: Annotated[
        list[str] | None, typer.Option("--feed", metavar="URL", help="Only this one; may be repeated.")
    ] = None,
    config: ConfigDir = CONFIG,
    data: DataDir = DATA,
    as_json: AsJson = False,
) -> None:
    """Poll now what is due, judge what is new and put alerts into the outbox; a row a feed.

    [dim]Example: chipwatch poll --feed https://example.org/feed[/dim]
    """
    from bot.cli.progress import counted
    from bot.pipeline.poll import poll as poll_feeds

    with opened(config, data) as application:
        if application.new:
            note("chipwatch: the database is new: everything that is found counts as unseen")
        application.subscribe()
        deps = application.deps
        chosen = _chosen(application, feed or [], every)
        with counted("polling", len(chosen) if chosen is not None else len(deps.feeds)) as advance:
            rows, failed = [], False
            for report in poll_feeds(deps, chosen):
                rows.append(_row(report))  # not the report: it has all items of its feed
                failed = failed or report.plan.failed
                advance(report.feed.title or report.feed.url)
        rest = _after(application)
    if as_json:
        print_json({"feeds": [_spell(row) for row in rows]} | rest)
    else:
        due = "no feed is due; poll all of them with --all"
        _print(rows, rest, due if deps.feeds else "no feeds; add one with: chipwatch feeds add URL")
    if failed:
        raise typer.Exit(1)


def _chosen(application: Application, urls: list[str], every: bool) -> list[str] | None:
    """Ids of the feeds to poll whether due or not; ``None`` for those that are due."""
    from bot.documents import unknown

    deps = application.deps
    if urls:
        by_url = {feed.url: feed.id for feed in deps.feeds.values()}
        for url in urls:
            if url not in by_url:
                raise UsageError(unknown("feed", url, list(by_url))[:300])
        return [by_url[url] for url in urls]
    return [feed.id for feed in deps.feeds.values() if feed.enabled] if every else None


def _after(application: Application) -> dict[str, Any]:
    """What follows a poll at once: judging, stories, alerts, second opinions. Sending is the outbox's."""
    from bot.pipeline.advise import advise
    from bot.pipeline.alert import alert
    from bot.pipeline.triage import triage

    report = triage(application.deps)
    alerts = alert(application.deps)
    advice = advise(application.deps)
    if advice.trouble:
        note(f"no advice: {advice.trouble}")
    return {
        "judged": report.items,
        "matched": report.matched + advice.gained - advice.lost,
        "advised": advice.advised,
        "stories": report.stories,
        "alerts": alerts + (alert(application.deps) if advice.gained else 0),
    }


def _print(rows: Sequence[_Row], rest: dict[str, Any], empty: str) -> None:
    print_table(
        ("feed", "result", "new", "edited", "known", "next poll", "note"),
        (
            (
                row.feed.title or row.feed.url,
                row.result,
                row.new,
                row.revised,
                row.unchanged,
                row.next_poll_at,
                row.note,
            )
            for row in rows
        ),
        empty=empty,
    )
    if rows:
        advised = f"with advice: {rest['advised']}; " if rest["advised"] else ""
        say(
            f"feeds: {len(rows)}; new items: {sum(row.new for row in rows)}; "
            f"judged: {rest['judged']}; {advised}matches: {rest['matched']}; "
            f"new stories: {rest['stories']}; alert messages in the outbox: {rest['alerts']}"
        )


def _note(report: PollReport) -> str:
    if report.plan.failed:
        return report.plan.state.last_result
    notes = list(report.reading.document.faults) if report.reading else []
    if report.reading and report.reading.document.left_out:
        notes.append(f"{report.reading.document.left_out} entries beyond the limit were not read")
    return "; ".join([*notes, *(notice.text for notice in report.plan.notices)])


def _row(report: PollReport) -> _Row:
    plan = report.plan
    return _Row(
        feed=report.feed,
        result=plan.result,
        new=len(plan.new),
        revised=len(plan.revised),
        unchanged=plan.unchanged,
        skipped=report.reading.skipped if report.reading else 0,
        left_out=report.reading.document.left_out if report.reading else 0,
        next_poll_at=plan.state.next_poll_at,
        notices=[notice.text for notice in plan.notices],
        note=_note(report),
    )


def _spell(row: _Row) -> dict[str, Any]:
    return {
        "id": row.feed.id,
        "url": row.feed.url,
        "result": row.result,
        "new": row.new,
        "revised": row.revised,
        "unchanged": row.unchanged,
        "skipped": row.skipped,
        "left_out": row.left_out,
        "next_poll_at": row.next_poll_at,
        "notices": row.notices,
        "note": row.note,
    }
