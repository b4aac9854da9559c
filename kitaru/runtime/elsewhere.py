"""Executions that do not run in this process: waiting for their end, and reading it."""

from __future__ import annotations

import threading
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any

from kitaru.runtime.values import decode
from kitaru.store import events as kinds
from kitaru.store.protocol import current_position

if TYPE_CHECKING:
    from kitaru.runtime.engine import Engine
    from kitaru.store.events import Event
    from kitaru.store.protocol import Store

OVER = frozenset({kinds.COMPLETED, kinds.FAILED, kinds.CANCELLED, kinds.INTERRUPTED, kinds.SUSPENDED})


def end_elsewhere(engine: Engine, exec_id: str, *, asked: bool = False) -> Future[None]:
    """A future that is done when the execution has no runner any more, and none comes by itself.

    With `asked` open questions are no end: their answers bring a runner.
    """
    done: Future[None] = Future()
    once = threading.Lock()

    def finish() -> None:
        if once.acquire(blocking=False):
            engine.hub.forget(exec_id, on_event)
            run = engine.runs.get(exec_id)
            if run is not None and run.alive:  # it knows more than the record: the user's own exception
                run.done.add_done_callback(lambda _: done.set_result(None))
            else:
                done.set_result(None)

    def on_event(event: Event) -> None:
        if event["kind"] in OVER and not (asked and event["kind"] == kinds.SUSPENDED):
            finish()

    engine.hub.listen(exec_id, on_event, after=current_position(engine.store))
    if not _goes_on(engine.store.read("head", exec_id=exec_id), asked):
        finish()
    return done


def _goes_on(recorded: dict[str, Any], asked: bool) -> bool:
    """Whether somebody runs the execution, or will: an answer to the last open question continues it.

    The question may also be that of an execution that this one started.
    """
    head = recorded["execution"]
    if head["status"] in ("running", "pending") or head.get("runner"):
        return True
    if head["status"] != "waiting":
        return False
    open_questions = any(row["status"] == "pending" for row in recorded["waits"])
    return asked or not (open_questions or any(child["status"] == "waiting" for child in recorded["children"]))


def recorded_outcome(store: Store, exec_id: str) -> dict[str, Any]:
    """Read how an execution ended, or where it stands."""
    recorded = store.read("head", exec_id=exec_id)
    head = recorded["execution"]
    outcome: dict[str, Any] = {"status": head["status"], "failure": head.get("failure"), "reason": head.get("reason")}
    if head["status"] == "completed":
        outcome["result"] = decode(head["output"], store.payloads)
    pending = [row for row in recorded["waits"] if row["status"] == "pending"]
    outcome["questions"] = [(row["name"], row.get("question")) for row in pending]
    if not pending:
        waiting = (child["exec_id"] for child in recorded["children"] if child["status"] == "waiting")
        outcome["child"] = next(waiting, None)
    return outcome
