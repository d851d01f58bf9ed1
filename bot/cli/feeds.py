"""``chipwatch feeds``: the subscriptions, as a list and as a file."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.cli import trials
from bot.cli.commands import Commands
from bot.cli.opening import looked_into, require_folder, tell_of_daemon
from bot.cli.options import CONFIG, DATA, AsJson, ConfigDir, DataDir, UnneededData
from bot.cli.output import print_json, print_table, rough_time, say, short_time
from bot.cli.visits import Visitor, require_web, visitor
from bot.errors import ChipwatchError, UsageError

if TYPE_CHECKING:
    from bot.feedlist import Subscription
    from bot.model import Feed, FeedState, Notice

app = Commands("The feeds that are polled.")

Url = Annotated[str, typer.Argument(metavar="URL", help="Address of a feed.")]
_RECENT = timedelta(days=30)
_MOST_NOTICES = 20


@app.command("list")
def list_(config: ConfigDir = CONFIG, data: DataDir = DATA, as_json: AsJson = False) -> None:
    """List the feeds with the result of their last poll, and what was noticed of them in the last 30 days.

    [dim]Example: chipwatch feeds list[/dim]
    """
    from bot.core.urls import host

    rows, notices = _polled(config, data)
    if as_json:
        told: defaultdict[str, list[Notice]] = defaultdict(list)
        for notice in notices:
            told[notice.feed_id].append(notice)
        print_json([_spell(feed, state, told[feed.id]) for feed, state in rows])
        return
    print_table(
        ("feed", "tags", "last poll", "result", "new item every", "next poll", "address"),
        (
            (
                feed.title or host(feed.url),
                ", ".join(feed.tags),
                state and state.last_polled_at,
                _result(state),
                rough_time(state.rhythm) if state and state.rhythm else None,
                state.next_poll_at if state and feed.enabled and not state.disabled else None,
                _address(feed, state),
            )
            for feed, state in rows
        ),
        empty=f"no feeds; add one with: chipwatch feeds add URL --config {config}",
    )
    for notice in notices[-_MOST_NOTICES:]:
        say(f"{short_time(notice.at)}  {notice.kind:<11}  {notice.text}")


def _polled(config: Path, data: Path) -> tuple[list[tuple[Feed, FeedState | None]], list[Notice]]:
    """The feeds of the files, each with how it stands, and what was noticed; without a database, as new."""
    from bot.configuration import read_configuration
    from bot.errors import StoreAbsent

    try:
        with looked_into(config, data) as application, application.store.read() as tx:
            states = tx.feeds.states()
            feeds = application.deps.feeds
            since = application.deps.clock.now() - _RECENT
            notices = [notice for notice in tx.feeds.notices(since) if notice.feed_id in feeds]
    except StoreAbsent:
        return [(feed, None) for feed in read_configuration(config, data).catalogue.feeds], []
    return [(feed, states.get(feed.id)) for feed in feeds.values()], notices


def _result(state: FeedState | None) -> str:
    if state is None:
        return "never polled"
    if state.disabled:
        return state.disabled
    return f"{state.trouble}; {state.last_result}" if state.trouble else state.last_result


def _address(feed: Feed, state: FeedState | None) -> str:
    return f"{feed.url} (moved to {state.url})" if state and state.url != feed.url else feed.url


def _spell(feed: Feed, state: FeedState | None, notices: Sequence[Notice]) -> dict[str, Any]:
    return {
        "id": feed.id,
        "url": feed.url,
        "title": feed.title,
        "tags": feed.tags,
        "enabled": feed.enabled,
        "last_polled_at": state and state.last_polled_at,
        "last_result": state and state.last_result,
        "last_new_at": state and state.last_new_at,
        "next_poll_at": state and state.next_poll_at,
        "rhythm": state and state.rhythm and state.rhythm.total_seconds(),
        "failures": state.failures if state else 0,
        "trouble": state.trouble if state else "",
        "disabled": state and state.disabled,
        "polled_at": state.url if state else feed.url,
        "notices": [{"at": each.at, "kind": each.kind, "text": each.text} for each in notices],
    }


@app.command()
def add(
    urls: Annotated[
        list[str],
        typer.Argument(metavar="URL", help="Addresses of feeds, or of pages or sites that have one."),
    ],
    tag: Annotated[
        list[str] | None, typer.Option("--tag", metavar="TAG", help="Tag it; may be repeated.")
    ] = None,
    unchecked: Annotated[
        bool, typer.Option("--unchecked", help="Add the address as it is, without a look.")
    ] = False,
    config: ConfigDir = CONFIG,
    data: DataDir = DATA,
) -> None:
    """Add feeds to feeds.toml; the address of a page or site finds its feed.

    [dim]Example: chipwatch feeds add https://example.org/ --tag press[/dim]
    """
    from bot import feedlist

    found, failed, tags = [], 0, tuple(tag or ())
    with visitor(config) as visits:
        for url in urls:
            require_web(url)
            try:
                found.append(
                    feedlist.Subscription(url=url, tags=tags) if unchecked else _find(visits, url, tags)
                )
            except ChipwatchError as error:
                say(f"✗ {error}")
                failed += 1
    added = feedlist.add(require_folder(config) / "feeds.toml", found)
    for subscription in added:
        say(f"✓ {subscription.url}  {subscription.title}")
        found.remove(subscription)
    for subscription in found:
        say(f"  {subscription.url} is there already")
    if added:
        tell_of_daemon(data)
    if failed:
        raise typer.Exit(1)


def _find(visits: Visitor, url: str, tags: tuple[str, ...]) -> Subscription:
    """The feed at an address, or the first one that the page or site there has."""
    from bot.feedlist import Subscription

    sight = next(visits.feeds_at(url), None)
    if sight is None:
        raise ChipwatchError(f"{url}: it is no feed, names none, and none is at the usual places of its site")
    return Subscription(url=sight.url, title=sight.reading.document.title, tags=tags)


app.command("test")(trials.test_)
app.command("discover")(trials.discover)


@app.command()
def remove(url: Url, config: ConfigDir = CONFIG, data: DataDir = DATA) -> None:
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
    tell_of_daemon(data)


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="An OPML file.")],
    config: ConfigDir = CONFIG,
    data: DataDir = DATA,
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
    if added:
        tell_of_daemon(data)
    if unreadable:
        raise typer.Exit(1)


@app.command("export")
def export(config: ConfigDir = CONFIG, _data: UnneededData = None) -> None:
    """Print the feeds as OPML.

    [dim]Example: chipwatch feeds export > feeds.opml[/dim]
    """
    from bot import feedlist
    from bot.catalogue import load_feeds

    say(feedlist.write_opml(load_feeds(require_folder(config) / "feeds.toml")).rstrip())
