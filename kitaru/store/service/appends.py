"""Appends of all clients, as few syncs as possible, and none of them slower than it must be."""

from __future__ import annotations

import asyncio
import dataclasses
import time
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kitaru.store.protocol import Ack, Batch

SLOW_DISK: Final = 0.005
"""Seconds that a write may hold up the event loop; beyond, writes go to a thread."""

_MEMORY: Final = 0.25


class Appender(Protocol):
    """The part of a store that appends are written to."""

    def append(
        self, batches: Sequence[Batch], *, durable: bool = True, client: str = "", sequence: int = 0
    ) -> list[Ack]:
        """Write events; a repeated (client, sequence) is answered as the first time."""
        ...


@dataclasses.dataclass(slots=True, eq=False)
class Append:
    """One append of one client on its way to the journal."""

    batches: list[Batch]
    durable: bool
    client: str
    sequence: int
    done: asyncio.Future[list[Ack]] | None = None


class AppendQueue:
    """Writes what arrived in one turn of the event loop together.

    On a fast disk the event loop itself writes, because handing over to a thread and back costs as much as the sync.
    When syncs turn out slow, a thread writes one group while the next one gathers.
    """

    def __init__(self, store: Appender) -> None:
        self._store = store
        self._waiting: list[Append] = []
        self._scheduled = False
        self._seconds = 0.0
        self._threads: set[asyncio.Task[None]] = set()

    async def write(self, append: Append, *, alone: bool = False) -> list[Ack]:
        """Write an append and return the verdicts on its batches.

        `alone` says that no other request has arrived, so that there is nothing to wait for.
        """
        if alone and not self._scheduled and self._seconds <= SLOW_DISK:
            (outcome,) = self._perform([append])
            if isinstance(outcome, Exception):
                raise outcome
            return outcome
        append.done = asyncio.get_running_loop().create_future()
        self._waiting.append(append)
        if not self._scheduled:
            self._scheduled = True
            asyncio.get_running_loop().call_soon(self._start)
        return await append.done

    def _start(self) -> None:
        group, self._waiting = self._waiting, []
        if self._seconds <= SLOW_DISK:
            self._scheduled = False
            self._settle(group, self._perform(group))
            return
        task = asyncio.get_running_loop().create_task(self._start_in_thread(group))
        self._threads.add(task)
        task.add_done_callback(self._threads.discard)

    async def _start_in_thread(self, group: list[Append]) -> None:
        try:
            self._settle(group, await asyncio.to_thread(self._perform, group))
        finally:
            self._scheduled = bool(self._waiting)
            if self._waiting:
                self._start()

    def _perform(self, group: list[Append]) -> list[list[Ack] | Exception]:
        began = time.perf_counter()
        last = next((append for append in reversed(group) if append.durable), None)
        outcomes = [self._outcome(append, sync=append is last or not append.client) for append in group]
        if last is not None and isinstance(outcomes[group.index(last)], Exception):
            # Its sync was to be that of all. Repeated under its number, an append is not written again, only synced.
            outcomes = [
                self._outcome(append, sync=True) if append.client and append is not last else outcome
                for append, outcome in zip(group, outcomes, strict=True)
            ]
        self._seconds += _MEMORY * (time.perf_counter() - began - self._seconds)
        return outcomes

    def _outcome(self, append: Append, *, sync: bool) -> list[Ack] | Exception:
        durable = append.durable and sync
        try:
            return self._store.append(append.batches, durable=durable, client=append.client, sequence=append.sequence)
        except Exception as error:
            return error

    def _settle(self, group: list[Append], outcomes: list[list[Ack] | Exception]) -> None:
        for append, outcome in zip(group, outcomes, strict=True):
            if append.done is None or append.done.done():  # Its client went away.
                continue
            if isinstance(outcome, Exception):
                append.done.set_exception(outcome)
            else:
                append.done.set_result(outcome)
