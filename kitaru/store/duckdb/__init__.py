"""The store that owns a Kitaru home in this process: journal, guards, DuckDB, background work."""

from __future__ import annotations

from kitaru.store.duckdb.store import DuckDBStore

__all__ = ["DuckDBStore"]
