"""Tables on a terminal as wide as it is; in a pipe without colours and as wide as their content."""

from __future__ import annotations

from collections.abc import Sequence

from rich import box
from rich.cells import cell_len
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

_WHOLE = 16
"""A column up to this width is not wrapped: ids and times stay in one piece."""
_WRAPPED = 12
"""A wider one may be wrapped, to no less than this."""
_GAP = 2
_ENDLESS = 100_000


def draw(columns: Sequence[str], cells: Sequence[Sequence[str]]) -> None:
    """Print a table; a paragraph a row where the terminal is too narrow for its columns."""
    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=_ENDLESS)
    widths = [max(map(cell_len, column)) for column in zip(columns, *cells, strict=True)]
    least = [
        width if width <= _WHOLE else max(_WRAPPED, cell_len(column))
        for column, width in zip(columns, widths, strict=True)
    ]
    # The first column is what one copies into the next command: its words are never broken.
    least[0] = max(least[0], *(cell_len(word) for row in cells for word in row[0].split()))
    if sum(least) + _GAP * len(columns) > console.width:
        _paragraphs(console, columns, cells)
        return
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, _GAP - 1, 0, 0), header_style="bold")
    for column, width, needed in zip(columns, widths, least, strict=True):
        table.add_column(column, overflow="fold", min_width=needed, no_wrap=needed == width)
    for row in cells:
        table.add_row(*map(Text, row))
    console.print(table, width=min(console.width, console.measure(table).maximum))


def _paragraphs(console: Console, columns: Sequence[str], cells: Sequence[Sequence[str]]) -> None:
    for first, *rest in cells:
        named = [f"{name}: {cell}" for name, cell in zip(columns[1:], rest, strict=True) if cell.strip("– ")]
        console.print(Text(first, style="bold"))
        console.print(Padding(Text(" · ".join(named)), (0, 0, 0, 2)))
