"""Progress bars: on a terminal for long work, none in a pipe."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def counted(what: str, total: int) -> Iterator[Callable[[str], None]]:
    """A bar that advances by one at each call, naming what was done."""
    with _bar(what, total) as update:
        yield lambda name: update(1, name[:40])


@contextmanager
def measured(what: str, total: int) -> Iterator[Callable[[int], None]]:
    """A bar that advances by as much as each call says."""
    with _bar(what, total) as update:
        yield lambda amount: update(amount, "")


@contextmanager
def _bar(what: str, total: int) -> Iterator[Callable[[int, str], None]]:
    if not sys.stderr.isatty():
        yield lambda _amount, _name: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    columns = (
        TextColumn(what),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.description}", markup=False),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("", total=total)
        yield lambda amount, name: progress.update(task, advance=amount, description=name)
