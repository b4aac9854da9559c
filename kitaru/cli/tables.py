"""Tables and pairs for people: readable at 80 columns, without colour and with whole ids in a pipe."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from datetime import datetime

    from rich.console import Console
    from rich.table import Table

_PIPED: Final = 160
_COLOURS: Final = {
    "completed": "green",
    "reused": "green",
    "failed": "red",
    "running": "cyan",
    "waiting": "yellow",
    "interrupted": "magenta",
    "cancelled": "dim",
}


def console(*, stderr: bool = False) -> Console:
    """Return a console as wide as the terminal; in a pipe, 160 columns unless ``COLUMNS`` says otherwise."""
    from rich.console import Console

    class Patient(Console):
        def on_broken_pipe(self) -> None:
            # For Rich a reader who has enough is a failure; the commands know better.
            raise BrokenPipeError

    stream = sys.stderr if stderr else sys.stdout
    wide = None if stream.isatty() or os.environ.get("COLUMNS") else _PIPED
    return Patient(file=stream, width=wide, highlight=False, markup=False, emoji=False)


def show_table(columns: Sequence[str], rows: Iterable[Sequence[Any]], *, whole: Sequence[str] = ("ID",)) -> None:
    """Print a table; the columns named in `whole` are never cut, the others wrap."""
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold")
    held = [[_text(cell) for cell in row] for row in rows]
    for place, name in enumerate(columns):
        widest = max((len(row[place]) for row in held), default=0)
        fixed = name in whole
        table.add_column(
            name, no_wrap=fixed, min_width=max(widest, len(name)) if fixed else None, overflow="fold",
            justify="right" if name in ("TOOK", "CALLS", "COST", "TOKENS", "SIZE", "COUNT") else "left",
        )  # fmt: skip
    for row in held:
        table.add_row(*(Text(cell, style=_COLOURS.get(cell, "")) for cell in row))
    _print(table)


def show_pairs(pairs: Iterable[tuple[str, Any]]) -> None:
    """Print names and values below each other; what has no value is left out."""
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in pairs:
        if value not in (None, "", [], {}):
            table.add_row(Text(name, style="bold"), Text(_text(value), style=_COLOURS.get(_text(value), "")))
    _print(table)


def title(text: str) -> None:
    """Print the heading of a section."""
    from rich.text import Text

    console().print(Text(f"\n{text}", style="bold"))


def when(moment: datetime | None) -> str:
    """Show a time absolutely, in the local zone, and how long ago it was."""
    from kitaru.client.times import ago

    return f"{moment.astimezone():%Y-%m-%d %H:%M:%S %Z} ({ago(moment)})" if moment else ""


def money(cost: float | None) -> str:
    """Show US dollars."""
    return "" if cost is None else f"${cost:.4f}"


def counted(number: int, noun: str) -> str:
    """Show how many there are of something.

    Examples
    --------
    >>> counted(1, "row"), counted(1200, "row")
    ('1 row', '1,200 rows')
    """
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def size(count: float | None) -> str:
    """Show a number of bytes.

    Examples
    --------
    >>> size(512), size(2_500_000)
    ('512 B', '2.5 MB')
    """
    if count is None:
        return ""
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000 or unit == "GB":
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1000
    return ""


def _print(table: Table) -> None:
    out = console()
    with out.capture() as capture:
        out.print(table)
    # Cells are padded; nobody wants the blanks at the end of a line in what they copy.
    sys.stdout.write("".join(f"{line.rstrip()}\n" for line in capture.get().splitlines()))


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    return str(value)
