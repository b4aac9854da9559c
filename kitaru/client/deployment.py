"""One version of a flow that can be invoked."""

from __future__ import annotations

from datetime import datetime  # noqa: TC003 -- Pydantic reads the annotations
from typing import TYPE_CHECKING, Any

from pydantic import Field

from kitaru.client.models import BoundModel
from kitaru.client.times import moment

if TYPE_CHECKING:
    from kitaru.client.client import KitaruClient
    from kitaru.runtime.handle import FlowHandle


class Deployment(BoundModel):
    """A version of a flow: it never changes, and is invoked by its number or by a tag.

    Examples
    --------
    >>> import kitaru
    >>> @kitaru.flow
    ... def greet(name: str, greeting: str = "Hello") -> str:
    ...     return f"{greeting}, {name}!"
    >>> deployed = greet.deploy(tags={"stable": True})
    >>> deployed
    <deployment greet version 1: default, stable>
    >>> deployed.schema["required"]
    ['name']
    >>> deployed.add_tag("canary").remove_tag("canary")
    <deployment greet version 1: default, stable>
    >>> deployed.invoke(nom="Ada")
    Traceback (most recent call last):
    kitaru.errors.KitaruUsageError: ...
    >>> greet.deploy().delete()
    """

    flow: str
    version: int
    tags: dict[str, bool]
    """Its tags, and whether each is exclusive."""
    created_at: datetime | None
    created_by: str | None
    snapshot_id: str
    json_schema: dict[str, Any] = Field(serialization_alias="schema")
    requirements: list[str]
    """Distributions with their versions, as in ``pandas==2.3.0``."""
    script: str | None
    """Source text of the exported script; None in lists, and where there is none."""
    has_script: bool
    script_note: str | None
    """Why there is no script."""
    source: str | None
    """Notebook or script that it was made from."""
    source_digest: str | None
    commit_sha: str | None
    commit_dirty: bool | None
    python: str
    kitaru: str
    interpreter: str
    stack: str
    notes: list[str]

    @classmethod
    def of_row(cls, client: KitaruClient, row: dict[str, Any]) -> Deployment:
        """Make it of what the store answers."""
        made = cls(
            flow=row["flow"],
            version=row["version"],
            tags=row["tags"],
            created_at=moment(row["created_at"]),
            created_by=row["created_by"],
            snapshot_id=row["snapshot_id"],
            json_schema=row["parameters"],
            requirements=row["requirements"] or [],
            script=row.get("script"),
            has_script=row.get("has_script", row.get("script") is not None),
            script_note=row["script_note"],
            source=row["source"],
            source_digest=row["source_digest"],
            commit_sha=row["commit_sha"],
            commit_dirty=row["commit_dirty"],
            python=row["python"],
            kitaru=row["kitaru"],
            interpreter=row["interpreter"],
            stack=row["stack"],
            notes=row["notes"] or [],
        )
        made.bound(client)
        return made

    @property
    def deployment_id(self) -> str:
        """Flow and version, as in ``research@3``."""
        return f"{self.flow}@{self.version}"

    @property
    def image_digest(self) -> None:
        """Always None: a version runs in an environment of this machine, and has no image."""

    @property
    def schema(self) -> dict[str, Any]:  # type: ignore[override]
        """JSON schema of the inputs, with defaults."""
        return self.json_schema

    def __str__(self) -> str:
        tags = ", ".join(self.tags) or "no tag"
        return f"<deployment {self.flow} version {self.version}: {tags}>"

    def invoke(self, *, idempotency_key: str | None = None, **inputs: Any) -> FlowHandle[Any]:
        """Run this version in a worker process; see `DeploymentsAPI.invoke`."""
        handle: FlowHandle[Any] = self._client.deployments.invoke(
            self.flow, version=self.version, inputs=inputs, idempotency_key=idempotency_key
        )
        return handle

    def add_tag(self, tag: str, *, exclusive: bool = False) -> Deployment:
        """Give it a tag; see `DeploymentsAPI.tag`. The answer is the deployment as it is then."""
        tagged: Deployment = self._client.deployments.tag(self.flow, self.version, tag, exclusive=exclusive)
        return tagged

    def remove_tag(self, tag: str) -> Deployment:
        """Take a tag from it; see `DeploymentsAPI.untag`. The answer is the deployment as it is then."""
        untagged: Deployment = self._client.deployments.untag(self.flow, self.version, tag)
        return untagged

    def delete(self) -> None:
        """Let nobody invoke it any more; see `DeploymentsAPI.delete`."""
        self._client.deployments.delete(self.flow, self.version)
