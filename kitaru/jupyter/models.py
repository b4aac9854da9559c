"""What goes in and out of the routes, beside the documents of `kitaru.views.model`."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from kitaru.views.model import (
    ArtifactView,
    CallView,
    ExecutionSummary,
    FailureView,
    ProgressView,
    Status,
    ValueView,
    View,
)

MOST_EXECUTIONS: Final = 500
MOST_CALLS: Final = 1000
MOST_LINES: Final = 5000
MOST_ROWS: Final = 1000
MOST_CHARACTERS: Final = 1_000_000


def _several(value: Any) -> Any:
    """Take ``status=failed&status=waiting`` and ``status=failed,waiting`` alike."""
    given = [value] if isinstance(value, str) else value
    return [part for item in given for part in str(item).split(",")] if isinstance(given, list) else given


Several = Annotated[list[str], BeforeValidator(_several)]
Overrides = dict[str, dict[str, Any]]


class Asked(BaseModel):
    """Parameters or body of a request: whatever it does not name is refused."""

    model_config = ConfigDict(extra="forbid", defer_build=True)


class HomeQuery(Asked):
    """Which home is meant; every route takes this."""

    home: str | None = Field(None, description="Id of the home; without it the home of `path`, or of the server's root")
    path: str | None = Field(None, description="A notebook's path below the server's root: its home is meant")


class NotebookQuery(HomeQuery):
    """Which notebook is meant."""

    path: str = Field(description="The notebook's path below the server's root; its home is meant")


class ExecutionsQuery(HomeQuery):
    """Which executions to list."""

    flow: str | None = Field(None, description="Name of the flow")
    status: Several | None = Field(None, description="One status or several, repeated or with commas")
    notebook: str | None = Field(
        None, description="The notebook that started it: its path below the server's root, or a whole path"
    )
    text: str | None = Field(None, max_length=1000, description="Occurs in id, flow, notebook, failure, tags, metadata")
    tag: Several | None = Field(None, description="Tags that it must all have")
    original: str | None = Field(None, description="Replays of this execution")
    parent: str | None = Field(None, description="Children of this execution")
    version: int | None = Field(None, ge=1, le=2**31 - 1, description="Invoked as this deployed version of the flow")
    since: str | None = Field(None, description="Started since: seconds since the epoch, ISO time, or an age like `7d`")
    until: str | None = Field(None, description="Started before, written like `since`")
    order: str = Field("-started_at", description="A column; a leading `-` is descending")
    limit: int = Field(50, ge=1, le=MOST_EXECUTIONS)
    offset: int = Field(0, ge=0, le=2**31)


class CallsQuery(HomeQuery):
    """Which calls of an execution to list."""

    checkpoint: str | None = Field(None, description="Name of the function")
    status: Several | None = Field(None, description="One status or several")
    first: int | None = Field(None, ge=0, le=2**31, description="`sequence` of a call: only those from it on")
    limit: int = Field(100, ge=1, le=MOST_CALLS)
    offset: int = Field(0, ge=0, le=2**31)


class LanesQuery(HomeQuery):
    """Which calls to pack into lanes, and for which part of the time."""

    checkpoint: str | None = Field(None, description="Name of the function")
    first: int | None = Field(None, ge=0, le=2**31, description="`sequence` of the first call, of a group")
    count: int | None = Field(None, ge=1, le=2**31, description="How many calls from it on, of a group")
    since: float | None = Field(None, description="Seconds since the epoch")
    until: float | None = Field(None, description="Seconds since the epoch")


class LogsQuery(HomeQuery):
    """Which lines of output to read."""

    call: str | None = Field(None, description="Name of a call; without it all, and what the body wrote")
    limit: int = Field(1000, ge=1, le=MOST_LINES)
    tail: bool = Field(True, description="The last lines instead of the first")


class DiffQuery(HomeQuery):
    """What to compare an execution with."""

    with_: str = Field(alias="with", description="Id of the other execution")


class ContentQuery(HomeQuery):
    """How to write out a stored value."""

    format: Literal["raw", "text", "json", "table", "png"] = Field(
        "raw",
        description="`raw` downloads the encoded bytes, or the text itself of a text; the others are for showing",
    )
    limit: int = Field(100, ge=1, le=MOST_CHARACTERS, description="Rows of a table, characters of a text")
    offset: int = Field(0, ge=0, le=2**53, description="Rows or characters to skip")


class StatisticsQuery(HomeQuery):
    """What to count."""

    group_by: Several | None = Field(None, description="`status`, `flow`, `notebook`, `tag`, `time:day`, …")
    flow: str | None = None
    status: Several | None = None
    tag: Several | None = None
    since: str | None = None
    until: str | None = None
    limit: int = Field(1000, ge=1, le=1000, description="The most groups")


class EventsQuery(HomeQuery):
    """Where a stream goes on."""

    after: int | None = Field(None, ge=0, le=2**62, description="`position` of the last message that is known")


class CancelBody(Asked):
    """Why an execution is cancelled."""

    reason: str | None = Field(None, max_length=2000)


class NothingBody(Asked):
    """A body without anything in it; it may be left out."""


class ReplayBody(Asked):
    """What a replay changes; see `Flow.replay`."""

    at: str | None = Field(None, description="The call from which on everything runs")
    flow_overrides: dict[str, Any] = Field(default_factory=dict)
    checkpoint_overrides: Overrides = Field(default_factory=dict)
    invocation_overrides: Overrides = Field(default_factory=dict)
    answers: dict[str, Any] = Field(default_factory=dict)
    cache: bool | None = Field(None, description="Whether results of further executions are reused")
    dry_run: bool = Field(False, description="Only say what would run and what would be reused")


class AnswerBody(Asked):
    """An answer to a question."""

    value: Any = Field(None, description="Plain JSON that fits the question's schema")


class HomeInfo(View):
    """A home that can be shown."""

    id: str
    location: str
    """A folder, or the address of a server."""
    recorded: bool = True
    """False while nothing is recorded there."""


class StatusView(View):
    """Where things stand; answered also when the store is away."""

    home: str
    location: str
    version: str
    """Of Kitaru."""
    recorded: bool
    waiting: int | None
    """Open questions; None if the store cannot be asked."""
    problem: Failure | None
    """Why it cannot."""
    root: str | None
    """Folder that the server shows; executions name their notebooks by whole paths."""
    homes: list[HomeInfo]


class ExecutionPage(View):
    """A part of the list of executions."""

    items: list[ExecutionSummary]
    total: int


class CallPage(View):
    """A part of an execution's calls."""

    items: list[CallView]
    total: int


class SpanView(View):
    """A bar in a lane: one call, or several that are too short to be told apart."""

    start: float
    end: float | None
    """None while it goes on."""
    status: str
    """The worst of them."""
    calls: int = 1
    name: str
    """Of the first call."""


class LanesView(View):
    """Calls packed into lanes: in a lane no two overlap."""

    lanes: list[list[SpanView]]
    total: int
    """Calls in all lanes, of the whole time."""
    hidden: int
    """Lanes that are left out."""


class ParameterView(View):
    """What a flow or one of its checkpoints takes, as it was recorded with the code."""

    of: str | None
    """Name of the checkpoint; None for the flow."""
    name: str
    annotation: str | None
    required: bool
    default: ValueView | None
    json_schema: dict[str, Any] | None
    """None where the type is only known to the user's code."""


class AttemptView(View):
    """One attempt of a call."""

    attempt: int
    status: str
    started_at: float | None
    ended_at: float | None
    failure: FailureView | None
    retry_in: float | None


class CallDetail(CallView):
    """One call with everything that is known of it."""

    exec_id: str
    attempt_list: list[AttemptView]
    metadata: dict[str, Any]
    parents: list[str]
    """Calls whose outputs it took."""
    original_call: str | None
    """Where a reused output came from, as ``execution/call``."""
    artifacts: list[ArtifactView]
    explanation: str | None
    """Why it ran or was reused, in one sentence."""


class Started(View):
    """An execution that goes on, or began."""

    exec_id: str


class Place(View):
    """A part of what was sent that does not fit."""

    place: str
    """A parameter's name, or a JSON path; empty for the whole."""
    message: str


class Failure(View):
    """Body of every answer that is no success."""

    message: str
    """What happened and where, for people."""
    reason: str
    """The class in `kitaru.errors`, or the HTTP status in words."""
    next: str | None = None
    """What to do, if there is one thing to do."""
    places: list[Place] = Field(default_factory=list)
    """What does not fit, place by place."""
    by: str | None = None
    """Who was faster, where somebody was."""
    at: float | None = None
    """When they were."""


class Change(View):
    """What happened in an execution since the last message about it; what came quickly is told together."""

    home: str
    exec_id: str
    """Empty where it is deployments or schedules that changed."""
    flow: str | None
    status: Status | Literal["deleted"] | None
    """Where the execution stands by now."""
    kind: str
    """The last kind of event, of those that change the status if there are any; see the events of the store."""
    kinds: list[str]
    """All kinds, each once."""
    call: str | None
    """The last call that something happened in."""
    calls: list[str]
    """All of them, the first 50."""
    count: int
    """How many events it stands for."""
    position: int
    """Journal position of the last one. No other message has it."""
    at: float
    wait: str | None = None
    """The question that was asked, answered or aborted."""
    progress: dict[str, ProgressView] = Field(default_factory=dict)
    """By call, the last that each of them told."""
    texts: dict[str, str] = Field(default_factory=dict)
    """By call, what models said since the last message; the end of it, after ``…``, if they said much."""


class StreamState(View):
    """Where the stream itself stands: its first message, and one when that changes."""

    home: str
    kind: Literal["stream.ready", "stream.gap", "stream.away"]
    """It begins; messages were missed, so what is shown is to be read anew; the store cannot be reached."""
    exec_id: Literal[""] = ""
    position: int
    """That of the last message before it; 0 if there was none."""
    problem: Failure | None = None
    """Why the store cannot be reached."""


class TablePage(View):
    """Rows of a stored table."""

    columns: list[str]
    dtypes: list[str]
    rows: list[list[Any]]
    """Cells as JSON: numbers, texts, true, false, null; anything else as its text."""
    offset: int
    total: int
    hidden_columns: int = 0


class TextPage(View):
    """A part of a stored text."""

    text: str
    offset: int
    more: bool
    """Whether something comes after it."""


class JsonContent(View):
    """A stored value of plain data."""

    value: Any


class ValueChange(View):
    """A value that is not the same in both executions."""

    name: str
    before: ValueView | None
    after: ValueView | None
    text_diff: list[str]
    """Lines of a unified diff, bounded."""


class CallDiff(View):
    """One call in both executions, or in one of them."""

    name: str
    checkpoint: str
    before: str | None
    """Name of the call in the original; None if only the other one made it."""
    after: str | None
    before_status: str | None
    after_status: str | None
    same: bool
    ran: bool
    why: str | None
    inputs: list[ValueChange]
    output: ValueChange | None
    duration_delta: float | None
    token_delta: int | None
    cost_delta: float | None


class DiffView(View):
    """Two executions side by side."""

    before: ExecutionSummary
    after: ExecutionSummary
    inputs: list[ValueChange]
    output: ValueChange | None
    calls: list[CallDiff]
    hidden: int
    """Calls that are the same in both and left out because there are many."""
    duration_delta: float | None
    token_delta: int | None
    cost_delta: float | None


class PlannedCall(View):
    """What a replay would do with one recorded call."""

    name: str
    checkpoint: str
    action: str
    why: str


class PlannedAnswer(View):
    """What a replay would do with one recorded question."""

    name: str
    action: str
    why: str


class Replayed(View):
    """A replay: the new execution, or with ``dry_run`` the plan."""

    exec_id: str | None = None
    original_exec_id: str
    flow: str | None = None
    at: str | None = None
    calls: list[PlannedCall] = Field(default_factory=list)
    questions: list[PlannedAnswer] = Field(default_factory=list)


class Durations(View):
    """How long executions or calls took, in seconds."""

    avg: float | None
    min: float | None
    max: float | None
    p50: float | None
    p90: float | None
    p99: float | None


class StatisticsGroup(View):
    """Figures of one group."""

    keys: dict[str, Any]
    count: int
    failed: int
    calls: int
    reused: int
    tokens: int | None
    cost: float | None
    duration: Durations


class StatisticsView(View):
    """Figures over many executions."""

    groups: list[StatisticsGroup]
    truncated: bool
    """Whether there are more groups."""
