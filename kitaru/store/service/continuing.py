"""Asking for jobs that go on with executions of the home which were answered, by a person or by their deadline.

A live kernel that let go of an execution hears of the answer too, and claims it within milliseconds. So the job begins
a moment later; the claim decides between the two.
"""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING, Final

from kitaru.store import events as kinds
from kitaru.store.jobs.posting import resume_answered

if TYPE_CHECKING:
    from kitaru.store.events import Event
    from kitaru.store.protocol import Store, Watch

YOUNG: Final = 3600.0
"""Seconds for which an answer is acted upon if the service was not there, or failed, when it was given."""

_PAUSE: Final = 1.0

_log = logging.getLogger(__name__)


class Continuing:
    """Watches a home for answers and asks for a job, one at most for each time that an execution lost its runner.

    Parameters
    ----------
    store
        The home's store, owned by this process.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._closed = threading.Event()
        self._feed: Watch | None = None
        self._thread = threading.Thread(target=self._run, name="kitaru-continuing", daemon=True)

    def start(self) -> None:
        """Begin, also with what was answered shortly before."""
        self._thread.start()

    def close(self) -> None:
        """Ask for nothing more."""
        self._closed.set()
        with self._lock:
            feed = self._feed
        if feed is not None:
            feed.close()
        if self._thread.is_alive():
            self._thread.join()

    def look(self) -> None:
        """Ask for what the feed may not have come to yet.

        Raises
        ------
        KitaruStoreError
            If the store cannot tell.
        """
        self._offer(since=time.time() - YOUNG)

    def _run(self) -> None:
        after: int | None = None
        while not self._closed.is_set():
            try:
                with self._lock:
                    feed = self._feed = self._store.watch(
                        after=after, kinds=(kinds.WAIT_ANSWERED, kinds.SUSPENDED, kinds.CANCELLED)
                    )
                if self._closed.is_set():
                    return
                self.look()
                for event in feed:
                    after = event.get("position")
                    self._on_event(event)
                return
            except Exception:
                _log.exception("looking for answered executions failed and begins anew")
                self._closed.wait(_PAUSE)

    def _on_event(self, event: Event) -> None:
        if event["kind"] == kinds.CANCELLED:
            # Somebody may wait for it. If it ends by itself, its own runner goes on with who does.
            self.look()
        else:
            # An answer can also come in the moment before a runner lets go.
            self._offer(exec_id=event["exec_id"])

    def _offer(self, *, exec_id: str | None = None, since: float = 0.0) -> None:
        batches = [resume_answered(row) for row in self._store.read("answered", exec_id=exec_id, since=since)]
        if batches:
            # What is refused went on meanwhile, or was asked for by somebody else.
            self._store.append(batches)
