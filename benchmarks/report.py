"""Findings as a table and as JSON."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from rich import box
from rich.table import Table

if TYPE_CHECKING:
    from collections.abc import Iterable

    from benchmarks.rows import Row, Unit
    from benchmarks.running import Finding

WIDTH = 100


def table(findings: Iterable[Finding]) -> Table:
    """Lay out findings for a terminal of 100 columns."""
    laid_out = Table(box=box.SIMPLE_HEAD, width=WIDTH, pad_edge=False, padding=(0, 1))
    laid_out.add_column("what", ratio=1)
    laid_out.add_column("bar", width=17)
    for heading, width in (("median", 10), ("p90", 9)):
        laid_out.add_column(heading, justify="right", width=width)
    laid_out.add_column("ratio", justify="right", width=15)
    laid_out.add_column("met", width=3)
    for finding in findings:
        laid_out.add_row(*_cells(finding))
    return laid_out


def _cells(finding: Finding) -> tuple[str, ...]:
    row = finding.row
    met = {True: "yes", False: "NO", None: ""}[finding.met]
    ratio = "" if finding.ratio is None else f"{finding.ratio:.2f} x {row.yardstick}"
    return row.what, bar(row), quantity(finding.median, row.unit), quantity(finding.p90, row.unit), ratio, met


def bar(row: Row) -> str:
    """Say what a row may cost."""
    parts = []
    if row.at_most is not None:
        parts.append(f"<= {quantity(row.at_most, row.unit)}")
    if row.at_least is not None:
        parts.append(f">= {quantity(row.at_least, row.unit)}")
    if row.slack is not None:
        more = f" + {quantity(row.slack, row.unit)}" if row.slack else ""
        parts.append(f"<= {row.yardstick}{more}")
    return ", ".join(parts)


def quantity(value: float, unit: Unit) -> str:
    """Write a value with its unit, short.

    Examples
    --------
    >>> quantity(0.00042, "s"), quantity(1.25, "s"), quantity(4096.5, "/s")
    ('0.42 ms', '1.25 s', '4,096 /s')
    """
    if unit == "s":
        if value >= 1.0:
            return f"{value:.2f} s"
        return f"{value * 1e3:.0f} ms" if value >= 0.01 else f"{value * 1e3:.2f} ms"
    if unit in ("MB", "%"):
        return f"{value:.1f} {unit}"
    return f"{value:,.0f} {unit}".strip()


def as_data(findings: Iterable[Finding]) -> list[dict[str, Any]]:
    """Return findings as plain data."""
    return [
        dataclasses.asdict(finding.row)
        | {name: getattr(finding, name) for name in ("measurement", "median", "p90", "samples", "ratio", "met")}
        | {"yardstick_median": finding.yardstick}
        for finding in findings
    ]
