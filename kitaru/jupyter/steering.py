"""Routes that change something: answers, cancellations, and executions that go on or begin anew."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any, Literal

from kitaru.errors import KitaruConflictError, KitaruWaitValidationError
from kitaru.jupyter.failures import RequestError, of_kitaru
from kitaru.jupyter.models import (
    AnswerBody,
    CancelBody,
    HomeQuery,
    NothingBody,
    Place,
    PlannedAnswer,
    PlannedCall,
    ReplayBody,
    Replayed,
    Started,
)
from kitaru.store.json_schema import faults

if TYPE_CHECKING:
    from kitaru.jupyter.endpoints import Request

_MOST_PLACES = 20


def cancel(request: Request[HomeQuery, CancelBody]) -> Started:
    """Stop an execution, wherever it runs."""
    executions = request.client.executions
    exec_id = executions.resolve(request.path["exec_id"])
    executions.cancel(exec_id, request.body.reason or "")
    return Started(exec_id=exec_id)


def resume(request: Request[HomeQuery, NothingBody]) -> Started:
    """Go on with an execution whose runner went away."""
    return _by_a_job(request, "resume")


def retry(request: Request[HomeQuery, NothingBody]) -> Started:
    """Run what failed again; what finished is kept."""
    return _by_a_job(request, "retry")


def replay(request: Request[HomeQuery, ReplayBody]) -> Replayed:
    """Make a new execution from a recorded one, or say what that would do."""
    executions = request.client.executions
    exec_id = executions.resolve(request.path["exec_id"])
    changes = request.body.model_dump(exclude={"dry_run", "cache"})
    # Also before it is done: what cannot be done is told at once, and by name.
    plan = executions.dry_run(exec_id, **changes, read_values=False)
    if not request.body.dry_run:
        job = request.client.jobs.post("replay", exec_id, changes | {"cache": request.body.cache})
        return Replayed(exec_id=job.wait_until_begun(), original_exec_id=exec_id, flow=plan.flow_name, at=plan.at)
    return Replayed(
        original_exec_id=exec_id,
        flow=plan.flow_name,
        at=plan.at,
        calls=[PlannedCall(**call.model_dump()) for call in plan.calls],
        questions=[PlannedAnswer(**question.model_dump()) for question in plan.questions],
    )


def answer(request: Request[HomeQuery, AnswerBody]) -> Started:
    """Answer a question; the execution goes on by itself."""
    exec_id, wait = _question(request)
    value = request.body.value
    try:
        request.client.executions.input(exec_id, value, wait=wait, by=request.user)
    except KitaruWaitValidationError as error:
        raise RequestError(422, of_kitaru(error, _misfits(request, exec_id, wait))) from None
    except KitaruConflictError as error:
        raise _too_late(request, exec_id, wait, error) from None
    return Started(exec_id=exec_id)


def abort(request: Request[HomeQuery, None]) -> Started:
    """Refuse to answer a question; the execution is cancelled."""
    exec_id, wait = _question(request)
    try:
        request.client.executions.abort_wait(exec_id, wait=wait, by=request.user)
    except KitaruConflictError as error:
        raise _too_late(request, exec_id, wait, error) from None
    return Started(exec_id=exec_id)


def _by_a_job(request: Request[HomeQuery, NothingBody], kind: Literal["resume", "retry"]) -> Started:
    exec_id = request.client.executions.resolve(request.path["exec_id"])
    return Started(exec_id=request.client.jobs.post(kind, exec_id).wait_until_begun())


def _question(request: Request[Any, Any]) -> tuple[str, str]:
    return request.client.executions.resolve(request.path["exec_id"]), request.path["wait"]


def _row(request: Request[Any, Any], exec_id: str, wait: str) -> dict[str, Any]:
    rows = request.client.store.read("waits", exec_id=exec_id, status=None)
    return next((row for row in rows if row["name"] == wait), {})


def _misfits(request: Request[HomeQuery, AnswerBody], exec_id: str, wait: str) -> list[Place]:
    """Say which fields of an answer do not fit, for the form to show each at its place."""
    schema = _row(request, exec_id, wait).get("schema") or {}
    found = itertools.islice(faults(schema, request.body.value), _MOST_PLACES)
    return [Place(place=".".join(map(str, fault.path)), message=fault.message) for fault in found]


def _too_late(request: Request[Any, Any], exec_id: str, wait: str, error: KitaruConflictError) -> RequestError:
    row = _row(request, exec_id, wait)
    told = {"by": row.get("by"), "at": row.get("ended_at")}
    return RequestError(409, of_kitaru(error).model_copy(update=told))
