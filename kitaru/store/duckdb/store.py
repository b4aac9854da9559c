"""The store of one Kitaru home, owned by this process."""

from __future__ import annotations

import atexit
import logging
import os
import threading
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from kitaru.errors import KitaruStoreError
from kitaru.store.duckdb import opening
from kitaru.store.duckdb.apart import apart, here
from kitaru.store.duckdb.background import Repeated
from kitaru.store.duckdb.begun import begun_keys
from kitaru.store.duckdb.deadlines import Deadlines
from kitaru.store.duckdb.forks import never_destroy, watch_forks
from kitaru.store.duckdb.guards import Guards
from kitaru.store.duckdb.ingest import Ingest
from kitaru.store.duckdb.liveness import Reaper
from kitaru.store.duckdb.watch import Hub, LocalWatch
from kitaru.store.duckdb.writer import Writer
from kitaru.store.journal.compaction import compress_next
from kitaru.store.journal.journal import SEGMENT_BYTES, Journal
from kitaru.store.payloads import FilePayloads, PayloadStore

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from kitaru.store.database import Database
    from kitaru.store.events import Runner
    from kitaru.store.journal.entry import Entry
    from kitaru.store.journal.record import JournalRecord
    from kitaru.store.protocol import Ack, Batch

_SYNC_SECONDS = 0.05
_WATCHFUL_SECONDS = 0.5

_OF_DEPLOYMENTS = b'"deployment.'
"""What is in every record with an event of a deployment."""
_DEPLOYED = 100
"""How many answers about deployments are remembered at most."""

_log = logging.getLogger("kitaru.store")


class DuckDBStore:
    """Journal, database and payloads of one home; see `kitaru.store.protocol.Store`.

    Exactly one process owns a home, from opening to `close` or its end.

    Parameters
    ----------
    home
        The folder; made if it is not there.
    segment_bytes
        Size in bytes of a segment of the journal.
    interruptible
        Whether Ctrl-C may strike while the main thread is in here. If not, that thread works here itself.

    Raises
    ------
    KitaruStoreBusyError
        If another process owns the home.
    KitaruStoreVersionError
        If a newer Kitaru wrote it.
    KitaruStoreError
        If the disk refuses.

    Examples
    --------
    >>> import tempfile
    >>> store = DuckDBStore(Path(tempfile.mkdtemp()))
    >>> created = {"kind": "execution.created", "at": 0.0, "exec_id": "kr-1", "body": {"flow": "f"}}
    >>> store.append([{"events": [created], "expect": {"exec_id": "kr-1", "absent": True}}])
    [{'position': 1}]
    >>> store.read("resolve", prefix="kr-")
    ['kr-1']
    >>> store.close()
    """

    payloads: PayloadStore

    def __init__(self, home: Path, *, segment_bytes: int = SEGMENT_BYTES, interruptible: bool = True) -> None:
        self.home = Path(home).absolute()
        self.location = str(self.home)
        self.warnings: list[str] = []
        """What was found wrong with the files and repaired or left out, in sentences for people."""
        self._pid = os.getpid()
        self._apart = apart if interruptible else here
        self._closed = False
        self._closing = threading.Lock()
        self._applying = threading.Lock()
        self.maintenance = threading.RLock()
        """Held by whoever replaces sealed segments or needs them to stay as they are."""
        self._own: dict[str, Callable[..., dict[str, Any]]] = {
            "info": self._info,
            "cache_keys": self._cache_keys,
            "deployment": self._deployment,
        }
        self._deployed: dict[bytes, tuple[int, bytes]] = {}
        """Answers to questions for a deployment, and the positions at which they were true."""
        with ExitStack() as undo:
            self._open(segment_bytes, undo)
            self._assemble()
            undo.pop_all()
        watch_forks(self)
        # A process that ends without closing would leave the end of the journal unsynced and threads in DuckDB.
        atexit.register(self.close)
        for thread in (self._ingest, self._syncer, self._watchman):
            thread.start()

    def _open(self, segment_bytes: int, undo: ExitStack) -> None:
        self._lock = opening.own(self.home)
        undo.callback(self._lock.release)
        self.payloads = FilePayloads(str(self.home / opening.PAYLOADS))
        self.journal = Journal(self.home / opening.JOURNAL, segment_bytes=segment_bytes)
        undo.callback(self.journal.close)
        self._database = opening.open_database(self.home, self._warn)
        undo.callback(self._database.close)
        opening.catch_up(self._database, self.journal, self._warn)

    def _assemble(self) -> None:
        position = self.journal.end
        self._ingest = Ingest(
            apply=self._apply, flush=self._flush, read=self.journal.entries, recover=self._recover, position=position
        )
        self._guards = Guards(self._guard_state, lambda: self._ingest.applied)
        self._guards.restore(self._database.open_state())
        self._guards.deployments.restore(self._database.deployment_state())
        self._guards.schedules.restore(row["name"] for row in self._database.read("schedules"))
        self._hub = Hub(self.journal.entries, position)
        self._writer = Writer(self.journal, self._guards, self._database.clients(), self._publish)
        self._reaper = Reaper(self._guards.open_executions, self._append_own)
        self._deadlines = Deadlines(self._guards.open_executions, self._default_of, self._append_own)
        self._syncer = Repeated("kitaru-sync", self._writer.flush, _SYNC_SECONDS, self._writer.dirty)
        self._watchman = Repeated("kitaru-watchman", self._look_around, _WATCHFUL_SECONDS)

    def append(
        self, batches: Sequence[Batch], *, durable: bool = True, client: str = "", sequence: int = 0
    ) -> list[Ack]:
        """Write events; return when they are on disk.

        Parameters
        ----------
        batches
            Each is accepted or refused whole.
        durable
            False returns as soon as they are accepted; they are on disk within 100 ms.
        client, sequence
            Who appends, and the number that it gives to its append. One that is repeated with the same
            number gets the first one's answer and writes nothing. Without a client nothing is remembered.

        Returns
        -------
        list of Ack
            The verdict on each batch; a refused one has the position before it.

        Raises
        ------
        KitaruStoreError
            If the disk refuses; then nothing of the append is written.
        KitaruUsageError, KitaruSerializationError
            If something is no event or cannot be written as JSON.
        KitaruConflictError
            If the client has appended a later sequence already.
        """
        self._check_usable()
        return self._apart(lambda: self._writer.append(batches, durable=durable, client=client, sequence=sequence))

    def read(self, name: str, /, **parameters: Any) -> Any:
        """Answer one of the named questions of `kitaru.store.database`; everything acknowledged before is seen."""
        return self._apart(lambda: self._answer(name, parameters))

    def read_json(self, name: str, /, **parameters: Any) -> bytes:
        """Answer as `read` does, in JSON."""

        def ask() -> bytes:
            if name in self._own:
                return orjson.dumps(self._own[name](**parameters))
            self._catch_up(name)
            return self._database.read_json(name, **parameters)

        return self._apart(ask)

    def _answer(self, name: str, parameters: Mapping[str, Any]) -> Any:
        if name in self._own:
            return self._own[name](**parameters)
        self._catch_up(name)
        return self._database.read(name, **parameters)

    def sql(self, query: str, parameters: Mapping[str, Any] | Sequence[Any] | None = None) -> bytes:
        """Answer a user's read-only query over the public views, as an Arrow IPC stream."""

        def ask() -> bytes:
            self._catch_up()
            return self._database.sql(query, parameters)

        return self._apart(ask)

    def watch(
        self, *, after: int | None = None, executions: Iterable[str] = (), kinds: Iterable[str] = ()
    ) -> LocalWatch:
        """Follow events after the position `after` (None: from now), of some executions and kinds (empty: all)."""
        self._check_usable()
        return self._hub.watch(after, executions, kinds)

    def beat(self, runner_id: str) -> None:
        """Say that a runner on another machine still lives."""
        self._reaper.beat(runner_id)

    def settled(self) -> Database:
        """Return the database, brought up to everything that was acknowledged before."""
        self._catch_up()
        return self._database

    def seal(self) -> int:
        """Close the journal's present segment, so that it may be copied or rewritten; return the last position."""
        with self._writer.turn:
            self.journal.seal()
            return self.journal.end

    @contextmanager
    def standing_still(self) -> Iterator[Database]:
        """Keep the database as it is for a while; appends go on."""
        with self._applying:
            yield self._database

    def runner_of(self, exec_id: str) -> Runner | None:
        """Return who runs an execution now."""
        return next((guard.runner for guard in self._guards.open_executions() if guard.exec_id == exec_id), None)

    def close(self) -> None:
        """Write out what is in memory and let go of all files; may be called twice."""
        with self._closing:
            if self._closed:
                return
            self._closed = True
        atexit.unregister(self.close)
        self._watchman.stop()
        self._syncer.stop()
        self._writer.close()
        self._hub.close()
        try:
            self._ingest.stop()
            self.journal.close()
        finally:
            self._database.close()
            self._lock.release()

    def __enter__(self) -> DuckDBStore:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def forsake(self) -> None:
        """Let go of everything in a forked child, where nothing of it may be used."""
        self._closed = True
        self.journal.release()
        never_destroy(self._database)

    def _check_usable(self) -> None:
        if os.getpid() != self._pid:
            raise KitaruStoreError(
                f"This process ({os.getpid()}) was forked from process {self._pid}, which owns {self.home}, and must "
                "not write with its files. Start processes with the 'spawn' method, or unset KITARU_STORE=embedded."
            )
        if self._closed:
            raise KitaruStoreError(f"The store {self.home} is closed. Open it again, for example with a new client.")

    def _append_own(self, batches: Sequence[Batch]) -> list[Ack]:
        return self._writer.append(batches, durable=True, client="", sequence=0)

    def _publish(self, entries: Sequence[Entry]) -> None:
        self._hub.publish(entries)
        self._ingest.offer(entries)

    def _catch_up(self, name: str = "") -> None:
        self._check_usable()
        if name == "history":  # read by who is about to take an execution: a runner that just died is not in the way
            self._reaper.check()
        else:
            self._reaper.check_if_due()
        self._ingest.wait_until_applied(self._hub.position)

    def _flush(self) -> None:
        self._writer.flush()

    def _apply(self, records: Sequence[JournalRecord]) -> None:
        with self._applying:
            for found in self._database.apply(records):
                _log.warning("%s at position %d cannot be applied: %s", found.kind, found.position, found.error)

    def _recover(self, error: Exception) -> int:
        """Open the database anew if it serves no more; return the position from which on the journal is needed."""
        if opening.is_broken(error) or opening.is_broken(error.__cause__):
            self._database.close()
            self._database = opening.open_database(self.home, self._warn)
        return self._database.position

    def _guard_state(self, exec_id: str) -> Mapping[str, Any] | None:
        return self._database.guard_state(exec_id)

    def _default_of(self, exec_id: str, wait: str) -> Any:
        self._ingest.wait_until_applied(self._hub.position)
        waits = self._database.read("waits", exec_id=exec_id)
        return next((row["default"] for row in waits if row["name"] == wait), None)

    def _look_around(self) -> None:
        self._reaper.check()
        self._deadlines.check()
        with self.maintenance:
            compress_next(self.journal)

    def _warn(self, message: str) -> None:
        _log.warning("%s", message)
        self.warnings.append(message)

    def _cache_keys(self, code_id: str, *, settled: bool = False, **parameters: Any) -> dict[str, Any]:
        """Answer without waiting for the database, unless the answer is to be `settled`.

        Every flow begins with this question, often while the database still takes in the flow before. So of what it
        has not taken in the keys of calls that began are told: perhaps these calls have completed.
        """
        self._check_usable()
        # Looked at before the rows: what is taken in between the two is in both.
        unapplied = None if settled else self._hub.since(self._ingest.applied)
        if unapplied is None:
            self._catch_up()
        found: dict[str, Any] = self._database.read("cache_keys", code_id=code_id, **parameters)
        begun = [] if unapplied is None else found["begun"] + begun_keys(unapplied, code_id)
        return {**found, "begun": begun}

    def _deployment(self, **parameters: Any) -> dict[str, Any]:
        """Answer from memory as long as nothing happens to deployments, else from the database when it has that.

        Every invocation begins with this question, often while the database takes in what the ones before do.
        """
        self._check_usable()
        question, position = orjson.dumps(parameters, option=orjson.OPT_SORT_KEYS), self._hub.position
        since, answer = self._deployed.get(question, (-1, b""))
        if not self._left_deployments_alone(since):
            if not self._left_deployments_alone(self._ingest.applied):
                self._catch_up()
            answer = orjson.dumps(self._database.read("deployment", **parameters))
        if len(self._deployed) > _DEPLOYED:
            self._deployed.clear()
        self._deployed[question] = position, answer
        found: dict[str, Any] = orjson.loads(answer)
        return found

    def _left_deployments_alone(self, since: int) -> bool:
        entries = self._hub.since(since)
        return entries is not None and not any(_OF_DEPLOYMENTS in entry.payload for entry in entries)

    def _info(self, **parameters: Any) -> dict[str, Any]:
        # It must also answer when the database does not follow: here people look for the reason.
        with suppress(KitaruStoreError):
            self._catch_up()
        self._check_usable()
        told = self._database.read("info", **parameters)
        database = self.home / opening.DATABASE
        problems = [thread.failure for thread in (self._ingest, self._syncer, self._watchman) if thread.failure]
        return {
            **told,
            "location": self.location,
            "pid": self._pid,
            "position": self._hub.position,
            "applied": self._ingest.applied,
            "database_bytes": sum(map(_size, (database, database.with_name(f"{database.name}.wal")))),
            "journal_bytes": self.journal.bytes_on_disk(),
            "payload_bytes": sum(size for _, size, _ in self.payloads.digests()),
            "warnings": [*self.warnings, *(damage.describe() for damage in self.journal.damages), *map(str, problems)],
        }


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:  # a log of writes comes and goes
        return 0
