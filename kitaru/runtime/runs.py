"""The bodies that run, or ran, in this process."""

from __future__ import annotations

import sys
import threading
from collections import OrderedDict
from typing import TYPE_CHECKING, Final
from weakref import WeakValueDictionary

if TYPE_CHECKING:
    from kitaru.runtime.body import Run

UNSEEN: Final = 100
"""How many failures that nobody looked at are remembered; the record has them all."""


class Runs:
    """Runs by the ids of their executions.

    One that goes on, or waits for an answer, is kept. One that ended is here as long as somebody holds its handle: a
    kernel may live for months, and its record is in the store.
    """

    def __init__(self) -> None:
        self._open: dict[str, Run] = {}
        self._ended: WeakValueDictionary[str, Run] = WeakValueDictionary()
        self._unseen: OrderedDict[str, str] = OrderedDict()
        self._lock = threading.Lock()

    def __contains__(self, exec_id: str) -> bool:
        return self.get(exec_id) is not None

    def __getitem__(self, exec_id: str) -> Run:
        run = self.get(exec_id)
        if run is None:
            raise KeyError(exec_id)
        return run

    def get(self, exec_id: str) -> Run | None:
        """Return the newest run of an execution."""
        with self._lock:
            return self._open.get(exec_id) or self._ended.get(exec_id)

    def alive(self) -> list[Run]:
        """Return the runs whose bodies go on, in the order in which they began."""
        with self._lock:
            return [run for run in self._open.values() if run.alive]

    def children(self, exec_id: str) -> list[Run]:
        """Return the open runs of executions that an execution started as a part of itself."""
        with self._lock:
            return [run for run in self._open.values() if run.execution.parent == exec_id]

    def add(self, run: Run) -> None:
        """Take a run that is about to begin."""
        with self._lock:
            self._ended.pop(run.execution.exec_id, None)
            self._open[run.execution.exec_id] = run

    def ended(self, run: Run) -> None:
        """Let go of a run that nothing continues."""
        exec_id, failure = run.execution.exec_id, (run.outcome or {}).get("failure")
        with self._lock:
            if self._open.get(exec_id) is run:
                del self._open[exec_id]
                self._ended[exec_id] = run
            if failure is not None:
                text = f"{failure['traceback']}\nExecution {exec_id} of {run.flow.name} failed.\n"
                self._unseen[exec_id] = text
                while len(self._unseen) > UNSEEN:
                    self._unseen.popitem(last=False)

    def seen(self, exec_id: str) -> None:
        """Note that somebody looked at how an execution ended."""
        with self._lock:
            self._unseen.pop(exec_id, None)

    def print_unseen(self) -> None:
        """Print the failures that nobody looked at."""
        with self._lock:
            texts = list(self._unseen.values())
            self._unseen.clear()
        for text in texts:
            sys.stderr.write(text)
