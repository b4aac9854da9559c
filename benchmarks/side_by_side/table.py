"""The comparison as a table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich import box
from rich.table import Table

from benchmarks.report import WIDTH, quantity

if TYPE_CHECKING:
    from collections.abc import Iterable


def table(rows: Iterable[dict[str, Any]]) -> Table:
    """Lay out the rows for a terminal of 100 columns."""
    laid_out = Table(box=box.SIMPLE_HEAD, width=WIDTH, pad_edge=False, padding=(0, 1))
    laid_out.add_column("the same work", ratio=1)
    laid_out.add_column("versions")
    for heading in ("a step", "fan-out of 100", "start to first result"):
        laid_out.add_column(heading, justify="right")
    for row in rows:
        laid_out.add_row(row["library"], row["versions"], *_cells(row))
    return laid_out


def _cells(row: dict[str, Any]) -> tuple[str, ...]:
    if row["problem"]:
        return (row["problem"],)
    return tuple(quantity(row[task], "s") for task in ("steps", "fan_out", "first"))
