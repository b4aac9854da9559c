"""Checking, repairing, copying and cleaning a Kitaru home."""

from __future__ import annotations

from kitaru.store.duckdb.maintenance.backup import BackupReport, backup
from kitaru.store.duckdb.maintenance.clean import CleanReport, clean
from kitaru.store.duckdb.maintenance.rebuild import RebuildReport, rebuild
from kitaru.store.duckdb.maintenance.verify import VerifyReport, verify

__all__ = ["BackupReport", "CleanReport", "RebuildReport", "VerifyReport", "backup", "clean", "rebuild", "verify"]
