"""The routes about deployments, their schedules, and the notebooks that they come from."""

from __future__ import annotations

from typing import Final

from kitaru.jupyter import deployments, notebooks
from kitaru.jupyter.deployment_models import (
    DeployBody,
    DeploymentsQuery,
    DeploymentSummary,
    DeploymentView,
    ExportBody,
    Exported,
    InvokeBody,
    NotebookFlows,
    ScheduleBody,
    ScheduleView,
    TagBody,
    TimesQuery,
    TimesView,
)
from kitaru.jupyter.endpoints import Endpoint
from kitaru.jupyter.models import NotebookQuery, NothingBody, Started

ONE: Final = "deployments/{flow}/{version}"
SCHEDULE: Final = "schedules/{schedule}"

VERSIONS: Final = "kitaru flow deployments list"
SCHEDULES: Final = "kitaru schedule list"

_GONE: Final = {404: "There is no such flow or version, or it was deleted."}
_NO_NOTEBOOK: Final = {404: "There is no such notebook, or it has no such flow."}
_UNKNOWN: Final = {404: "There is no such schedule."}

DEPLOYMENT_ROUTES: Final = (
    Endpoint(
        "GET",
        "deployments",
        "Deployed versions of flows: flows by name, the newest version first",
        deployments.deployments,
        list[DeploymentSummary],
        query=DeploymentsQuery,
        polled=True,
        listing=VERSIONS,
    ),
    Endpoint(
        "GET",
        ONE,
        "One deployed version, with script, requirements and the schema of its parameters",
        deployments.deployment,
        DeploymentView,
        polled=True,
        refusals=_GONE,
        listing=VERSIONS,
    ),
    Endpoint(
        "DELETE",
        ONE,
        "Let nobody invoke a version any more; what it ran stays. Answers with the versions that are left",
        deployments.delete,
        list[DeploymentSummary],
        refusals=_GONE | {409: "It has an exclusive tag, which is to be moved first."},
        listing=VERSIONS,
    ),
    Endpoint(
        "POST",
        f"{ONE}/invoke",
        "Run a version in a worker process, whether or not its notebook is open",
        deployments.invoke,
        Started,
        body=InvokeBody,
        refusals=_GONE
        | {
            409: "The idempotency key was used with other inputs.",
            422: "The inputs do not fit; `places` names the fields.",
        },
        listing=VERSIONS,
    ),
    Endpoint(
        "POST",
        f"{ONE}/tags",
        "Give a version a tag; an exclusive one moves. Answers with all versions of the flow",
        deployments.tag,
        list[DeploymentSummary],
        body=TagBody,
        refusals=_GONE | {409: "Another version has the tag exclusively, and it is to be shared."},
        listing=VERSIONS,
    ),
    Endpoint(
        "DELETE",
        f"{ONE}/tags/{{tag}}",
        "Take a tag from a version. Answers with all versions of the flow",
        deployments.untag,
        list[DeploymentSummary],
        refusals={
            404: "There is no such version, or it does not have the tag.",
            409: "It is `default`, which can only be moved.",
        },
        listing=VERSIONS,
    ),
    Endpoint(
        "GET",
        "schedules",
        "When deployments are invoked by themselves",
        deployments.schedules,
        list[ScheduleView],
        query=DeploymentsQuery,
        polled=True,
        listing=SCHEDULES,
    ),
    Endpoint(
        "POST",
        "schedules",
        "Invoke a version again and again",
        deployments.create_schedule,
        ScheduleView,
        body=ScheduleBody,
        refusals=_GONE
        | {
            400: "The name, the expression, the interval or the time zone makes no sense.",
            409: "There is a schedule of this name.",
            422: "The inputs do not fit; `places` names the fields.",
        },
        listing=VERSIONS,
    ),
    Endpoint(
        "GET",
        "schedule-times",
        "When a schedule would be due, in words and by the clock",
        deployments.times,
        TimesView,
        query=TimesQuery,
        refusals={400: "The expression, the interval or the time zone makes no sense."},
        listing=None,
    ),
    Endpoint(
        "DELETE",
        SCHEDULE,
        "Give a schedule up; what it invoked stays. Answers with those of the flow that are left",
        deployments.delete_schedule,
        list[ScheduleView],
        refusals=_UNKNOWN,
        listing=SCHEDULES,
    ),
    Endpoint(
        "POST",
        f"{SCHEDULE}/pause",
        "Let a schedule rest; what comes due meanwhile is not made up for",
        deployments.pause,
        ScheduleView,
        body=NothingBody,
        refusals=_UNKNOWN,
        listing=SCHEDULES,
    ),
    Endpoint(
        "POST",
        f"{SCHEDULE}/resume",
        "Go on with a schedule that rests",
        deployments.resume,
        ScheduleView,
        body=NothingBody,
        refusals=_UNKNOWN,
        listing=SCHEDULES,
    ),
    Endpoint(
        "GET",
        "notebook/flows",
        "Flows of a saved notebook, which is read and not run",
        notebooks.flows,
        NotebookFlows,
        query=NotebookQuery,
        refusals=_NO_NOTEBOOK | {422: "It is no notebook, or none of Python."},
        listing=None,
    ),
    Endpoint(
        "POST",
        "notebook/export",
        "Write flows of a saved notebook as a script beside it",
        notebooks.export,
        Exported,
        query=NotebookQuery,
        body=ExportBody,
        refusals=_NO_NOTEBOOK
        | {
            422: "Something keeps the notebook from becoming a script: `message` names cell, line and remedy.",
            409: "The script that is there was changed by hand; `force` writes over it.",
        },
        listing=None,
    ),
    Endpoint(
        "POST",
        "notebook/deploy",
        "Make the next version of a flow of a saved notebook, with the Python of its kernel",
        notebooks.deploy,
        list[DeploymentSummary],
        query=NotebookQuery,
        body=DeployBody,
        refusals=_NO_NOTEBOOK
        | {
            400: "Its code cannot be imported, or a tag is none: `message` says why, and what to do.",
            422: "It cannot be exported or frozen: `message` says why, and what to do.",
            409: "Another version has a tag exclusively, and it is to be shared.",
        },
        listing=None,
    ),
)
