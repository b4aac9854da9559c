"""One call of a checkpoint: what it is called with, which recorded call it stands for, and its run."""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from kitaru.errors import KitaruDivergenceError, KitaruStateError, KitaruUsageError
from kitaru.runtime.failures import describe
from kitaru.runtime.signals import Stopped
from kitaru.runtime.steps import Commit, Invoke, Pause
from kitaru.runtime.values import decode, digest, encode, preview
from kitaru.stacks.base import Task
from kitaru.stacks.scope import CallInfo, CallScope
from kitaru.store import events as kinds

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from kitaru.runtime.checkpoint import CheckpointSpec
    from kitaru.runtime.execution import Execution
    from kitaru.runtime.matching import RecordedCall
    from kitaru.store.value_record import ValueRecord


@dataclass(slots=True)
class Call:
    """A call with its verdict; `perform` carries it out."""

    execution: Execution
    spec: CheckpointSpec
    function: Callable[..., Any]
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    name: str
    sequence: int
    concurrent: bool
    input_digest: str
    inputs: dict[str, dict[str, Any]]
    opaque: list[str]
    parents: list[str]
    recorded: RecordedCall | None = None
    reuse: Reuse | None = None
    cache_key: str | None = None
    code_id: str | None = None
    started_at: float = 0.0
    running: Any = field(default=None)

    def started_body(self) -> dict[str, Any]:
        """Describe the call, for the event that opens it."""
        return {
            "checkpoint": self.spec.name,
            "type": self.spec.type,
            "runtime": self.spec.runtime,
            "sequence": self.sequence,
            "concurrent": self.concurrent,
            "input_digest": self.input_digest,
            "inputs": self.inputs,
            "parents": self.parents,
            "opaque": self.opaque,
            "code_id": self.code_id,
            "cache_key": self.cache_key,
        }

    def idempotency_key(self) -> str:
        """Name the call for systems outside: the same over retries and resumes."""
        return f"{self.execution.exec_id}/{self.name}"


@dataclass(frozen=True, slots=True)
class Reuse:
    """A recorded output that a call takes instead of running."""

    output: ValueRecord
    reason: str
    why: str
    source_exec_id: str | None = None
    source_call: str | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """The place in the body of a call whose inputs are not there yet."""

    position: str
    replayed: str | None
    """Its position in what is replayed."""
    sequence: int


def reserve(execution: Execution, spec: CheckpointSpec, name: str | None) -> Place:
    """Give a call its place in the order of the body, so that its name does not depend on when its inputs come."""
    with execution.lock:
        execution.check()
        plan, sequence = execution.plan, execution.sequence
        execution.sequence += 1
        if name is not None:
            return Place(name, None, sequence)
        replayed = None if plan is None else plan.matcher.reserve(spec.name)
        return Place(execution.history.matcher.reserve(spec.name), replayed, sequence)


def open_call(
    execution: Execution,
    spec: CheckpointSpec,
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    *,
    name: str | None = None,
    parents: Iterable[str] = (),
    concurrent: bool = False,
    place: Place | None = None,
) -> Call:
    """Bind the arguments, name the call and find what is recorded for it.

    This runs on the thread that makes the call, in the order of the body, so that names are the same in every run;
    a call that waits for its inputs has its `place` in that order.
    """
    with execution.lock:
        execution.check()
        arguments = spec.bind(args, kwargs)
        call = _describe(execution, spec, arguments, concurrent)
        _name(execution, call, name, place)
        behind = execution.returned.calls_of((*call.args, *call.kwargs.values()))
        call.parents = list(dict.fromkeys((*parents, *behind)))
        if place is None:
            execution.sequence += 1
        else:
            call.sequence = place.sequence
        if concurrent or execution.in_flight:
            call.concurrent = True
        execution.in_flight.add(call.name)
        return call


def _describe(execution: Execution, spec: CheckpointSpec, arguments: dict[str, Any], concurrent: bool) -> Call:
    inputs: dict[str, dict[str, Any]] = {}
    opaque: list[str] = []
    parts = []
    for key, value in arguments.items():
        part = digest(value, function_digest=spec.function_digest)
        if part is None:
            opaque.append(key)
        inputs[key] = {"digest": part, "preview": preview(value, key)}
        parts.append(f"{key}={part or '?'}")
    combined = hashlib.sha256("\n".join(parts).encode()).hexdigest()
    positional, keyword = spec.spread(arguments)
    return Call(
        execution,
        spec,
        spec.function,
        positional,
        keyword,
        "",
        execution.sequence,
        concurrent,
        combined,
        inputs,
        opaque,
        [],
    )


def _name(execution: Execution, call: Call, name: str | None, place: Place | None) -> None:
    matcher = execution.history.matcher
    if name is not None and matcher.is_taken(name):
        execution.in_flight.discard(name)
        raise KitaruUsageError(
            f"id={name!r} is used twice in execution {execution.exec_id}: the id of a call is its name in the record. "
            f"Give each call of {call.spec.name}() its own id, or none."
        )
    position = place.position if place is not None and name is None else None
    if execution.plan is not None:
        position = execution.plan.apply(call, name, place.replayed if place is not None else None)
    found = matcher.match(call.spec.name, call.input_digest, name=name, position=position)
    if found.diverged:
        assert found.recorded is not None
        raise divergence(execution, call, found.recorded)
    call.name, call.recorded = found.name, found.recorded


def divergence(execution: Execution, call: Call, recorded: RecordedCall) -> KitaruDivergenceError:
    """Name the call and the argument that changed."""
    if recorded.checkpoint != call.spec.name:
        change = f"the record has {recorded.checkpoint}() at this place, the code now calls {call.spec.name}()"
    else:
        change = "; ".join(changes_of(recorded.inputs, call.inputs)) or "its arguments changed"
    return KitaruDivergenceError(
        f"Call {recorded.name!r} of execution {execution.exec_id} no longer gets the inputs that are recorded for it: "
        f"{change}. The body of a flow runs again from its top on resume and must make the same calls; put what "
        "differs from run to run into a checkpoint, or use kitaru.now(), kitaru.random() or kitaru.uuid4(). To go on "
        "in spite of it: on_divergence='rerun' (run this call with the new inputs) or on_divergence='reuse' "
        "(take the recorded output).",
        exec_id=execution.exec_id,
    )


def changes_of(before: Mapping[str, Mapping[str, Any]], now: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Name the arguments that differ, with what they were and are."""
    changes = []
    for key in {**before, **now}:
        old, new = before.get(key), now.get(key)
        if old is None or new is None:
            changes.append(f"argument {key!r} is {'new' if old is None else 'gone'}")
        elif old.get("digest") != new.get("digest"):
            changes.append(f"argument {key!r} was {_text(old)} and is {_text(new)}")
    return changes


def _text(described: Mapping[str, Any]) -> str:
    text = str((described.get("preview") or {}).get("text", "?"))
    return text if len(text) <= 80 else text[:77] + "..."


async def perform(call: Call) -> Any:
    """Carry the call out: take what is recorded, or run the function until it succeeds or no attempt is left."""
    execution = call.execution
    try:
        output, value = await _outcome(call)
        with execution.lock:
            execution.returned.note(call.name, value, output["size"], call.function)
        return value
    finally:
        with execution.lock:
            execution.in_flight.discard(call.name)


async def _outcome(call: Call) -> tuple[ValueRecord, Any]:
    execution = call.execution
    if call.recorded is not None and call.recorded.finished:
        assert call.recorded.output is not None
        return call.recorded.output, decode(call.recorded.output, execution.payloads)
    reuse = call.reuse or execution.cache.find(call)
    if reuse is not None:
        execution.post(kinds.CALL_REUSED, _reused_body(call, reuse), call.name)
        return reuse.output, decode(reuse.output, execution.payloads)
    return await _run(call)


def _reused_body(call: Call, reuse: Reuse) -> dict[str, Any]:
    return call.started_body() | {
        "output": reuse.output,
        "reason": reuse.reason,
        "why": reuse.why,
        "source_exec_id": reuse.source_exec_id,
        "source_call": reuse.source_call,
    }


async def _run(call: Call) -> tuple[ValueRecord, Any]:
    execution, policy = call.execution, call.spec.retry
    await _ask_again(call)
    first = attempt = (call.recorded.attempts if call.recorded is not None else 0) + 1
    while True:
        await _start(call, attempt)
        try:
            value = await Invoke(call, attempt)
            output = encode(value, execution.payloads)
        except Stopped:
            raise
        except BaseException as error:
            execution.check_stopped()
            pause = policy.pause(attempt - first + 1, error)
            await _failed(call, attempt, error, pause)
            if pause is None:
                raise
            await Pause(execution, pause)
            execution.check()
            attempt += 1
        else:
            execution.check_stopped()
            await Commit(execution, kinds.CALL_COMPLETED, _ended(call, output=output), call.name, attempt, last=True)
            return output, value


async def _ask_again(call: Call) -> None:
    """Where a second execution would hurt, let a person decide about a call that was cut off."""
    recorded = call.recorded
    if recorded is None or recorded.status not in ("interrupted", "running") or call.spec.on_interrupted != "ask":
        return
    from kitaru.runtime.waiting import wait

    question = f"Call {call.name!r} was running when its process ended, and may have done its work. Run it again?"
    if not await wait.core(schema=bool, name=f"again_{call.name}_{recorded.attempts + 1}", question=question):
        raise KitaruStateError(f"Call {call.name!r} was cut off and is not run again, as was answered.")


async def _start(call: Call, attempt: int) -> None:
    call.started_at = time.time()
    if call.spec.on_interrupted == "ask":
        await Commit(call.execution, kinds.CALL_STARTED, call.started_body(), call.name, attempt)
    else:
        call.execution.post(kinds.CALL_STARTED, call.started_body(), call.name, attempt)


async def _failed(call: Call, attempt: int, error: BaseException, pause: float | None) -> None:
    failure = describe(error)
    if pause is None:
        await Commit(call.execution, kinds.CALL_FAILED, _ended(call, failure=failure), call.name, attempt, last=True)
    else:
        body = {"failure": failure, "started_at": call.started_at, "retry_in": pause}
        call.execution.post(kinds.CALL_ATTEMPT_FAILED, body, call.name, attempt)


def _ended(call: Call, **body: Any) -> dict[str, Any]:
    return body | {"started_at": call.started_at, "duration": time.time() - call.started_at}


def task_of(call: Call, attempt: int) -> Task:
    """Make the task that the execution plane runs."""
    execution = call.execution
    model = execution.plan.model_for(call) if execution.plan is not None else None
    info = CallInfo(
        execution.exec_id,
        execution.flow_name,
        call.name,
        call.spec.name,
        attempt,
        call.idempotency_key(),
        execution.is_replay,
        model,
    )
    return Task(call.function, call.args, call.kwargs, info, call.spec.timeout, call.spec.memory)


def scope_of(call: Call, task: Task) -> CallScope:
    """Make the scope in which the task runs: what it emits becomes events of the execution."""
    execution = call.execution

    def emit(kind: str, body: dict[str, Any]) -> None:
        if not execution.stopped:
            execution.post(kind, stored(execution, body), call.name, task.info.attempt)

    return CallScope(task.info, emit)


def stored(execution: Execution, body: dict[str, Any]) -> dict[str, Any]:
    """Encode the live value that a saved artifact carries."""
    if "live_value" not in body:
        return body
    rest = {key: value for key, value in body.items() if key != "live_value"}
    return rest | {"value": encode(body["live_value"], execution.payloads)}
