"""Writing the database anew from the journal."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from kitaru.errors import KitaruCorruptionError
from kitaru.store.database import Database
from kitaru.store.duckdb import opening
from kitaru.store.journal.journal import Journal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path


@dataclass(slots=True)
class RebuildReport:
    """What became of the database."""

    location: str
    events: int
    """Position up to which the new database has come."""
    replaced: str | None = None
    """Where the old database is now."""
    lost_positions: list[tuple[int, int]] = field(default_factory=list)
    """What the old database had and the journal has not: first and last position."""
    lost_executions: list[str] = field(default_factory=list)
    """Executions with events at those positions, as the old database tells."""
    warnings: list[str] = field(default_factory=list)


def rebuild(
    home: Path, *, accept_loss: bool = False, progress: Callable[[int, int], None] | None = None
) -> RebuildReport:
    """Write the database anew from the journal; the old one is kept beside it.

    Parameters
    ----------
    home
        The folder of a home that nobody has open.
    accept_loss
        Go on even if the old database has events that the journal no longer has.
    progress
        Called with the position that is reached and the last one.

    Returns
    -------
    RebuildReport
        What was done, and what the new database lacks.

    Raises
    ------
    KitaruStoreBusyError
        If a process has the home open.
    KitaruCorruptionError
        If the old database has events that the journal no longer has; the message names the executions.
    KitaruStoreError
        If the disk refuses; the old database is then still in place.
    """
    opening.require_home(home)
    lock = opening.own(home)
    try:
        return _rebuild(home, accept_loss, progress)
    finally:
        lock.release()


def _rebuild(home: Path, accept_loss: bool, progress: Callable[[int, int], None] | None) -> RebuildReport:
    journal = Journal(home / opening.JOURNAL)
    report = RebuildReport(str(home), 0)
    try:
        _find_loss(home / opening.DATABASE, journal, report)
        if report.lost_positions and not accept_loss:
            raise KitaruCorruptionError(_refusal(home, report))
        _write_anew(home, journal, report, progress)
        report.warnings += [damage.describe() for damage in journal.damages]
    finally:
        journal.close()
    return report


def _write_anew(
    home: Path, journal: Journal, report: RebuildReport, progress: Callable[[int, int], None] | None
) -> None:
    path = home / f"{opening.DATABASE}.new"
    for leftover in (path, path.with_name(path.name + ".wal")):
        leftover.unlink(missing_ok=True)
    database = Database(path)
    try:
        told = None if progress is None else lambda position: progress(position, journal.end)
        quarantined = opening.catch_up(database, journal, report.warnings.append, told)
        report.warnings += [f"{event.kind} at {event.position}: {event.error}" for event in quarantined]
        database.checkpoint()
        report.events = database.position
    finally:
        database.close()
    report.replaced = opening.put_aside(home / opening.DATABASE, "replaced")
    path.replace(home / opening.DATABASE)


def _find_loss(path: Path, journal: Journal, report: RebuildReport) -> None:
    for _ in journal.entries():
        pass
    gaps = sorted({damage.positions for damage in journal.damages if damage.positions})
    old = _open_old(path) if path.exists() else None
    if old is None:
        report.warnings += [f"Nothing can be told of positions {first} to {last}." for first, last in gaps]
        return
    try:
        if old.position > journal.end:
            gaps.append((journal.end + 1, old.position))
        report.lost_positions = [(first, min(last, old.position)) for first, last in gaps if first <= old.position]
        report.lost_executions = sorted(_executions_at(old, report.lost_positions))
    finally:
        old.close()


def _open_old(path: Path) -> Database | None:
    import duckdb

    try:
        return Database(path)
    except (KitaruCorruptionError, duckdb.Error):
        return None


def _executions_at(database: Database, spans: Iterable[tuple[int, int]]) -> set[str]:
    import pyarrow as pa

    found: set[str] = set()
    for first, last in spans:
        query = "SELECT DISTINCT exec_id FROM events WHERE position BETWEEN ? AND ? AND exec_id <> ''"
        table = pa.ipc.open_stream(database.sql(query, [first, last])).read_all()
        found.update(table.column("exec_id").to_pylist())
    return found


def _refusal(home: Path, report: RebuildReport) -> str:
    spans = ", ".join(f"{first} to {last}" for first, last in report.lost_positions)
    named = ", ".join(report.lost_executions[:10]) or "no execution that still exists"
    more = f" and {len(report.lost_executions) - 10} more" if len(report.lost_executions) > 10 else ""
    return (
        f"The journal of {home} no longer has the events at positions {spans}; the present database has them. They "
        f"belong to {named}{more}. A rebuild would lose them. Keep the database as it is (`kitaru store backup`), or "
        "rebuild with `--accept-loss`."
    )
