"""What a replay would do, told before it is done: which calls run, which are reused, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal

from kitaru.client.models import Model

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kitaru.client.client import KitaruClient
    from kitaru.runtime.matching import RecordedCall
    from kitaru.runtime.replay import ReplayPlan

Action = Literal["reuse", "run", "override", "run if its inputs change"]
MAYBE: Final[Action] = "run if its inputs change"


class PlannedCall(Model):
    """What would happen to one recorded call.

    Examples
    --------
    >>> PlannedCall(name="count", checkpoint="count", action="reuse", why="its inputs are the recorded ones")
    count: reuse (its inputs are the recorded ones)
    """

    name: str
    checkpoint: str
    action: Action
    why: str

    def __str__(self) -> str:
        return f"{self.name}: {self.action} ({self.why})"


class PlannedAnswer(Model):
    """What would happen to one recorded question.

    Examples
    --------
    >>> PlannedAnswer(name="approve", action="given", why="its answer is given").action
    'given'
    """

    name: str
    action: Literal["reuse", "given", "ask"]
    why: str

    def __str__(self) -> str:
        return f"{self.name}: {self.action} ({self.why})"


class DryRun(Model):
    """A replay's plan.

    Examples
    --------
    >>> import kitaru
    >>> @kitaru.checkpoint
    ... def count(text: str) -> int:
    ...     return len(text)
    >>> @kitaru.flow
    ... def measure(text: str) -> int:
    ...     return count(text)
    >>> handle = measure.run("twelve words")
    >>> handle.wait()
    12
    >>> client = kitaru.KitaruClient()
    >>> plan = client.executions.dry_run(handle.exec_id, at="count")
    >>> [call.action for call in plan.calls]
    ['run']
    """

    original_exec_id: str
    flow_name: str
    at: str | None
    calls: list[PlannedCall]
    questions: list[PlannedAnswer]

    def __str__(self) -> str:
        lines = [f"Replay of {self.original_exec_id} ({self.flow_name})" + (f" at {self.at}" if self.at else "")]
        planned: list[PlannedCall | PlannedAnswer] = [*self.calls, *self.questions]
        width = max((len(item.name) for item in planned), default=0)
        lines += [f"  {item.name:<{width}}  {item.action}: {item.why}" for item in planned]
        return "\n".join(lines)


def dry_run(
    execution: str,
    *,
    at: str | None = None,
    flow_overrides: Mapping[str, Any] | None = None,
    checkpoint_overrides: Mapping[str, Mapping[str, Any]] | None = None,
    invocation_overrides: Mapping[str, Mapping[str, Any]] | None = None,
    answers: Mapping[str, Any] | None = None,
    read_values: bool = True,
    client: KitaruClient | None = None,
) -> DryRun:
    """Say what a replay of an execution would run and what it would reuse; nothing runs.

    Parameters
    ----------
    execution
        The recorded execution.
    at, flow_overrides, checkpoint_overrides, invocation_overrides, answers
        The request, as for `Flow.replay`.
    read_values
        Read the recorded arguments to compare them with new ones. False takes an argument that only unpickling could
        read as changed.
    client
        Where to look; a new `KitaruClient` if not given.

    Returns
    -------
    DryRun
        For each recorded call one of ``"reuse"``, ``"run"``, ``"override"`` and ``"run if its inputs change"``.
        Calls that only the replay will make are not known before it runs.

    Raises
    ------
    KitaruStateError
        If `at` or an override names nothing that is recorded.
    KitaruUsageError
        If the request says nothing meaningful.

    Examples
    --------
    >>> import kitaru
    >>> @kitaru.checkpoint
    ... def double(n: int) -> int:
    ...     return 2 * n
    >>> @kitaru.flow
    ... def doubling(n: int) -> int:
    ...     return double(n)
    >>> handle = doubling.run(4)
    >>> handle.wait()
    8
    >>> print(dry_run(handle.exec_id, flow_overrides={"n": 5}).calls[0])
    double: run if its inputs change (it is recorded, and arguments of the flow change: n)
    """
    from kitaru.client.client import KitaruClient
    from kitaru.runtime.flow import defined
    from kitaru.runtime.recorded import make_plan
    from kitaru.runtime.replay import check_inputs

    client = client or KitaruClient()
    recorded = client.store.read("history", exec_id=client.executions.resolve(execution))
    plan = make_plan(recorded, at, checkpoint_overrides, invocation_overrides, answers)
    head = recorded["execution"]
    if head["flow"] not in defined:  # else the replay may run other code than the recorded
        check_inputs(plan, None)
    changed = _changed_inputs(client, head["inputs"] or {}, flow_overrides or {}, read_values)
    return DryRun(
        original_exec_id=head["exec_id"],
        flow_name=head["flow"],
        at=plan.at.name if plan.at else None,
        calls=_planned(plan, changed),
        questions=[_question(plan, name) for name in {**plan.waits, **plan.answers}],
    )


def _planned(plan: ReplayPlan, changed: list[str]) -> list[PlannedCall]:
    calls: list[PlannedCall] = []
    unsure: list[RecordedCall] = []
    for call in sorted(plan.calls, key=lambda call: call.sequence):
        action, why = _verdict(plan, call)
        if action == "reuse":
            # What a call that runs returns can reach only the calls that began after it.
            sources = [other.name for other in unsure if _ended(other) <= call.first_position]
            if changed:
                action, why = MAYBE, f"it is recorded, and arguments of the flow change: {', '.join(changed)}"
            elif sources and call.inputs:
                action, why = MAYBE, f"it is recorded, and what comes before it may change: {sources[0]}"
        if action != "reuse":
            unsure.append(call)
        calls.append(PlannedCall(name=call.name, checkpoint=call.checkpoint, action=action, why=why))
    return calls


def _verdict(plan: ReplayPlan, call: RecordedCall) -> tuple[Action, str]:
    override = {**plan.checkpoints.get(call.checkpoint, {}), **plan.invocations.get(call.name, {})}
    if "output" in override:
        return "override", "its output is given"
    if "input" in override:
        return "run", f"its input is given: {_names(override['input'])}"
    if replaced := sorted(override.keys() & {"code", "model"}):
        return "run", f"its {' and '.join(replaced)} is replaced"
    if not call.finished:
        return "run", f"it is recorded as {call.status}"
    if plan.at is not None and call.name == plan.at.name:
        return "run", "the replay sets in here"
    if not plan.reusable(call):
        return "run", f"it began after {plan.at.name if plan.at else 'the point of the replay'!r} ended"
    if plan.at is None:
        return "reuse", "its inputs are the recorded ones"
    return "reuse", f"it began before {plan.at.name!r} ended"


def _ended(call: RecordedCall) -> int:
    return call.first_position if call.end_position is None else call.end_position


def _names(given: Any) -> str:
    return ", ".join(given) if isinstance(given, dict) else repr(given)


def _question(plan: ReplayPlan, name: str) -> PlannedAnswer:
    if name in plan.answers:
        why = "its answer is given" if name in plan.waits else "its answer is given; the source has no such question"
        return PlannedAnswer(name=name, action="given", why=why)
    if plan.answer_for(name) is not None:
        return PlannedAnswer(name=name, action="reuse", why="its answer is recorded")
    asked = plan.waits[name]
    why = f"it is recorded as {asked.status}" if asked.status != "answered" else "it was asked after the replay sets in"
    return PlannedAnswer(name=name, action="ask", why=why)


def _changed_inputs(
    client: KitaruClient, recorded: Mapping[str, Any], given: Mapping[str, Any], read_values: bool
) -> list[str]:
    """Names of the flow's arguments that get another value than the recorded one."""
    from kitaru.runtime.values import digest

    def same(name: str, value: Any) -> bool:
        record, known = recorded.get(name), digest(value)
        if record is None or known is None or not (read_values or record["codec"] == "json"):
            return False
        return known == digest(client.decode(record))

    return [name for name, value in given.items() if not same(name, value)]
