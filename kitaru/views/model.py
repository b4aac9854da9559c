"""The view document: what is shown of one execution, as bounded JSON.

It is the content of the MIME type ``application/vnd.kitaru.execution.v1+json`` and what the Jupyter
server answers. Times are seconds since the epoch in UTC, durations are seconds, costs are US dollars.
Whatever comes from the user is text to show, never markup.
"""

from __future__ import annotations

from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

MIME_TYPE: Final = "application/vnd.kitaru.execution.v1+json"

CallStatus = Literal["pending", "running", "completed", "failed", "reused", "interrupted", "cancelled"]
Status = Literal["pending", "running", "waiting", "completed", "failed", "cancelled", "interrupted"]


class View(BaseModel):
    """A part of the document."""

    model_config = ConfigDict(frozen=True, defer_build=True)


class ValueView(View):
    """A stored value: what is known of it without reading it."""

    text: str
    """One line."""
    type: str | None = None
    size: int | None = None
    """Encoded bytes."""
    preview: dict[str, Any] = Field(default_factory=dict)
    """Bounded preview as `kitaru.runtime.values.previews` makes it: text, table, image, tree."""
    artifact_id: str | None = None
    """Where the value can be fetched; None for what is only described."""


class FailureView(View):
    """Why something failed, the user's own frames alone."""

    message: str
    type: str | None
    traceback: str
    origin: str


class ProgressView(View):
    """Where a call says that it stands."""

    message: str | None = None
    percent: float | None = None
    """Between 0 and 1."""


class CallView(View):
    """A row: one call of a checkpoint, however many attempts it took."""

    kind: Literal["call"] = "call"
    name: str
    checkpoint: str
    type: str | None
    status: CallStatus
    sequence: int
    attempts: int
    started_at: float | None
    ended_at: float | None
    duration: float | None
    reused: str | None = None
    """``cache``, ``replay`` or ``override`` if it took a recorded output."""
    why: str | None = None
    concurrent: bool = False
    tokens: int | None = None
    cost: float | None = None
    inputs: dict[str, ValueView] = Field(default_factory=dict)
    output: ValueView | None = None
    failure: FailureView | None = None
    progress: ProgressView | None = None
    stream: str | None = None
    """The end of what a model has said so far, while it speaks."""


class GroupView(View):
    """A row: neighbouring calls of one checkpoint, folded, as a fan-out makes them."""

    kind: Literal["group"] = "group"
    checkpoint: str
    type: str | None
    sequence: int
    """That of its first call."""
    total: int
    completed: int
    running: int
    failed: int
    reused: int
    started_at: float | None
    ended_at: float | None
    duration: float | None
    tokens: int | None = None
    cost: float | None = None
    calls: list[CallView] = Field(default_factory=list)
    """A few of them: those that failed or run, then the newest; the server pages through all."""


class ChildView(View):
    """A row: an execution that this one started as a part of itself."""

    kind: Literal["child"] = "child"
    exec_id: str
    flow: str
    status: Status
    sequence: int
    call: str | None
    started_at: float | None
    ended_at: float | None
    calls: int
    rows: list[CallView | GroupView] = Field(default_factory=list)


class WaitView(View):
    """A question, open or answered."""

    kind: Literal["wait"] = "wait"
    exec_id: str
    flow: str
    name: str
    status: Literal["pending", "answered", "aborted", "expired"]
    question: str | None
    json_schema: dict[str, Any] | None
    asked_at: float | None
    deadline: float | None = None
    default: Any = None
    sequence: int = 0
    answer: str | None = None
    """The given answer as one line."""
    answered_by: str | None = None
    ended_at: float | None = None


Row = CallView | GroupView | ChildView | WaitView


class ArtifactView(View):
    """A stored value that has a name: what a call returned, or what was saved by hand."""

    artifact_id: str
    """``kr-…/call/output`` or ``kr-…/call/name``."""
    exec_id: str
    name: str
    kind: str | None
    saved: bool
    """Whether it was saved by hand."""
    call: str | None
    tags: list[str]
    created_at: float | None
    value: ValueView
    formats: list[Literal["raw", "text", "json", "table", "png"]]
    """How its content can be had without unpickling it; empty if only the preview can be shown."""


class LogLine(View):
    """One line of captured output."""

    at: float
    text: str
    level: str | None
    source: str | None
    """``stdout``, ``stderr`` or ``logging``."""
    call: str | None
    attempt: int | None = None


class Totals(View):
    """Counts over all calls, folded and left-out ones included."""

    calls: int
    completed: int
    running: int
    failed: int
    reused: int
    tokens: int | None
    cost: float | None


class ExecutionSummary(View):
    """One execution in a list."""

    exec_id: str
    flow: str
    status: Status
    created_at: float | None
    started_at: float | None
    ended_at: float | None
    notebook: str | None
    tags: list[str]
    deployment_version: int | None = None
    """The deployed version of the flow that was invoked, if one was."""
    invoked_by: str | None = None
    """Who invoked it, or the schedule that did."""
    invoked_via: str | None = None
    """``python``, ``cli``, ``http``, ``lab`` or ``schedule``."""
    waiting_for: list[str]
    failure: str | None
    """The failure's message."""
    original_exec_id: str | None
    parent_exec_id: str | None
    totals: Totals


class ExecutionView(View):
    """One execution, as views show it; at most a few hundred rows, whatever its size."""

    version: Literal[1] = 1
    home: str | None
    """Id of the Kitaru home that holds it; a server of another home shows what is written here."""
    exec_id: str
    flow: str
    status: Status
    reason: str | None
    """Why it is cancelled or interrupted, if somebody said so."""
    created_at: float | None
    started_at: float | None
    ended_at: float | None
    at: float
    """When this document was made."""
    position: int
    """Journal position up to which it tells; a document with a smaller one is older."""
    notebook: str | None
    stack: str | None
    snapshot_id: str | None
    tags: list[str]
    deployment_version: int | None = None
    """The deployed version of the flow that was invoked, if one was."""
    invoked_by: str | None = None
    """Who invoked it, or the schedule that did."""
    invoked_via: str | None = None
    """``python``, ``cli``, ``http``, ``lab`` or ``schedule``."""
    original_exec_id: str | None
    parent_exec_id: str | None
    totals: Totals
    inputs: dict[str, ValueView]
    output: ValueView | None
    failure: FailureView | None
    failed_call: str | None
    waits: list[WaitView]
    """Open questions, the oldest first."""
    rows: list[Row]
    hidden: int
    """Rows that are left out between the first and the last."""
    logs: list[LogLine]
    """The last lines."""
