"""Whether anybody needs the service: clients, running executions, open jobs, waits with a deadline."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kitaru.store.protocol import Store


class Activity:
    """Requests under way, and the time of the last one."""

    def __init__(self) -> None:
        self.requests = 0
        self.last = time.monotonic()

    def begin(self) -> None:
        """Note that a request came in."""
        self.requests += 1

    def end(self) -> None:
        """Note that a request was answered."""
        self.requests -= 1
        self.last = time.monotonic()

    def quiet_for(self) -> float:
        """Seconds without any request; 0 while one is under way."""
        return 0.0 if self.requests else time.monotonic() - self.last


def reason_to_stay(store: Store) -> str | None:
    """Say what would suffer if the service went away now; None if nothing would."""
    # The store itself sees to it that an execution whose runner died is no longer running.
    for row in store.read("executions", statuses=["running"], limit=1)["items"]:
        return f"execution {row['exec_id']} is running"
    for job in store.read("jobs", statuses=["queued", "running"], limit=1)["items"]:
        return f"job {job['job_id']} of execution {job['target']} is {job['status']}"
    for schedule in store.read("schedules"):
        if not schedule["paused"]:
            return f"schedule {schedule['name']} is to be kept"
    for wait in store.read("waits", status="pending"):
        if wait["deadline"] is not None:
            return f"a wait of execution {wait['exec_id']} has a deadline"
    return None
