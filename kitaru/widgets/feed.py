"""One subscription to the store for all widgets: each is told when it is to read again."""

from __future__ import annotations

import atexit
import threading
import time
import weakref
from typing import TYPE_CHECKING, Final

import kitaru.store.connect  # noqa: F401 -- it closes the store at exit, which must be registered before what is below
from kitaru.errors import KitaruError
from kitaru.store import events as kinds
from kitaru.widgets.worker import ACTIONS, READS

if TYPE_CHECKING:
    from collections.abc import Callable

    from kitaru.client import KitaruClient
    from kitaru.store.events import Event
    from kitaru.store.protocol import Watch

LIFECYCLE: Final = (
    kinds.CREATED,
    kinds.CLAIMED,
    kinds.SUSPENDED,
    kinds.COMPLETED,
    kinds.FAILED,
    kinds.CANCELLED,
    kinds.INTERRUPTED,
    kinds.DELETED,
    kinds.WAIT_CREATED,
    kinds.WAIT_ANSWERED,
    kinds.WAIT_ABORTED,
)
"""What lists follow; an execution in sight is followed with everything that happens in it."""

COALESCE: Final = 0.25
"""Seconds in which events are gathered before a widget reads again."""
FIRST_RETRY: Final = 1.0
LAST_RETRY: Final = 30.0


class Listener:
    """Reads again when something happens that it wants to know of; and, if that failed, by itself.

    Parameters
    ----------
    refresh
        Reads the store and shows it; raises what the store raises. Held weakly.
    failed
        Shows that the store is away. Held weakly.
    """

    def __init__(self, refresh: Callable[[], None], failed: Callable[[KitaruError, float], None]) -> None:
        self._refresh = weakref.WeakMethod(refresh)
        self._failed = weakref.WeakMethod(failed)
        self._pause = 0.0
        self.kinds: frozenset[str] = frozenset(LIFECYCLE)
        """Kinds of events that are a reason to read again; empty for all."""
        self.execution: str | None = None
        """Id of the only execution that counts; None if all do."""
        self.coalesce = COALESCE
        self.closed = False

    def wants(self, event: Event) -> bool:
        """Whether an event is a reason to read again."""
        return self.execution in (None, event["exec_id"]) and (not self.kinds or event["kind"] in self.kinds)

    def schedule(self, after: float = 0.0) -> None:
        """Read again soon, on the thread for reads."""
        if not self.closed:
            READS.submit(self._run, key=self, after=after)

    def close(self) -> None:
        """Never read again."""
        self.closed = True
        READS.cancel(self)

    def _run(self) -> None:
        refresh, failed = self._refresh(), self._failed()
        if refresh is None or failed is None or self.closed:
            return
        begun = time.monotonic()
        try:
            refresh()
        except KitaruError as error:
            self._pause = min(max(self._pause * 2, FIRST_RETRY), LAST_RETRY)
            failed(error, self._pause)
            self.schedule(self._pause)
        else:
            self._pause = 0.0
            # What takes long to read is read less often, so that looking never costs more than working.
            self.coalesce = max(COALESCE, 4 * (time.monotonic() - begun))


class Feed:
    """The subscription for one client's store; it is there as long as somebody listens.

    Parameters
    ----------
    client
        Whose store is watched.
    """

    def __init__(self, client: KitaruClient) -> None:
        self._client = client
        self._lock = threading.Lock()
        self._listeners: weakref.WeakSet[Listener] = weakref.WeakSet()
        self._watch: Watch | None = None
        self._thread: threading.Thread | None = None
        self._watched: frozenset[str] | None = None
        self._stopped = threading.Event()

    def listen(self, listener: Listener) -> None:
        """Tell `listener` of what happens from now on; it reads once at once."""
        with self._lock:
            self._listeners.add(listener)
            if self._thread is None or self._stopped.is_set():
                self._stopped = threading.Event()
                arguments = (self._stopped,)
                self._thread = threading.Thread(target=self._follow, args=arguments, name="kitaru-feed", daemon=True)
                self._thread.start()
        self.look_again()
        listener.schedule()

    def forget(self, listener: Listener) -> None:
        """Tell `listener` nothing any more; the last one ends the subscription."""
        listener.close()
        with self._lock:
            self._listeners.discard(listener)
            watch = None if self._listeners else self._stop()
        if watch is not None:
            watch.close()

    def look_again(self) -> None:
        """Subscribe anew if what the listeners want to know is no longer what is watched."""
        with self._lock:
            watch = self._watch if self._watched != self._wanted() else None
        if watch is not None:
            watch.close()

    def close(self) -> None:
        """End the subscription."""
        with self._lock:
            watch = self._stop()
        if watch is not None:
            watch.close()

    def _stop(self) -> Watch | None:
        """Let the thread end, so that whoever listens next starts another; return what to close without the lock."""
        self._stopped.set()
        return self._watch

    def _wanted(self) -> frozenset[str]:
        kinds = [listener.kinds for listener in self._listeners]
        return frozenset().union(*kinds) if all(kinds) else frozenset()

    def _follow(self, stopped: threading.Event) -> None:
        while not stopped.is_set():
            try:
                for event in self._subscribe(stopped):
                    self._hand_out(event)
                    if stopped.is_set():
                        return
            except KitaruError:
                # Whoever reads says so in its place; what is missed meanwhile is read when the store is there again.
                stopped.wait(FIRST_RETRY)
                continue
            if not self._is_outdated():  # the store was closed
                stopped.wait(FIRST_RETRY)

    def _is_outdated(self) -> bool:
        with self._lock:
            return self._watched != self._wanted()

    def _subscribe(self, stopped: threading.Event) -> Watch:
        with self._lock:
            watched = self._watched = self._wanted()
        watch = self._client.store.watch(kinds=sorted(watched))
        with self._lock:
            self._watch = watch
            if stopped.is_set() or self._wanted() != watched:
                watch.close()
            listeners = list(self._listeners)
        for listener in listeners:  # something may have happened before the subscription
            listener.schedule()
        return watch

    def _hand_out(self, event: Event) -> None:
        with self._lock:
            listeners = list(self._listeners)
            watch = None if listeners else self._stop()  # the last ones were collected as garbage
        if watch is not None:
            watch.close()
        for listener in listeners:
            if listener.wants(event):
                listener.schedule(listener.coalesce)


_feeds: dict[tuple[str, str] | None, Feed] = {}
_lock = threading.Lock()


def feed_of(client: KitaruClient) -> Feed:
    """Return the subscription that all widgets of a store share."""
    with _lock:
        if client.server not in _feeds:
            _feeds[client.server] = Feed(client)
        return _feeds[client.server]


def close_feeds() -> None:
    """End all subscriptions and forget what waits to be read; a new widget starts them again."""
    with _lock:
        feeds = list(_feeds.values())
        _feeds.clear()
    for feed in feeds:
        feed.close()
    ACTIONS.stop(finish=True)
    READS.stop()


atexit.register(close_feeds)
