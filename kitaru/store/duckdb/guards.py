"""What the writer knows of executions when it decides whether a batch is accepted.

The state is that of what was accepted, which the database reaches only later: so one of two
claims, answers or deletions wins, and the other one is told, without asking the database.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from kitaru.store import events as kinds
from kitaru.store.duckdb.deployment_guards import DeploymentGuards
from kitaru.store.duckdb.job_guards import JOB_KINDS, Jobs, OpenJob, apply_job_event, without_target
from kitaru.store.duckdb.refused import RefusedError
from kitaru.store.duckdb.schedule_guards import ScheduleGuards
from kitaru.store.events import ENDED, Event, Runner

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from kitaru.store.protocol import Batch, Expect, Refusal

_REMEMBERED = 10_000


@dataclass(slots=True)
class PendingWait:
    """A question that nobody has answered, and when it is answered with its default (unix seconds)."""

    deadline: float | None


@dataclass(slots=True)
class Guard:
    """The state of one execution as far as conditions ask for it; `status` is "" if it does not exist."""

    exec_id: str
    status: str = ""
    epoch: int = 0
    runner: Runner | None = None
    waits: dict[str, PendingWait] = field(default_factory=dict)
    parent: str | None = None
    """The execution that started this one as a part of itself."""
    jobs: Jobs = field(default_factory=dict)
    """Open jobs that are about it."""
    position: int = 0
    """Up to where the database must have come before this may be forgotten."""

    @classmethod
    def of_row(cls, exec_id: str, row: Mapping[str, Any] | None) -> Guard:
        """Return the state that the database tells; None stands for an execution that does not exist."""
        if row is None:
            return cls(exec_id)
        jobs = {job["job_id"]: OpenJob.of_row(job) for job in row["jobs"]}
        return cls(exec_id, row["status"], row["epoch"] or 0, row["runner"], _pending(row), row["parent_exec_id"], jobs)

    def runners(self) -> list[Runner]:
        """Return who runs it, and who has its jobs."""
        # Copied at once: the writer's thread may replace them meanwhile.
        return [runner for runner in (self.runner, *(job.runner for job in tuple(self.jobs.values()))) if runner]

    @property
    def is_open(self) -> bool:
        """Whether something may still happen to it by itself."""
        return bool(self.jobs) or (bool(self.status) and self.status not in ENDED)


def _pending(row: Mapping[str, Any]) -> dict[str, PendingWait]:
    deadlines = row["deadlines"]
    return {name: PendingWait(deadlines.get(name)) for name in row["waits_pending"]}


class Guards:
    """The states of all executions that matter; used by one thread at a time, except for `prepare`.

    Parameters
    ----------
    load
        Asks the database for an execution that is not in memory; None if it has none.
    applied
        Returns the position up to which the database has come.
    """

    def __init__(self, load: Callable[[str], Mapping[str, Any] | None], applied: Callable[[], int]) -> None:
        self._load = load
        self._applied = applied
        self._open: dict[str, Guard] = {}
        self._resting: OrderedDict[str, Guard] = OrderedDict()
        self._undo: dict[str, Guard | None] = {}
        self.deployments = DeploymentGuards()
        self.schedules = ScheduleGuards()

    def restore(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Take over the executions that the database has open, or has open jobs of."""
        for row in rows:
            self._put(Guard.of_row(row["exec_id"], row))

    def open_executions(self) -> list[Guard]:
        """Return the states of the executions that have not ended, or have open jobs, as they are now."""
        return list(self._open.values())

    def get(self, exec_id: str) -> Guard:
        """Return the state of an execution, from memory or from the database."""
        found = self._open.get(exec_id) or self._resting.get(exec_id)
        if found is None:
            found = Guard.of_row(exec_id, self._load(exec_id))
            self._put(found)
        return found

    def prepare(self, batches: Iterable[Batch]) -> dict[str, Guard]:
        """Ask the database for what `judge` will need, in the caller's thread so that no other append waits for it."""
        unknown = {}
        for batch in batches:
            for exec_id in _executions(batch):
                if exec_id not in self._open and exec_id not in self._resting and exec_id not in unknown:
                    unknown[exec_id] = Guard.of_row(exec_id, self._load(exec_id))
        return unknown

    def admit(self, prepared: Mapping[str, Guard]) -> None:
        """Take over what `prepare` found, except where the execution came into memory meanwhile."""
        for exec_id, guard in prepared.items():
            if exec_id not in self._open and exec_id not in self._resting:
                self._put(guard)

    def judge(self, batch: Batch, position: int) -> Refusal | None:
        """Check a batch and, if it is accepted, apply it to the states; its first event gets `position`.

        Returns
        -------
        Refusal or None
            Why the batch is refused; then nothing has changed.
        """
        changed: dict[str, Guard] = {}
        deployed, scheduled = self.deployments.draft(), self.schedules.draft()
        try:
            if "expect" in batch:
                self._check(batch["expect"], batch["events"])
            for event in batch["events"]:
                if event["exec_id"]:
                    self._accept(event, changed)
                elif event["kind"] in kinds.DEPLOYMENT_EVENTS:
                    deployed.accept(event)
                elif event["kind"] in kinds.SCHEDULE_EVENTS:
                    scheduled.accept(event)
        except RefusedError as refused:
            return refused.refusal
        last = position + len(batch["events"]) - 1
        for exec_id, guard in changed.items():
            guard.position = last
            self._undo.setdefault(exec_id, self._open.get(exec_id) or self._resting.get(exec_id))
            self._put(guard)
        deployed.keep()
        scheduled.keep()
        return None

    def settle(self) -> None:
        """Keep what was accepted: it is in the journal."""
        self._undo.clear()
        self.deployments.settle()
        self.schedules.settle()

    def roll_back(self) -> None:
        """Forget what was accepted since the last `settle`: it did not get into the journal."""
        for exec_id, guard in self._undo.items():
            self._open.pop(exec_id, None)
            self._resting.pop(exec_id, None)
            if guard is not None:
                self._put(guard)
        self._undo.clear()
        self.deployments.roll_back()
        self.schedules.roll_back()

    def _check(self, expect: Expect, events: list[Event]) -> None:
        exec_id = expect.get("exec_id") or (events[0]["exec_id"] if events else "")
        guard = self.get(exec_id)
        if expect.get("absent"):
            if guard.status:
                raise RefusedError("conflict", f"Execution {exec_id} exists already.")
            return
        if not guard.status:
            raise _missing(exec_id)
        if "epoch" in expect and guard.epoch != expect["epoch"]:
            raise RefusedError(
                "conflict", f"Execution {exec_id} was taken over: its claim is {guard.epoch}, not {expect['epoch']}."
            )
        if "statuses" in expect and guard.status not in expect["statuses"]:
            wanted = " or ".join(expect["statuses"])
            raise RefusedError("conflict", f"Execution {exec_id} is {guard.status}, not {wanted}.")
        if "wait_pending" in expect and expect["wait_pending"] not in guard.waits:
            raise _not_pending(exec_id, expect["wait_pending"])

    def _accept(self, event: Event, changed: dict[str, Guard]) -> None:
        exec_id = event["exec_id"]
        guard = changed.get(exec_id) or self.get(exec_id)
        kind = event["kind"]
        if not guard.status and kind != kinds.CREATED:
            raise _missing(exec_id)
        epoch = event.get("epoch")
        if epoch is not None and epoch != guard.epoch and not (kind == kinds.CLAIMED and epoch > guard.epoch):
            raise RefusedError(
                "stale",
                f"Execution {exec_id} is now run under claim {guard.epoch}; this runner's claim {epoch} is over.",
            )
        transition = _TRANSITIONS.get(kind)
        if transition is not None:
            if exec_id not in changed:
                guard = changed[exec_id] = replace(guard, waits=dict(guard.waits), jobs=dict(guard.jobs))
            transition(guard, event)

    def _put(self, guard: Guard) -> None:
        if guard.is_open:
            self._resting.pop(guard.exec_id, None)
            self._open[guard.exec_id] = guard
            return
        self._open.pop(guard.exec_id, None)
        self._resting[guard.exec_id] = guard
        self._resting.move_to_end(guard.exec_id)
        if len(self._resting) > _REMEMBERED:
            self._forget_oldest()

    def _forget_oldest(self) -> None:
        exec_id, guard = next(iter(self._resting.items()))
        # What the database does not know yet may be known only here.
        if guard.position <= self._applied() and exec_id not in self._undo:
            del self._resting[exec_id]


def _executions(batch: Batch) -> set[str]:
    found = {event["exec_id"] for event in batch["events"]}
    if "expect" in batch:
        found.add(batch["expect"].get("exec_id", ""))
    found.discard("")
    return found


def _missing(exec_id: str) -> RefusedError:
    return RefusedError("missing", f"There is no execution {exec_id}: it was deleted or never existed.")


def _not_pending(exec_id: str, wait: str) -> RefusedError:
    return RefusedError(
        "conflict",
        f"No question {wait!r} is pending in execution {exec_id}: it was answered or aborted before, or never asked.",
    )


def _created(guard: Guard, event: Event) -> None:
    if guard.status:
        raise RefusedError("conflict", f"Execution {guard.exec_id} exists already.")
    guard.status, guard.epoch, guard.runner = "pending", 0, None
    guard.parent = event["body"].get("parent_exec_id")


def _claimed(guard: Guard, event: Event) -> None:
    guard.status, guard.runner = "running", event["body"].get("runner")
    guard.epoch = event.get("epoch", guard.epoch + 1)


def _left(status: str) -> Callable[[Guard, Event], None]:
    def leave(guard: Guard, event: Event) -> None:
        guard.status, guard.runner = status, None
        if status in ENDED:
            guard.waits.clear()

    return leave


def _cancelled(guard: Guard, event: Event) -> None:
    _left("cancelled")(guard, event)
    guard.jobs = without_target(guard.jobs, guard.exec_id)


def _deleted(guard: Guard, event: Event) -> None:
    guard.status, guard.runner, guard.epoch = "", None, 0
    guard.waits.clear()
    guard.jobs.clear()


def _worked(guard: Guard, event: Event) -> None:
    apply_job_event(guard.jobs, event)


def _asked(guard: Guard, event: Event) -> None:
    body = event["body"]
    if guard.status in ENDED:
        raise RefusedError("conflict", f"Execution {guard.exec_id} is {guard.status}: nobody would read the answer.")
    guard.waits[body["wait"]] = PendingWait(body.get("deadline"))
    guard.status = "waiting"


def _answered(guard: Guard, event: Event) -> None:
    if guard.waits.pop(event["body"]["wait"], None) is None:
        raise _not_pending(guard.exec_id, event["body"]["wait"])
    if not guard.waits and guard.runner is not None and guard.status == "waiting":
        guard.status = "running"


_TRANSITIONS: dict[str, Callable[[Guard, Event], None]] = {
    kinds.CREATED: _created,
    kinds.CLAIMED: _claimed,
    kinds.SUSPENDED: _left("waiting"),
    kinds.COMPLETED: _left("completed"),
    kinds.FAILED: _left("failed"),
    kinds.CANCELLED: _cancelled,
    kinds.INTERRUPTED: _left("interrupted"),
    kinds.DELETED: _deleted,
    kinds.WAIT_CREATED: _asked,
    kinds.WAIT_ANSWERED: _answered,
    kinds.WAIT_ABORTED: _answered,
    **dict.fromkeys(JOB_KINDS, _worked),
}
