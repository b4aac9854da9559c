"""One writer per process: events of all executions leave through it, in order, in groups.

There is no hand-over between threads on the way of a durable event: whoever needs one written
takes the lock and sends everything that waits; those who queued behind find theirs done.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any

from kitaru.errors import KitaruConflictError, KitaruError, KitaruNotFoundError, KitaruStaleRunnerError
from kitaru.store.events import CREATED

if TYPE_CHECKING:
    from collections.abc import Callable

    from kitaru.runtime.effects import Then
    from kitaru.store.events import Event
    from kitaru.store.protocol import Ack, Batch, Expect, Refusal, Store

    Tap = deque[tuple[int, list[Event]]]
    """Written events with the position of the first."""

GATHER = 0.01
"""Seconds that events nobody waits for may gather before they are sent."""
UNSENT_LIMIT = 100_000
MOST_AT_ONCE = 1_000
"""Entries that leave in one append."""
CROWDED = 2_500
"""Entries in the queue from which on whoever adds one that is awaited helps to send."""

REFUSALS = {"stale": KitaruStaleRunnerError, "conflict": KitaruConflictError, "missing": KitaruNotFoundError}


class Entry:
    """Events on their way. Once sent, they have a position or an error; `then`, if any, is called after that."""

    __slots__ = ("awaited", "error", "events", "expect", "on_refused", "position", "queued_at", "then")

    def __init__(
        self,
        events: list[Event],
        *,
        awaited: bool,
        expect: Expect | None = None,
        on_refused: Callable[[Refusal], None] | None = None,
        then: Then | None = None,
    ) -> None:
        self.events = events
        self.expect = expect
        self.awaited = awaited
        self.on_refused = on_refused
        self.then = then
        self.queued_at = time.monotonic()
        self.position: int | None = None
        self.error: BaseException | None = None


class Outbox:
    """Sends events to a store.

    Parameters
    ----------
    store
        Where they go.
    """

    def __init__(self, store: Store) -> None:
        self.store = store
        self._queue: deque[Entry] = deque()
        self._sending = threading.Lock()
        self._work = threading.Event()
        self._urgent = threading.Event()
        self._flusher: threading.Thread | None = None
        self._start = threading.Lock()
        self._barriers: deque[Future[None]] = deque()
        self._closed = False
        self._taps: dict[str, Tap] = {}

    def tap(self, exec_id: str, tap: Tap) -> None:
        """Have what this process writes of an execution, and of children that it starts, put into `tap` as well.

        It costs the writer one append; whoever shows the execution empties it.
        """
        self._taps[exec_id] = tap

    def untap(self, tap: Tap) -> None:
        """Put nothing more into `tap`."""
        self._taps = {exec_id: other for exec_id, other in self._taps.items() if other is not tap}

    def post(self, events: list[Event], on_refused: Callable[[Refusal], None] | None = None) -> None:
        """Queue events that nobody waits for; they are sent with the next durable one, or within 10 ms."""
        self._queue.append(Entry(events, awaited=False, on_refused=on_refused))
        self._wake()

    def commit(self, events: list[Event], expect: Expect | None = None) -> int:
        """Write events, return their position when they are on disk; raise if they are refused."""
        if threading.current_thread() is threading.main_thread() and not self._closed:
            return self._commit_apart(events, expect)
        entry = Entry(events, awaited=True, expect=expect)
        self._queue.append(entry)
        sent: list[Entry] = []
        with self._sending:
            if entry.position is None and entry.error is None:
                sent = self._send()
        _tell(sent)
        if entry.error is not None:
            raise entry.error
        assert entry.position is not None
        return entry.position

    def _commit_apart(self, events: list[Event], expect: Expect | None) -> int:
        """Commit by way of the flusher: a Ctrl-C here must not hit what others have written along."""
        done: Future[int] = Future()

        def then(position: Any, error: BaseException | None) -> None:
            if error is None:
                done.set_result(position)
            else:
                done.set_exception(error)

        self.submit(events, then, expect)
        return done.result()

    def submit(self, events: list[Event], then: Then, expect: Expect | None = None) -> None:
        """Like `commit`, without waiting: `then` is called with the position, or the error."""
        self._queue.append(Entry(events, awaited=True, expect=expect, then=then))
        if len(self._queue) > CROWDED and threading.current_thread() is not threading.main_thread():
            self._help()
        if not self._urgent.is_set():
            self._urgent.set()
        self._wake()

    def _help(self) -> None:
        """Send from here: a queue that grows faster than one thread empties it would fill the memory."""
        with self._sending:
            sent = self._send() if len(self._queue) > CROWDED else []
        _tell(sent)

    def flush(self) -> None:
        """Send what is queued and wait until it is written; raise if it cannot be."""
        if threading.current_thread() is threading.main_thread() and not self._closed:
            done: Future[None] = Future()
            self._barriers.append(done)
            self._urgent.set()
            self._wake()
            done.result()
        else:
            self._flush()

    def _flush(self) -> None:
        with self._sending:
            sent = self._send()
        _tell(sent)
        for entry in sent:
            told = isinstance(entry.error, tuple(REFUSALS.values())) and entry.on_refused is not None
            if entry.error is not None and not entry.awaited and not told:
                raise entry.error

    def _send(self) -> list[Entry]:
        """Send what is queued now, and return it; the lock is held."""
        sent: list[Entry] = []
        left = len(self._queue)
        while left:
            entries = self._take(min(left, MOST_AT_ONCE))
            left -= len(entries)
            groups = _grouped(entries)
            durable = any(entry.awaited for entry in entries)
            try:
                acks = self.store.append([batch for batch, _ in groups], durable=durable)
            except BaseException as error:
                entries += self._take(left)
                self._put_back(entries)
                for entry in entries:
                    entry.error = error
                return sent + entries
            for (_, group), ack in zip(groups, acks, strict=True):
                _settle(group, ack)
            if self._taps:
                self._fill_taps(entries)
            sent += entries
        return sent

    def _fill_taps(self, entries: list[Entry]) -> None:
        taps = self._taps
        for entry in entries:
            if entry.position is None:
                continue
            first = entry.events[0]
            tap = taps.get(first["exec_id"])
            if tap is None and first["kind"] == CREATED:
                tap = taps.get(first["body"].get("parent_exec_id") or "")
                if tap is not None:
                    taps[first["exec_id"]] = tap
            if tap is not None:
                tap.append((entry.position, entry.events))

    def _take(self, count: int) -> list[Entry]:
        queue = self._queue
        return [queue.popleft() for _ in range(count)]

    def _put_back(self, entries: list[Entry]) -> None:
        """Keep what nobody waits for, to be sent when the store is there again."""
        if len(self._queue) < UNSENT_LIMIT:
            kept = [entry for entry in entries if not entry.awaited]
            self._queue.extendleft(
                Entry(entry.events, awaited=False, on_refused=entry.on_refused) for entry in reversed(kept)
            )

    def _wake(self) -> None:
        if self._flusher is None:
            with self._start:
                if self._flusher is None:
                    self._flusher = threading.Thread(target=self._flush_forever, name="kitaru-outbox", daemon=True)
                    self._flusher.start()
        if not self._work.is_set():
            self._work.set()

    def close(self) -> None:
        """Send what is queued and end the thread."""
        self._closed = True
        self._urgent.set()
        self._work.set()
        if self._flusher is not None and self._flusher is not threading.current_thread():
            self._flusher.join(1.0)
        self.flush()

    def _flush_forever(self) -> None:
        while not self._closed:
            self._work.wait()
            self._gather()
            self._work.clear()
            self._urgent.clear()
            barriers = [self._barriers.popleft() for _ in range(len(self._barriers))]
            if not (self._queue or barriers):
                continue  # it left with a commit: to wait for the turn now would only hold up the next one
            trouble: Exception | None = None
            try:
                self._flush()
            except Exception as error:
                trouble = error
            for barrier in barriers:
                if trouble is None:
                    barrier.set_result(None)
                else:
                    barrier.set_exception(trouble)
            if trouble is not None:
                # What nobody waits for is kept and tried again; a durable event reports the trouble to its flow.
                self._urgent.wait(1.0)
                self._work.set()
        while self._barriers:
            self._barriers.popleft().set_result(None)

    def _gather(self) -> None:
        """Wait until something is urgent, or what is queued has waited long enough.

        While a body commits one call after the other nothing waits that long: its events leave with its commits,
        and no commit has to stand behind events that could have gone along with it.
        """
        left = GATHER
        while left > 0 and not self._urgent.wait(left):
            try:
                left = self._queue[0].queued_at + GATHER - time.monotonic()
            except IndexError:
                return


def _grouped(entries: list[Entry]) -> list[tuple[Batch, list[Entry]]]:
    """Make one batch of neighbours that belong to one execution and stand or fall together anyway."""
    groups: list[tuple[Batch, list[Entry]]] = []
    last: tuple[str, int | None] | None = None
    for entry in entries:
        first = entry.events[0]
        key = (first["exec_id"], first.get("epoch")) if entry.expect is None else None
        if key is not None and key == last:
            batch, group = groups[-1]
            batch["events"].extend(entry.events)
            group.append(entry)
        else:
            events = list(entry.events)
            batch = {"events": events} if entry.expect is None else {"events": events, "expect": entry.expect}
            groups.append((batch, [entry]))
        last = key
    return groups


def _settle(group: list[Entry], ack: Ack) -> None:
    refused = ack.get("refused")
    position = ack["position"]
    for entry in group:
        if refused is None:
            entry.position = position
            position += len(entry.events)
        else:
            entry.error = refusal_error(refused)
            if entry.on_refused is not None:
                entry.on_refused(refused)


def _tell(entries: list[Entry]) -> None:
    """Call back outside of the lock: what follows may want to write, too."""
    for entry in entries:
        if entry.then is None:
            continue
        try:
            entry.then(entry.position, entry.error)
        except BaseException as error:
            # A mistake in what hangs on one event must not keep others from being told.
            threading.excepthook(threading.ExceptHookArgs((type(error), error, error.__traceback__, None)))


def refusal_error(refused: Refusal) -> KitaruError:
    """Make the exception that a refusal stands for."""
    kind: Any = REFUSALS.get(refused["code"], KitaruConflictError)
    error: KitaruError = kind(refused["message"])
    return error
