"""The OpenAPI document of a home: the routes for other programs, and one for each flow that is deployed."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from kitaru.store.service.openapi_parts import MAYBE, NUMBER, TEXT, TIME, answers, object_of, reading, ref
from kitaru.store.service.openapi_schedules import SCHEDULE_SCHEMAS, schedule_paths
from kitaru.version import __version__

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

_STATUSES: Final = ["pending", "running", "waiting", "completed", "failed", "cancelled", "interrupted"]


_DEPLOYMENT: Final = object_of(
    {
        "flow": TEXT,
        "version": NUMBER,
        "tags": {
            "type": "object",
            "additionalProperties": {"type": "boolean"},
            "description": "Tags, and whether each is exclusive.",
        },
        "created_at": TIME,
        "commit_sha": MAYBE,
        "commit_dirty": {"type": ["boolean", "null"]},
        "python": TEXT,
        "kitaru": TEXT,
        "stack": TEXT,
        "schema": {"type": "object", "description": "JSON schema of the inputs."},
        "invoke": {"type": "string", "description": "Path that invokes this version."},
    }
)
_EXECUTION: Final = object_of(
    {
        "exec_id": TEXT,
        "flow": TEXT,
        "version": {"type": ["integer", "null"], "description": "Of the deployment that was invoked."},
        "invoked_by": {**MAYBE, "description": "Who invoked it, or the schedule that did."},
        "invoked_via": {**MAYBE, "description": "How: python, cli, http, lab or schedule."},
        "status": {"type": "string", "enum": _STATUSES},
        "created_at": TIME,
        "started_at": TIME,
        "ended_at": TIME,
        "result": {"description": "What the flow returned, if it completed and JSON can hold it."},
        "result_type": MAYBE,
        "result_preview": {**MAYBE, "description": "Of a result that JSON cannot hold."},
        "error": {"oneOf": [{"type": "null"}, object_of({"type": MAYBE, "message": MAYBE})]},
        "reason": {**MAYBE, "description": "Why it was cancelled or interrupted."},
        "questions": {
            "type": "array",
            "items": object_of({"name": TEXT, "question": MAYBE, "schema": {"type": ["object", "null"]}}),
        },
    }
)
_INVOCATION: Final = object_of({"exec_id": TEXT, "flow": TEXT, "version": NUMBER})
_ERROR: Final = object_of({"error": object_of({"type": TEXT, "message": TEXT})})

_KEY: Final = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": "A second request with the same key gets the execution of the first one.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]([ -~]*[!-~])?$"},
}


def document(deployments: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Describe the routes.

    Parameters
    ----------
    deployments
        What the read ``deployments`` answers.

    Returns
    -------
    dict
        An OpenAPI 3.1 document.

    Examples
    --------
    >>> list(document([])["paths"])
    ['/deployments', '/deployments/{flow}', '/executions/{exec_id}', '/openapi.json', '/schedules', ...]
    """
    schemas: dict[str, Any] = {
        "Deployment": _DEPLOYMENT, "Execution": _EXECUTION, "Invocation": _INVOCATION, "Error": _ERROR,
        **SCHEDULE_SCHEMAS,
    }  # fmt: skip
    flows: dict[str, list[Mapping[str, Any]]] = {}
    for row in deployments:
        flows.setdefault(row["flow"], []).append(row)
        schemas |= _schemas_of(row)
    paths = {
        **_READING,
        **schedule_paths(flows),
        **{f"/deployments/{quote(flow, safe='')}/invoke": _invoke(rows) for flow, rows in flows.items()},
    }
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Kitaru deployments",
            "version": __version__,
            "description": "Invokes deployed flows, now or by the clock, and tells how their executions stand.",
        },
        "security": [{"token": []}],
        "paths": paths,
        "components": {"schemas": schemas, "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}}},
    }


_READING: Final = {
    "/deployments": reading(
        "Every version of every flow",
        "list_deployments",
        answers(200, object_of({"deployments": {"type": "array", "items": ref("Deployment")}}), "The versions."),
    ),
    "/deployments/{flow}": reading(
        "The versions of a flow, the newest first",
        "show_flow",
        answers(
            200,
            object_of({"flow": TEXT, "versions": {"type": "array", "items": ref("Deployment")}}),
            "The versions.",
            (404, "The flow has no deployment."),
        ),
        "flow",
    ),
    "/executions/{exec_id}": reading(
        "How an execution stands, and its result",
        "show_execution",
        answers(200, ref("Execution"), "The execution.", (404, "There is no such execution.")),
        "exec_id",
    ),
    "/openapi.json": reading("This document", "show_document", answers(200, {"type": "object"}, "The document.")),
}


def _invoke(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    flow, newest = rows[0]["flow"], rows[0]
    default = next((row for row in rows if "default" in row["tags"]), newest)
    about = default["parameters"].get("description")
    choices = [ref(_name_of(row)) for row in (default, *(row for row in rows if row is not default))]
    body = choices[0] if len(choices) == 1 else {"anyOf": choices}
    operation = {
        "operationId": f"invoke_{_safe(flow)}",
        "summary": f"Invoke {flow}",
        "parameters": [
            _query(
                "tag", {"type": "string", "enum": _tags(rows)}, "The version that has this tag; default if no version."
            ),
            _query("version", {"type": "integer", "enum": [row["version"] for row in rows]}, "This version."),
            _KEY,
        ],
        "requestBody": {
            "required": any(row["parameters"].get("required") for row in rows),
            "description": "The inputs, as the schema of the chosen version says.",
            "content": {"application/json": {"schema": body}},
        },
        "responses": answers(
            202,
            ref("Invocation"),
            "It is recorded, and a worker will run it.",
            (400, "The inputs or a parameter do not fit."),
            (404, "There is no such version or tag."),
            (409, "Several versions share the tag, or the key was used with other inputs."),
            (413, "The inputs are too large."),
        ),
    }
    return {"post": operation | ({"description": about} if about else {})}


def _query(name: str, schema: dict[str, Any], about: str) -> dict[str, Any]:
    return {"name": name, "in": "query", "description": about, "schema": schema}


def _tags(rows: Iterable[Mapping[str, Any]]) -> list[str]:
    return sorted({tag for row in rows for tag in row["tags"]} | {"default"})


def _schemas_of(row: Mapping[str, Any]) -> dict[str, Any]:
    """The inputs of a version, and what they refer to, under names that are free in the whole document."""
    name = _name_of(row)
    schema = dict(row["parameters"])
    definitions = schema.pop("$defs", {})
    parts = {f"{name}.{_safe(key)}": _moved(part, name) for key, part in definitions.items()}
    return {name: _moved(schema, name), **parts}


def _name_of(row: Mapping[str, Any]) -> str:
    return f"{_safe(row['flow'])}.{row['version']}"


def _moved(schema: Any, name: str) -> Any:
    """Rewrite references, also those of a discriminator, which are plain texts."""
    if isinstance(schema, list):
        return [_moved(item, name) for item in schema]
    if isinstance(schema, dict):
        return {key: _moved(item, name) for key, item in schema.items()}
    if isinstance(schema, str) and schema.startswith("#/$defs/"):
        return f"#/components/schemas/{name}.{_safe(schema.removeprefix('#/$defs/'))}"
    return schema


def _safe(name: str) -> str:
    """A name that OpenAPI takes for a part; letters that it does not know become their numbers."""
    return re.sub(r"[^A-Za-z0-9_-]", lambda found: f"_{ord(found[0]):x}_", name)
