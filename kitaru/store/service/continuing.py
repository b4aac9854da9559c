"""Going on with executions of the home that were answered, by a person or by their deadline, when nobody runs them.

A live kernel that let go of an execution hears of the answer too, and claims it within milliseconds. A new runner
leaves it a moment for that; the claim decides between the two.
"""

from __future__ import annotations

import logging
import os
import subprocess
import threading
import time
from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from kitaru.store import events as kinds
from kitaru.store.service.spawning import start_runner

if TYPE_CHECKING:
    from kitaru.store.events import Event
    from kitaru.store.protocol import Store, Watch

AT_ONCE: Final = 8
"""How many runners may be on their way to their claim; others queue."""

YOUNG: Final = 3600.0
"""Seconds for which an answer is acted upon if the service was not there, or failed, when it was given."""

_STARTING_SECONDS: Final = 60.0
_PAUSE: Final = 1.0
_ELSEWHERE: Final = ("KITARU_SERVER_URL", "KITARU_AUTH_TOKEN")

_log = logging.getLogger(__name__)


class Continuing:
    """Watches a home for answers and starts runners, one at most for each time that an execution lost its own.

    Parameters
    ----------
    store
        The home's store, owned by this process.
    home
        The folder.
    umask
        Of the runners; -1 for that of this process.
    """

    def __init__(self, store: Store, home: Path, umask: int = -1) -> None:
        self._store = store
        self._home = home
        self._umask = umask
        self._lock = threading.Lock()
        self._queue: deque[dict[str, Any]] = deque()
        self._starting: set[str] = set()
        self._offered: dict[str, int] = {}
        """The claim after which a runner was last wanted, of executions that were not claimed since."""
        self._closed = threading.Event()
        self._feed: Watch | None = None
        self._thread = threading.Thread(target=self._run, name="kitaru-continuing", daemon=True)

    def start(self) -> None:
        """Begin, also with what was answered shortly before."""
        self._thread.start()

    def close(self) -> None:
        """Start no further runner; those that run go on."""
        self._closed.set()
        with self._lock:
            feed = self._feed
        if feed is not None:
            feed.close()
        if self._thread.is_alive():
            self._thread.join()

    def reason_to_stay(self) -> str | None:
        """Say which execution is about to go on; None if none is.

        Raises
        ------
        KitaruStoreError
            If the store cannot tell.
        """
        # Looked up, because the feed may not have come to the last answer yet.
        self._look()
        with self._lock:
            on_their_way = [*self._starting, *(row["exec_id"] for row in self._queue)]
        return f"execution {on_their_way[0]} is about to go on" if on_their_way else None

    def _run(self) -> None:
        after: int | None = None
        while not self._closed.is_set():
            try:
                with self._lock:
                    feed = self._feed = self._store.watch(
                        after=after, kinds=(kinds.WAIT_ANSWERED, kinds.SUSPENDED, kinds.CANCELLED, kinds.CLAIMED)
                    )
                if self._closed.is_set():
                    return
                self._look()
                for event in feed:
                    after = event.get("position")
                    self._on_event(event)
                return
            except Exception:
                _log.exception("looking for answered executions failed and begins anew")
                self._closed.wait(_PAUSE)

    def _on_event(self, event: Event) -> None:
        exec_id = event["exec_id"]
        if event["kind"] == kinds.CLAIMED:
            self._claimed(exec_id)
            return
        if event["kind"] == kinds.CANCELLED:
            # Somebody may wait for it. If it ends by itself, its own runner goes on with who does.
            self._look()
            return
        # An answer can also come in the moment before a runner lets go.
        for row in self._store.read("answered", exec_id=exec_id):
            self._offer(row)

    def _look(self) -> None:
        for row in self._store.read("answered", since=time.time() - YOUNG):
            self._offer(row)

    def _offer(self, row: dict[str, Any]) -> None:
        exec_id, epoch = row["exec_id"], row["epoch"] or 0
        with self._lock:
            if self._offered.get(exec_id, -1) >= epoch:
                return
            self._offered[exec_id] = epoch
            # A home is this machine's own, and so were its runners; but environments come and go.
            if not Path(row["interpreter"] or "").is_file():
                _log.warning("execution %s was answered, but its interpreter is gone: %s", exec_id, row["interpreter"])
                return
            self._queue.append(row)
        self._start_next()

    def _claimed(self, exec_id: str) -> None:
        with self._lock:
            self._offered.pop(exec_id, None)
            self._starting.discard(exec_id)
            if any(row["exec_id"] == exec_id for row in self._queue):
                self._queue = deque(row for row in self._queue if row["exec_id"] != exec_id)
        self._start_next()

    def _start_next(self) -> None:
        while True:
            with self._lock:
                if self._closed.is_set() or not self._queue or len(self._starting) >= AT_ONCE:
                    return
                row = self._queue.popleft()
                self._starting.add(row["exec_id"])
            # A thread each: starting takes a while, and whoever is not waited for stays a zombie.
            threading.Thread(target=self._attend, args=(row,), name=f"kitaru-{row['exec_id']}", daemon=True).start()

    def _attend(self, row: dict[str, Any]) -> None:
        exec_id = row["exec_id"]
        try:
            process = start_runner(exec_id, row["interpreter"], row["cwd"], self._environment(), umask=self._umask)
        except OSError as error:
            _log.warning("execution %s was answered, but no runner starts: %s", exec_id, error)
            self._arrived(exec_id)
            return
        _log.info("execution %s was answered; process %d goes on with it", exec_id, process.pid)
        try:
            status = process.wait(_STARTING_SECONDS)
        except subprocess.TimeoutExpired:
            self._arrived(exec_id)
            status = process.wait()
        self._arrived(exec_id)
        if status:
            _log.warning("the runner of execution %s ended with %d; see runners/%s.log", exec_id, status, exec_id)

    def _arrived(self, exec_id: str) -> None:
        with self._lock:
            self._starting.discard(exec_id)
        self._start_next()

    def _environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if name not in _ELSEWHERE}
        # The service was asked for by name, so that no login leads the runner to a server.
        return {**kept, "KITARU_HOME": str(self._home), "KITARU_STORE": "service"}
