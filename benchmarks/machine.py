"""What this machine does without Kitaru: the yardsticks."""

from __future__ import annotations

import os
import platform
import time
from typing import TYPE_CHECKING

from benchmarks.rows import APPEND, COMMIT

if TYPE_CHECKING:
    from pathlib import Path

APPEND_BYTES = 600


def yardsticks(folder: Path, times: int) -> dict[str, list[float]]:
    """Measure both yardsticks in a folder, in seconds."""
    return {APPEND: synced_appends(folder / "append", times), COMMIT: commits(folder / "commit.duckdb", times)}


def synced_appends(path: Path, times: int) -> list[float]:
    """Append some bytes and wait until they are on disk, several times."""
    sync = getattr(os, "fdatasync", os.fsync)
    data = b"x" * APPEND_BYTES
    seconds = []
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        for _ in range(times):
            start = time.perf_counter()
            os.write(descriptor, data)
            sync(descriptor)
            seconds.append(time.perf_counter() - start)
    finally:
        os.close(descriptor)
    return seconds


def commits(path: Path, times: int) -> list[float]:
    """Commit one row to a DuckDB table, several times."""
    import duckdb

    seconds = []
    with duckdb.connect(str(path)) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS event (position BIGINT, body VARCHAR)")
        for position in range(times):
            start = time.perf_counter()
            connection.execute("INSERT INTO event VALUES (?, ?)", [position, "x" * APPEND_BYTES])
            seconds.append(time.perf_counter() - start)
    return seconds


def described() -> dict[str, str | float | int]:
    """Say on what was measured."""
    return {
        "python": platform.python_version(),
        "system": platform.platform(terse=True),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1,
        "load": round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else -1.0,
        "time": time.strftime("%Y-%m-%d %H:%M"),
    }
