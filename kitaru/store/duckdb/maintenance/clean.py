"""Deleting executions for good: their rows, their events in the journal, and the payloads that only they named."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from kitaru.store import events as kinds
from kitaru.store.duckdb.maintenance.history import History
from kitaru.store.events import ENDED, Event
from kitaru.store.journal.compaction import rewrite, sealed_segments

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from kitaru.store.duckdb.store import DuckDBStore
    from kitaru.store.protocol import Batch

YOUNG_SECONDS = 3600.0
_PAGE = 500


@dataclass(slots=True)
class CleanReport:
    """What was removed, or would be."""

    dry_run: bool
    executions: list[str] = field(default_factory=list)
    kept: dict[str, str] = field(default_factory=dict)
    """Executions that were asked for and stay, with the reason."""
    events: int = 0
    event_bytes: int = 0
    """Size of their events as JSON; on disk they are compressed."""
    payloads: int = 0
    payload_bytes: int = 0
    freed_bytes: int = 0
    """By how much journal and payloads really became smaller."""
    warnings: list[str] = field(default_factory=list)


def clean(
    store: DuckDBStore,
    *,
    executions: Iterable[str] = (),
    older_than: float | None = None,
    dry_run: bool = False,
    young: float = YOUNG_SECONDS,
    by: str = "clean",
) -> CleanReport:
    """Delete executions and remove what nothing needs any more.

    Parameters
    ----------
    store
        The open store.
    executions
        Ids of executions to delete. One that is running stays.
    older_than
        Also delete what ended more than this many seconds ago.
    dry_run
        Only say what would be removed.
    young
        Payload files younger than this many seconds stay: the event that names one is written after it.
    by
        Who deletes, as it is recorded.

    Returns
    -------
    CleanReport
        What was, or would be, removed.

    Raises
    ------
    KitaruStoreError
        If the disk refuses; what was deleted so far is deleted, and cleaning again goes on from there.
    """
    with store.maintenance:
        store.settled()
        report = CleanReport(dry_run)
        wanted = _wanted(store, executions, older_than, report)
        if not dry_run:
            wanted = _delete(store, wanted, by, report)
        report.executions = wanted
        if dry_run:
            _estimate(store, wanted, young, report)
        else:
            _remove(store, young, report)
        return report


def _wanted(store: DuckDBStore, executions: Iterable[str], older_than: float | None, report: CleanReport) -> list[str]:
    wanted = dict.fromkeys(executions)
    if older_than is not None:
        wanted.update(dict.fromkeys(_ended_before(store, time.time() - older_than)))
    for exec_id in list(wanted):
        if store.runner_of(exec_id) is not None:
            report.kept[exec_id] = "it is running; cancel it first"
            del wanted[exec_id]
        elif exec_id not in store.read("resolve", prefix=exec_id):
            report.kept[exec_id] = "there is no such execution"
            del wanted[exec_id]
    return list(wanted)


def _ended_before(store: DuckDBStore, moment: float) -> Iterator[str]:
    offset = 0
    while True:
        page = store.read("executions", statuses=sorted(ENDED), order="started_at", limit=_PAGE, offset=offset)["items"]
        yield from (row["exec_id"] for row in page if row["ended_at"] is not None and row["ended_at"] < moment)
        if len(page) < _PAGE:
            return
        offset += _PAGE


def _delete(store: DuckDBStore, wanted: list[str], by: str, report: CleanReport) -> list[str]:
    now = time.time()
    batches: list[Batch] = [
        {
            "events": [{"kind": kinds.DELETED, "at": now, "exec_id": exec_id, "body": {"by": by}}],
            "expect": {"exec_id": exec_id, "statuses": [*sorted(ENDED), "interrupted", "waiting", "pending"]},
        }
        for exec_id in wanted
    ]
    deleted = []
    for exec_id, ack in zip(wanted, store.append(batches) if batches else (), strict=True):
        if "refused" in ack:
            report.kept[exec_id] = ack["refused"]["message"]
        else:
            deleted.append(exec_id)
    store.settled()
    return deleted


def _estimate(store: DuckDBStore, wanted: list[str], young: float, report: CleanReport) -> None:
    history = History.of(store.journal.entries())
    for exec_id in wanted:
        account = history.executions.pop(exec_id, None)
        if account is not None:
            report.events += account.events
            report.event_bytes += account.bytes
    for _, size in _unreferenced(store, history, young):
        report.payloads += 1
        report.payload_bytes += size


def _remove(store: DuckDBStore, young: float, report: CleanReport) -> None:
    store.seal()
    history = History.of(store.journal.entries())

    def keep(event: Event, position: int) -> bool:
        return event["kind"] == kinds.DELETED or position > history.deleted.get(event["exec_id"], 0)

    for segment, last in sealed_segments(store.journal):
        doomed = [
            len(entry.payload) // len(entry.record["events"])
            for entry in store.journal.entries(segment.first - 1, last)
            for position, event in enumerate(entry.record["events"], entry.position)
            if not keep(event, position)
        ]
        if doomed:
            report.events += len(doomed)
            report.event_bytes += sum(doomed)
            report.freed_bytes += rewrite(store.journal, segment, last, keep)
    _remove_payloads(store, history, young, report)


def _remove_payloads(store: DuckDBStore, history: History, young: float, report: CleanReport) -> None:
    if any(damage.positions for damage in store.journal.damages):
        report.warnings.append(
            "The journal is damaged, so it does not tell which payloads are needed: none was removed. "
            "Run `kitaru store verify`."
        )
        return
    for digest, size in _unreferenced(store, history, young):
        store.payloads.delete(digest)
        report.payloads += 1
        report.payload_bytes += size
        report.freed_bytes += size


def _unreferenced(store: DuckDBStore, history: History, young: float) -> list[tuple[str, int]]:
    before = time.time() - young
    candidates = [(digest, size) for digest, size, at in store.payloads.digests() if at < before]
    # Listing takes time: what was recorded meanwhile counts.
    for entry in store.journal.entries(history.position):
        history.add(entry)
    needed = history.payloads()
    return [(digest, size) for digest, size in candidates if digest not in needed]
