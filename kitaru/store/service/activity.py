"""Whether anybody needs the service: clients, running executions, waits with a deadline."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

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
    for row in _executions(store):
        # A runner that died is taken off its execution by the store itself.
        if row["runner"] is not None:
            return f"execution {row['exec_id']} is {row['status']}"
    for wait in store.read("waits", status="pending"):
        if wait.get("deadline") is not None:
            return f"a wait of execution {wait['exec_id']} has a deadline"
    return None


def _executions(store: Store) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = store.read("executions", statuses=["running", "waiting"], limit=1000)["items"]
    return found
