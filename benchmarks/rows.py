"""What is measured and what it may cost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

Unit = Literal["s", "/s", "MB", "KB", "%", ""]

APPEND: Final = "append"
"""Yardstick: 600 bytes appended to a file and synced."""
COMMIT: Final = "commit"
"""Yardstick: one row inserted into a bare DuckDB table and committed."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table.

    Parameters
    ----------
    key
        Names the samples of this row.
    what
        For people.
    unit
        Of samples and bars; seconds, numbers per second, megabytes, kilobytes, percent, or a plain count.
    at_most, at_least
        The bar in absolute terms.
    yardstick
        What the ratio is taken to, within each round: `APPEND`, `COMMIT` or the key of other samples of the round.
    slack
        If given, a bar in relative terms: no more than the yardstick and this many seconds.
    """

    key: str
    what: str
    unit: Unit = "s"
    at_most: float | None = None
    at_least: float | None = None
    yardstick: str = ""
    slack: float | None = None

    @property
    def has_bar(self) -> bool:
        """Whether the row can be missed."""
        return not (self.at_most is None and self.at_least is None and self.slack is None)


@dataclass(frozen=True, slots=True)
class Measurement:
    """Some rows that one process measures."""

    name: str
    module: str
    rows: tuple[Row, ...]
    embedded: bool = False
    optional: bool = False
    """Left out unless named."""
    once: bool = False
    """Takes minutes and is not about time: not repeated."""
