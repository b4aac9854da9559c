"""Work off the kernel's own threads: a thread that runs what is due, and another one that follows the store."""

from __future__ import annotations

import heapq
import itertools
import threading
import time
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

IDLE_SECONDS: Final = 30.0


class Worker:
    """Runs jobs one after the other on a thread that comes with the first job and goes when there is nothing to do.

    Parameters
    ----------
    name
        Name of the thread.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._changed = threading.Condition()
        self._due: list[tuple[float, int, Hashable, Callable[[], None]]] = []
        self._waiting: dict[Hashable, float] = {}
        self._numbers = itertools.count()
        self._thread: threading.Thread | None = None
        self._runs = False

    def submit(self, job: Callable[[], None], *, key: Hashable = None, after: float = 0.0) -> None:
        """Run a job, `after` so many seconds; of the jobs that wait under one key only the first to come runs."""
        due = time.monotonic() + after
        with self._changed:
            if key is not None:
                if self._waiting.get(key, float("inf")) <= due:
                    return
                self._waiting[key] = due
            heapq.heappush(self._due, (due, next(self._numbers), key, job))
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
                self._thread.start()
            self._changed.notify_all()

    def cancel(self, key: Hashable) -> None:
        """Forget the job that waits under a key."""
        with self._changed:
            self._waiting.pop(key, None)

    def stop(self, *, finish: bool = False, seconds: float = 5.0) -> None:
        """Forget the jobs that wait, or `finish` them; wait for the one that runs: it may use what is closed next."""
        with self._changed:
            if not finish:
                self._due.clear()
                self._waiting.clear()
            if self._thread is not threading.current_thread():
                self._changed.wait_for(lambda: not self._runs and not self._due, seconds)

    def _run(self) -> None:
        while (job := self._next()) is not None:
            try:
                job()
            except Exception as error:  # one job's trouble must not end the others
                threading.excepthook(threading.ExceptHookArgs((type(error), error, error.__traceback__, None)))
            finally:
                with self._changed:
                    self._runs = False
                    self._changed.notify_all()

    def _next(self) -> Callable[[], None] | None:
        idle_until = time.monotonic() + IDLE_SECONDS
        with self._changed:
            while True:
                now = time.monotonic()
                if self._due and self._due[0][0] <= now:
                    due, _, key, job = heapq.heappop(self._due)
                    # One that was put off or forgotten meanwhile has another time under its key.
                    if key is None or self._waiting.get(key) == due:
                        self._waiting.pop(key, None)
                        self._runs = True
                        return job
                    continue
                if not self._due and now >= idle_until:
                    self._thread = None
                    return None
                self._changed.wait((self._due[0][0] if self._due else idle_until) - now)


ACTIONS: Final = Worker("kitaru-widgets-actions")
"""What people ask for by a click: answers, cancellations."""

READS: Final = Worker("kitaru-widgets")
"""What views read."""
