"""What the client returns: frozen records with aware times in UTC."""

from __future__ import annotations

from datetime import datetime  # noqa: TC003 -- Pydantic reads the annotations
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr

from kitaru.errors import FailureOrigin, KitaruNotFoundError, KitaruStateError
from kitaru.store.status import ExecutionStatus as ExecutionStatus  # noqa: TC001 -- Pydantic reads the annotations

if TYPE_CHECKING:
    from collections.abc import Callable

    from kitaru.client.client import KitaruClient
    from kitaru.runtime.handle import FlowHandle


class Model(BaseModel):
    """A frozen record."""

    model_config = ConfigDict(frozen=True, defer_build=True)

    def __repr__(self) -> str:
        return str(self)


class BoundModel(Model):
    """A record that remembers the client that it came from, and can ask it for more."""

    _client: Any = PrivateAttr(default=None)

    def bound(self, client: KitaruClient) -> Any:
        """Return itself, for use with `client`."""
        self._client = client
        return self


class FailureInfo(Model):
    """Why something failed; the traceback has the user's own frames.

    Examples
    --------
    >>> FailureInfo(message="no such page", exception_type="KeyError", traceback="", origin="user_code")
    KeyError: no such page
    """

    message: str
    exception_type: str | None
    traceback: str
    origin: FailureOrigin

    def __str__(self) -> str:
        return f"{self.exception_type}: {self.message}" if self.exception_type else self.message


class ValueInfo(Model):
    """What is known of a stored value without reading it: its type, size, digest and a bounded preview.

    Examples
    --------
    >>> ValueInfo(text="42", type="builtins.int", size=2, digest="73475c…")
    42
    """

    text: str
    """One line."""
    type: str | None = None
    size: int | None = None
    """Encoded bytes."""
    digest: str | None = None
    preview: dict[str, Any] = Field(default_factory=dict)

    def __str__(self) -> str:
        return self.text


class ArtifactRef(Model):
    """A stored value: what a call returned, or what was saved by hand. ``load()`` reads it."""

    artifact_id: str
    exec_id: str
    name: str
    kind: str | None
    save_type: str
    producing_call: str | None
    tags: list[str]
    created_at: datetime | None
    value: ValueInfo

    _load: Callable[[], Any] = PrivateAttr()

    def __str__(self) -> str:
        return f"<artifact {self.artifact_id}: {self.value}>"

    def load(self) -> Any:
        """Read the value.

        Raises
        ------
        KitaruSerializationError
            If something that the value needs is not installed here.
        KitaruCorruptionError
            If the stored bytes are not those that were written.
        """
        return self._load()


class CheckpointAttempt(Model):
    """One attempt of a call."""

    attempt: int
    status: str
    started_at: datetime | None
    ended_at: datetime | None
    failure: FailureInfo | None
    retry_in: float | None = None
    """Seconds until the next attempt."""

    def __str__(self) -> str:
        return f"<attempt {self.attempt}: {self.status}{f', {self.failure}' if self.failure else ''}>"


class CheckpointCall(Model):
    """One call of a checkpoint, however many attempts it took."""

    call_id: str
    exec_id: str
    name: str
    """Its name in the execution: ``"research"``, ``"research_2"`` or the ``id=`` that was given."""
    checkpoint: str
    """The function's name."""
    checkpoint_type: str | None
    status: str
    sequence: int
    concurrent: bool
    runtime: str | None
    started_at: datetime | None
    ended_at: datetime | None
    duration: float | None
    """Seconds."""
    inputs: dict[str, ValueInfo]
    output: ValueInfo | None
    reused: str | None
    """``"cache"``, ``"replay"`` or ``"override"`` if it took a recorded output instead of running."""
    why: str | None
    original_call_id: str | None
    """Where the output was taken from, as ``execution/call``."""
    parent_calls: list[str]
    failure: FailureInfo | None
    attempts: list[CheckpointAttempt]
    metadata: dict[str, Any]
    progress: dict[str, Any] | None
    llm_calls: int
    input_tokens: int | None
    output_tokens: int | None
    total_tokens: int | None
    cost_usd: float | None
    code_id: str | None
    cache_key: str | None
    artifacts: list[ArtifactRef]

    def __str__(self) -> str:
        took = f" in {self.duration:.3g} s" if self.duration is not None else ""
        return f"<call {self.name}: {self.status}{took}>"

    def load(self) -> Any:
        """Read what the call returned.

        Raises
        ------
        KitaruStateError
            If it has not returned anything.
        """
        for artifact in self.artifacts:
            if artifact.save_type == "output":
                return artifact.load()
        raise KitaruStateError(f"Call {self.call_id} is {self.status}: it has no output.")


class PendingWait(BoundModel):
    """A question that nobody has answered yet."""

    exec_id: str
    flow_name: str
    name: str
    question: str | None
    json_schema: dict[str, Any] | None = Field(serialization_alias="schema")
    metadata: dict[str, Any]
    entered_waiting_at: datetime | None
    deadline: datetime | None
    default: Any = None
    """The answer if none comes before the deadline."""

    @property
    def wait_id(self) -> str:
        """Id of the question: the execution's and its name."""
        return f"{self.exec_id}/{self.name}"

    @property
    def schema(self) -> dict[str, Any] | None:  # type: ignore[override]
        """JSON schema of the answer; None if any word to go on will do."""
        return self.json_schema

    def __str__(self) -> str:
        return f"<question {self.name!r} of {self.exec_id}: {self.question or 'Go on?'}>"

    def answer(self, value: Any = None) -> Execution:
        """Answer it; see `ExecutionsAPI.input`."""
        answered: Execution = self._client.executions.input(self.exec_id, value, wait=self.name)
        return answered


class Answer(Model):
    """A question that is answered or aborted."""

    name: str
    status: str
    question: str | None
    value: Any
    by: str | None
    source: str | None
    ended_at: datetime | None

    def __str__(self) -> str:
        return f"<question {self.name!r}: {self.status} by {self.by}>"


class ChildExecution(Model):
    """An execution that this one started as a part of itself."""

    exec_id: str
    flow_name: str
    status: ExecutionStatus
    parent_call: str | None

    def __str__(self) -> str:
        return f"<execution {self.exec_id} of {self.flow_name}: {self.status.value}>"


class Execution(BoundModel):
    """One run of a flow.

    Those of a list are summaries: they have no calls, artifacts or inputs; ``refresh()`` reads everything.
    """

    exec_id: str
    flow_name: str
    status: ExecutionStatus
    created_at: datetime | None
    started_at: datetime | None
    ended_at: datetime | None
    duration: float | None
    """Seconds from start to end, waiting included; None until it has ended."""
    stack_name: str | None
    snapshot_id: str | None
    """Version of the flow's code: the id of the frozen code that it ran."""
    tags: list[str]
    metadata: dict[str, Any]
    status_reason: str | None
    failure: FailureInfo | None
    failed_call: str | None
    original_exec_id: str | None
    """The execution that this one replays."""
    parent_exec_id: str | None
    parent_call: str | None
    notebook: str | None
    deployment_version: int | None = None
    """Version of the flow that was invoked; None for other runs."""
    waiting_for: list[str]
    """Names of the open questions."""
    call_count: int
    reused_count: int
    failed_count: int
    llm_calls: int
    input_tokens: int | None
    output_tokens: int | None
    total_tokens: int | None
    cost_usd: float | None
    detailed: bool = False
    """False for a summary; the fields that follow are empty then."""
    inputs: dict[str, ValueInfo] = Field(default_factory=dict)
    output: ValueInfo | None = None
    frozen_execution_spec: dict[str, Any] = Field(default_factory=dict)
    cwd: str | None = None
    interpreter: str | None = None
    runner: dict[str, Any] | None = None
    pending_waits: list[PendingWait] = Field(default_factory=list)
    answers: list[Answer] = Field(default_factory=list)
    checkpoints: list[CheckpointCall] = Field(default_factory=list)
    artifacts: list[ArtifactRef] = Field(default_factory=list)
    children: list[ChildExecution] = Field(default_factory=list)

    _records: dict[str, Any] = PrivateAttr(default_factory=dict)
    _output: Any = PrivateAttr(default=None)

    def __str__(self) -> str:
        return f"<execution {self.exec_id} of {self.flow_name}: {self.status.value}>"

    @property
    def pending_wait(self) -> PendingWait | None:
        """The oldest open question."""
        return self.pending_waits[0] if self.pending_waits else None

    @property
    def is_replay(self) -> bool:
        """Whether it was made from another execution."""
        return self.original_exec_id is not None

    def refresh(self) -> Execution:
        """Read it again, with everything."""
        fresh: Execution = self._client.executions.get(self.exec_id)
        return fresh

    def result(self) -> Any:
        """Read what the flow returned.

        Raises
        ------
        KitaruStateError
            If it has not completed.
        """
        if not self.detailed:
            return self.refresh().result()
        if self._output is None:
            raise KitaruStateError(f"Execution {self.exec_id} is {self.status.value}: it has no result.")
        return self._client.decode(self._output)

    def load_input(self, name: str) -> Any:
        """Read one argument that the flow was started with.

        Raises
        ------
        KitaruNotFoundError
            If it has no such argument.
        """
        if not self.detailed:
            return self.refresh().load_input(name)
        if name not in self._records:
            raise KitaruNotFoundError(
                f"Execution {self.exec_id} has no input {name!r}; it has: {', '.join(self._records) or 'none'}."
            )
        return self._client.decode(self._records[name])

    def call(self, name: str) -> CheckpointCall:
        """Find one of its calls by name.

        Raises
        ------
        KitaruNotFoundError
            If there is none.
        """
        calls = self.list_checkpoints()
        for call in calls:
            if name in (call.name, call.call_id):
                return call
        names = ", ".join(call.name for call in calls) or "none"
        raise KitaruNotFoundError(f"Execution {self.exec_id} has no call {name!r}; it has: {names}.")

    def list_checkpoints(self) -> list[CheckpointCall]:
        """Its calls in their order; a summary reads them."""
        return self.checkpoints if self.detailed else self.refresh().checkpoints

    def list_artifacts(self) -> list[ArtifactRef]:
        """Its artifacts in their order; a summary reads them."""
        return self.artifacts if self.detailed else self.refresh().artifacts

    def retry(self, **options: Any) -> FlowHandle[Any]:
        """Run it again where it failed; see `ExecutionsAPI.retry`."""
        handle: FlowHandle[Any] = self._client.executions.retry(self.exec_id, **options)
        return handle

    def resume(self, **options: Any) -> FlowHandle[Any]:
        """Go on with it here; see `ExecutionsAPI.resume`."""
        handle: FlowHandle[Any] = self._client.executions.resume(self.exec_id, **options)
        return handle

    def replay(self, **changes: Any) -> FlowHandle[Any]:
        """Make a new execution from it; see `ExecutionsAPI.replay`."""
        handle: FlowHandle[Any] = self._client.executions.replay(self.exec_id, **changes)
        return handle

    def cancel(self, reason: str = "") -> Execution:
        """Stop it; see `ExecutionsAPI.cancel`."""
        cancelled: Execution = self._client.executions.cancel(self.exec_id, reason)
        return cancelled


class LogEntry(Model):
    """One line of output."""

    message: str
    level: str | None
    timestamp: datetime
    source: str | None
    """``"stdout"``, ``"stderr"`` or ``"logging"``."""
    checkpoint_name: str | None
    """The call that wrote it; None for the flow's body."""
    attempt: int | None
    logger: str | None
    filename: str | None
    lineno: int | None
    cursor: int

    def __str__(self) -> str:
        return f"{self.timestamp:%H:%M:%S} {self.checkpoint_name or '-'}: {self.message}"


class ExecutionEvent(Model):
    """One thing that happened in an execution."""

    exec_id: str
    kind: str
    timestamp: datetime
    checkpoint_name: str | None
    attempt: int | None
    payload: dict[str, Any]
    correlation_id: str | None
    index: int | None
    cursor: int
    """Give it as ``since=`` to go on after this event."""

    def __str__(self) -> str:
        where = f" {self.checkpoint_name}" if self.checkpoint_name else ""
        return f"<{self.cursor}: {self.kind}{where}>"


class Durations(Model):
    """How long executions or calls took, in seconds; None where nothing has ended."""

    avg: float | None
    min: float | None
    max: float | None
    p50: float | None
    p90: float | None
    p99: float | None

    def __str__(self) -> str:
        return ", ".join(f"{name} {value:.3g} s" for name, value in self.model_dump().items() if value is not None)


class ExecutionStatisticsGroup(Model):
    """Figures of one group."""

    keys: dict[str, Any]
    execution_count: int
    """Number of executions, or of calls where grouped by checkpoint."""
    failed: int
    calls: int
    reused: int
    total_tokens: int | None
    cost_usd: float | None
    duration: Durations

    def __str__(self) -> str:
        name = ", ".join(f"{key}={value}" for key, value in self.keys.items()) or "all"
        return f"<{name}: {self.execution_count}, {self.failed} failed; {self.duration}>"


class ExecutionStatistics(Model):
    """Figures over many executions."""

    groups: list[ExecutionStatisticsGroup]
    truncated: bool
    """Whether there are more groups."""

    def __str__(self) -> str:
        return "\n".join(map(str, self.groups)) or "<no executions>"
