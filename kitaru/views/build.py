"""From what the store has of an execution to the document that every view shows."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

from kitaru.client.models import Execution
from kitaru.views import folding
from kitaru.views.model import ChildView, ExecutionSummary, ExecutionView, Totals
from kitaru.views.models_as_rows import execution_row
from kitaru.views.parts import call_view as call_view
from kitaru.views.parts import failure_view, log_line, value_view
from kitaru.views.parts import wait_view as wait_view
from kitaru.views.record import CHILD_ROWS, LOG_LINES, MOST_ROWS, read_record

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kitaru.client.client import KitaruClient
    from kitaru.views.model import LogLine, Row, WaitView
    from kitaru.views.record import Outline, Record
    from kitaru.views.record import Row as Stored

MOST_INPUTS: Final = 30


def execution_view(client: KitaruClient, exec_id: str, *, most_rows: int = MOST_ROWS) -> ExecutionView:
    """Read an execution and make the document that every view shows of it.

    Parameters
    ----------
    client
        Where it is read.
    exec_id
        Its id, or the beginning of it.
    most_rows
        More rows than this lose those in the middle.

    Raises
    ------
    KitaruNotFoundError
        If there is none.

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
    >>> view = execution_view(KitaruClient(), handle.exec_id)
    >>> view.status, view.rows[0].name, view.output.text
    ('completed', 'double', '42')
    """
    record = read_record(client.store, client.executions.resolve(exec_id), most_rows=most_rows)
    return view_of(record, home=home_of(client), most_rows=most_rows)


def home_of(client: KitaruClient) -> str | None:
    """Return the id of the home that a client works with; None for a server elsewhere."""
    from kitaru.store.connect import current_target
    from kitaru.store.home import find_home, home_id

    if client.is_remote:
        return None
    return home_id(current_target().home or find_home())


def view_of(record: Record, *, home: str | None = None, most_rows: int = MOST_ROWS) -> ExecutionView:
    """Make the document from rows, wherever they come from."""
    head = record.head
    outline = folding.outline_of(record, {child.head["parent_call"] for child in record.children.values()}, most_rows)
    exec_id = head["exec_id"]
    inputs = dict(list((head["inputs"] or {}).items())[:MOST_INPUTS])
    return ExecutionView(
        home=home,
        exec_id=exec_id,
        flow=head["flow"],
        status=head["status"],
        reason=head["reason"],
        created_at=head["created_at"],
        started_at=head["started_at"],
        ended_at=head["ended_at"],
        at=time.time(),
        position=record.position,
        notebook=head["notebook"],
        stack=head["stack"],
        snapshot_id=head["snapshot_id"],
        tags=head["tags"] or [],
        deployment_version=head["deployment_version"],
        invoked_by=head["invoked_by"],
        invoked_via=head["invoked_via"],
        original_exec_id=head["original_exec_id"],
        parent_exec_id=head["parent_exec_id"],
        totals=_totals(head, outline.counts),
        inputs={name: value_view(value) for name, value in inputs.items()},
        output=value_view(head["output"]) if head["output"] else None,
        failure=failure_view(head["failure"]),
        failed_call=head["failed_call"] or _failed_call(head, outline.rows),
        waits=_open_waits(record),
        rows=_rows(record, outline),
        hidden=outline.hidden,
        logs=_logs(record),
    )


def execution_summary(execution: Execution | Stored) -> ExecutionSummary:
    """Make the line that an execution has in a list.

    Parameters
    ----------
    execution
        What ``client.executions.list()`` returned, or a row of the store's ``executions`` read. Lists do not tell
        which calls run: all that neither failed nor were reused count as completed.

    Examples
    --------
    >>> from kitaru import KitaruClient
    >>> [execution_summary(one).exec_id for one in KitaruClient().executions.list(flow="no-such-flow")]
    []
    """
    row = execution_row(execution) if isinstance(execution, Execution) else execution
    failure = failure_view(row["failure"], traceback=False)
    calls, failed, reused = row["calls"] or 0, row["failed"] or 0, row["reused"] or 0
    return ExecutionSummary(
        exec_id=row["exec_id"],
        flow=row["flow"],
        status=row["status"],
        created_at=row["created_at"],
        started_at=row["started_at"],
        ended_at=row["ended_at"],
        notebook=row["notebook"],
        tags=row["tags"] or [],
        deployment_version=row["deployment_version"],
        invoked_by=row["invoked_by"],
        invoked_via=row["invoked_via"],
        waiting_for=row["waits_pending"] or [],
        failure=None if failure is None else f"{failure.type}: {failure.message}" if failure.type else failure.message,
        original_exec_id=row["original_exec_id"],
        parent_exec_id=row["parent_exec_id"],
        totals=Totals(
            calls=calls,
            completed=max(0, calls - failed - reused),
            running=0,
            failed=failed,
            reused=reused,
            tokens=row["total_tokens"],
            cost=row["cost_usd"],
        ),
    )


def _rows(record: Record, outline: Outline) -> list[Row]:
    flow, left_out = record.head["flow"], folding.gap_of(outline.rows)
    shown: list[tuple[int, int, Row]] = [(row["start"], 1, _child_or_row(record, row)) for row in outline.rows]
    for place, wait in zip(outline.places, record.waits, strict=True):
        # A question keeps its place; one that is asked among rows that are left out is left out with them.
        if place not in left_out or wait["status"] == "pending":
            shown.append((place, 0, wait_view(wait, flow, sequence=place)))
    shown.sort(key=lambda item: item[:2])
    return [row for _, _, row in shown]


def _child_or_row(record: Record, row: Stored) -> Row:
    child = _child_of(record, row["calls"][0]) if row["total"] == 1 else None
    return folding.row_view(record, row) if child is None else _child(child, row["calls"][0])


def _child_of(record: Record, call: Stored) -> Record | None:
    if call["type"] != "flow" or call["status"] == "reused":
        return None
    return next((child for child in record.children.values() if child.head["parent_call"] == call["name"]), None)


def _child(child: Record, call: Stored) -> ChildView:
    outline = folding.outline_of(child, (), CHILD_ROWS)
    head = child.head
    return ChildView(
        exec_id=head["exec_id"],
        flow=head["flow"],
        status=head["status"],
        sequence=call["sequence"],
        call=call["name"],
        started_at=head["started_at"],
        ended_at=head["ended_at"],
        calls=sum(outline.counts.values()),
        rows=[folding.row_view(child, row) for row in outline.rows],
    )


def _open_waits(record: Record) -> list[WaitView]:
    """Open questions, also those of children: nobody else would ask them."""
    found = [(wait, one.head["flow"]) for one in _family(record) for wait in one.waits if wait["status"] == "pending"]
    found.sort(key=lambda item: int(item[0]["first_position"]))
    return [wait_view(wait, flow) for wait, flow in found]


def _logs(record: Record) -> list[LogLine]:
    lines: list[Any] = [line for one in _family(record) for line in one.logs]
    lines.sort(key=lambda line: (line["position"], line["line"]))
    return [log_line(line) for line in lines[-LOG_LINES:]]


def _family(record: Record) -> list[Record]:
    return [record, *record.children.values()]


def _totals(head: Stored, counts: Mapping[str, int]) -> Totals:
    return Totals(
        calls=sum(counts.values()),
        completed=counts.get("completed", 0),
        running=counts.get("running", 0),
        failed=counts.get("failed", 0),
        reused=counts.get("reused", 0),
        tokens=head["total_tokens"],
        cost=head["cost_usd"],
    )


def _failed_call(head: Stored, rows: list[Stored]) -> str | None:
    """The last call that failed: where a flow stopped, unless it caught the error."""
    if head["status"] != "failed":
        return None
    calls = (call for row in reversed(rows) for call in reversed(row["calls"]))
    return next((call["name"] for call in calls if call["status"] == "failed"), None)
