"""What goes in and out of the routes about deployments, schedules, and the notebooks that they come from."""

from __future__ import annotations

from typing import Any, Final, Literal

from pydantic import Field

from kitaru.jupyter.models import Asked, HomeQuery
from kitaru.views.model import View

MOST_KEY: Final = 255


class DeploymentsQuery(HomeQuery):
    """Which deployments or schedules to list."""

    flow: str | None = Field(None, description="Name of the flow; without it those of all flows")


class InvokeBody(Asked):
    """What a deployment is invoked with."""

    inputs: dict[str, Any] = Field(default_factory=dict, description="The flow's arguments by name, as plain JSON")
    idempotency_key: str | None = Field(
        None,
        min_length=1,
        max_length=MOST_KEY,
        description="A second invocation of the flow with the same key gives the execution of the first one",
    )


class TagBody(Asked):
    """A tag for a version."""

    tag: str = Field(max_length=255, description="A word without blanks")
    exclusive: bool = Field(False, description="Take it from all other versions; `default` always is")


class ExportBody(Asked):
    """What to write of a notebook."""

    flows: list[str] = Field(default_factory=list, description="Names of flows; all of the notebook's if empty")
    force: bool = Field(False, description="Write over a file that somebody changed")


class DeployBody(Asked):
    """Which flow of a notebook to deploy."""

    flow: str = Field(description="Name of the flow")
    tags: list[str] = Field(default_factory=list, description="Tags of the new version")
    exclusive: bool = Field(False, description="Take these tags from all other versions")


class TimesQuery(HomeQuery):
    """When a schedule is to be due."""

    cron: str | None = Field(None, max_length=200, description="Minute, hour, day of the month, month, day of the week")
    every: float | None = Field(None, description="Instead of `cron`: seconds between runs")
    timezone: str | None = Field(
        None, max_length=100, description="IANA name of the zone that `cron` is meant in; the server's if not given"
    )


class ScheduleBody(Asked):
    """A schedule that is to be made."""

    name: str = Field(max_length=200, description="A name of one's own, without blanks and slashes")
    flow: str = Field(description="Name of a deployed flow")
    version: int | None = Field(None, ge=1, le=2**31 - 1, description="Number of the version")
    tag: str | None = Field(
        None, max_length=255, description="Looked up each time; `default` if neither tag nor version is given"
    )
    cron: str | None = Field(None, max_length=200, description="Minute, hour, day of the month, month, day of the week")
    every: float | None = Field(None, description="Instead of `cron`: seconds between runs")
    timezone: str | None = Field(
        None, max_length=100, description="IANA name of the zone that `cron` is meant in; the server's if not given"
    )
    inputs: dict[str, Any] = Field(default_factory=dict, description="The flow's arguments by name, as plain JSON")
    missed: Literal["latest", "all", "skip"] = Field(
        "latest", description="What becomes of runs that came due while no service ran"
    )


class DeploymentSummary(View):
    """One version of a flow in a list."""

    flow: str
    version: int
    tags: dict[str, bool]
    """Its tags, and whether each is exclusive."""
    about: str | None
    """What the flow says of itself."""
    created_at: float | None
    created_by: str | None
    source: str | None
    """Notebook or script that it was made from."""


class DeploymentView(DeploymentSummary):
    """One version of a flow with everything that it holds."""

    json_schema: dict[str, Any]
    """Of its parameters, with their defaults."""
    script: str | None
    script_note: str | None
    """Why there is no script."""
    requirements: list[str]
    notes: list[str]
    commit_sha: str | None
    commit_dirty: bool | None
    python: str
    kitaru: str
    stack: str
    snapshot_id: str
    invoke_url: str
    """Where it is invoked over HTTP: the route of the flow, to which a version or a tag is added."""
    token: str
    """What a shell puts in place of the token."""


class ScheduleView(View):
    """When a deployment is invoked by itself."""

    name: str
    flow: str
    version: int | None
    tag: str | None
    """Looked up each time; ``default`` if neither is given."""
    inputs: dict[str, Any]
    cron: str | None
    every: float | None
    """Seconds between runs."""
    timezone: str
    in_words: str
    """When it is due, for people."""
    missed: str
    paused: bool
    last_due: float | None
    last_exec_id: str | None
    last_error: str | None
    """Why nothing was invoked the last time."""
    next_runs: list[float]
    """None while it is paused."""


class TimesView(View):
    """When a schedule would be due."""

    in_words: str
    timezone: str
    next_runs: list[float]


class NotebookFlows(View):
    """The flows of a saved notebook."""

    flows: list[str]
    interpreter: str
    """Python of the notebook's kernel, which exports and deploys."""


class Exported(View):
    """A script that was written."""

    path: str
    """Below the server's root."""
    flows: list[str]
    notes: list[str]
    """What was left out."""
