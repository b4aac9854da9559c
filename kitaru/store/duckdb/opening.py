"""Opening a home: one owner, a database that can be read, and nothing of the journal missing in it."""

from __future__ import annotations

import logging
import os
from contextlib import suppress
from typing import TYPE_CHECKING

from kitaru.errors import KitaruStoreBusyError, KitaruUsageError
from kitaru.store.database import Database, DatabaseDamagedError
from kitaru.store.journal.disk import explained
from kitaru.store.journal.record import JournalRecord, end_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from filelock import BaseFileLock

    from kitaru.store.database import Quarantined
    from kitaru.store.journal.journal import Journal

DATABASE = "kitaru.duckdb"
JOURNAL = "journal"
PAYLOADS = "payloads"
LOCK = "store.lock"
_BATCH_EVENTS = 5_000

_log = logging.getLogger("kitaru.store")


def require_home(home: Path) -> None:
    """Refuse a folder that is no home.

    Raises
    ------
    KitaruUsageError
        If it has no journal.
    """
    if not (home / JOURNAL).is_dir():
        raise KitaruUsageError(f"{home} is no Kitaru home: it has no folder {JOURNAL!r}. Check the path.")


def own(home: Path) -> BaseFileLock:
    """Become the one owner of a home, until the lock is released or this process ends.

    Raises
    ------
    KitaruStoreBusyError
        If another process, or another store in this one, owns it.
    """
    from filelock import FileLock, Timeout

    path = home / LOCK
    lock = FileLock(path, thread_local=False)
    try:
        home.mkdir(parents=True, exist_ok=True)
        lock.acquire(timeout=0)
    except Timeout:
        raise _busy(home, path) from None
    except OSError as error:
        raise explained(error, "lock", path) from error
    # Some systems let nobody write to a locked file; then a loser is not told who won.
    with suppress(OSError):
        path.write_text(str(os.getpid()), encoding="ascii")
    return lock


def _busy(home: Path, path: Path) -> KitaruStoreBusyError:
    try:
        pid = path.read_text(encoding="ascii").strip()
    except OSError:
        pid = ""
    if pid == str(os.getpid()):
        return KitaruStoreBusyError(
            f"The Kitaru home {home} is already open in this process ({pid}). Use that store, or close it first."
        )
    who = f"process {pid}" if pid else "another process"
    return KitaruStoreBusyError(
        f"The Kitaru home {home} is held by {who}. Unset KITARU_STORE=embedded in both so that they share it through "
        f"the local service, or end {who}, or set KITARU_HOME to another folder."
    )


def open_database(home: Path, warn: Callable[[str], None]) -> Database:
    """Open the database; where it cannot be opened, put it aside and begin an empty one."""
    path = home / DATABASE
    if not path.exists():
        # A log of writes without its database would be applied to the new one.
        return _replace_damaged(path, warn, "it is gone")
    import duckdb

    try:
        return Database(path)
    except (DatabaseDamagedError, duckdb.Error) as error:
        return _replace_damaged(path, warn, str(error.__cause__ or error))


def _replace_damaged(path: Path, warn: Callable[[str], None], reason: str) -> Database:
    moved = put_aside(path, "damaged")
    if moved is not None:
        warn(
            f"The database {path} could not be opened ({reason}). It was moved to {moved} and is rebuilt from the "
            "journal."
        )
    return Database(path)


def put_aside(path: Path, why: str) -> str | None:
    """Rename a database and its log of writes to ``…damaged-1`` or the like; return the new name if there was one."""
    number = 1
    while any(path.with_name(f"{path.name}.{why}-{number}{suffix}").exists() for suffix in ("", ".wal")):
        number += 1
    target = path.with_name(f"{path.name}.{why}-{number}")
    sources = [path.with_name(path.name + suffix) for suffix in ("", ".wal")]
    present = [source for source in sources if source.exists()]
    for source in present:
        source.replace(target.with_name(target.name + source.name.removeprefix(path.name)))
    return target.name if present else None


def is_broken(error: BaseException | None) -> bool:
    """Say whether an error means that the open database serves no more, whatever it is asked."""
    import duckdb

    # After a fatal error DuckDB refuses everything until the file is opened again.
    return isinstance(error, duckdb.FatalException | duckdb.InternalException | duckdb.ConnectionException)


def catch_up(
    database: Database, journal: Journal, warn: Callable[[str], None], progress: Callable[[int], None] | None = None
) -> list[Quarantined]:
    """Apply what the journal has and the database has not.

    Returns
    -------
    list of Quarantined
        The events that could not be applied.
    """
    if database.position > journal.end:
        warn(
            f"The database has events up to position {database.position}, the journal in {journal.directory} only up "
            f"to {journal.end}: it was cut or replaced. The database is complete; make a copy with `kitaru store "
            "backup`, because a rebuild from this journal would lose these events."
        )
        journal.skip_to(database.position)
    quarantined: list[Quarantined] = []
    for batch in batches(journal.read(database.position)):
        quarantined += database.apply(batch)
        if progress is not None:
            progress(end_of(batch[-1]))
    return quarantined


def batches(records: Iterator[JournalRecord]) -> Iterator[Sequence[JournalRecord]]:
    """Group records so that one transaction takes some thousand events."""
    batch: list[JournalRecord] = []
    size = 0
    for record in records:
        batch.append(record)
        size += len(record["events"])
        if size >= _BATCH_EVENTS:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch
