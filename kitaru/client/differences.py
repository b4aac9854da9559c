"""What the comparison of executions returns."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from kitaru.client.models import Model
from kitaru.client.times import length


class ValueChange(Model):
    """A value that is not the same in both executions; previews, or None where there is no value.

    Examples
    --------
    >>> change = ValueChange(name="text", before="'one'", after="'two'")
    >>> change.lines()
    ["text: 'one' → 'two'"]
    """

    name: str
    before: str | None
    after: str | None
    text_diff: list[str] = Field(default_factory=list)
    """Lines of a unified diff, bounded."""

    def __str__(self) -> str:
        return "\n".join(self.lines())

    def lines(self) -> list[str]:
        """Show a text by the lines that differ, everything else by its previews."""
        if self.text_diff:
            return [f"{self.name}:", *(f"  {line}" for line in self.text_diff)]
        return [f"{self.name}: {_shown(self.before)} → {_shown(self.after)}"]


class CallDiff(Model):
    """One call in both executions, or in one of them.

    Examples
    --------
    >>> call = CallDiff(
    ...     name="count", checkpoint="count", original_call_id="kr-1/count", other_call_id="kr-2/count",
    ...     original_status="completed", other_status="reused", ran=False, why="its inputs are the recorded ones",
    ... )
    >>> call, call.is_same
    (= count: reused: its inputs are the recorded ones, True)
    """

    name: str
    """Its name in the original; in the other one if only that has it."""
    checkpoint: str
    original_call_id: str | None
    """None if only the other execution made the call."""
    other_call_id: str | None
    """None if only the original made the call."""
    original_status: str | None
    other_status: str | None
    ran: bool
    """Whether the other execution ran the call rather than take a recorded output."""
    why: str | None
    """Why it was reused."""
    inputs: list[ValueChange] = Field(default_factory=list)
    """Arguments that changed."""
    output: ValueChange | None = None
    """None if the output is the same."""
    duration_delta: float | None = None
    """Seconds; positive where the other execution took longer."""
    token_delta: int | None = None
    cost_delta: float | None = None
    """US dollars."""

    @property
    def is_same(self) -> bool:
        """Whether status, inputs and output are the same in both."""
        both = self.original_call_id is not None and self.other_call_id is not None
        return both and not self.inputs and self.output is None and self.statuses_match

    @property
    def statuses_match(self) -> bool:
        """Whether it ended the same way; a reused call counts as completed."""
        done = {"reused": "completed"}
        before, after = self.original_status or "", self.other_status or ""
        return done.get(before, before) == done.get(after, after)

    def __str__(self) -> str:
        return "\n".join(self._lines())

    def _lines(self) -> list[str]:
        if self.other_call_id is None:
            return [f"- {self.name}: only in the original ({self.original_status})"]
        if self.original_call_id is None:
            return [f"+ {self.name}: only here ({self.other_status})"]
        mark = "=" if self.is_same else "≠"
        how = "ran" if self.ran else f"reused: {self.why}" if self.why else self.other_status
        status = "" if self.statuses_match else f", {self.original_status} → {self.other_status}"
        lines = [f"{mark} {self.name}: {how}{status}{_deltas(self)}"]
        lines += [f"    input {change}" for change in self.inputs]
        if self.output is not None:
            lines += [f"    {line}" for line in self.output.lines()]
        return lines


class ComparedExecution(Model):
    """One execution beside the original.

    Examples
    --------
    >>> ComparedExecution(exec_id="kr-2", status="completed", calls=[], duration_delta=0.5)
    kr-2 (completed) [+500 ms]
    """

    exec_id: str
    status: str
    calls: list[CallDiff]
    inputs: list[ValueChange] = Field(default_factory=list)
    """Arguments of the flow that changed."""
    output: ValueChange | None = None
    """The flow's result, if it changed."""
    duration_delta: float | None = None
    token_delta: int | None = None
    cost_delta: float | None = None

    @property
    def changed(self) -> list[CallDiff]:
        """Calls that are not the same in both."""
        return [call for call in self.calls if not call.is_same]

    def __str__(self) -> str:
        lines = [f"{self.exec_id} ({self.status}){_deltas(self)}"]
        lines += [f"  input {change}" for change in self.inputs]
        lines += [f"  {line}" for alike in folded(self.calls) for line in _told(alike)]
        if self.output is not None:
            # A long result is mostly the output of some call above: its lines are not told again.
            lines += ["  result: changed"] if self.output.text_diff else [f"  {self.output}"]
        return "\n".join(lines)


class ExecutionDiff(Model):
    """Executions compared with an original, call by call.

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
    >>> replayed = client.executions.replay(handle.exec_id, flow_overrides={"text": "one"})
    >>> replayed.wait()
    3
    >>> told = client.executions.diff(handle.exec_id, replayed.exec_id)
    >>> told[replayed.exec_id].inputs, [call.name for call in told.compared[0].changed]
    ([text: 'twelve words' → 'one'], ['count'])
    """

    original_exec_id: str
    flow_name: str
    compared: list[ComparedExecution]

    def __str__(self) -> str:
        head = f"{self.original_exec_id} of {self.flow_name} compared with"
        return "\n".join([head, *map(str, self.compared)]) if self.compared else f"{head} nothing: it has no replays"

    def __len__(self) -> int:
        return len(self.compared)

    def __getitem__(self, exec_id: str) -> ComparedExecution:
        """Find the comparison with an execution."""
        return next(one for one in self.compared if one.exec_id == exec_id)


def folded(calls: list[CallDiff]) -> list[list[CallDiff]]:
    """Put neighbours of one checkpoint together where nothing changed: a fan-out is one line.

    Examples
    --------
    >>> folded([])
    []
    """
    groups: list[list[CallDiff]] = []
    for call in calls:
        before = groups[-1][-1] if groups else None
        alike = before is not None and before.is_same and call.is_same
        if alike and before and (before.checkpoint, before.ran, before.why) == (call.checkpoint, call.ran, call.why):
            groups[-1].append(call)
        else:
            groups.append([call])
    return groups


def _told(calls: list[CallDiff]) -> list[str]:
    if len(calls) == 1:
        return str(calls[0]).splitlines()
    how = "ran" if calls[0].ran else f"reused: {calls[0].why}"
    return [f"= {calls[0].name} … {calls[-1].name} ({len(calls)} calls): {how}"]


def _shown(preview: str | None) -> str:
    if preview is None:
        return "nothing"
    return preview if len(preview) <= 70 else f"{preview[:67]}..."


def _deltas(item: Any) -> str:
    parts = []
    if item.duration_delta is not None and abs(item.duration_delta) >= 0.001:
        parts.append(f"{'+' if item.duration_delta > 0 else '-'}{length(abs(item.duration_delta))}")
    if item.token_delta:
        parts.append(f"{item.token_delta:+d} tokens")
    if item.cost_delta:
        parts.append(f"{'+' if item.cost_delta > 0 else '-'}${abs(item.cost_delta):.4f}")
    return f" [{', '.join(parts)}]" if parts else ""
