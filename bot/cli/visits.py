"""Visits on command: an address fetched and read by the same ways as in a poll, and nothing stored."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from bot.cli.opening import require_folder
from bot.errors import ChipwatchError, UsageError
from bot.model import Fetched, FetchFailed, Reading, ReadTask

if TYPE_CHECKING:
    from bot.core.discover import Candidate
    from bot.fetch.http import HttpFetcher
    from bot.ports import Reader
    from bot.settings import Settings


class NoFeed(ChipwatchError):  # noqa: N818 - what it is, not what went wrong
    """An address answered with something that is no feed: perhaps a page that names one."""

    def __init__(self, fetched: Fetched, url: str, reason: str) -> None:
        self.fetched = fetched
        super().__init__(f"{url}: {reason}")


@dataclass(frozen=True, kw_only=True)
class Sight:
    """A feed as a visit found it."""

    url: str
    """What to subscribe to: the address asked, or where it has moved for good."""
    fetched: Fetched
    reading: Reading
    how: str = "the address itself"
    """What led there: that, or what :mod:`bot.core.discover` says."""

    @property
    def entries(self) -> int:
        """Entries of the document, also those that make no item of their own."""
        from bot.core.seen import SIZE

        return len(self.reading.seen) // SIZE or len(self.reading.items)


@dataclass(frozen=True, kw_only=True)
class Visitor:
    """Fetches and reads one address at a time, within the bounds of a poll."""

    settings: Settings
    fetcher: HttpFetcher
    reader: Reader

    def visit(self, url: str, *, feed_id: str = "", language: str | None = None) -> Sight:
        """Raises NoFeed for an answer that is no feed, ChipwatchError where none came."""
        fetched = self._fetch(url)
        task = ReadTask(
            feed_id=feed_id,
            body=fetched.body,
            content_type=fetched.content_type,
            base_url=fetched.final_url,
            now=datetime.now(UTC),
            language=language,
            max_entries=self.settings.http.max_entries,
        )
        read = self.reader.submit(task).result()
        if isinstance(read, FetchFailed):
            raise NoFeed(fetched, url, read.detail)
        return Sight(url=fetched.moved_to or url, fetched=fetched, reading=read)

    def _fetch(self, url: str) -> Fetched:
        match self.fetcher.fetch_one(url):
            case Fetched() as fetched:
                return fetched
            case FetchFailed() as failure:
                raise ChipwatchError(f"{url}: {failure.kind}: {failure.detail}")
            case _:
                raise ChipwatchError("the server says that nothing has changed, to somebody who never asked")

    def feeds_at(self, url: str) -> Iterator[Sight]:
        """The feed at an address, or those of the page there; visited one by one as they are asked for.

        Where a page declares none and links to none, the usual places are tried. Raises ChipwatchError
        where the address itself gives no answer.
        """
        from bot.core.discover import candidates, usual_places

        try:
            yield self.visit(url)
        except NoFeed as page:
            base = page.fetched.final_url
            named = candidates(page.fetched.body, base)
            seen: set[str] = set()
            for candidate in named or usual_places(base):
                sight = self._try(candidate)
                if sight and not seen & {sight.url, sight.fetched.body_hash}:
                    seen |= {sight.url, sight.fetched.body_hash}
                    yield sight

    def _try(self, candidate: Candidate) -> Sight | None:
        try:
            found = self.visit(candidate.url)
        except ChipwatchError:
            return None
        return Sight(url=found.url, fetched=found.fetched, reading=found.reading, how=candidate.how)


@contextmanager
def visitor(config: Path) -> Iterator[Visitor]:
    """A visitor as ``chipwatch.toml`` configures fetching; needs no database."""
    from bot.app import make_fetcher, make_reader
    from bot.settings import load_settings

    settings, _ = load_settings(require_folder(config))
    reader = make_reader()
    try:
        yield Visitor(settings=settings, fetcher=make_fetcher(settings), reader=reader)
    finally:
        reader.close()


def require_web(url: str) -> None:
    """Raises UsageError for what is no web address."""
    if not url.startswith(("http://", "https://")):
        raise UsageError(f'"{url}" is no web address; write it with http:// or https://')
