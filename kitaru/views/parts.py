"""The parts of a view from rows of the store: calls, questions, values, failures, lines of output."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import orjson

from kitaru.client.models import CheckpointCall, PendingWait
from kitaru.views.model import CallView, FailureView, LogLine, ProgressView, ValueView, WaitView
from kitaru.views.models_as_rows import call_row, wait_row

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kitaru.views.record import Row

LONGEST_MESSAGE: Final = 1_000
LONGEST_TRACEBACK: Final = 6_000
LONGEST_LINE: Final = 400
LONGEST_CELL: Final = 120
MOST_INPUTS: Final = 8
LARGEST_SCHEMA: Final = 32_000


def call_view(call: CheckpointCall | Row, *, full: bool = True, stream: str | None = None) -> CallView:
    """Make the row of a call.

    Parameters
    ----------
    call
        A call that the client returned, or its row in the store.
    full
        With whole previews and the traceback; else only what fits into a long list: one line for each value.
    stream
        What a model has said so far.

    Examples
    --------
    >>> import kitaru
    >>> from kitaru import KitaruClient
    >>> @kitaru.checkpoint
    ... def double(n: int) -> int:
    ...     return 2 * n
    >>> @kitaru.flow
    ... def doubling(n: int) -> int:
    ...     return double(n)
    >>> handle = doubling.run(21)
    >>> handle.wait()
    42
    >>> call = KitaruClient().executions.get(handle.exec_id).call("double")
    >>> view = call_view(call)
    >>> view.status, view.inputs["n"].text, view.output.text
    ('completed', '21', '42')
    """
    row = call_row(call) if isinstance(call, CheckpointCall) else call
    reused = row["status"] == "reused"
    inputs = row["inputs"] or {}
    return CallView(
        name=row["name"],
        checkpoint=row["checkpoint"],
        type=row["type"],
        status=row["status"],
        sequence=row["sequence"],
        attempts=row["attempts"] or 0,
        started_at=row["started_at"],
        ended_at=row["ended_at"],
        duration=row["duration"],
        reused=row["reason"] if reused else None,
        why=row["why"] if reused else None,
        concurrent=bool(row["concurrent"]),
        tokens=row["total_tokens"],
        cost=row["cost_usd"],
        inputs={name: value_view(inputs[name], full=full) for name in list(inputs)[: None if full else MOST_INPUTS]},
        output=_output(row, full),
        failure=failure_view(row["failure"], traceback=full),
        progress=_progress(row) if row["status"] in ("running", "interrupted") else None,
        stream=stream if row["status"] == "running" else None,
    )


def wait_view(wait: PendingWait | Row, flow: str | None = None, *, sequence: int = 0) -> WaitView:
    """Make the row of a question.

    Parameters
    ----------
    wait
        An open question that the client returned, or the row of any question in the store.
    flow
        Name of its flow, for rows that do not tell.
    sequence
        Place among the calls.

    Examples
    --------
    >>> from kitaru import KitaruClient
    >>> [wait_view(wait).question for wait in KitaruClient().executions.pending_waits("kr-none")]
    Traceback (most recent call last):
    kitaru.errors.KitaruNotFoundError: No execution 'kr-none' in ...
    """
    row = wait_row(wait) if isinstance(wait, PendingWait) else wait
    schema = row["schema"]
    return WaitView(
        exec_id=row["exec_id"],
        flow=flow or row.get("flow") or "",
        name=row["name"],
        status="expired" if row["source"] == "deadline" else row["status"],
        question=row["question"],
        json_schema=_bounded(schema),
        asked_at=row["created_at"],
        deadline=row["deadline"],
        default=row["default"],
        sequence=sequence,
        answer=None if row["status"] != "answered" else _shortened(_one_line(row["value"])),
        answered_by=row["by"],
        ended_at=row["ended_at"],
    )


def _bounded(schema: dict[str, Any] | None) -> dict[str, Any] | None:
    """Leave a schema out that is too large for a form: the answer is typed as JSON then, and the store checks it."""
    return {} if schema is not None and len(orjson.dumps(schema)) > LARGEST_SCHEMA else schema


def value_view(record: Mapping[str, Any], artifact_id: str | None = None, *, full: bool = True) -> ValueView:
    """Describe a stored value, or the recorded description of an argument."""
    preview = record.get("preview") or {}
    text = str(preview.get("text", "?"))
    return ValueView(
        text=text if full else _shortened(text),
        type=record.get("type") or preview.get("type"),
        size=record.get("size"),
        preview=preview if full else {},
        artifact_id=artifact_id,
    )


def failure_view(failure: Mapping[str, Any] | None, *, traceback: bool = True) -> FailureView | None:
    """Say why something failed; of a long traceback its end is kept."""
    if not failure:
        return None
    return FailureView(
        message=_shortened(failure.get("message") or "", LONGEST_MESSAGE),
        type=failure.get("type"),
        traceback=(failure.get("traceback") or "")[-LONGEST_TRACEBACK:] if traceback else "",
        origin=failure.get("origin") or "unknown",
    )


def log_line(row: Row) -> LogLine:
    """Make a line of output."""
    return LogLine(
        at=row["at"],
        text=_shortened(row["text"], LONGEST_LINE),
        level=row["level"],
        source=row["stream"],
        call=row["call"],
        attempt=row["attempt"],
    )


def _output(row: Row, full: bool) -> ValueView | None:
    output = row["output"]
    return value_view(output, f"{row['exec_id']}/{row['name']}/output", full=full) if output else None


def _progress(row: Row) -> ProgressView | None:
    told = row["progress"]
    if not told:
        return None
    return ProgressView(message=_shortened(told.get("message") or "", LONGEST_CELL), percent=told.get("percent"))


def _shortened(text: str, limit: int = LONGEST_CELL) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "…"


def _one_line(value: Any) -> str:
    return value if isinstance(value, str) else orjson.dumps(value).decode()
