"""Answers to questions: checked, recorded once, and followed by the execution's going on."""

from __future__ import annotations

import getpass
import time
from typing import TYPE_CHECKING, Any

from kitaru.client import records
from kitaru.client.continuation import go_on, go_on_with_parent
from kitaru.client.schema import check_answer
from kitaru.client.times import ago, moment
from kitaru.errors import KitaruConflictError, KitaruNotFoundError, KitaruStateError
from kitaru.store import events as kinds

if TYPE_CHECKING:
    from kitaru.client.client import KitaruClient
    from kitaru.client.models import Execution, PendingWait


class Answers:
    """Gives answers in the name of a client."""

    def __init__(self, client: KitaruClient) -> None:
        self._client = client

    def pending(self, exec_id: str | None) -> list[PendingWait]:
        """Return open questions."""
        return [records.wait(self._client, row) for row in self._client.store.read("waits", exec_id=exec_id)]

    def give(self, exec_id: str, value: Any, wait: str | None, by: str | None) -> Execution:
        """Record an answer and see to it that somebody goes on."""
        asked = self.pick(exec_id, wait)
        check_answer(asked["schema"], value, f"{asked['name']!r} of execution {exec_id}")
        body = {"wait": asked["name"], "value": value, "by": by or user_name(), "source": "input"}
        self._append(exec_id, asked["name"], [(kinds.WAIT_ANSWERED, body)])
        execution = self._client.executions.get(exec_id)
        go_on(self._client, execution)
        return execution

    def abort(self, exec_id: str, wait: str | None, by: str | None) -> Execution:
        """Record that a question will not be answered; that ends the execution."""
        name = self.pick(exec_id, wait)["name"]
        who = by or user_name()
        reason = f"question {name!r} was aborted by {who}"
        events = [(kinds.WAIT_ABORTED, {"wait": name, "by": who}), (kinds.CANCELLED, {"reason": reason})]
        self._append(exec_id, name, events)
        self._client.engine.cancel_children(exec_id)
        aborted = self._client.executions.get(exec_id)
        go_on_with_parent(self._client, aborted)
        return aborted

    def pick(self, exec_id: str, wait: str | None) -> dict[str, Any]:
        """Return the row of the open question of that name, or of the only one."""
        rows = self._client.store.read("waits", exec_id=exec_id, status=None)
        pending = [row for row in rows if row["status"] == "pending"]
        chosen = [row for row in rows if wait in (row["name"], f"{exec_id}/{row['name']}")] if wait else pending
        if len(chosen) == 1:
            if chosen[0]["status"] != "pending":
                raise _too_late(chosen[0])
            row: dict[str, Any] = chosen[0]
            return row
        names = ", ".join(row["name"] for row in pending) or "none"
        if wait is not None:
            raise KitaruNotFoundError(f"Execution {exec_id} has no question {wait!r}; open are: {names}.")
        if not rows:  # it may not exist at all, which is the better thing to say
            self._client.store.read("head", exec_id=exec_id)
        if rows and not pending:
            raise _too_late(rows[-1])
        if not pending:
            raise KitaruStateError(
                f"Execution {exec_id} waits for no answer. See where it stands: kitaru executions get {exec_id}"
            )
        raise KitaruStateError(
            f"Execution {exec_id} has several open questions: {names}. Say which one (wait=, or --wait)."
        )

    def _append(self, exec_id: str, wait: str, events: list[tuple[str, dict[str, Any]]]) -> None:
        batch: Any = {
            "events": [{"kind": kind, "at": time.time(), "exec_id": exec_id, "body": body} for kind, body in events],
            "expect": {"exec_id": exec_id, "wait_pending": wait},
        }
        (ack,) = self._client.store.append([batch])
        if "refused" not in ack:
            return
        rows = self._client.store.read("waits", exec_id=exec_id, status=None)
        for row in rows:
            if row["name"] == wait and row["status"] != "pending":
                raise _too_late(row)
        raise KitaruConflictError(ack["refused"]["message"])


def _too_late(row: dict[str, Any]) -> KitaruConflictError:
    when = moment(row["ended_at"])
    at = f" {ago(when)} ({when:%Y-%m-%d %H:%M:%S} UTC)" if when else ""
    who = f" by {row['by']}" if row["by"] else ""
    how = " because its deadline passed" if row["source"] == "deadline" else who
    return KitaruConflictError(
        f"Question {row['name']!r} of execution {row['exec_id']} was {row['status']}{how}{at}. Your answer was not "
        "recorded."
    )


def user_name() -> str:
    """Name of who runs this process, as it is recorded.

    Examples
    --------
    >>> bool(user_name())
    True
    """
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a container's user may have no name
        return "somebody"
