"""The events that make up an execution's history: the only way in which anything is written.

An event is a plain JSON object. `Event` names the keys that every event may carry; `EVENTS`
tells for each kind what its body holds and what it means. The writer adds `position`, the
event's place in the journal: the one order that decides what happened before what.

``at`` is the time at which it happened, in seconds since the Unix epoch (UTC), by the clock of
whoever reports it. It is shown to people and never used to order anything.

Events of a runner carry its `epoch`: the number of the claim under which it runs the execution.
The writer refuses events of an older epoch, so a runner that was taken over cannot write.
"""

from __future__ import annotations

from typing import Any, Final, NotRequired, TypedDict

CREATED: Final = "execution.created"
CLAIMED: Final = "execution.claimed"
SUSPENDED: Final = "execution.suspended"
COMPLETED: Final = "execution.completed"
FAILED: Final = "execution.failed"
CANCELLED: Final = "execution.cancelled"
INTERRUPTED: Final = "execution.interrupted"
EXECUTION_LOGGED: Final = "execution.logged"
DELETED: Final = "execution.deleted"

CALL_STARTED: Final = "call.started"
CALL_ATTEMPT_FAILED: Final = "call.attempt_failed"
CALL_COMPLETED: Final = "call.completed"
CALL_FAILED: Final = "call.failed"
CALL_REUSED: Final = "call.reused"
CALL_LOGGED: Final = "call.logged"

WAIT_CREATED: Final = "wait.created"
WAIT_ANSWERED: Final = "wait.answered"
WAIT_ABORTED: Final = "wait.aborted"

ARTIFACT_SAVED: Final = "artifact.saved"
SNAPSHOT_RECORDED: Final = "snapshot.recorded"
VALUE_RECORDED: Final = "value.recorded"
LLM_CALLED: Final = "llm.called"
LOG_WRITTEN: Final = "log.written"
PROGRESS: Final = "progress"
PUBLISHED: Final = "event.published"
CACHE_PURGED: Final = "cache.purged"

DEPLOYED: Final = "deployment.created"
DEPLOYMENT_TAGGED: Final = "deployment.tagged"
DEPLOYMENT_UNTAGGED: Final = "deployment.untagged"
DEPLOYMENT_DELETED: Final = "deployment.deleted"

SCHEDULE_CREATED: Final = "schedule.created"
SCHEDULE_PAUSED: Final = "schedule.paused"
SCHEDULE_FIRED: Final = "schedule.fired"
SCHEDULE_DELETED: Final = "schedule.deleted"

JOB_CREATED: Final = "job.created"
JOB_CLAIMED: Final = "job.claimed"
JOB_RELEASED: Final = "job.released"
JOB_ENDED: Final = "job.ended"
JOB_CANCELLED: Final = "job.cancelled"

EVENTS: Final[dict[str, str]] = {
    CREATED: "A new execution. body: flow, snapshot_id, inputs {name: ValueRecord}, stack, spec, parent_exec_id, "
    "parent_call, original_exec_id, replay, notebook, cwd, interpreter, tags [str], metadata, deployment_version (of "
    "the flow, where one was invoked), invoked_by (a user's name, or a schedule's), invoked_via ('python', "
    "'cli', 'http', 'lab' or 'schedule')",
    CLAIMED: "A runner takes the execution: status running, epoch is the new one. body: runner (see Runner), code",
    SUSPENDED: "The runner went away on purpose while a wait is pending: status waiting, no runner. body: wait; "
    "or child, an execution that this one started and that waits",
    COMPLETED: "status completed. body: output ValueRecord",
    FAILED: "status failed. body: failure (see Failure), call (name of the failed call, or null)",
    CANCELLED: "Somebody cancelled it: pending waits are aborted, and its runner, which sees this, stops. body: reason",
    INTERRUPTED: "status interrupted: the runner went away without saying so. body: reason",
    EXECUTION_LOGGED: "Metadata of the execution: dict values of one key are merged, others replaced. body: metadata",
    DELETED: "The execution and all of its rows are deleted. body: by",
    CALL_STARTED: "An attempt begins. call, attempt; body: checkpoint (function's name), type, runtime, sequence "
    "(0-based order of calls in the body), concurrent (True where other calls were in flight), input_digest, "
    "inputs {name: {digest, preview}}, parents [call names], code_id, cache_key, opaque [input names]",
    CALL_ATTEMPT_FAILED: "An attempt failed and another follows. call, attempt; body: failure, started_at, retry_in",
    CALL_COMPLETED: "call, attempt; body: output ValueRecord, started_at, duration (seconds)",
    CALL_FAILED: "No attempt is left. call, attempt; body: failure, started_at, duration",
    CALL_REUSED: "The call took a recorded output instead of running. body as CALL_STARTED plus output, reason "
    "('cache', 'replay' or 'override'), source_exec_id, source_call, why (one sentence)",
    CALL_LOGGED: "Metadata of a call, merged like EXECUTION_LOGGED. call, attempt; body: metadata",
    WAIT_CREATED: "A question is pending: status waiting. body: wait (its name), question, schema (JSON or null), "
    "metadata, deadline (unix seconds or null), default (JSON, only with a deadline)",
    WAIT_ANSWERED: "body: wait, value (JSON), by, source ('input', 'deadline', 'replay')",
    WAIT_ABORTED: "body: wait, by",
    ARTIFACT_SAVED: "A value saved by hand. call or null; body: name, kind, value ValueRecord, tags [str]",
    SNAPSHOT_RECORDED: "The frozen code of a flow; no execution. body: snapshot_id, flow, source, code ValueRecord, "
    "signature (JSON schema of the parameters), versions, identity {part: digest}, module, qualname, notes [str]",
    VALUE_RECORDED: "Result of now(), uuid4(), random(), or the end of sleep(). call or null; body: name, value (JSON)",
    LLM_CALLED: "One model call. call or null; body: LLMUsage",
    LOG_WRITTEN: "Captured output. call or null, attempt; body: lines [{at, stream ('stdout', 'stderr', 'logging'), "
    "level, text, logger, file, line}]",
    PROGRESS: "call; body: message, percent (0..1 or null), correlation_id, index, fields",
    PUBLISHED: "A live event of the user's own. call; body: kind, payload, message, correlation_id, index",
    CACHE_PURGED: "Recorded results may not be reused. body: checkpoint (name) or null for all, before (position)",
    DEPLOYED: "A version of a flow is there to be invoked; it never changes. No execution. body: flow, version (one "
    "more than that of the newest, deleted ones counted), script (text or null), script_note (why there is none), "
    "snapshot_id, parameters (JSON schema), requirements [distribution==version], source (file or null), "
    "source_digest, commit_sha, commit_dirty, python, kitaru, interpreter, cwd, import_path, stack, "
    "settings (all of them), notes [str], by",
    DEPLOYMENT_TAGGED: "A version gets a tag; an exclusive one is taken from all others. body: flow, version, tag, "
    "exclusive, by",
    DEPLOYMENT_UNTAGGED: "A version loses a tag. body: flow, version, tag, by",
    DEPLOYMENT_DELETED: "A version can no longer be invoked; its number is not given again. body: flow, version, by",
    SCHEDULE_CREATED: "A deployment is invoked again and again. body: schedule (its name), flow, version or tag, "
    "inputs (JSON), cron or every (seconds), timezone (IANA name), missed ('latest', 'all' or 'skip'), by",
    SCHEDULE_PAUSED: "body: schedule, paused (False goes on), by",
    SCHEDULE_FIRED: "A time of a schedule has come. body: schedule, due (unix seconds), exec_id, or null with error "
    "(why nothing was invoked)",
    SCHEDULE_DELETED: "body: schedule, by",
    JOB_CREATED: "Work for a worker, queued; exec_id is the execution that it is about. body: Job",
    JOB_CLAIMED: "A worker's process takes a job that is queued. body: job_id, attempt (from 1), runner (see Runner), "
    "worker (what to call it)",
    JOB_RELEASED: "The process that had it is gone, or its worker lets it go: it is queued again. body: job_id, "
    "attempt, reason",
    JOB_ENDED: "body: job_id, attempt, outcome ('completed': its execution ended or waits; 'failed': it could not be "
    "done; 'interrupted': its process was told to stop), error (an ErrorDetail) or null",
    JOB_CANCELLED: "Nobody is to do it any more. body: job_id, reason",
}

DEPLOYMENT_EVENTS: Final = frozenset({DEPLOYED, DEPLOYMENT_TAGGED, DEPLOYMENT_UNTAGGED, DEPLOYMENT_DELETED})
"""Events of deployments, which belong to no execution."""

SCHEDULE_EVENTS: Final = frozenset({SCHEDULE_CREATED, SCHEDULE_PAUSED, SCHEDULE_FIRED, SCHEDULE_DELETED})
"""Events of schedules, which belong to no execution."""

DEFAULT_TAG: Final = "default"
"""What is invoked where nothing else is asked for: held by one version, and never given up."""

ENDED: Final = frozenset({"completed", "failed", "cancelled"})
"""Statuses in which an execution has no runner and needs none."""


class Event(TypedDict):
    """One thing that happened. `exec_id` is empty only for events that belong to no execution."""

    kind: str
    at: float
    exec_id: str
    body: dict[str, Any]
    call: NotRequired[str | None]
    attempt: NotRequired[int]
    epoch: NotRequired[int]
    position: NotRequired[int]


class Runner(TypedDict):
    """Who runs an execution: enough to see from the same machine whether it still lives."""

    runner_id: str
    host: str
    pid: int
    started: float
    kind: str
    label: str
    lease: float


class Job(TypedDict):
    """What a worker is asked to do."""

    job_id: str
    kind: str
    """``"invoke"``, ``"resume"``, ``"retry"`` or ``"replay"``."""
    target: str
    """The execution that it runs: the one that it is about, or of a replay the new one."""
    epoch: int
    """The claim of that execution when the job was asked for: a later one shows that it went on since."""
    after: float
    """Not to be begun before (unix seconds): until then the execution is left to a live kernel."""
    interpreter: str | None
    """Python of the process; null for the worker's own."""
    cwd: str | None
    host: str | None
    """Machine whose workers may take it (see `host_id`); null for any."""
    changes: dict[str, Any] | None
    """Of a replay; see `Flow.replay`."""
    requirements: str | None
    """Locked requirements of the environment, as text; null for the interpreter's own."""


class Failure(TypedDict):
    """What went wrong: `traceback` holds the user's frames only; `origin` is a `FailureOrigin`."""

    type: str
    message: str
    traceback: str
    origin: str


class LLMUsage(TypedDict):
    """One model call as recorded: tokens and cost are null where the provider does not tell."""

    name: str
    requested_model: str
    resolved_model: str
    alias: str | None
    provider: str | None
    credential_source: str | None
    input_tokens: int | None
    output_tokens: int | None
    total_tokens: int | None
    cached_input_tokens: int | None
    reasoning_tokens: int | None
    cost_usd: float | None
    cost_source: str
    latency_ms: float
    status: str
    prompt: dict[str, Any]
    response: dict[str, Any] | None
    warnings: list[str]
