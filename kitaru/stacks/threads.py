"""A pool of daemon threads that grows on demand and never holds up the end of the interpreter."""

from __future__ import annotations

import threading
from collections import deque
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    Job = Callable[[], object]

IDLE_SECONDS: Final = 10.0


class Threads:
    """Run functions on a bounded number of reused daemon threads, in the order in which they come.

    `concurrent.futures.ThreadPoolExecutor` joins its threads when the interpreter ends, so one
    stuck checkpoint would keep a script from ending.

    Parameters
    ----------
    max_workers
        How many functions may run at the same time; the others wait.
    name
        What the threads are called in a debugger.
    idle_seconds
        How long a thread without work stays.

    Examples
    --------
    >>> from queue import SimpleQueue
    >>> answers = SimpleQueue()
    >>> Threads(max_workers=2).start(lambda: answers.put(6 * 7))
    >>> answers.get(timeout=5)
    42
    """

    def __init__(self, max_workers: int = 32, *, name: str = "kitaru", idle_seconds: float = IDLE_SECONDS) -> None:
        self._max_workers = max_workers
        self._name = name
        self._idle_seconds = idle_seconds
        self._lock = threading.Lock()
        self._backlog: deque[Job] = deque()
        self._idle: list[SimpleQueue[Job]] = []
        self._count = 0

    def __len__(self) -> int:
        """Count the threads that live now."""
        return self._count

    def start(self, job: Job) -> None:
        """Run ``job()`` on a thread of the pool as soon as one is free; returns at once."""
        with self._lock:
            if self._idle:
                # The thread that waited the shortest time is the one whose caches are warm.
                self._idle.pop().put(job)
                return
            if self._count == self._max_workers:
                self._backlog.append(job)
                return
            self._count += 1
        self._launch(job)

    def _launch(self, job: Job) -> None:
        try:
            inbox: SimpleQueue[Job] = SimpleQueue()
            inbox.put(job)  # not as an argument: a thread keeps its arguments as long as it lives
            threading.Thread(target=self._work, args=(inbox,), name=self._name, daemon=True).start()
        except RuntimeError:
            with self._lock:
                self._count -= 1
            raise

    def _work(self, inbox: SimpleQueue[Job]) -> None:
        job: Job | None = inbox.get()
        while job is not None:
            _run(job)
            job = None
            job = self._next(inbox)

    def _next(self, inbox: SimpleQueue[Job]) -> Job | None:
        with self._lock:
            if self._backlog:
                return self._backlog.popleft()
            self._idle.append(inbox)
        try:
            return inbox.get(timeout=self._idle_seconds)
        except Empty:
            return self._leave(inbox)

    def _leave(self, inbox: SimpleQueue[Job]) -> Job | None:
        with self._lock:
            if inbox in self._idle:
                self._idle.remove(inbox)
                self._count -= 1
                return None
        # Somebody chose this thread just as its time ran out.
        return inbox.get()


def _run(job: Job) -> None:
    try:
        job()
    except BaseException as error:  # A thread of a pool outlives what it runs
        threading.excepthook(threading.ExceptHookArgs((type(error), error, error.__traceback__, None)))
