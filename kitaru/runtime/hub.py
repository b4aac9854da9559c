"""The process's one subscription to the store: answers, cancellations and ends reach who waits for them."""

from __future__ import annotations

import logging
import threading
from collections import defaultdict
from typing import TYPE_CHECKING, Final

from kitaru.errors import KitaruBackendError, KitaruStoreError
from kitaru.store import events as kinds

if TYPE_CHECKING:
    from collections.abc import Callable

    from kitaru.store.events import Event
    from kitaru.store.protocol import Store, Watch

FOLLOWED: Final = (
    kinds.CLAIMED,
    kinds.SUSPENDED,
    kinds.COMPLETED,
    kinds.FAILED,
    kinds.CANCELLED,
    kinds.INTERRUPTED,
    kinds.WAIT_CREATED,
    kinds.WAIT_ANSWERED,
    kinds.WAIT_ABORTED,
)

RETRY_SECONDS: Final = 2.0
_log = logging.getLogger("kitaru.runtime")


class Hub:
    """Hands events of the store to listeners, by execution.

    Parameters
    ----------
    store
        What is watched, from the first listener on.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._listeners: dict[str, list[Callable[[Event], None]]] = defaultdict(list)
        self._lock = threading.Lock()
        self._watch: Watch | None = None
        self._thread: threading.Thread | None = None
        self._ended = threading.Event()

    def listen(self, exec_id: str, listener: Callable[[Event], None], *, after: int | None = None) -> None:
        """Call `listener` with each event of the execution that follows; the first listener watches from `after`."""
        with self._lock:
            self._listeners[exec_id].append(listener)
            if self._thread is None:
                self._thread = threading.Thread(target=self._follow, args=(after,), name="kitaru-hub", daemon=True)
                self._thread.start()

    def forget(self, exec_id: str, listener: Callable[[Event], None]) -> None:
        """Stop calling `listener`."""
        with self._lock:
            if listener in self._listeners.get(exec_id, ()):
                self._listeners[exec_id].remove(listener)
            if not self._listeners.get(exec_id):
                self._listeners.pop(exec_id, None)

    def close(self) -> None:
        """End the subscription."""
        with self._lock:
            self._ended.set()
            watch, thread = self._watch, self._thread
        if watch is not None:
            watch.close()
        if thread is not None and thread is not threading.current_thread():
            thread.join(1.0)

    def _follow(self, after: int | None) -> None:
        while not self._ended.is_set():
            try:
                for event in self._subscribe(after):
                    after = event.get("position", after)
                    self._hand_out(event)
            except KitaruBackendError as error:
                # The store is away for long: answers will come through when it is there again.
                _log.warning("%s", error)
                self._ended.wait(RETRY_SECONDS)
            except KitaruStoreError:
                with self._lock:  # the next listener tries again
                    self._thread = None
                raise

    def _subscribe(self, after: int | None) -> Watch:
        watch = self._store.watch(after=after, kinds=FOLLOWED)
        with self._lock:
            self._watch = watch
            if self._ended.is_set():
                watch.close()
        return watch

    def _hand_out(self, event: Event) -> None:
        with self._lock:
            listeners = list(self._listeners.get(event["exec_id"], ()))
        for listener in listeners:
            try:
                listener(event)
            except Exception as error:  # one listener's trouble must not make the others deaf
                threading.excepthook(threading.ExceptHookArgs((type(error), error, error.__traceback__, None)))
