"""``chipwatch feeds test`` and ``feeds discover``: what a poll would see, and where feeds are."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.cli.opening import require_folder
from bot.cli.options import CONFIG, AsJson, ConfigDir, UnneededData
from bot.cli.output import NOTHING, print_json, print_table, rough_time, say, short_time
from bot.cli.visits import NoFeed, Sight, require_web, visitor
from bot.errors import ChipwatchError

if TYPE_CHECKING:
    from bot.model import Feed, Fetched, Hints, Item, PollPlan, Verdict

_SHOWN = 10
_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


@dataclass(frozen=True, kw_only=True)
class _Trial:
    """A feed as its first poll would take it in."""

    sight: Sight
    feed: Feed
    plan: PollPlan
    now: datetime
    verdicts: tuple[tuple[Verdict, ...], ...]
    """Of each item, in the document's order."""

    @property
    def judged(self) -> list[tuple[Item, list[Verdict]]]:
        """Each item with the verdicts that matched."""
        pairs = zip(self.sight.reading.items, self.verdicts, strict=True)
        return [(item, [each for each in verdicts if each.matched]) for item, verdicts in pairs]

    @property
    def pause(self) -> timedelta:
        """To the next poll, as far as the feed and its server have a say in it."""
        return self.plan.state.next_poll_at - self.now


def test_(
    url: Annotated[str, typer.Argument(metavar="URL", help="Address of a feed.")],
    config: ConfigDir = CONFIG,
    _data: UnneededData = None,
    as_json: AsJson = False,
) -> None:
    """Fetch a feed once and show what a poll would see; nothing is stored.

    [dim]Example: chipwatch feeds test https://example.org/feed[/dim]
    """
    require_web(url)
    trial = _try(url, config)
    if as_json:
        print_json(_spell(trial))
        return
    _say(trial)
    print_table(
        ("published", "matches", "title"),
        ((item.published, _scores(found) or NOTHING, item.title) for item, found in trial.judged[:_SHOWN]),
        empty="no items",
    )
    if len(trial.judged) > _SHOWN:
        say(f"and {len(trial.judged) - _SHOWN} more")


def discover(
    url: Annotated[str, typer.Argument(metavar="URL", help="Address of a page, a site or a feed.")],
    config: ConfigDir = CONFIG,
    _data: UnneededData = None,
    as_json: AsJson = False,
) -> None:
    """List the feeds that a page or site has; none is added.

    [dim]Example: chipwatch feeds discover https://example.org/[/dim]
    """
    require_web(url)
    with visitor(config) as visits:
        found = list(visits.feeds_at(url))
    if as_json:
        print_json([_spell_sight(sight) for sight in found])
    else:
        print_table(
            ("feed", "title", "format", "entries", "newest", "found"),
            (
                (
                    sight.url,
                    sight.reading.document.title or NOTHING,
                    sight.reading.document.format,
                    sight.entries,
                    _newest(sight.reading.items),
                    sight.how,
                )
                for sight in found
            ),
            empty=f"no feed found at {url}, nor at the usual places of its site",
        )
    if not found:
        raise typer.Exit(1)


# ── a trial ──────────────────────────────────────────────────────────────────────────────────────


def _try(url: str, config: Path) -> _Trial:
    """Raises ChipwatchError, for a page with the feeds that it names."""
    from bot.app import poll_policy
    from bot.catalogue import load_catalogue
    from bot.configuration import make_judge
    from bot.core.intake import plan_poll
    from bot.model import Feed, FeedState, Visit
    from bot.pipeline.triage import judge_item

    catalogue = load_catalogue(require_folder(config))
    judge = make_judge(catalogue)
    feed = next((feed for feed in catalogue.feeds if feed.url == url), Feed(id="", url=url))
    with visitor(config) as visits:
        policy = poll_policy(visits.settings)
        try:
            sight = visits.visit(url, feed_id=feed.id, language=feed.language)
        except NoFeed as page:
            raise ChipwatchError(f"{page}{_hint(page)}") from page
    now = datetime.now(UTC)
    state = FeedState(feed_id=feed.id, url=url, next_poll_at=now)
    visit = Visit(feed=feed, state=state, outcome=sight.fetched, reading=sight.reading)
    return _Trial(
        sight=sight,
        feed=feed,
        plan=plan_poll(visit, {}, now=now, jitter=0.5, policy=policy),
        now=now,
        verdicts=tuple(judge_item(judge, item) for item in sight.reading.items),
    )


def _hint(page: NoFeed) -> str:
    from bot.core.discover import candidates

    named = candidates(page.fetched.body, page.fetched.final_url)
    return f"; it names {named[0].url}" if named else ""


# ── in words ─────────────────────────────────────────────────────────────────────────────────────


def _say(trial: _Trial) -> None:
    fetched, document, items = trial.sight.fetched, trial.sight.reading.document, trial.sight.reading.items
    language = document.language or "no language named"
    say(f"{document.title or 'a feed without a title'} ({document.format}, {language})")
    say(f"  address     {fetched.final_url}{'  (moved here for good)' if fetched.moved_to else ''}")
    say(f"  type        {fetched.content_type or 'not named'}, {len(fetched.body):,} bytes")
    say(f"  validators  {_validators(fetched)}")
    say(f"  hints       {', '.join(_hints(fetched, document.hints)) or 'none of when to come'}")
    say(f"  rhythm      {_rhythm(trial)}; next poll in about {rough_time(trial.pause)}")
    dates = sorted(item.published for item in items if item.published)
    span = f"{short_time(dates[0])} to {short_time(dates[-1])} UTC" if dates else "no dates"
    say(f"  items       {len(items)} from {trial.sight.entries} entries, {span}")
    old = sum(item.baseline for item in trial.plan.new)
    if old:
        say(f"  baseline    {old} of them too old, or undated, to be told after a first poll")
    if document.left_out:
        say(f"  left out    {document.left_out} entries beyond the limit")
    for fault in document.faults:
        say(f"  fault       {fault}")


def _validators(fetched: Fetched) -> str:
    named = [name for name, value in (("ETag", fetched.etag), ("Last-Modified", fetched.modified)) if value]
    return " and ".join(named) or "none: every poll fetches the whole body"


def _hints(fetched: Fetched, hints: Hints) -> list[str]:
    """What the document and its server say of when to come."""
    told = []
    if fetched.fresh_for:
        told.append(f"fresh for {rough_time(fetched.fresh_for)}")
    if hints.ttl:
        told.append(f"not before {rough_time(hints.ttl)}")
    if hints.skip_hours:
        told.append("not in the hours " + " ".join(f"{hour:02}" for hour in hints.skip_hours) + " UTC")
    if hints.skip_days:
        told.append("not on " + " ".join(_WEEKDAYS[day] for day in hints.skip_days))
    return told


def _rhythm(trial: _Trial) -> str:
    from bot.documents import spell_duration

    if trial.feed.every:
        return f"every = {spell_duration(trial.feed.every)} in feeds.toml"
    rhythm = trial.plan.state.rhythm
    return f"an item every {rough_time(rhythm)}" if rhythm else "unknown, as items have no dates"


def _scores(found: list[Verdict]) -> str:
    return ", ".join(f"{each.topic_id} {each.score:.0%}" for each in found)


def _newest(items: tuple[Item, ...]) -> datetime | None:
    return max((item.published for item in items if item.published), default=None)


# ── for programs ─────────────────────────────────────────────────────────────────────────────────


def _spell_sight(sight: Sight) -> dict[str, Any]:
    document = sight.reading.document
    return {
        "url": sight.url,
        "title": document.title,
        "format": document.format,
        "language": document.language,
        "entries": sight.entries,
        "newest": _newest(sight.reading.items),
        "found": sight.how,
    }


def _spell(trial: _Trial) -> dict[str, Any]:
    fetched, document, state = trial.sight.fetched, trial.sight.reading.document, trial.plan.state
    seconds = {"fresh_for": fetched.fresh_for, "ttl": document.hints.ttl, "rhythm": state.rhythm}
    return {
        "title": document.title,
        "format": document.format,
        "language": document.language,
        "url": fetched.final_url,
        "moved_to": fetched.moved_to,
        "content_type": fetched.content_type,
        "bytes": len(fetched.body),
        "etag": fetched.etag,
        "modified": fetched.modified,
        **{name: time and time.total_seconds() for name, time in seconds.items()},
        "skip_hours": document.hints.skip_hours,
        "skip_days": document.hints.skip_days,
        "next_poll_in": round(trial.pause.total_seconds()),
        "entries": trial.sight.entries,
        "baseline": sum(item.baseline for item in trial.plan.new),
        "left_out": document.left_out,
        "faults": document.faults,
        "items": [
            {
                "title": item.title,
                "url": item.url,
                "published": item.published,
                "topics": [verdict.topic_id for verdict in found],
                "scores": {verdict.topic_id: verdict.score for verdict in found},
            }
            for item, found in trial.judged
        ],
    }
