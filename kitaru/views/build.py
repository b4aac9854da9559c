"""From what the store has of an execution to the document that every view shows."""

from __future__ import annotations

import time
from collections import Counter
from typing import TYPE_CHECKING, Any, Final

from kitaru.client.models import Execution
from kitaru.views import folding
from kitaru.views.model import ChildView, ExecutionSummary, ExecutionView, Totals
from kitaru.views.models_as_rows import execution_row
from kitaru.views.parts import call_view as call_view
from kitaru.views.parts import failure_view, log_line, value_view
from kitaru.views.parts import wait_view as wait_view
from kitaru.views.record import LOG_LINES, read_record

if TYPE_CHECKING:
    from kitaru.client.client import KitaruClient
    from kitaru.views.model import CallView, GroupView, LogLine, Row, WaitView
    from kitaru.views.record import Record
    from kitaru.views.record import Row as Stored

CHILD_ROWS: Final = 20
MOST_INPUTS: Final = 30


def execution_view(client: KitaruClient, exec_id: str, *, most_rows: int = folding.MOST_ROWS) -> ExecutionView:
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
    record = read_record(client.store, client.executions.resolve(exec_id))
    return view_of(record, home=home_of(client), most_rows=most_rows)


def home_of(client: KitaruClient) -> str | None:
    """Return the id of the home that a client works with; None for a server elsewhere."""
    from kitaru.store.connect import current_target
    from kitaru.store.home import find_home, home_id

    if client.is_remote:
        return None
    return home_id(current_target().home or find_home())


def view_of(record: Record, *, home: str | None = None, most_rows: int = folding.MOST_ROWS) -> ExecutionView:
    """Make the document from rows, wherever they come from."""
    head = record.head
    rows, hidden = _rows(record, most_rows)
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
        original_exec_id=head["original_exec_id"],
        parent_exec_id=head["parent_exec_id"],
        totals=_totals(record),
        inputs={name: value_view(value) for name, value in inputs.items()},
        output=value_view(head["output"]) if head["output"] else None,
        failure=failure_view(head["failure"]),
        failed_call=head["failed_call"] or _failed_call(record),
        waits=_open_waits(record),
        rows=rows,
        hidden=hidden,
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


def _rows(record: Record, most: int) -> tuple[list[Row], int]:
    calls, waits = record.calls, record.waits
    starts = sorted([call["first_position"] for call in calls]) if waits else []
    placed = [(folding.place_of(wait["first_position"], starts), wait) for wait in waits]
    lone = [index for index, call in enumerate(calls) if call["type"] == "flow" and _child_of(record, call)]
    cuts = [place for place, _ in placed] + lone + [index + 1 for index in lone]
    first, last, hidden = folding.windowed(folding.segments(calls, cuts), most)
    record.complete(folding.shown(record, (*first, *last)))
    shown: list[tuple[int, int, Row]] = [
        (start, 1, _child_or_row(record, (start, end))) for start, end in (*first, *last)
    ]
    flow = record.head["flow"]
    left_out = range(first[-1][1], last[0][0]) if last else range(0)
    # A question keeps its place; one that is asked among rows that are left out is left out with them.
    questions = [(place, wait) for place, wait in placed if place not in left_out or wait["status"] == "pending"]
    shown += [(place, 0, wait_view(wait, flow, sequence=place)) for place, wait in questions]
    shown.sort(key=lambda item: item[:2])
    return [row for _, _, row in shown], hidden


def _child_or_row(record: Record, segment: folding.Segment) -> Row:
    start, end = segment
    child = _child_of(record, record.calls[start]) if end - start == 1 else None
    return folding.row_of(record, segment) if child is None else _child(child, record.calls[start])


def _child_of(record: Record, call: Stored) -> Record | None:
    if call["type"] != "flow" or not record.children or call["status"] == "reused":
        return None
    for child in record.children.values():
        if child.head["parent_call"] == call["name"]:
            return child
    return None


def _child(child: Record, call: Stored) -> ChildView:
    first, last, _ = folding.windowed(folding.segments(child.calls), CHILD_ROWS)
    child.complete(folding.shown(child, (*first, *last)))
    rows: list[CallView | GroupView] = [folding.row_of(child, segment) for segment in (*first, *last)]
    head = child.head
    return ChildView(
        exec_id=head["exec_id"],
        flow=head["flow"],
        status=head["status"],
        sequence=call["sequence"],
        call=call["name"],
        started_at=head["started_at"],
        ended_at=head["ended_at"],
        calls=len(child.calls),
        rows=rows,
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


def _totals(record: Record) -> Totals:
    counts = Counter([call["status"] for call in record.calls])
    return Totals(
        calls=len(record.calls),
        completed=counts["completed"],
        running=counts["running"],
        failed=counts["failed"],
        reused=counts["reused"],
        tokens=record.head["total_tokens"],
        cost=record.head["cost_usd"],
    )


def _failed_call(record: Record) -> str | None:
    """The last call that failed: where a flow stopped, unless it caught the error."""
    if record.head["status"] != "failed":
        return None
    return next((call["name"] for call in reversed(record.calls) if call["status"] == "failed"), None)
