"""Routes about stored values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from kitaru.jupyter import content as contents
from kitaru.views.model import ArtifactView
from kitaru.views.parts import value_view

if TYPE_CHECKING:
    from pydantic import BaseModel

    from kitaru.jupyter.endpoints import Download, Request
    from kitaru.jupyter.models import ContentQuery, HomeQuery

MOST_ARTIFACTS: Final = 1_000


def artifacts(request: Request[HomeQuery, None]) -> list[ArtifactView]:
    """List the stored values of an execution."""
    exec_id = request.client.executions.resolve(request.path["exec_id"])
    return [artifact_view(row) for row in request.client.store.read("artifacts", exec_id=exec_id, limit=MOST_ARTIFACTS)]


def artifact(request: Request[HomeQuery, None]) -> ArtifactView:
    """Describe one stored value."""
    return artifact_view(_row(request))


def content(request: Request[ContentQuery, None]) -> BaseModel | Download:
    """Return the content of a stored value, or a part of it."""
    row, asked = _row(request), request.query
    record, payloads = row["value"], request.client.store.payloads
    contents.check(record, asked.format, row["artifact_id"])
    match asked.format:
        case "text":
            return contents.text_page(record, payloads, asked.offset, asked.limit)
        case "json":
            return contents.json_content(record, payloads)
        case "table":
            return contents.table_page(record, payloads, asked.offset, asked.limit)
    name = row["name"] if row["save_type"] == "manual" else row["call"]
    return contents.download(record, payloads, f"{row['exec_id']}-{name}")


def artifact_view(row: dict[str, Any]) -> ArtifactView:
    """Make the view of a stored value from its row."""
    return ArtifactView(
        artifact_id=row["artifact_id"],
        exec_id=row["exec_id"],
        name=row["name"],
        kind=row["kind"],
        saved=row["save_type"] == "manual",
        call=row["call"],
        tags=row["tags"] or [],
        created_at=row["at"],
        value=value_view(row["value"], row["artifact_id"]),
        formats=contents.formats(row["value"]),
    )


def _row(request: Request[Any, Any]) -> dict[str, Any]:
    row: dict[str, Any] = request.client.store.read("artifact", artifact_id=request.path["artifact_id"])
    return row
