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
    """A stored value: what a call returned, or what was saved by hand. ``load()`` reads it.

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
    >>> (artifact,) = kitaru.KitaruClient().artifacts.list(handle.exec_id)
    >>> artifact.producing_call, artifact.value, artifact.load()
    ('count', 12, 12)
    """

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
    """One attempt of a call.

    Examples
    --------
    >>> CheckpointAttempt(attempt=1, status="completed", started_at=None, ended_at=None, failure=None)
    <attempt 1: completed>
    """

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
    """One call of a checkpoint, however many attempts it took.

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
    >>> call = kitaru.KitaruClient().executions.get(handle.exec_id).call("count")
    >>> call.inputs["text"], call.output, call.load()
    ('twelve words', 12, 12)
    """

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
    """A question that nobody has answered yet.

    Examples
    --------
    >>> import kitaru
    >>> @kitaru.flow
    ... def ask() -> int:
    ...     return kitaru.wait(schema=int, name="number", question="Which number?")
    >>> handle = ask.run()
    >>> client = kitaru.KitaruClient()
    >>> next(client.executions.events(handle.exec_id, kinds="wait.created")).kind
    'wait.created'
    >>> (question,) = client.executions.pending_waits(handle.exec_id)
    >>> question.question, question.schema
    ('Which number?', {'type': 'integer'})
    >>> answered = question.answer(7)
    >>> handle.wait()
    7
    """

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
    """A question that is answered or aborted.

    Examples
    --------
    >>> Answer(name="go", status="answered", question=None, value=True, by="ada", source="input", ended_at=None)
    <question 'go': answered by ada>
    """

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
    """An execution that this one started as a part of itself.

    Examples
    --------
    >>> ChildExecution(exec_id="kr-1", flow_name="part", status="completed", parent_call="part")
    <execution kr-1 of part: completed>
    """

    exec_id: str
    flow_name: str
    status: ExecutionStatus
    parent_call: str | None

    def __str__(self) -> str:
        return f"<execution {self.exec_id} of {self.flow_name}: {self.status.value}>"


class Execution(BoundModel):
    """One run of a flow.

    Those of a list are summaries: they have no calls, artifacts or inputs; ``refresh()`` reads everything.

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
    >>> execution = kitaru.KitaruClient().executions.latest(flow="measure").refresh()
    >>> execution.result(), execution.load_input("text"), execution.call("count").checkpoint
    (12, 'twelve words', 'count')
    >>> execution.list_checkpoints()[0].name, execution.list_artifacts()[0].load()
    ('count', 12)
    >>> execution.replay(flow_overrides={"text": "one"}).wait()
    3
    >>> for steer in (execution.retry, execution.resume, execution.cancel):
    ...     try:
    ...         steer()
    ...     except kitaru.errors.KitaruStateError:
    ...         print("it has ended")
    it has ended
    it has ended
    it has ended
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
    invoked_by: str | None = None
    """Who invoked it, or the schedule that did; None over HTTP, and for other runs."""
    invoked_via: str | None = None
    """How it was invoked: ``"python"``, ``"cli"``, ``"http"``, ``"lab"`` or ``"schedule"``; None for other runs."""
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
