"""The DuckDB side of the store: journal events become rows, rows answer questions."""

from __future__ import annotations

from kitaru.store.database.applying import Quarantined
from kitaru.store.database.database import Database
from kitaru.store.database.faults import DatabaseDamagedError
from kitaru.store.database.views import describe_view_names, describe_views

__all__ = ["Database", "DatabaseDamagedError", "Quarantined", "describe_view_names", "describe_views"]
