"""Checking a home: whether everything that was recorded is still there, and is what was recorded."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from kitaru.errors import KitaruCorruptionError, KitaruError, KitaruStoreError
from kitaru.store.database import Database
from kitaru.store.duckdb import opening
from kitaru.store.duckdb.maintenance.history import History
from kitaru.store.duckdb.store import DuckDBStore
from kitaru.store.journal.check import framing_problems
from kitaru.store.journal.journal import Journal
from kitaru.store.payloads import FilePayloads, PayloadStore

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

Progress = Callable[[str, int, int], None]
"""Called with what is being checked, how much of it is done, and how much there is."""

_VIEWS = ("executions", "checkpoints", "attempts", "waits", "artifacts", "events", "logs", "llm_calls")


@dataclass(slots=True)
class VerifyReport:
    """What was looked at, and what is wrong with it."""

    location: str
    executions: int = 0
    events: int = 0
    removed: int = 0
    """Positions whose events were removed with deleted executions."""
    payloads: int = 0
    payload_bytes: int = 0
    problems: list[str] = field(default_factory=list)
    """One sentence each, for people; empty if all is well."""
    notes: list[str] = field(default_factory=list)
    """What is worth knowing and repairs itself."""

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return not self.problems


def verify(home: Path | DuckDBStore, *, progress: Progress | None = None) -> VerifyReport:
    """Check journal, database and payloads against each other; nothing is changed.

    Parameters
    ----------
    home
        The folder of a home that nobody has open, or the store that has it open.
    progress
        Called while payloads are read with ``("payloads", done, total)``.

    Returns
    -------
    VerifyReport
        What was found.

    Raises
    ------
    KitaruStoreBusyError
        If another process has the home open.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> with DuckDBStore(Path(tempfile.mkdtemp())) as store:
    ...     verify(store).ok
    True
    """
    if isinstance(home, DuckDBStore):
        with home.maintenance:
            report = VerifyReport(home.location)
            home.settled()
            with home.standing_still() as database:
                state = _state(database)
            history = _check_journal(home.journal, report, until=state["position"])
            _check_rows(database, report)
            _compare(state, home.journal, history, report)
            _check_payloads(home.payloads, history, report, progress)
        return report
    report = VerifyReport(str(home))
    with _quiet(home) as (journal, payloads):
        history = _check_journal(journal, report)
        _check_closed_database(home / opening.DATABASE, journal, history, report)
        _check_payloads(payloads, history, report, progress)
    return report


@contextmanager
def _quiet(home: Path) -> Iterator[tuple[Journal, PayloadStore]]:
    opening.require_home(home)
    lock = opening.own(home)
    try:
        yield Journal(home / opening.JOURNAL, read_only=True), FilePayloads(str(home / opening.PAYLOADS))
    finally:
        lock.release()


def _check_journal(journal: Journal, report: VerifyReport, until: int | None = None) -> History:
    report.problems += framing_problems(journal)
    history = History.of(journal.entries(until=until))
    report.problems += [
        damage.describe() for damage in journal.damages if damage.positions or not damage.size or damage.torn
    ]
    report.executions = len([exec_id for exec_id in history.executions if exec_id])
    report.events, report.removed = history.events, history.removed
    return history


def _check_closed_database(path: Path, journal: Journal, history: History, report: VerifyReport) -> None:
    if not path.exists():
        report.notes.append(f"{path} is not there; it is written from the journal when the home is next opened.")
        return
    import duckdb

    try:
        database = Database(path, read_only=True)
    except (KitaruCorruptionError, duckdb.Error) as error:
        report.problems.append(f"{error}")
        return
    try:
        _check_rows(database, report)
        _compare(_state(database), journal, history, report)
    finally:
        database.close()


def _state(database: Database) -> dict[str, Any]:
    """Return position and counts of one moment."""
    return {**database.read("info"), "position": database.position}


def _check_rows(database: Database, report: VerifyReport) -> None:
    for view in _VIEWS:
        try:
            # Every column of every row: DuckDB checks the checksum of each block that it reads.
            database.sql(f"SELECT bit_xor(hash(COLUMNS(*))) FROM {view}")  # noqa: S608
        except KitaruError as error:
            report.problems.append(f"The rows of {view} in {database.path} cannot be read: {error}")
            return


def _compare(state: dict[str, Any], journal: Journal, history: History, report: VerifyReport) -> None:
    position = state["position"]
    if position > journal.end:
        report.problems.append(
            f"The journal ends at position {journal.end}, the database is at {position}: the events between are only "
            "in the database. Make a copy with `kitaru store backup` and do not rebuild."
        )
        return
    if position < history.position:
        report.notes.append(
            f"The database has come to position {position} of {history.position}; the rest is applied when the home "
            "is next opened."
        )
        return
    if state["quarantined"]:
        report.problems.append(f"{len(state['quarantined'])} recorded events could not be applied to the database.")
        return
    calls = sum(len(account.calls) for account in history.executions.values())
    for name, recorded in (("executions", report.executions), ("calls", calls)):
        if state[name] != recorded:
            report.problems.append(
                f"The database has {state[name]} {name}, the journal has {recorded}. "
                "Run `kitaru store rebuild`, which writes the database anew."
            )


def _check_payloads(payloads: PayloadStore, history: History, report: VerifyReport, progress: Progress | None) -> None:
    digests = history.payloads()
    for number, problem in enumerate(_payload_problems(payloads, sorted(digests), report), 1):
        if problem is not None:
            report.problems.append(problem)
        if progress is not None:
            progress("payloads", number, len(digests))


def _payload_problems(payloads: PayloadStore, digests: Iterable[str], report: VerifyReport) -> Iterator[str | None]:
    for digest in digests:
        try:
            report.payload_bytes += len(payloads.get(digest))
            report.payloads += 1
            yield None
        except KitaruStoreError as error:
            yield str(error)
