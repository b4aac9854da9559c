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
    from kitaru.client.client import KitaruClient
    from kitaru.store.events import Event
    from kitaru.store.protocol import Watch
    from kitaru.views.model import ExecutionView
    from kitaru.views.record import Record


_STANDS: Final = frozenset(
    {kinds.SUSPENDED, kinds.COMPLETED, kinds.FAILED, kinds.CANCELLED, kinds.INTERRUPTED, kinds.WAIT_CREATED}
)
"""Events that nobody should wait long to see."""


class Feed:
    """An execution as it happens.

    Events that this process writes come over as they are, without being read back; what others write comes from the
    store. Once another process runs the execution, its record is read again whenever something happened.

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
        self._tap: deque[tuple[int, list[Event]]] = deque()
        self._fold: Fold | None = None
        self._changed = threading.Event()
        self._watch: Watch | None = None
        self._gone = False
        self._resting = threading.Event()
        self.taken = 0
        """How many entries the last look found."""
        run = self._engine.runs.get(exec_id)
        if run is not None and not run.let_go:
            # Opened before the record is read, so that nothing falls between the two.
            self._engine.outbox.tap(exec_id, self._tap)
            self._engine.hub.listen(exec_id, self._hear)
            self._fold = self._seeded()
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
        if self._fold is None:
            if not self._changed.is_set():
                return None
            self._changed.clear()
            return self._read()
        taken = self._drain(self._fold)
        if not taken:
            return None
        return self._folded()

    def _folded(self) -> Record | None:
        """The fold's rows; the record's where there is no fold any more."""
        return self._fold.record() if self._fold is not None and self._fold.began else self._read()

    def _drain(self, fold: Fold) -> bool:
        taken = [self._tap.popleft() for _ in range(len(self._tap))]
        taken.sort(key=itemgetter(0))
        self.taken = len(taken)
        try:
            fold.apply_all(taken)
        except MISFITS:
            # What others wrote comes a little later than our own events; where that matters the record decides.
            self._fold = self._seeded()
        claims = (event for _, events in taken for event in events[:2] if event["kind"] == kinds.CLAIMED)
        if any(map(self._is_taken_over, claims)):
            self._fold = None
            self._follow_elsewhere()
        return bool(taken)

    def _seeded(self) -> Fold:
        record = self._read()
        fold = Fold(self._exec_id, record)
        self._tap.append((0, []))  # the seed itself is news
        return fold

    def _read(self) -> Record | None:
        try:
            return read_record(self._client.store, self._exec_id)
        except KitaruNotFoundError:
            self._gone = True
            return None

    def _hear(self, event: Event) -> None:
        self._tap.append((event["position"], [event]))
        if event["kind"] in _STANDS:
            self._resting.set()

    def _is_taken_over(self, event: Event) -> bool:
        runner: Any = event["body"].get("runner")
        other = bool(runner) and runner["runner_id"] != runner_identity()["runner_id"]
        return other and event["exec_id"] == self._exec_id

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
