"""The open jobs of a store, as they are now."""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from kitaru.errors import KitaruError
from kitaru.store import events as kinds
from kitaru.store.protocol import current_position
from kitaru.store.runner import host_id

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from kitaru.store.events import Event
    from kitaru.store.protocol import Store, Watch

_FOLLOWED: Final = (
    kinds.JOB_CREATED,
    kinds.JOB_CLAIMED,
    kinds.JOB_RELEASED,
    kinds.JOB_ENDED,
    kinds.JOB_CANCELLED,
    kinds.CANCELLED,
    kinds.DELETED,
)
_MOST: Final = 1_000_000
_PAUSE: Final = 1.0

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class Waiting:
    """An open job: what is to be done, and whether it waits for a worker."""

    job_id: str
    exec_id: str
    kind: str
    target: str
    epoch: int
    after: float
    interpreter: str | None
    cwd: str | None
    host: str | None
    changes: dict[str, Any] | None = field(repr=False)
    requirements: str | None = field(repr=False)
    attempts: int = 0
    is_queued: bool = True
    python: str | None = None
    """The interpreter that it is done by, once that is found."""

    @classmethod
    def of(cls, exec_id: str, told: Mapping[str, Any]) -> Waiting:
        """Make it of a row, or of the body of the event that queued it."""
        return cls(
            job_id=told["job_id"],
            exec_id=exec_id,
            kind=told["kind"],
            target=told["target"],
            epoch=told.get("epoch") or 0,
            after=told.get("after") or 0.0,
            interpreter=told.get("interpreter"),
            cwd=told.get("cwd"),
            host=told.get("host"),
            changes=told.get("changes"),
            requirements=told.get("requirements"),
            attempts=told.get("attempts") or 0,
            is_queued=told.get("status", "queued") == "queued",
        )

    def is_for_here(self) -> bool:
        """Whether a worker of this machine may take it."""
        return self.host is None or self.host == host_id()


class Queue:
    """Follows a store's jobs; the store decides who gets one.

    Parameters
    ----------
    store
        Where the jobs are.
    on_change
        Called after each change, with the id of a job that was cancelled, else None.
    """

    def __init__(self, store: Store, on_change: Callable[[str | None], None]) -> None:
        self._store = store
        self._on_change = on_change
        self._lock = threading.Lock()
        self._open: dict[str, Waiting] = {}
        self._feed: Watch | None = None
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="kitaru-jobs", daemon=True)
        self.read = threading.Event()
        """Set when the store was asked once."""

    def start(self) -> None:
        """Begin to follow."""
        self._thread.start()

    def close(self) -> None:
        """Follow no longer."""
        self._closed.set()
        with self._lock:
            feed = self._feed
        if feed is not None:
            feed.close()
        if self._thread.is_alive():
            self._thread.join(1.0)

    def waiting(self) -> list[Waiting]:
        """Return the jobs that a worker of this machine may take, in their order."""
        with self._lock:
            return [job for job in self._open.values() if job.is_queued and job.is_for_here()]

    def drop(self, job_id: str) -> None:
        """Forget a job that somebody else has; its next event brings it back."""
        with self._lock:
            job = self._open.get(job_id)
            if job is not None:
                job.is_queued = False

    def _follow(self) -> None:
        while not self._closed.is_set():
            try:
                self._begin()
                assert self._feed is not None
                for event in self._feed:
                    self._apply(event)
                return
            except KitaruError:
                _log.exception("following the jobs failed and begins anew")
                self._closed.wait(_PAUSE)

    def _begin(self) -> None:
        position = current_position(self._store)
        rows = self._store.read("jobs", statuses=["queued", "running"], limit=_MOST)["items"]
        feed = self._store.watch(after=position, kinds=_FOLLOWED)
        with self._lock:
            self._feed = feed
            self._open = {row["job_id"]: Waiting.of(row["exec_id"], row) for row in reversed(rows)}
            if self._closed.is_set():
                feed.close()
        self.read.set()
        self._on_change(None)

    def _apply(self, event: Event) -> None:
        kind, exec_id, body = event["kind"], event["exec_id"], event["body"]
        with self._lock:
            if kind in (kinds.CANCELLED, kinds.DELETED):
                over = [job.job_id for job in self._open.values() if job.target == exec_id]
                for job_id in over:
                    del self._open[job_id]
            elif kind == kinds.JOB_CREATED:
                # What was read at the beginning may come again.
                self._open.setdefault(body["job_id"], Waiting.of(exec_id, body))
            elif kind in (kinds.JOB_ENDED, kinds.JOB_CANCELLED):
                self._open.pop(body["job_id"], None)
            elif job := self._open.get(body["job_id"]):
                job.is_queued = kind == kinds.JOB_RELEASED
                job.attempts = max(job.attempts, body["attempt"])
        self._on_change(body["job_id"] if kind == kinds.JOB_CANCELLED else None)
