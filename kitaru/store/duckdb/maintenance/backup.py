"""Copying a home so that the copy is consistent, while it is in use."""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kitaru.errors import KitaruStoreError, KitaruUsageError
from kitaru.store.duckdb import opening
from kitaru.store.duckdb.store import DuckDBStore
from kitaru.store.journal.disk import explained, sync_directory
from kitaru.store.journal.segment import list_segments
from kitaru.store.payloads import FilePayloads

if TYPE_CHECKING:
    from pathlib import Path

    from kitaru.store.database import Database

_COPY = "import shutil, sys; shutil.copyfile(sys.argv[1], sys.argv[2])"


@dataclass(frozen=True, slots=True)
class BackupReport:
    """What was copied."""

    destination: str
    position: int
    """Position of the last event in the copy."""
    payloads: int
    bytes: int


def backup(source: Path | DuckDBStore, destination: Path) -> BackupReport:
    """Copy a home: journal, database and payloads.

    The copy is a home of its own: point ``KITARU_HOME`` to it, or move it back in place.

    Parameters
    ----------
    source
        The folder of a home that nobody has open, or the store that has it open; that goes on working.
    destination
        A folder that does not exist; it appears when the copy is complete.

    Returns
    -------
    BackupReport
        How far it goes and how large it is.

    Raises
    ------
    KitaruUsageError
        If the destination exists.
    KitaruStoreBusyError
        If another process has the home open.
    KitaruStoreError
        If the disk refuses.
    """
    if destination.exists():
        raise KitaruUsageError(f"{destination} exists already. Name a folder that does not: a backup replaces nothing.")
    if isinstance(source, DuckDBStore):
        return _backup(source, destination)
    store = DuckDBStore(source)
    try:
        return _backup(store, destination)
    finally:
        store.close()


def _backup(store: DuckDBStore, destination: Path) -> BackupReport:
    partial = destination.with_name(destination.name + ".partial")
    try:
        shutil.rmtree(partial, ignore_errors=True)
        (partial / opening.JOURNAL).mkdir(parents=True)
        with store.maintenance:
            # The database first: what is acknowledged meanwhile is in the journal's copy and applied from there.
            with store.standing_still() as database:
                _copy_database(database, partial / opening.DATABASE)
            position = store.seal()
            for segment in list_segments(store.journal.directory):
                if segment.first <= position and segment.path != store.journal.active_path:
                    shutil.copyfile(segment.path, partial / opening.JOURNAL / segment.path.name)
            payloads = _copy_payloads(store, partial)
        sync_directory(partial)
        partial.rename(destination)
    except OSError as error:
        raise explained(error, "write the backup to", partial) from error
    size = sum(path.stat().st_size for path in destination.rglob("*") if path.is_file())
    return BackupReport(str(destination), position, payloads, size)


def _copy_database(database: Database, target: Path) -> None:
    database.checkpoint()
    # In a process of its own: closing a file gives up the locks that this process has on it, DuckDB's among them.
    done = subprocess.run(
        [sys.executable, "-S", "-c", _COPY, str(database.path), str(target)], capture_output=True, check=False
    )
    if done.returncode:
        last = done.stderr.decode(errors="replace").strip().rpartition("\n")[2]
        raise KitaruStoreError(
            f"Cannot copy {database.path} to {target}: {last}. Free some space or choose another disk."
        )


def _copy_payloads(store: DuckDBStore, partial: Path) -> int:
    copies = FilePayloads(str(partial / opening.PAYLOADS))
    digests = [digest for digest, _, _ in store.payloads.digests()]
    for digest in digests:
        copies.put(store.payloads.get(digest))
    return len(digests)
