"""The engine of one process: starts, continues and ends executions on one store."""

from __future__ import annotations

import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kitaru.code.notebook import notebook_path
from kitaru.errors import KitaruConflictError, KitaruStateError, KitaruUsageError
from kitaru.runtime.body import Run
from kitaru.runtime.caching import ResultCache
from kitaru.runtime.execution import Execution, current_execution, new_id
from kitaru.runtime.handle import FlowHandle
from kitaru.runtime.hub import Hub
from kitaru.runtime.outbox import Outbox
from kitaru.runtime.parameters import bind
from kitaru.runtime.pulse import Pulse
from kitaru.runtime.recorded import history_from, plan_from
from kitaru.runtime.runs import Runs
from kitaru.runtime.settings import Settings
from kitaru.runtime.signals import Stopped
from kitaru.runtime.snapshot import Snapshots, load_flow
from kitaru.runtime.starting import begin
from kitaru.runtime.values import decode, encode
from kitaru.runtime.workplace import Workplace
from kitaru.store import events as kinds
from kitaru.store.events import ENDED

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from concurrent.futures import Future

    from kitaru.runtime.flow import Flow
    from kitaru.runtime.replay import ReplayPlan
    from kitaru.store.events import Event
    from kitaru.store.protocol import Expect, Store

OPEN = ["pending", "running", "waiting", "interrupted"]
ON_DIVERGENCE = ("error", "rerun", "reuse")
_engines: dict[int, Engine] = {}
_lock = threading.Lock()


def engine() -> Engine:
    """The engine on the store that this process uses."""
    from kitaru.store.connect import open_store

    store = open_store()
    with _lock:
        found = _engines.get(id(store))
        if found is None or found.store is not store:
            found = _engines[id(store)] = Engine(store)
        return found


def close_engines() -> None:
    """Let go of every store: running bodies stop at their next primitive and stay resumable."""
    with _lock:
        engines = list(_engines.values())
        _engines.clear()
    for found in engines:
        found.close()


class Engine:
    """Starts, continues and ends executions.

    Parameters
    ----------
    store
        Where everything is recorded.
    """

    def __init__(self, store: Store) -> None:
        from kitaru.runtime.exit import at_exit

        self.store = store
        self.outbox = Outbox(store)
        self.hub = Hub(store)
        self.snapshots = Snapshots(self.outbox)
        self.runs = Runs()
        self._ending = False
        self.stays = True
        """Whether this process is there for more than what it runs, so that a flow may stay that only waits."""
        self.records_bodies = False
        """Whether what bodies print is recorded, as nobody sees it otherwise."""
        self._pulse = Pulse(store, lambda: bool(self.runs.alive()))
        at_exit(self)

    def start(
        self,
        flow: Flow[..., Any],
        arguments: dict[str, Any],
        settings: Settings,
        *,
        forced: bool | None = None,
        tags: list[str] | None = None,
        plan: ReplayPlan | None = None,
        replay: dict[str, Any] | None = None,
    ) -> FlowHandle[Any]:
        """Record a new execution, start its body in the background and return its handle."""
        parent = current_execution.get()
        if parent is not None and plan is None:
            from kitaru.runtime.children import start_child

            return start_child(self, parent, flow, arguments, settings, forced)
        return self.launch(new_id(), flow, arguments, settings, forced=forced, tags=tags, plan=plan, replay=replay)

    def launch(
        self,
        exec_id: str,
        flow: Flow[..., Any],
        arguments: dict[str, Any],
        settings: Settings,
        *,
        forced: bool | None = None,
        tags: list[str] | None = None,
        plan: ReplayPlan | None = None,
        replay: dict[str, Any] | None = None,
        parent: tuple[str, str] | None = None,
    ) -> FlowHandle[Any]:
        """Record an execution of this id and start it."""
        payloads = self.store.payloads
        body: dict[str, Any] = {
            "flow": flow.name,
            "snapshot_id": self.snapshots.record(flow),
            "inputs": {name: encode(value, payloads, where=name) for name, value in arguments.items()},
            "stack": settings.stack,
            "spec": settings.record() | {"forced_cache": forced, "import_path": sys.path[0]},
            "parent_exec_id": parent[0] if parent else None,
            "parent_call": parent[1] if parent else None,
            "original_exec_id": plan.source if plan else None,
            "replay": replay,
            "notebook": notebook_path(),
            "cwd": str(Path.cwd()),
            "interpreter": sys.executable,
            "tags": tags or [],
            "metadata": {},
        }
        # Made first: a stack that is not there must not leave an execution behind.
        execution = self._execution(exec_id, flow.name, 1, settings, forced, plan, body["parent_exec_id"])
        created: Event = {"kind": kinds.CREATED, "at": time.time(), "exec_id": exec_id, "body": body}
        return begin(lambda: self._create(created, execution, flow, arguments), self._give_up)

    def _create(
        self, created: Event, execution: Execution, flow: Flow[..., Any], arguments: dict[str, Any]
    ) -> FlowHandle[Any]:
        exec_id = execution.exec_id
        position = self.outbox.commit([created, self._claim(exec_id, 1, "live")], {"exec_id": exec_id, "absent": True})
        return self._started(self._listening(Run(self, execution, flow, arguments), position))

    def _give_up(self, handle: FlowHandle[Any]) -> None:
        run = self.runs.get(handle.exec_id)
        if run is not None and run.alive:
            self.interrupt(run, "interrupted with Ctrl-C while it was started")

    def resume(
        self,
        execution: str,
        flow: Flow[..., Any] | None = None,
        *,
        code: str = "recorded",
        on_divergence: str = "error",
        statuses: tuple[str, ...] = ("interrupted", "waiting", "pending", "running"),
    ) -> FlowHandle[Any]:
        """Take an execution that has no runner and go on with it; finished calls are not run again.

        Raises
        ------
        KitaruStateError
            If it runs in a process that lives, or has ended.
        KitaruConflictError
            If somebody else takes it at the same time.
        """
        if on_divergence not in ON_DIVERGENCE:
            raise KitaruUsageError(f"on_divergence={on_divergence!r}: give one of {', '.join(ON_DIVERGENCE)}")
        exec_id = self.resolve(execution)
        earlier = self.runs.get(exec_id)
        if earlier is not None and earlier.alive:
            raise KitaruStateError(f"Execution {exec_id} runs in this process already; its handle can wait for it.")
        recorded = self.store.read("history", exec_id=exec_id)
        head = recorded["execution"]
        require_idle(head, statuses)
        flow = flow or self._flow_for(head, code)
        arguments = {name: decode(value, self.store.payloads) for name, value in head["inputs"].items()}
        if head["deployment_version"] is not None:
            # Who invoked it had a schema and no types.
            arguments = bind(flow, (), arguments)
        return begin(lambda: self._take_over(head, flow, arguments, code, on_divergence), self._give_up)

    def _take_over(
        self, head: dict[str, Any], flow: Flow[..., Any], arguments: dict[str, Any], code: str, on_divergence: str
    ) -> FlowHandle[Any]:
        exec_id = head["exec_id"]
        epoch = head["epoch"] + 1
        position = self.outbox.commit(
            [self._claim(exec_id, epoch, code)],
            {"exec_id": exec_id, "epoch": head["epoch"], "statuses": [head["status"]]},
        )
        spec = dict(head["spec"] or {})
        forced = spec.pop("forced_cache", None)
        spec.pop("import_path", None)
        settings = Settings(**(spec | {"on_divergence": on_divergence}))
        plan = plan_from(self.store, head)
        live = self._execution(exec_id, flow.name, epoch, settings, forced, plan, head["parent_exec_id"])
        live.again = head["status"] in ENDED
        run = self._listening(Run(self, live, flow, arguments), position)
        # Read again: an answer may have come before the claim.
        live.history = history_from(self.store.read("history", exec_id=exec_id), on_divergence)
        return self._started(run)

    def retry(self, execution: str, flow: Flow[..., Any] | None = None, *, code: str = "current") -> FlowHandle[Any]:
        """Run a failed or cancelled execution again: what finished is kept, what failed runs anew."""
        return self.resume(execution, flow, code=code, statuses=("failed", "cancelled", "interrupted"))

    def replay(
        self,
        flow: Flow[..., Any] | None,
        execution: str,
        settings: Settings | None,
        *,
        forced: bool | None,
        at: str | None,
        flow_overrides: Mapping[str, Any] | None,
        checkpoint_overrides: Mapping[str, Mapping[str, Any]] | None,
        invocation_overrides: Mapping[str, Mapping[str, Any]] | None,
        answers: Mapping[str, Any] | None,
        exec_id: str | None = None,
    ) -> FlowHandle[Any]:
        """Make a new execution, of the id `exec_id` if given, from a recorded one; see `Flow.replay`."""
        from kitaru.runtime.recorded import make_plan, replay_record
        from kitaru.runtime.replay import check_inputs

        source = self.resolve(execution)
        recorded = self.store.read("history", exec_id=source)
        plan = make_plan(recorded, at, checkpoint_overrides, invocation_overrides, answers)
        flow = flow or self._flow_for(recorded["execution"], "current")
        check_inputs(plan, flow)
        inputs = recorded["execution"]["inputs"]
        arguments = {name: decode(value, self.store.payloads) for name, value in inputs.items()}
        kept = {name: value for name, value in arguments.items() if name in flow.signature.parameters}
        fitted = bind(flow, (), kept | dict(flow_overrides or {}))
        replay = replay_record(
            self.store.payloads, at, flow_overrides, checkpoint_overrides, invocation_overrides, answers
        )
        made = exec_id or new_id()
        return self.launch(made, flow, fitted, settings or Settings(), forced=forced, plan=plan, replay=replay)

    def go_on(self, exec_id: str) -> None:
        """Continue an execution that was let go because one that it started waited for an answer, if it still is."""
        recorded = self.store.read("head", exec_id=exec_id)
        head = recorded["execution"]
        if head["status"] == "waiting" and head["runner"] is None and not head["waits_pending"]:
            with suppress(KitaruStateError):  # somebody was faster
                self.resume(exec_id)

    def cancel(self, execution: str, reason: str = "") -> None:
        """End an execution that has not ended, and those that it started; who runs them stops at the next primitive."""
        exec_id = self.resolve(execution)
        event: Event = {"kind": kinds.CANCELLED, "at": time.time(), "exec_id": exec_id, "body": {"reason": reason}}
        try:
            self.outbox.commit([event], {"exec_id": exec_id, "statuses": OPEN})
        except KitaruConflictError:
            status = self.status(exec_id)
            raise KitaruStateError(f"Execution {exec_id} cannot be cancelled: it is {status}.") from None
        run = self.runs.get(exec_id)
        if run is not None:
            run.execution.cancel(reason)
        self.cancel_children(exec_id)

    def cancel_children(self, exec_id: str) -> None:
        """Cancel what a cancelled execution started as parts of itself: nobody waits for it any more."""
        open_ones = self.store.read("executions", parent=exec_id, statuses=OPEN, limit=10_000)["items"]
        for child in open_ones:
            with suppress(KitaruStateError):  # it ended in this moment
                self.cancel(child["exec_id"], f"{exec_id}, which started it, was cancelled")

    def interrupt(self, run: Run, reason: str) -> None:
        """Let a run's body stop at its next primitive, and record that it is interrupted."""
        execution = run.execution
        # First: a body that is refused because it is recorded as interrupted knows the reason by then.
        execution.unwind(Stopped(reason))
        still: Expect = {"exec_id": execution.exec_id, "epoch": execution.epoch, "statuses": ["running", "waiting"]}
        with suppress(KitaruStateError):  # it ended, said so itself, or was taken over in this moment
            execution.commit(kinds.INTERRUPTED, {"reason": reason}, still)

    def park(self) -> None:
        """Let go of questions at once, also of those that are still to come: this process ends."""
        self._ending = True
        for run in self.runs.alive():
            run.execution.park()

    def close(self) -> None:
        """Stop the bodies at their next primitive, write out what is queued and end the subscription."""
        for run in self.runs.alive():
            run.execution.unwind(Stopped(f"execution {run.execution.exec_id}: its engine was closed"))
        self._pulse.stop()
        self.hub.close()
        self.outbox.close()

    def resolve(self, execution: str) -> str:
        """Complete the beginning of an execution id."""
        if execution in self.runs:
            return execution
        found: list[str] = self.store.read("resolve", prefix=execution)
        from kitaru.errors import KitaruNotFoundError

        if not found:
            raise KitaruNotFoundError(
                f"No execution {execution!r} in {self.store.location}. `kitaru executions list` shows what there is."
            )
        if len(found) > 1 and execution not in found:
            raise KitaruStateError(f"{execution!r} is the beginning of several executions: {', '.join(found)}.")
        return execution if execution in found else found[0]

    def status(self, exec_id: str) -> str:
        """What the store says of an execution."""
        return str(self.store.read("head", exec_id=exec_id)["execution"]["status"])

    def end_of(self, exec_id: str, *, asked: bool = False) -> Future[None]:
        """A future that is done when the execution has ended or was let go; with `asked`, only when it has ended."""
        run = self.runs.get(exec_id)
        if run is not None and not run.let_go:
            return run.done
        from kitaru.runtime.elsewhere import end_elsewhere

        return end_elsewhere(self, exec_id, asked=asked)

    def outcome(self, exec_id: str) -> dict[str, Any]:
        """How the execution ended: status with result, failure or open questions."""
        run = self.runs.get(exec_id)
        if run is not None and run.outcome is not None and not run.let_go:
            self.runs.seen(exec_id)
            return run.outcome
        from kitaru.runtime.elsewhere import recorded_outcome

        return recorded_outcome(self.store, exec_id)

    def _claim(self, exec_id: str, epoch: int, code: str) -> Event:
        from kitaru.store.runner import runner_identity

        body = {"runner": runner_identity(), "code": code}
        return {"kind": kinds.CLAIMED, "at": time.time(), "exec_id": exec_id, "epoch": epoch, "body": body}

    def _execution(
        self,
        exec_id: str,
        name: str,
        epoch: int,
        settings: Settings,
        forced: bool | None,
        plan: ReplayPlan | None,
        parent: str | None,
    ) -> Execution:
        from kitaru.runtime.execution import History
        from kitaru.stacks.registry import open_stack

        stack = open_stack(settings.stack)
        cache = ResultCache(self.store, enabled=settings.cache, forced=forced is not None)
        place = Workplace(stack.runtime, stack.isolated)
        return Execution(
            exec_id, name, epoch, settings, self.outbox, self.store.payloads, History(), place, cache, plan, parent
        )

    def _listening(self, run: Run, position: int) -> Run:
        self.hub.listen(run.execution.exec_id, run.on_event, after=position)
        return run

    def _started(self, run: Run) -> FlowHandle[Any]:
        self.runs.add(run)
        if self._ending:
            run.execution.park()
        run.start()
        self._pulse.start()
        return FlowHandle(self, run.execution.exec_id, run.flow.name, run)

    def _flow_for(self, head: dict[str, Any], code: str) -> Flow[..., Any]:
        """The live flow where it is the recorded one (or ``code='current'``), else the recorded snapshot."""
        from kitaru.runtime.flow import defined
        from kitaru.runtime.snapshot import snapshot_id_of

        live = defined.get(head["flow"], {})
        for flow in live.values():
            if snapshot_id_of(flow) == head["snapshot_id"]:
                return flow
        row = self.store.read("snapshot", snapshot_id=head["snapshot_id"])
        if live and code == "current":
            # Two modules may have a flow of this name; one that moved to another module is still the flow of its name.
            return live.get(row["module"]) or list(live.values())[-1]
        beside = (head["spec"] or {}).get("import_path")
        if beside and beside not in sys.path:
            sys.path.append(beside)  # modules beside the script that started the execution
        return load_flow(row, self.store.payloads)


def require_idle(head: Mapping[str, Any], statuses: Sequence[str]) -> None:
    """Explain why an execution cannot be taken up, if it is of another status or somebody runs it.

    Raises
    ------
    KitaruStateError
        If it cannot.
    """
    from kitaru.store.runner import runner_identity

    status, exec_id = head["status"], head["exec_id"]
    if status not in statuses:
        raise KitaruStateError(_advice(exec_id, status))
    runner = head.get("runner")
    if status in ("running", "waiting") and runner and runner["runner_id"] != runner_identity()["runner_id"]:
        raise KitaruStateError(
            f"Execution {exec_id} runs in process {runner['pid']} ({runner['label']}): cancel it, or wait for it."
        )


def _advice(exec_id: str, status: str) -> str:
    advice = {
        "completed": "it has its result; use replay to make a new execution from it.",
        "failed": f"use: kitaru executions retry {exec_id}",
        "cancelled": f"use: kitaru executions retry {exec_id}",
        "interrupted": f"use: kitaru executions resume {exec_id}",
    }
    return f"Execution {exec_id} is {status}: {advice.get(status, 'it has not ended yet.')}"
