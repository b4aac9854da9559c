"""The one path by which anything is written: decide, journal, sync once for all who wait, acknowledge."""

from __future__ import annotations

import threading
import time
from collections import deque
from typing import TYPE_CHECKING

import orjson

from kitaru.errors import KitaruConflictError, KitaruStoreError
from kitaru.store.duckdb.submission import Submission
from kitaru.store.journal.entry import Entry
from kitaru.store.protocol import Ack, Batch

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from kitaru.store.duckdb.guards import Guards
    from kitaru.store.journal.journal import Journal

Clients = dict[str, tuple[int, list[Ack]]]

REMEMBERED = 10_000
"""How many clients are remembered, those that appended last: a repetition comes within seconds."""


class Writer:
    """Writes what all threads append, in groups.

    There is no writer thread: whoever finds the turn free writes for all who wait, and they find their
    append done when the turn comes to them. So a lone caller pays for no change of threads.

    Parameters
    ----------
    journal, guards
        Where it is written, and what decides whether it is.
    clients
        For each client its last sequence and what was answered, so that a repeated append is not written twice.
    publish
        Gets the records of a group in order, once they are acknowledged.
    """

    def __init__(
        self,
        journal: Journal,
        guards: Guards,
        clients: Mapping[str, tuple[int, list[Ack]]],
        publish: Callable[[Sequence[Entry]], None],
    ) -> None:
        self._journal = journal
        self._guards = guards
        self._clients: Clients = dict(clients)
        self._former_clients: dict[str, tuple[int, list[Ack]] | None] = {}
        self._publish = publish
        self._waiting: deque[Submission] = deque()
        self._turn = threading.Lock()
        self._closed = False
        self.dirty = threading.Event()
        """Set when something is acknowledged that is not yet on disk."""

    @property
    def turn(self) -> threading.Lock:
        """Hold it to keep everybody from writing."""
        return self._turn

    def append(self, batches: Sequence[Batch], *, durable: bool, client: str, sequence: int) -> list[Ack]:
        """Write the accepted batches; see `kitaru.store.protocol.Store.append`.

        Raises
        ------
        KitaruStoreError
            If the disk refuses; nothing of these batches is then part of the store.
        """
        submission = Submission(batches, durable=durable, client=client, sequence=sequence)
        submission.known = self._guards.prepare(batches)
        self._waiting.append(submission)
        with self._turn:
            if not submission.done:
                self._write_group(submission)
        if not submission.done:
            raise KitaruStoreError("The append was interrupted. It may or may not be written: repeat it.")
        if submission.error is not None:
            raise type(submission.error)(*submission.error.args) from submission.error
        return submission.acks

    def flush(self) -> None:
        """Put on disk what is acknowledged and not yet there."""
        if self._journal.unsynced:
            with self._turn:
                self._journal.sync()

    def close(self) -> None:
        """Write what waits, and refuse everything after it."""
        with self._turn:
            if self._waiting:
                self._write_group(None)
            self._closed = True

    def _write_group(self, own: Submission | None) -> None:
        group: list[Submission] = []
        while self._waiting:
            group.append(self._waiting.popleft())
        entries: list[Entry] = []
        try:
            self._decide_all(group, entries)
            self._put(entries, sync=any(submission.durable for submission in group))
            self._acknowledge(group, entries)
        except KitaruStoreError as error:
            self._refuse(group, error)
        except BaseException:
            # An interrupt hits the thread that happens to write; the others' appends must not suffer from it.
            if entries and self._journal.end >= entries[-1].end:
                self._acknowledge(group, entries)
            else:
                self._roll_back()
                others = [submission for submission in group if submission is not own]
                self._waiting.extendleft(reversed(others))
            raise

    def _decide_all(self, group: list[Submission], entries: list[Entry]) -> None:
        if self._closed:
            raise KitaruStoreError("The store is closed. Open it again, for example with a new client.")
        position = self._journal.end + 1
        for submission in group:
            entry = self._decide(submission, position)
            if entry is not None:
                entries.append(entry)
                position = entry.end + 1

    def _put(self, entries: list[Entry], *, sync: bool) -> None:
        if entries:
            self._journal.append(entries, sync=sync)
        elif sync:
            self._journal.sync()

    def _acknowledge(self, group: list[Submission], entries: list[Entry]) -> None:
        self._guards.settle()
        self._former_clients.clear()
        if entries:
            self._publish(entries)
        for submission in group:
            submission.done = True
        if self._journal.unsynced:
            self.dirty.set()

    def _refuse(self, group: list[Submission], error: KitaruStoreError) -> None:
        self._roll_back()
        for submission in group:
            submission.error = error
            submission.done = True

    def _roll_back(self) -> None:
        self._guards.roll_back()
        for client, former in self._former_clients.items():
            if former is None:
                self._clients.pop(client, None)
            else:
                self._clients[client] = former
        self._former_clients.clear()

    def _decide(self, submission: Submission, position: int) -> Entry | None:
        """Judge the batches of one append, whose first event gets `position`; return the record to be written."""
        submission.error, submission.acks = None, []
        if submission.client and self._is_repeated(submission):
            return None
        self._guards.admit(submission.known)
        accepted = []
        following = position
        for batch, encoded in zip(submission.batches, submission.encoded, strict=True):
            refusal = self._guards.judge(batch, following)
            if refusal is not None:
                submission.acks.append({"position": following - 1, "refused": refusal})
            elif not encoded:
                submission.acks.append({"position": following - 1})
            else:
                submission.acks.append({"position": following})
                accepted.append(encoded)
                following += len(batch["events"])
        self._remember(submission)
        return Entry(position, following - 1, _record(submission, position, accepted)) if accepted else None

    def _is_repeated(self, submission: Submission) -> bool:
        last = self._clients.get(submission.client)
        if last is None or submission.sequence > last[0]:
            return False
        if submission.sequence == last[0]:
            submission.acks = last[1]
        else:
            # Nobody waits for the answer to an append that was overtaken by the client's next one.
            submission.error = KitaruConflictError(
                f"Append {submission.sequence} of client {submission.client} came after its append {last[0]}; "
                "it was not written again."
            )
        return True

    def _remember(self, submission: Submission) -> None:
        if submission.client:
            former = self._clients.pop(submission.client, None)
            self._former_clients.setdefault(submission.client, former)
            self._clients[submission.client] = (submission.sequence, submission.acks)
            if len(self._clients) > REMEMBERED:
                del self._clients[next(iter(self._clients))]


def _record(submission: Submission, position: int, events: list[bytes]) -> bytes:
    head = orjson.dumps(
        {
            "position": position,
            "client": submission.client,
            "sequence": submission.sequence,
            "time": time.time(),
            "results": submission.acks,
        }
    )
    return b'%b,"events":[%b]}' % (head[:-1], b",".join(events))
