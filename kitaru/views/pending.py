"""The view of an execution of which nothing is known yet but its name."""

from __future__ import annotations

import time

from kitaru.views.model import ExecutionView, Totals


def pending_view(exec_id: str, flow: str) -> ExecutionView:
    """Make a view that can be painted before the store has answered.

    Examples
    --------
    >>> pending_view("kr-1", "research").status
    'pending'
    """
    totals = Totals(calls=0, completed=0, running=0, failed=0, reused=0, tokens=None, cost=None)
    return ExecutionView(
        home=None,
        exec_id=exec_id,
        flow=flow,
        status="pending",
        reason=None,
        created_at=None,
        started_at=None,
        ended_at=None,
        at=time.time(),
        position=0,
        notebook=None,
        stack=None,
        snapshot_id=None,
        tags=[],
        original_exec_id=None,
        parent_exec_id=None,
        totals=totals,
        inputs={},
        output=None,
        failure=None,
        failed_call=None,
        waits=[],
        rows=[],
        hidden=0,
        logs=[],
    )
