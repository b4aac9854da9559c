"""Routes about deployments and their schedules: found, tagged, invoked, made, paused, deleted."""

from __future__ import annotations

import itertools
import time
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from kitaru.client.invoking import service_address, shell_token
from kitaru.client.schedules import times_in_words
from kitaru.jupyter.deployment_models import DeploymentSummary, DeploymentView, ScheduleView, TimesView
from kitaru.jupyter.failures import RequestError, usage_error
from kitaru.jupyter.models import Failure, Place, Started
from kitaru.store.json_schema import faults
from kitaru.store.schedules import checked_times, next_times

if TYPE_CHECKING:
    from kitaru.client.deployment import Deployment
    from kitaru.client.schedules import Schedule
    from kitaru.jupyter.deployment_models import DeploymentsQuery, InvokeBody, ScheduleBody, TagBody, TimesQuery
    from kitaru.jupyter.endpoints import Request
    from kitaru.jupyter.models import HomeQuery, NothingBody

_MOST_PLACES: Final = 20


def deployments(request: Request[DeploymentsQuery, None]) -> list[DeploymentSummary]:
    """List versions: flows by name, the newest version first."""
    return _versions(request, request.query.flow) if request.home.recorded else []


def deployment(request: Request[HomeQuery, None]) -> DeploymentView:
    """Show one version with everything that it holds."""
    client = request.client
    found = client.deployments.get(request.path["flow"], version=_version(request))
    address = service_address(client)
    return DeploymentView(
        **dict(summary(found)),
        json_schema=found.schema,
        script=found.script,
        script_note=found.script_note,
        requirements=found.requirements,
        notes=found.notes,
        commit_sha=found.commit_sha,
        commit_dirty=found.commit_dirty,
        python=found.python,
        kitaru=found.kitaru,
        stack=found.stack,
        snapshot_id=found.snapshot_id,
        invoke_url=f"{address}/deployments/{quote(found.flow, safe='')}/invoke",
        token=shell_token(client),
    )


def invoke(request: Request[HomeQuery, InvokeBody]) -> Started:
    """Run a version in a worker process."""
    flow, version = request.path["flow"], _version(request)
    found = request.client.deployments.get(flow, version=version)
    _check_inputs(found, request.body.inputs)
    handle = request.client.deployments.invoke(
        flow,
        version=version,
        inputs=request.body.inputs,
        idempotency_key=request.body.idempotency_key,
        via="lab",
        by=request.user,
    )
    return Started(exec_id=handle.exec_id)


def tag(request: Request[HomeQuery, TagBody]) -> list[DeploymentSummary]:
    """Give a version a tag."""
    flow = request.path["flow"]
    request.client.deployments.tag(flow, _version(request), request.body.tag, exclusive=request.body.exclusive)
    return _versions(request, flow)


def untag(request: Request[HomeQuery, None]) -> list[DeploymentSummary]:
    """Take a tag from a version."""
    flow = request.path["flow"]
    request.client.deployments.untag(flow, _version(request), request.path["tag"])
    return _versions(request, flow)


def delete(request: Request[HomeQuery, None]) -> list[DeploymentSummary]:
    """Let nobody invoke a version any more."""
    flow = request.path["flow"]
    request.client.deployments.delete(flow, _version(request))
    return _versions(request, flow)


def schedules(request: Request[DeploymentsQuery, None]) -> list[ScheduleView]:
    """List schedules by name."""
    if not request.home.recorded:
        return []
    return [schedule_view(one) for one in request.client.schedules.list(request.query.flow)]


def create_schedule(request: Request[HomeQuery, ScheduleBody]) -> ScheduleView:
    """Invoke a version again and again."""
    asked = request.body
    found = request.client.deployments.get(asked.flow, version=asked.version, tag=asked.tag)
    _check_inputs(found, asked.inputs)
    made = request.client.schedules.create(**asked.model_dump(), by=request.user)
    return schedule_view(made)


def delete_schedule(request: Request[HomeQuery, None]) -> list[ScheduleView]:
    """Give a schedule up."""
    gone = request.client.schedules.get(request.path["schedule"])
    gone.delete()
    return [schedule_view(one) for one in request.client.schedules.list(gone.flow)]


def times(request: Request[TimesQuery, None]) -> TimesView:
    """Say when a schedule would be due."""
    when = checked_times(request.query.cron, request.query.every, request.query.timezone)
    return TimesView(
        in_words=times_in_words(when["cron"], when["every"]),
        timezone=when["timezone"],
        next_runs=next_times({**when, "paused": False, "created_at": time.time()}),
    )


def pause(request: Request[HomeQuery, NothingBody]) -> ScheduleView:
    """Let a schedule rest."""
    return schedule_view(request.client.schedules.pause(request.path["schedule"]))


def resume(request: Request[HomeQuery, NothingBody]) -> ScheduleView:
    """Go on with a schedule that rests."""
    return schedule_view(request.client.schedules.resume(request.path["schedule"]))


def summary(found: Deployment) -> DeploymentSummary:
    """Make the line that a version has in a list."""
    return DeploymentSummary(
        flow=found.flow,
        version=found.version,
        tags=found.tags,
        about=found.schema.get("description"),
        created_at=found.created_at.timestamp() if found.created_at else None,
        created_by=found.created_by,
        source=found.source,
    )


def schedule_view(found: Schedule) -> ScheduleView:
    """Make the view of a schedule."""
    return ScheduleView(
        name=found.name,
        flow=found.flow,
        version=found.version,
        tag=found.tag,
        inputs=found.inputs,
        cron=found.cron,
        every=found.every,
        timezone=found.timezone,
        in_words=found.in_words,
        missed=found.missed,
        paused=found.paused,
        last_due=found.last_due.timestamp() if found.last_due else None,
        last_exec_id=found.last_exec_id,
        last_error=found.last_error,
        next_runs=[run.timestamp() for run in found.next_runs],
    )


def _check_inputs(found: Deployment, inputs: dict[str, Any]) -> None:
    """Refuse inputs that do not fit, with the place of each."""
    wrong = list(itertools.islice(faults(found.schema, inputs), _MOST_PLACES))
    if wrong:
        places = [Place(place=".".join(map(str, fault.path)), message=fault.message) for fault in wrong]
        told = "; ".join(map(str, wrong[:3]))
        message = f"Flow {found.flow}, version {found.version}, does not take these inputs: {told}."
        raise RequestError(422, Failure(message=message, reason="KitaruUsageError", places=places))


def _versions(request: Request[Any, Any], flow: str | None) -> list[DeploymentSummary]:
    return [summary(one) for one in request.client.deployments.list(flow)]


def _version(request: Request[Any, Any]) -> int:
    text = request.path["version"]
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:19]) < 2**31):
        raise usage_error(f"{text[:40]!r} is no version: give a whole number of at least 1.", place="version")
    return int(text)
