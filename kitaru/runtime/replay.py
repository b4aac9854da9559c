"""Replay: a new execution made from a recorded one, with something changed."""

from __future__ import annotations

import inspect
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

from kitaru.errors import KitaruStateError, KitaruUsageError
from kitaru.runtime.calls import Reuse
from kitaru.runtime.matching import Matcher
from kitaru.runtime.parameters import converted
from kitaru.runtime.values import digest, encode, preview

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from kitaru.runtime.calls import Call
    from kitaru.runtime.execution import RecordedWait
    from kitaru.runtime.flow import Flow
    from kitaru.runtime.matching import RecordedCall

FIELDS: Final = frozenset({"input", "output", "code", "model"})


@dataclass(slots=True)
class ReplayPlan:
    """What a replay takes from its source, and what it changes.

    Parameters
    ----------
    source
        Id of the recorded execution.
    calls
        Its recorded calls.
    at
        The call from which on everything runs; None reuses whatever has the same inputs.
    checkpoints, invocations
        Overrides by name of a checkpoint and by name of one call; the latter win.
    answers
        Answers by name of the question.
    """

    source: str
    calls: Sequence[RecordedCall]
    at: RecordedCall | None = None
    checkpoints: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    invocations: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    answers: Mapping[str, Any] = field(default_factory=dict)
    waits: Mapping[str, RecordedWait] = field(default_factory=dict)
    values: Mapping[str, Any] = field(default_factory=dict)
    value_positions: Mapping[str, int] = field(default_factory=dict)
    matcher: Matcher = field(init=False)

    def __post_init__(self) -> None:
        self.start_over()

    def start_over(self) -> None:
        """Hand out the source's calls anew: the body runs from its top."""
        self.matcher = Matcher(self.calls, on_divergence="rerun")

    def apply(self, call: Call, name: str | None, position: str | None = None) -> str:
        """Find the call of the source that this one stands for, change it as the overrides say, and name it so."""
        found = self.matcher.match(call.spec.name, call.input_digest, name=name, position=position)
        override = self._override(call.spec.name, found.name)
        if "input" in override:
            _replace_inputs(call, override["input"])
        if "code" in override:
            call.function = override["code"]
            call.spec = replace(call.spec, function=override["code"])
        recorded = self.matcher.named(found.name)
        if "output" in override:
            output = encode(override["output"], call.execution.payloads)
            call.reuse = Reuse(output, "override", "its output was given for this replay", self.source, found.name)
        elif recorded is not None and not override.keys() & {"code", "model"} and self._same(recorded, call):
            assert recorded.output is not None
            why = f"recorded before {self.at.name!r} ended" if self.at else "its inputs are the recorded ones"
            call.reuse = Reuse(recorded.output, "replay", why, self.source, recorded.name)
        return found.name

    def _same(self, recorded: RecordedCall, call: Call) -> bool:
        same = (recorded.checkpoint, recorded.input_digest) == (call.spec.name, call.input_digest)
        return same and self.reusable(recorded)

    def reusable(self, recorded: RecordedCall) -> bool:
        """Whether a recorded call with the same inputs is taken instead of run."""
        if not recorded.finished:
            return False
        if self.at is None:
            return True
        end = self.at.end_position if self.at.end_position is not None else self.at.first_position
        return recorded.name != self.at.name and recorded.first_position < end

    def began_before(self, position: int) -> bool:
        """Whether something recorded at `position` lies before the end of the call at which the replay sets in."""
        if self.at is None:
            return True
        end = self.at.end_position if self.at.end_position is not None else self.at.first_position
        return position < end

    def model_for(self, call: Call) -> str | None:
        """The model that stands in for the recorded one in this call."""
        model = self._override(call.spec.name, call.name).get("model")
        return None if model is None else str(model)

    def answer_for(self, name: str) -> tuple[Any, str] | None:
        """The answer to a question, and where it comes from; None asks it anew."""
        if name in self.answers:
            return self.answers[name], "replay"
        recorded = self.waits.get(name)
        if recorded is not None and recorded.status == "answered" and self.began_before(recorded.position):
            return recorded.value, self.source
        return None

    def value_for(self, name: str) -> tuple[Any] | None:
        """The recorded result of ``now()`` and its kin, if it lies before the point of the replay."""
        if name in self.values and self.began_before(self.value_positions.get(name, 0)):
            return (self.values[name],)
        return None

    def _override(self, checkpoint: str, name: str) -> Mapping[str, Any]:
        return {**self.checkpoints.get(checkpoint, {}), **self.invocations.get(name, {})}


def _replace_inputs(call: Call, given: Any) -> None:
    """Put the overridden arguments in place of the recorded ones, and digest the call anew."""
    import hashlib

    signature = call.spec.signature
    bound = signature.bind(*call.args, **call.kwargs)
    bound.apply_defaults()
    arguments = bound.arguments
    given = _by_name(call.spec.name, given, arguments)
    arguments.update({key: converted(call.spec, key, value) for key, value in given.items()})
    call.args, call.kwargs = call.spec.spread(dict(arguments))
    for key in given:
        part = digest(arguments[key], function_digest=call.spec.function_digest)
        call.inputs[key] = {"digest": part, "preview": preview(arguments[key])}
    parts = [f"{key}={part['digest'] or '?'}" for key, part in call.inputs.items()]
    call.input_digest = hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _by_name(target: str, given: Any, takes: Collection[str]) -> dict[str, Any]:
    """Name the arguments that an override gives; a checkpoint with one parameter may be given its value alone."""
    if isinstance(given, dict):
        if set(given) <= set(takes):
            return given
    elif len(takes) == 1:
        return {next(iter(takes)): given}
    raise KitaruUsageError(
        f"Override of {target}: input={given!r} must map argument names to values; the arguments are "
        f"{', '.join(takes) or 'none'}."
    )


def check_inputs(plan: ReplayPlan, flow: Flow[..., Any] | None) -> None:
    """Check that overrides of inputs name arguments that the checkpoints have, before anything runs.

    Parameters
    ----------
    plan
        The replay.
    flow
        Whose code runs; without it the recorded arguments count.

    Raises
    ------
    KitaruUsageError
        If one does not; the message lists the arguments.
    """
    if not any("input" in override for override in (*plan.checkpoints.values(), *plan.invocations.values())):
        return
    takes = {call.checkpoint: list(call.inputs) for call in plan.calls}
    if flow is not None:
        takes |= _parameters(flow)
    checkpoints = {call.name: call.checkpoint for call in plan.calls}
    for name, override in plan.checkpoints.items():
        if "input" in override:
            _by_name(name, override["input"], takes[name])
    for name, override in plan.invocations.items():
        if "input" in override:
            _by_name(name, override["input"], takes[checkpoints[name]])


def _parameters(flow: Flow[..., Any]) -> dict[str, list[str]]:
    """Name the parameters of the checkpoints that a flow reaches."""
    from kitaru.code import reached_globals
    from kitaru.runtime.checkpoint import Checkpoint

    reached = [value for value in reached_globals(flow.function).values() if isinstance(value, Checkpoint)]
    return {found.spec.name: list(found.spec.signature.parameters) for found in reached}


def check_overrides(
    calls: Sequence[RecordedCall], checkpoints: Mapping[str, Any] | None, invocations: Mapping[str, Any] | None
) -> tuple[dict[str, dict[str, Any]], dict[str, dict[str, Any]]]:
    """Check that every override names something recorded and says something meaningful: none is ignored."""
    names = {call.name for call in calls}
    functions = {call.checkpoint for call in calls}
    by_checkpoint = {key: _checked(key, value) for key, value in (checkpoints or {}).items()}
    by_call = {key: _checked(key, value) for key, value in (invocations or {}).items()}
    for key in by_checkpoint.keys() - functions:
        raise KitaruStateError(
            f"No call of checkpoint {key!r} is recorded; there are: {', '.join(sorted(functions)) or 'none'}."
        )
    for key in by_call.keys() - names:
        raise KitaruStateError(f"No call {key!r} is recorded; there are: {', '.join(sorted(names)) or 'none'}.")
    return by_checkpoint, by_call


def _checked(target: str, override: Any) -> dict[str, Any]:
    if not isinstance(override, dict) or not override:
        raise KitaruUsageError(f"Override of {target}: give a dict with some of {', '.join(sorted(FIELDS))}.")
    if unknown := sorted(set(override) - FIELDS):
        raise KitaruUsageError(
            f"Override of {target}: unknown {', '.join(unknown)}; known are {', '.join(sorted(FIELDS))}."
        )
    if "output" in override and len(override) > 1:
        raise KitaruUsageError(f"Override of {target}: a call whose output is given does not run; drop the rest.")
    if "code" in override:
        override = {**override, "code": _function(target, override["code"])}
    return dict(override)


def _function(target: str, code: Any) -> Callable[..., Any]:
    """Accept a function, a checkpoint, or a dotted path to either."""
    if isinstance(code, str):
        from kitaru.runtime.snapshot import imported

        module, _, qualname = code.replace(":", ".").rpartition(".")
        try:
            code = imported(module, qualname)
        except (ImportError, AttributeError, ValueError) as error:
            raise KitaruUsageError(f"Override of {target}: code={code!r} cannot be imported: {error}") from error
    code = getattr(code, "__wrapped__", code)
    if not callable(code):
        raise KitaruUsageError(f"Override of {target}: code must be a function or a dotted path to one.")
    inspect.signature(code)
    function: Callable[..., Any] = code
    return function


def find_call(calls: Sequence[RecordedCall], at: str) -> RecordedCall:
    """Find the call that `at` names: by its name, its global id, or its checkpoint if that was called once."""
    wanted = at.rpartition("/")[2].strip()
    if not wanted:
        raise KitaruUsageError("at= is empty: give the name of a call")
    for call in calls:
        if call.name == wanted:
            return call
    same = [call for call in calls if call.checkpoint == wanted]
    if len(same) == 1:
        return same[0]
    names = ", ".join(call.name for call in calls) or "none"
    problem = "is ambiguous" if same else "is not recorded"
    raise KitaruStateError(f"at={at!r} {problem}; the recorded calls are: {names}.")
