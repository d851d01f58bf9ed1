"""``chipwatch feeds``: the subscriptions, as a list, as a file, and as a poll would see them."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.cli.commands import Commands
from bot.cli.opening import opened, require_folder
from bot.cli.options import CONFIG, DATA, AsJson, ConfigDir, DataDir
from bot.cli.output import print_json, print_table, say, short_time
from bot.errors import ChipwatchError, UsageError

if TYPE_CHECKING:
    from bot.feedlist import Subscription
    from bot.model import FeedDocument, Fetched, Item, Verdict

app = Commands("The feeds that are polled.")

Url = Annotated[str, typer.Argument(metavar="URL", help="Address of a feed.")]
_SHOWN = 10


@app.command("list")
def list_(config: ConfigDir = CONFIG, data: DataDir = DATA, as_json: AsJson = False) -> None:
    """List the feeds with the result of their last poll.

    [dim]Example: chipwatch feeds list[/dim]
    """
    with opened(config, data) as application, application.store.read() as tx:
        states = tx.feeds.states()
        feeds = list(application.deps.feeds.values())
    if as_json:
        rows = []
        for feed in feeds:
            state = states.get(feed.id)
            rows.append(
                {
                    "id": feed.id,
                    "url": feed.url,
                    "title": feed.title,
                    "tags": feed.tags,
                    "enabled": feed.enabled,
                    "last_polled_at": state and state.last_polled_at,
                    "last_result": state and state.last_result,
                    "next_poll_at": state and state.next_poll_at,
                    "failures": state.failures if state else 0,
                }
            )
        print_json(rows)
        return
    print_table(
        ("feed", "tags", "last poll", "result", "next poll", "address"),
        (
            (
                feed.title or "–",
                ", ".join(feed.tags),
                state.last_polled_at if state else None,
                (state.disabled or state.last_result) if state else "never polled",
                state.next_poll_at if state and feed.enabled else None,
                feed.url,
            )
            for feed in feeds
            for state in (states.get(feed.id),)
        ),
        empty=f"no feeds; add one with: chipwatch feeds add URL --config {config}",
    )


@app.command()
def add(
    urls: Annotated[
        list[str], typer.Argument(metavar="URL", help="Addresses of feeds, or of pages that name one.")
    ],
    tag: Annotated[
        list[str] | None, typer.Option("--tag", metavar="TAG", help="Tag it; may be repeated.")
    ] = None,
    unchecked: Annotated[
        bool, typer.Option("--unchecked", help="Add the address as it is, without a look.")
    ] = False,
    config: ConfigDir = CONFIG,
) -> None:
    """Add feeds to feeds.toml; a page's address finds the page's feed.

    [dim]Example: chipwatch feeds add https://example.org/ --tag press[/dim]
    """
    from bot import feedlist

    found, failed = [], 0
    for url in urls:
        _require_web(url)
        if unchecked:
            found.append(feedlist.Subscription(url=url, tags=tuple(tag or ())))
            continue
        try:
            found.append(_find(url, tuple(tag or ()), config))
        except ChipwatchError as error:
            say(f"✗ {error}")
            failed += 1
    for subscription in feedlist.add(require_folder(config) / "feeds.toml", found):
        say(f"✓ {subscription.url}  {subscription.title}")
        found.remove(subscription)
    for subscription in found:
        say(f"  {subscription.url} is there already")
    if failed:
        raise typer.Exit(1)


@app.command()
def remove(url: Url, config: ConfigDir = CONFIG) -> None:
    """Take a feed out of feeds.toml; its items stay.

    [dim]Example: chipwatch feeds remove https://example.org/feed[/dim]
    """
    from bot import feedlist
    from bot.catalogue import load_feeds
    from bot.documents import unknown

    path = require_folder(config) / "feeds.toml"
    if not feedlist.remove(path, url):
        raise UsageError(unknown("feed", url, [feed.url for feed in load_feeds(path)])[:400])
    say(f"{url} is removed")


@app.command("test")
def test_(url: Url, config: ConfigDir = CONFIG, as_json: AsJson = False) -> None:
    """Fetch a feed once and show what a poll would see; nothing is stored.

    [dim]Example: chipwatch feeds test https://example.org/feed[/dim]
    """
    from bot.app import make_judge
    from bot.catalogue import load_catalogue
    from bot.core.normalise import normalise
    from bot.pipeline.triage import judge_item

    _require_web(url)
    fetched, document = _read(url, config)
    items = normalise(document, "", fetched.final_url, datetime.now(UTC))
    judge = make_judge(load_catalogue(config))
    verdicts = [judge_item(judge, item) for item in items]
    if as_json:
        print_json(_spell(fetched, document, items, verdicts))
        return
    language = document.language or "no language named"
    say(f"{document.title or 'a feed without a title'} ({document.format}, {language})")
    say(f"  address     {fetched.final_url}{'  (moved here for good)' if fetched.moved_to else ''}")
    say(f"  type        {fetched.content_type or 'not named'}, {len(fetched.body):,} bytes")
    say(f"  validators  {_validators(fetched)}")
    dates = sorted(item.published for item in items if item.published)
    span = f"{short_time(dates[0])} to {short_time(dates[-1])} UTC" if dates else "no dates"
    say(f"  items       {len(items)} from {len(document.entries)} entries, {span}")
    for fault in document.faults:
        say(f"  fault       {fault}")
    print_table(
        ("published", "matches", "title"),
        (
            (item.published, ", ".join(each.topic_id for each in found if each.matched) or "–", item.title)
            for item, found in list(zip(items, verdicts, strict=True))[:_SHOWN]
        ),
        empty="no items",
    )
    if len(items) > _SHOWN:
        say(f"and {len(items) - _SHOWN} more")


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="An OPML file.")], config: ConfigDir = CONFIG
) -> None:
    """Add the feeds of an OPML file; its folders become tags.

    [dim]Example: chipwatch feeds import subscriptions.opml[/dim]
    """
    from bot import feedlist

    listed, unreadable = feedlist.read_opml(file)
    added = feedlist.add(require_folder(config) / "feeds.toml", listed)
    say(f"feeds added: {len(added)}; there already: {len(listed) - len(added)}")
    for url in unreadable:
        say(f"✗ {url}: no web address")
    if unreadable:
        raise typer.Exit(1)


@app.command("export")
def export(config: ConfigDir = CONFIG) -> None:
    """Print the feeds as OPML.

    [dim]Example: chipwatch feeds export > feeds.opml[/dim]
    """
    from bot import feedlist
    from bot.catalogue import load_feeds

    say(feedlist.write_opml(load_feeds(require_folder(config) / "feeds.toml")).rstrip())


def _require_web(url: str) -> None:
    if not url.startswith(("http://", "https://")):
        raise UsageError(f'"{url}" is no web address; write it with http:// or https://')


def _fetch(url: str, config: Path) -> Fetched:
    from bot.app import make_fetcher
    from bot.model import Fetched, FetchFailed
    from bot.settings import load_settings

    match make_fetcher(load_settings(require_folder(config))[0]).fetch_one(url):
        case Fetched() as fetched:
            return fetched
        case FetchFailed(kind=kind, detail=detail):
            raise ChipwatchError(f"{url}: {kind}: {detail}")
        case _:
            raise ChipwatchError("the server says that nothing has changed, to somebody who never asked")


def _read(url: str, config: Path) -> tuple[Fetched, FeedDocument]:
    from bot.core.discover import feed_links
    from bot.core.parse import parse
    from bot.errors import FeedError

    fetched = _fetch(url, config)
    try:
        return fetched, parse(fetched.body, fetched.content_type, fetched.final_url)
    except FeedError as error:
        named = feed_links(fetched.body, fetched.final_url)
        hint = f"; it names {named[0]}" if named else ""
        raise ChipwatchError(f"{url}: {error}{hint}") from error


def _find(url: str, tags: tuple[str, ...], config: Path) -> Subscription:
    """The feed at an address, or the first one that the page there names."""
    from bot.core.discover import feed_links
    from bot.core.parse import parse
    from bot.errors import FeedError
    from bot.feedlist import Subscription

    fetched = _fetch(url, config)
    try:
        title = parse(fetched.body, fetched.content_type, fetched.final_url).title
        return Subscription(url=url, title=title, tags=tags)
    except FeedError as error:
        for link in feed_links(fetched.body, fetched.final_url):
            return Subscription(url=link, title=_read(link, config)[1].title, tags=tags)
        raise ChipwatchError(f"{url}: {error}, and it names no feed") from error


def _validators(fetched: Fetched) -> str:
    named = [name for name, value in (("ETag", fetched.etag), ("Last-Modified", fetched.modified)) if value]
    return " and ".join(named) or "none: every poll fetches the whole body"


def _spell(
    fetched: Fetched, document: FeedDocument, items: tuple[Item, ...], verdicts: list[tuple[Verdict, ...]]
) -> dict[str, Any]:
    return {
        "title": document.title,
        "format": document.format,
        "language": document.language,
        "url": fetched.final_url,
        "content_type": fetched.content_type,
        "bytes": len(fetched.body),
        "etag": fetched.etag,
        "modified": fetched.modified,
        "entries": len(document.entries),
        "left_out": document.left_out,
        "faults": document.faults,
        "items": [
            {
                "title": item.title,
                "url": item.url,
                "published": item.published,
                "topics": [verdict.topic_id for verdict in found if verdict.matched],
            }
            for item, found in zip(items, verdicts, strict=True)
        ],
    }
