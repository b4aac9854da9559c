"""Executions that do not run in this process: waiting for their end, and reading it."""

from __future__ import annotations

from concurrent.futures import Future
from typing import TYPE_CHECKING, Any

from kitaru.runtime.values import decode
from kitaru.store import events as kinds

if TYPE_CHECKING:
    from kitaru.runtime.engine import Engine
    from kitaru.store.events import Event
    from kitaru.store.protocol import Store

OVER = frozenset({kinds.COMPLETED, kinds.FAILED, kinds.CANCELLED, kinds.INTERRUPTED, kinds.SUSPENDED})


def end_elsewhere(engine: Engine, exec_id: str) -> Future[None]:
    """A future that is done when the execution has no runner any more."""
    done: Future[None] = Future()

    def on_event(event: Event) -> None:
        if event["kind"] in OVER and not done.done():
            engine.hub.forget(exec_id, on_event)
            done.set_result(None)

    position = engine.store.read("info")["position"]
    engine.hub.listen(exec_id, on_event, after=position)
    head = engine.store.read("history", exec_id=exec_id)["execution"]
    if (head["status"] not in ("running", "pending") and not head.get("runner")) and not done.done():
        engine.hub.forget(exec_id, on_event)
        done.set_result(None)
    return done


def recorded_outcome(store: Store, exec_id: str) -> dict[str, Any]:
    """Read how an execution ended, or where it stands."""
    recorded = store.read("execution", exec_id=exec_id)
    head = recorded["execution"]
    outcome: dict[str, Any] = {"status": head["status"], "failure": head.get("failure"), "reason": head.get("reason")}
    if head["status"] == "completed":
        outcome["result"] = decode(head["output"], store.payloads)
    pending = [row for row in recorded["waits"] if row["status"] == "pending"]
    outcome["questions"] = [(row["name"], row.get("question")) for row in pending]
    return outcome
