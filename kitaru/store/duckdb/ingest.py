"""The thread that brings the database up to what was acknowledged."""

from __future__ import annotations

import logging
import threading
from collections import deque
from typing import TYPE_CHECKING

import orjson

from kitaru.errors import KitaruStoreError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from kitaru.store.journal.entry import Entry
    from kitaru.store.journal.record import JournalRecord

_GATHER_SECONDS = 0.25
_BATCH_EVENTS = 5_000
_QUEUE_EVENTS = 50_000
_LONGEST_PAUSE = 5.0

_log = logging.getLogger("kitaru.store")


class Ingest:
    """Applies acknowledged records in batches, and lets readers wait for them.

    Parameters
    ----------
    apply
        Applies records in one transaction.
    flush
        Puts acknowledged records on disk: the database must never be ahead of the journal.
    read
        Reads the records after one position up to another from the journal.
    recover
        Called with the error when applying fails, before the next try; returns where the database is then.
    position
        Position up to which the database has come.
    """

    def __init__(
        self,
        *,
        apply: Callable[[Sequence[JournalRecord]], None],
        flush: Callable[[], None],
        read: Callable[[int, int], Iterator[Entry]],
        recover: Callable[[Exception], int],
        position: int,
    ) -> None:
        self._apply = apply
        self._flush = flush
        self._read = read
        self._recover = recover
        self.applied = position
        self._offered = position
        self._queue: deque[Entry] = deque()
        self._queued_events = 0
        self._spilled = False
        self._urgent = 0
        self._failures = 0
        self._failures_in_row = 0
        self.failure: Exception | None = None
        """Why applying fails at present."""
        self._stopping = False
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._run, name="kitaru-ingest", daemon=True)

    def start(self) -> None:
        """Begin to work."""
        self._thread.start()

    def offer(self, entries: Sequence[Entry]) -> None:
        """Take acknowledged records; where too many wait, the journal keeps them until their turn."""
        with self._changed:
            if entries[-1].end <= self._offered:
                return
            idle = self._offered <= self.applied
            self._offered = entries[-1].end
            if self._spilled or self._queued_events > _QUEUE_EVENTS:
                self._spilled = True
            else:
                self._queue.extend(entries)
                self._queued_events += self._offered - entries[0].position + 1
            if idle or self._queued_events >= _BATCH_EVENTS:
                self._changed.notify_all()

    def wait_until_applied(self, position: int) -> None:
        """Return when the database has come to `position`.

        Raises
        ------
        KitaruStoreError
            If the database refuses; what was appended is safe in the journal.
        """
        if self.applied >= position:
            return
        with self._changed:
            failures = self._failures
            self._urgent += 1
            self._changed.notify_all()
            try:
                while self.applied < position:
                    if self._failures > failures:
                        raise self._failed() from self.failure
                    if self._stopping and not self._thread.is_alive():
                        raise KitaruStoreError("The store is closed. Open it again, for example with a new client.")
                    self._changed.wait(1.0)
            finally:
                self._urgent -= 1

    def _failed(self) -> KitaruStoreError:
        return KitaruStoreError(
            f"The database does not take what was recorded: {self.failure}. Nothing is lost, the journal has it. "
            "If this goes on, close all notebooks and run `kitaru store verify`, then `kitaru store rebuild`."
        )

    def _run(self) -> None:
        while self._await_work():
            try:
                batch, reached = self._next_batch()
                self._flush()
                self._apply([orjson.loads(entry.payload) for entry in batch])
            except Exception as error:
                # Whatever it is: the journal has the data, readers are told, and it is tried again.
                self._note_failure(error)
            else:
                self._note_success(reached)

    def _await_work(self) -> bool:
        """Wait for records, then a little for more of them; return False when told to stop with nothing left."""
        with self._changed:
            while self._offered <= self.applied and not self._stopping:
                self._changed.wait()
            if self._offered <= self.applied or (self._stopping and self.failure is not None):
                return False
            pause = min(_GATHER_SECONDS * 4**self._failures_in_row, _LONGEST_PAUSE)
            self._changed.wait_for(self._has_waited_enough, pause)
            return True

    def _has_waited_enough(self) -> bool:
        return bool(self._urgent) or self._stopping or self._queued_events >= _BATCH_EVENTS

    def _next_batch(self) -> tuple[list[Entry], int]:
        """Return the next records and the position that is reached with them."""
        with self._changed:
            batch: list[Entry] = []
            size = 0
            while size < _BATCH_EVENTS and self._queue:
                batch.append(self._queue.popleft())
                size += batch[-1].end - batch[-1].position + 1
            self._queued_events -= size
            if batch:
                return batch, batch[-1].end
            until = self._offered
        for entry in self._read(self.applied, until):
            batch.append(entry)
            size += entry.end - entry.position + 1
            if size >= _BATCH_EVENTS:
                break
        # Where the journal holds nothing more, what is missing was reported as damage.
        return batch, batch[-1].end if batch else until

    def _note_success(self, reached: int) -> None:
        with self._changed:
            self.applied = reached
            self._spilled = self._spilled and reached < self._offered
            self._failures_in_row = 0
            self.failure = None
            self._changed.notify_all()

    def _note_failure(self, error: Exception) -> None:
        _log.warning("Cannot apply recorded events to the database: %s", error, exc_info=error)
        position = self._recover(error)
        with self._changed:
            self._failures += 1
            self._failures_in_row = min(self._failures_in_row + 1, 5)
            self.failure = error
            self.applied = position
            # The journal has them all: they are read again from where the database has come.
            self._queue.clear()
            self._queued_events = 0
            self._spilled = True
            self._changed.notify_all()

    def stop(self) -> None:
        """Apply what is left and end."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        self._thread.join()
