"""Routes that read: where things stand, executions, calls, output, questions, comparisons, figures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from kitaru.client.explain import explain
from kitaru.errors import KitaruError, KitaruNotFoundError
from kitaru.jupyter.comparing import compare
from kitaru.jupyter.failures import of_kitaru
from kitaru.jupyter.models import (
    AttemptView,
    CallDetail,
    CallPage,
    CallsQuery,
    DiffQuery,
    DiffView,
    Durations,
    ExecutionPage,
    ExecutionsQuery,
    HomeQuery,
    LogsQuery,
    StatisticsGroup,
    StatisticsQuery,
    StatisticsView,
    StatusView,
)
from kitaru.jupyter.stored import artifact_view
from kitaru.version import __version__
from kitaru.views.build import execution_summary, execution_view
from kitaru.views.parts import call_view, failure_view, log_line, wait_view

if TYPE_CHECKING:
    from kitaru.jupyter.endpoints import Request
    from kitaru.views.model import ExecutionView, LogLine, WaitView

MOST_WAITS: Final = 500
MOST_FLOWS: Final = 1_000


def status(request: Request[HomeQuery, None]) -> StatusView:
    """Say where things stand, also when the store cannot."""
    home, waiting, problem = request.home, 0, None
    try:
        if home.recorded:
            with home.watched():
                waiting = len(home.require().store.read("waits"))
    except KitaruError as error:
        problem = of_kitaru(error)
    return StatusView(
        home=home.id,
        location=home.location,
        version=__version__,
        recorded=home.recorded,
        waiting=waiting if problem is None else None,
        problem=problem,
        root=request.homes.root,
        homes=request.homes.infos(),
    )


def flows(request: Request[HomeQuery, None]) -> list[str]:
    """Name the flows of which something is recorded."""
    if not request.home.recorded:
        return []
    counted = request.client.store.read("statistics", group_by=["flow"], max_groups=MOST_FLOWS)
    return sorted(group["keys"]["flow"] for group in counted["groups"])


def executions(request: Request[ExecutionsQuery, None]) -> ExecutionPage:
    """List executions."""
    asked = request.query
    if not request.home.recorded:
        return ExecutionPage(items=[], total=0)
    page = request.client.executions.list(
        flow=asked.flow,
        status=asked.status,
        notebook=None if asked.notebook is None else request.homes.recorded_path(asked.notebook),
        text=asked.text,
        tags=asked.tag,
        original=asked.original,
        parent=asked.parent,
        deployment_version=asked.version,
        since=_moment(asked.since),
        until=_moment(asked.until),
        order=asked.order,
        limit=asked.limit,
        offset=asked.offset,
    )
    return ExecutionPage(items=[execution_summary(execution) for execution in page], total=page.total)


def execution(request: Request[HomeQuery, None]) -> ExecutionView:
    """Show one execution."""
    view = execution_view(request.client, request.path["exec_id"])
    return view.model_copy(update={"home": request.home.id})


def calls(request: Request[CallsQuery, None]) -> CallPage:
    """List calls of an execution."""
    asked = request.query
    found = request.client.store.read(
        "calls",
        exec_id=_exec_id(request),
        checkpoint=asked.checkpoint,
        statuses=asked.status,
        first=asked.first,
        limit=asked.limit,
        offset=asked.offset,
    )
    return CallPage(items=[call_view(_counted(row), full=False) for row in found["items"]], total=found["total"])


def call(request: Request[HomeQuery, None]) -> CallDetail:
    """Show one call with everything that is known of it."""
    exec_id, name = _exec_id(request), request.path["call"]
    store = request.client.store
    found = store.read("calls", exec_id=exec_id, name=name)["items"]
    if not found:
        raise KitaruNotFoundError(f"Execution {exec_id} has no call {name!r}.")
    row = found[0]
    source = row["source_call"] and f"{row['source_exec_id']}/{row['source_call']}"
    return CallDetail(
        **dict(call_view(_counted(row))),
        exec_id=exec_id,
        attempt_list=[_attempt(item) for item in row["attempts"]],
        metadata=row["metadata"] or {},
        parents=row["parents"] or [],
        original_call=source,
        artifacts=[artifact_view(item) for item in store.read("artifacts", exec_id=exec_id, call=name)],
        explanation=None if row["status"] == "running" else explain(request.client, exec_id, name),
    )


def logs(request: Request[LogsQuery, None]) -> list[LogLine]:
    """Read captured output."""
    asked = request.query
    rows = request.client.store.read(
        "logs", exec_id=_exec_id(request), call=asked.call, limit=asked.limit, tail=asked.tail
    )
    # Lines that were written together are never parted, so a few more may come than were asked for.
    return [log_line(row) for row in (rows[-asked.limit :] if asked.tail else rows[: asked.limit])]


def diff(request: Request[DiffQuery, None]) -> DiffView:
    """Put two executions side by side."""
    executions = request.client.executions
    return compare(request.client, _exec_id(request), executions.resolve(request.query.with_))


def waits(request: Request[HomeQuery, None]) -> list[WaitView]:
    """List open questions."""
    if not request.home.recorded:
        return []
    return [wait_view(row) for row in request.client.store.read("waits")[:MOST_WAITS]]


def statistics(request: Request[StatisticsQuery, None]) -> StatisticsView:
    """Count."""
    asked = request.query
    if not request.home.recorded:
        return StatisticsView(groups=[], truncated=False)
    told = request.client.executions.statistics(
        group_by=asked.group_by or (),
        flow=asked.flow,
        status=asked.status,
        tags=asked.tag,
        since=_moment(asked.since),
        until=_moment(asked.until),
        max_groups=asked.limit,
    )
    groups = [
        StatisticsGroup(
            keys={name: _plain(part) for name, part in group.keys.items()},
            count=group.execution_count,
            failed=group.failed,
            calls=group.calls,
            reused=group.reused,
            tokens=group.total_tokens,
            cost=group.cost_usd,
            duration=Durations(**group.duration.model_dump()),
        )
        for group in told.groups
    ]
    return StatisticsView(groups=groups, truncated=told.truncated)


def _exec_id(request: Request[Any, Any]) -> str:
    return request.client.executions.resolve(request.path["exec_id"])


def _counted(row: dict[str, Any]) -> dict[str, Any]:
    """Return a call's row as the table has it, where ``attempts`` is a number."""
    return {**row, "attempts": row["attempt_count"]}


def _attempt(row: dict[str, Any]) -> AttemptView:
    return AttemptView(
        attempt=row["attempt"],
        status=row["status"],
        started_at=row["started_at"],
        ended_at=row["ended_at"],
        failure=failure_view(row["failure"]),
        retry_in=row["retry_in"],
    )


def _moment(given: str | None) -> str | float | None:
    """Read seconds since the epoch, which ISO times and ages are not."""
    try:
        return None if given is None else float(given)
    except ValueError:
        return given


def _plain(part: Any) -> Any:
    return part.timestamp() if hasattr(part, "timestamp") else part
