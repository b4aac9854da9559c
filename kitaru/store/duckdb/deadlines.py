"""Answering questions whose deadline has passed with their default."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from kitaru.store import events as kinds

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from kitaru.store.duckdb.guards import Guard
    from kitaru.store.protocol import Batch


class Deadlines:
    """Looks at the wall clock again and again, so that setting it loses no answer; the writer refuses a second one.

    Parameters
    ----------
    executions
        Returns the executions that have not ended.
    default
        Returns the default of an execution's wait.
    append
        Appends batches to the store.
    """

    def __init__(
        self,
        executions: Callable[[], list[Guard]],
        default: Callable[[str, str], Any],
        append: Callable[[Sequence[Batch]], Any],
    ) -> None:
        self._executions = executions
        self._default = default
        self._append = append

    def check(self) -> None:
        """Answer what is overdue."""
        now = time.time()
        overdue = [
            (guard.exec_id, name)
            for guard in self._executions()
            for name, wait in tuple(guard.waits.items())
            if wait.deadline is not None and wait.deadline <= now
        ]
        if overdue:
            self._append([self._answer(exec_id, name, now) for exec_id, name in overdue])

    def _answer(self, exec_id: str, wait: str, now: float) -> Batch:
        value = self._default(exec_id, wait)
        body = {"wait": wait, "value": value, "by": "deadline", "source": "deadline"}
        return {
            "events": [{"kind": kinds.WAIT_ANSWERED, "at": now, "exec_id": exec_id, "body": body}],
            "expect": {"exec_id": exec_id, "wait_pending": wait},
        }
