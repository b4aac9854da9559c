"""The same work on Kitaru and on other libraries, each in an environment of its own."""

from __future__ import annotations

from benchmarks.side_by_side.comparing import compare
from benchmarks.side_by_side.table import table

__all__ = ["compare", "table"]
