"""Where a live view learns what happens: from this process's own writer, or from the store."""

from __future__ import annotations

import threading
from collections import deque
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final

from kitaru.errors import KitaruNotFoundError
from kitaru.store import events as kinds
from kitaru.store.runner import runner_identity
from kitaru.views.build import home_of, view_of
from kitaru.views.fold import MISFITS, Fold
from kitaru.views.record import read_record

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kitaru.client.client import KitaruClient
    from kitaru.store.events import Event
    from kitaru.store.protocol import Watch
    from kitaru.views.model import ExecutionView
    from kitaru.views.record import Record


_STANDS: Final = frozenset(
    {kinds.SUSPENDED, kinds.COMPLETED, kinds.FAILED, kinds.CANCELLED, kinds.INTERRUPTED, kinds.WAIT_CREATED}
)
"""Events that nobody should wait long to see."""
MOST_TAPPED: Final = 2_000
"""Entries between two views: more cannot be followed one by one, and none of them is kept."""


class Feed:
    """An execution as it happens.

    Events that this process writes come over as they are, without being read back; what others write comes from the
    store. Once the execution has many calls, or another process runs it, what is shown of it is read again whenever
    something happened: to look at thousands of events would take longer than all the rest.

    Parameters
    ----------
    client
        Where it is recorded.
    exec_id
        Its whole id.
    """

    def __init__(self, client: KitaruClient, exec_id: str) -> None:
        self._client = client
        self._exec_id = exec_id
        self._home = home_of(client)
        self._engine = client.engine
        self._tap: deque[tuple[int, list[Event]]] = deque(maxlen=MOST_TAPPED)
        self._fold: Fold | None = None
        self._is_new = False
        self._changed = threading.Event()
        self._watch: Watch | None = None
        self._gone = False
        self._resting = threading.Event()
        self._is_taken_over = False
        run = self._engine.runs.get(exec_id)
        if run is not None and not run.let_go:
            # Opened before the record is read, so that nothing falls between the two.
            self._engine.outbox.tap(exec_id, self._tap)
            self._engine.hub.listen(exec_id, self._hear)
            self._follow_from(self._read())
        else:
            self._follow_elsewhere()

    def view(self) -> ExecutionView | None:
        """Return the newest view, or None if nothing happened since the last one."""
        record = self._news()
        return None if record is None else view_of(record, home=self._home)

    def rest(self, seconds: float) -> None:
        """Let time pass, but not beyond a change of where the execution stands."""
        if self._resting.wait(seconds):
            self._resting.clear()
            # The store may tell before the writer has put what left along with it into the tap.
            self._engine.outbox.flush()

    def close(self) -> None:
        """Let go of the sources."""
        self._engine.outbox.untap(self._tap)
        self._engine.hub.forget(self._exec_id, self._hear)
        if self._watch is not None:
            self._watch.close()

    def _news(self) -> Record | None:
        if self._fold is not None:
            self._drain(self._fold)
        if self._is_taken_over:
            self._is_taken_over, self._fold = False, None
            self._follow_elsewhere()
        if self._fold is None:
            if not (self._changed.is_set() or self._tap):
                return None
            self._changed.clear()
            self._tap.clear()
            return self._read()
        if not self._is_new:
            return None
        self._is_new = False
        record = self._fold.record() if self._fold.began else self._read()
        if record is not None and record.is_large:
            self._follow_by_reading(record.children)
        return record

    def _drain(self, fold: Fold) -> None:
        if len(self._tap) == MOST_TAPPED:
            self._follow_by_reading(fold.record().children if fold.began else ())
            return
        taken = [self._tap.popleft() for _ in range(len(self._tap))]
        self._is_new = self._is_new or bool(taken)
        taken.sort(key=itemgetter(0))
        try:
            fold.apply_all(taken)
        except MISFITS:
            # What others wrote comes a little later than our own events; where that matters the record decides.
            self._follow_from(self._read())

    def _follow_from(self, record: Record | None) -> None:
        if record is not None and record.is_large:
            self._follow_by_reading(record.children)
        else:
            self._fold, self._is_new = Fold(self._exec_id, record), True

    def _follow_by_reading(self, children: Iterable[str]) -> None:
        """Have the tap say no more than that something happened."""
        self._engine.outbox.untap(self._tap)
        self._fold, self._tap = None, deque(maxlen=1)
        for exec_id in (self._exec_id, *children):
            self._engine.outbox.tap(exec_id, self._tap)
        self._changed.set()

    def _read(self) -> Record | None:
        try:
            return read_record(self._client.store, self._exec_id)
        except KitaruNotFoundError:
            self._gone = True
            return None

    def _hear(self, event: Event) -> None:
        self._tap.append((event["position"], [event]))
        if event["kind"] == kinds.CLAIMED and event["exec_id"] == self._exec_id and _is_by_another(event):
            self._is_taken_over = True
        if event["kind"] in _STANDS:
            self._resting.set()

    @property
    def gone(self) -> bool:
        """Whether the execution was deleted."""
        return self._gone

    def _follow_elsewhere(self) -> None:
        if self._watch is None:
            self._watch = self._client.store.watch(executions=[self._exec_id])
            threading.Thread(target=self._listen, args=(self._watch,), name="kitaru-view-feed", daemon=True).start()
        self._changed.set()

    def _listen(self, watch: Watch) -> None:
        for _ in watch:
            self._changed.set()


def _is_by_another(claim: Event) -> bool:
    runner: Any = claim["body"].get("runner")
    return bool(runner) and runner["runner_id"] != runner_identity()["runner_id"]
