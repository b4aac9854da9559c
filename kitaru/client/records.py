"""From rows of the store to the client's models.

What there may be hundreds of in one execution is made without validation, as `made` does: the store wrote it.
"""

from __future__ import annotations

import gc
from contextlib import contextmanager
from functools import cache, partial
from typing import TYPE_CHECKING, Any, Final, TypeVar

from kitaru.client.figures import Durations, ExecutionStatistics, ExecutionStatisticsGroup
from kitaru.client.lines import ExecutionEvent, LogEntry
from kitaru.client.models import (
    Answer,
    ArtifactRef,
    CheckpointAttempt,
    CheckpointCall,
    ChildExecution,
    Execution,
    ExecutionStatus,
    FailureInfo,
    Model,
    PendingWait,
    ValueInfo,
)
from kitaru.client.times import moment
from kitaru.errors import FailureOrigin
from kitaru.store.artifact_rows import artifact_rows

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from kitaru.client.client import KitaruClient

Row = dict[str, Any]
M = TypeVar("M", bound=Model)

_set: Final = object.__setattr__


def made(kind: type[M], values: Row, private: Row | None = None) -> M:
    """Make a model of its fields' values, all of them, which become its own.

    `model_construct` does the same; as it has to see to defaults and aliases, it takes five times as long.
    """
    model = kind.__new__(kind)
    _set(model, "__dict__", values)
    _set(model, "__pydantic_fields_set__", _fields(kind))
    _set(model, "__pydantic_extra__", None)
    _set(model, "__pydantic_private__", private)
    return model


@cache
def _fields(kind: type[Model]) -> set[str]:
    return set(kind.model_fields)


def summary(client: KitaruClient, row: Row, **details: Any) -> Execution:
    """Make an execution from its row."""
    execution = Execution(
        exec_id=row["exec_id"],
        flow_name=row["flow"],
        status=ExecutionStatus(row["status"]),
        created_at=moment(row["created_at"]),
        started_at=moment(row["started_at"]),
        ended_at=moment(row["ended_at"]),
        duration=row["duration"],
        stack_name=row["stack"],
        snapshot_id=row["snapshot_id"],
        tags=row["tags"] or [],
        metadata=row["metadata"] or {},
        status_reason=row["reason"],
        failure=failure(row["failure"]),
        failed_call=row["failed_call"],
        original_exec_id=row["original_exec_id"],
        parent_exec_id=row["parent_exec_id"],
        parent_call=row["parent_call"],
        notebook=row["notebook"],
        deployment_version=row["deployment_version"],
        invoked_by=row["invoked_by"],
        invoked_via=row["invoked_via"],
        waiting_for=row["waits_pending"] or [],
        call_count=row["calls"],
        reused_count=row["reused"],
        failed_count=row["failed"],
        llm_calls=row["llm_calls"] or 0,
        input_tokens=row["input_tokens"],
        output_tokens=row["output_tokens"],
        total_tokens=row["total_tokens"],
        cost_usd=row["cost_usd"],
        **details,
    )
    execution.bound(client)
    return execution


def detailed(client: KitaruClient, recorded: Mapping[str, Any]) -> Execution:
    """Make an execution with everything from an ``execution`` answer."""
    with _no_collection():
        return _detailed(client, recorded)


@contextmanager
def _no_collection() -> Iterator[None]:
    """Make thousands of objects that all stay, without looking for garbage among them every few hundred."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _detailed(client: KitaruClient, recorded: Mapping[str, Any]) -> Execution:
    row = recorded["execution"]
    found = artifacts(client, artifact_rows(recorded["saved"], recorded["calls"]))
    by_call: dict[str | None, list[ArtifactRef]] = {}
    for item in found:
        by_call.setdefault(item.producing_call, []).append(item)
    inputs = row["inputs"] or {}
    flow = {"flow": row["flow"]}
    execution = summary(
        client,
        row,
        detailed=True,
        inputs={name: value(record) for name, record in inputs.items()},
        output=value(row["output"]) if row["output"] else None,
        frozen_execution_spec=row["spec"] or {},
        cwd=row["cwd"],
        interpreter=row["interpreter"],
        runner=row["runner"],
        pending_waits=[wait(client, item | flow) for item in recorded["waits"] if item["status"] == "pending"],
        answers=[answer(item) for item in recorded["waits"] if item["status"] != "pending"],
        checkpoints=[call(item, by_call.get(item["name"], [])) for item in recorded["calls"]],
        artifacts=found,
        children=[child(item) for item in recorded["children"]],
    )
    execution._records = inputs  # noqa: SLF001 -- what the previews stand for belongs to the model
    execution._output = row["output"]  # noqa: SLF001
    return execution


def value(record: Mapping[str, Any]) -> ValueInfo:
    """Describe what a ValueRecord, or the recorded description of an argument, says of a value."""
    preview = record.get("preview") or {}
    told = {
        "text": str(preview.get("text", "?")),
        "type": record.get("type") or preview.get("type"),
        "size": record.get("size"),
        "digest": record.get("digest"),
        "preview": preview,
    }
    return made(ValueInfo, told)


def failure(recorded: Mapping[str, Any] | None) -> FailureInfo | None:
    """Make a failure from what is recorded of it."""
    if not recorded:
        return None
    return FailureInfo(
        message=recorded.get("message") or "",
        exception_type=recorded.get("type"),
        traceback=recorded.get("traceback") or "",
        origin=FailureOrigin(recorded.get("origin") or "unknown"),
    )


def artifact(client: KitaruClient, row: Row) -> ArtifactRef:
    """Make an artifact from its row."""
    return artifacts(client, [row])[0]


def artifacts(client: KitaruClient, rows: Sequence[Row]) -> list[ArtifactRef]:
    """Make artifacts from their rows."""
    return [
        made(
            ArtifactRef,
            {
                "artifact_id": row["artifact_id"],
                "exec_id": row["exec_id"],
                "name": row["name"],
                "kind": row["kind"],
                "save_type": row["save_type"],
                "producing_call": row["call"],
                "tags": row["tags"] or [],
                "created_at": moment(row["at"]),
                "value": value(row["value"]),
            },
            {"_load": partial(client.decode, row["value"])},
        )
        for row in rows
    ]


def call(row: Row, artifacts: list[ArtifactRef]) -> CheckpointCall:
    """Make a call from its row; what it returned is one of its artifacts."""
    told = {
        "call_id": f"{row['exec_id']}/{row['name']}",
        "exec_id": row["exec_id"],
        "name": row["name"],
        "checkpoint": row["checkpoint"],
        "checkpoint_type": row["type"],
        "status": row["status"],
        "sequence": row["sequence"],
        "concurrent": bool(row["concurrent"]),
        "runtime": row["runtime"],
        "started_at": moment(row["started_at"]),
        "ended_at": moment(row["ended_at"]),
        "duration": row["duration"],
        "inputs": {name: value(described) for name, described in (row["inputs"] or {}).items()},
        "output": next((one.value for one in artifacts if one.save_type == "output"), None),
        "reused": row["reason"] if row["status"] == "reused" else None,
        "why": row["why"],
        "original_call_id": row["source_call"] and f"{row['source_exec_id']}/{row['source_call']}",
        "parent_calls": row["parents"] or [],
        "failure": failure(row["failure"]),
        "attempts": [attempt(item) for item in row["attempts"]],
        "metadata": row["metadata"] or {},
        "progress": row["progress"],
        "llm_calls": row["llm_calls"] or 0,
        "input_tokens": row["input_tokens"],
        "output_tokens": row["output_tokens"],
        "total_tokens": row["total_tokens"],
        "cost_usd": row["cost_usd"],
        "code_id": row["code_id"],
        "cache_key": row["cache_key"],
        "artifacts": artifacts,
    }
    return made(CheckpointCall, told)


def attempt(row: Row) -> CheckpointAttempt:
    """Make an attempt from its row."""
    told = {
        "attempt": row["attempt"],
        "status": row["status"],
        "started_at": moment(row["started_at"]),
        "ended_at": moment(row["ended_at"]),
        "failure": failure(row["failure"]),
        "retry_in": row["retry_in"],
    }
    return made(CheckpointAttempt, told)


def wait(client: KitaruClient, row: Row) -> PendingWait:
    """Make an open question from its row."""
    pending = PendingWait(
        exec_id=row["exec_id"],
        flow_name=row["flow"],
        name=row["name"],
        question=row["question"],
        json_schema=row["schema"],
        metadata=row["metadata"] or {},
        entered_waiting_at=moment(row["created_at"]),
        deadline=moment(row["deadline"]),
        default=row["default"],
    )
    pending.bound(client)
    return pending


def answer(row: Row) -> Answer:
    """Make an answered question from its row."""
    return Answer(
        name=row["name"],
        status=row["status"],
        question=row["question"],
        value=row["value"],
        by=row["by"],
        source=row["source"],
        ended_at=moment(row["ended_at"]),
    )


def child(row: Row) -> ChildExecution:
    """Make a child from its row."""
    return ChildExecution(
        exec_id=row["exec_id"],
        flow_name=row["flow"],
        status=ExecutionStatus(row["status"]),
        parent_call=row["parent_call"],
    )


def log_entry(line: Mapping[str, Any], position: int, at: float) -> LogEntry:
    """Make a line of output from a row, or from a line of a ``log.written`` event."""
    when = moment(line.get("at") or at)
    assert when is not None
    return LogEntry(
        message=line["text"],
        level=line.get("level"),
        timestamp=when,
        source=line.get("stream"),
        checkpoint_name=line.get("call"),
        attempt=line.get("attempt"),
        logger=line.get("logger"),
        filename=line.get("file"),
        lineno=line.get("file_line", line.get("line")),
        cursor=position,
    )


def event(row: Mapping[str, Any]) -> ExecutionEvent:
    """Make an event from a recorded or live one."""
    body, when = row["body"] or {}, moment(row["at"])
    assert when is not None
    return ExecutionEvent(
        exec_id=row["exec_id"],
        kind=row["kind"],
        timestamp=when,
        checkpoint_name=row.get("call"),
        attempt=row.get("attempt"),
        payload=body,
        correlation_id=body.get("correlation_id"),
        index=body.get("index"),
        cursor=row["position"],
    )


def statistics(told: Mapping[str, Any]) -> ExecutionStatistics:
    """Make statistics from a ``statistics`` answer."""
    groups = [
        ExecutionStatisticsGroup(
            keys={key: moment(part) if key.startswith("time:") else part for key, part in group["keys"].items()},
            execution_count=group["count"],
            failed=group["failed"],
            calls=group["calls"],
            reused=group["reused"],
            total_tokens=group["tokens"],
            cost_usd=group["cost"],
            duration=Durations(**group["duration"]),
        )
        for group in told["groups"]
    ]
    return ExecutionStatistics(groups=groups, truncated=told["truncated"])
