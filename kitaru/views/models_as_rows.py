"""The client's models as the rows that they were made from, so that there is one way from a row to a view."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datetime import datetime

    from kitaru.client.models import CheckpointCall, Execution, FailureInfo, PendingWait, ValueInfo

    Row = dict[str, Any]


def call_row(call: CheckpointCall) -> Row:
    """Return the row of a call."""
    return {
        "exec_id": call.exec_id,
        "name": call.name,
        "checkpoint": call.checkpoint,
        "type": call.checkpoint_type,
        "status": call.status,
        "sequence": call.sequence,
        "attempts": len(call.attempts),
        "started_at": _seconds(call.started_at),
        "ended_at": _seconds(call.ended_at),
        "duration": call.duration,
        "reason": call.reused,
        "why": call.why,
        "concurrent": call.concurrent,
        "total_tokens": call.total_tokens,
        "cost_usd": call.cost_usd,
        "inputs": {name: _value(value) for name, value in call.inputs.items()},
        "output": _value(call.output) if call.output else None,
        "failure": _failure(call.failure),
        "progress": call.progress,
    }


def wait_row(wait: PendingWait) -> Row:
    """Return the row of an open question."""
    return {
        "exec_id": wait.exec_id,
        "flow": wait.flow_name,
        "name": wait.name,
        "status": "pending",
        "question": wait.question,
        "schema": wait.json_schema,
        "created_at": _seconds(wait.entered_waiting_at),
        "deadline": _seconds(wait.deadline),
        "default": wait.default,
        "value": None,
        "by": None,
        "source": None,
        "ended_at": None,
    }


def execution_row(execution: Execution) -> Row:
    """Return the row of an execution, as far as lists tell."""
    return {
        "exec_id": execution.exec_id,
        "flow": execution.flow_name,
        "status": execution.status.value,
        "created_at": _seconds(execution.created_at),
        "started_at": _seconds(execution.started_at),
        "ended_at": _seconds(execution.ended_at),
        "notebook": execution.notebook,
        "deployment_version": execution.deployment_version,
        "invoked_by": execution.invoked_by,
        "invoked_via": execution.invoked_via,
        "tags": execution.tags,
        "waits_pending": execution.waiting_for,
        "failure": _failure(execution.failure),
        "original_exec_id": execution.original_exec_id,
        "parent_exec_id": execution.parent_exec_id,
        "calls": execution.call_count,
        "failed": execution.failed_count,
        "reused": execution.reused_count,
        "total_tokens": execution.total_tokens,
        "cost_usd": execution.cost_usd,
    }


def _value(value: ValueInfo) -> Row:
    preview = value.preview or {"kind": "text", "text": value.text}
    return {"preview": preview, "type": value.type, "size": value.size, "digest": value.digest}


def _failure(failure: FailureInfo | None) -> Row | None:
    if failure is None:
        return None
    told = {"message": failure.message, "type": failure.exception_type, "traceback": failure.traceback}
    return told | {"origin": failure.origin.value}


def _seconds(when: datetime | None) -> float | None:
    return None if when is None else when.timestamp()
