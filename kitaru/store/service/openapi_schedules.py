"""The description of the routes of schedules."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from kitaru.store.schedules import LONGEST, POLICIES
from kitaru.store.service.openapi_parts import MAYBE, TEXT, TIME, answers, object_of, reading, ref

if TYPE_CHECKING:
    from collections.abc import Iterable

_MAYBE_NUMBER: Final = {"type": ["integer", "null"], "minimum": 1}
_WHEN: Final = {
    "cron": {**MAYBE, "description": "Five parts: minute, hour, day of the month, month, day of the week."},
    "every": {
        "type": ["number", "null"],
        "minimum": 1,
        "maximum": LONGEST,
        "description": "Instead, the seconds between runs.",
    },
}
_WHICH: Final = {
    "version": {**_MAYBE_NUMBER, "description": "Number of the version."},
    "tag": {**MAYBE, "description": "Or the tag; looked up each time. default if neither is given."},
}
_SCHEDULE: Final = object_of(
    {
        "name": TEXT,
        "flow": TEXT,
        **_WHICH,
        "inputs": {"type": "object"},
        **_WHEN,
        "timezone": TEXT,
        "missed": {"type": "string", "enum": [*POLICIES]},
        "paused": {"type": "boolean"},
        "created_at": TIME,
        "created_by": MAYBE,
        "last_due": TIME,
        "last_exec_id": {**MAYBE, "description": "The last execution that it invoked."},
        "last_error": {**MAYBE, "description": "Why nothing was invoked the last time."},
        "next_runs": {
            "type": "array",
            "items": {"type": "string", "format": "date-time"},
            "description": "The next three times; none while it is paused.",
        },
    }
)
SCHEDULE_SCHEMAS: Final = {"Schedule": _SCHEDULE}

_GONE: Final = (404, "There is no such schedule.")
_NAME: Final = {"name": "name", "in": "path", "required": True, "schema": {**TEXT, "pattern": r"^[^\s/]+$"}}


def schedule_paths(flows: Iterable[str]) -> dict[str, Any]:
    """Describe the routes of schedules.

    Parameters
    ----------
    flows
        Names of the flows that are deployed.
    """
    listed = answers(200, object_of({"schedules": {"type": "array", "items": ref("Schedule")}}), "The schedules.")
    one = answers(200, ref("Schedule"), "The schedule.", _GONE)
    return {
        "/schedules": {**reading("Every schedule", "list_schedules", listed), "post": _create([*flows])},
        "/schedules/{name}": {
            "parameters": [_NAME],
            "get": {"operationId": "show_schedule", "summary": "One schedule", "responses": one},
            "delete": {
                "operationId": "delete_schedule",
                "summary": "Give a schedule up; what it invoked stays",
                "responses": {
                    "204": {"description": "It is gone."},
                    **{status: told for status, told in one.items() if status != "200"},
                },
            },
        },
        "/schedules/{name}/pause": _change("pause", "Let a schedule rest; what comes due is not made up for"),
        "/schedules/{name}/resume": _change("resume", "Go on with a schedule that rests"),
    }


def _create(flows: list[str]) -> dict[str, Any]:
    asked = {
        "type": "object",
        "properties": {
            "name": {**TEXT, "pattern": r"^[^\s/]+$", "description": "A name of your own."},
            "flow": {**TEXT, **({"enum": flows} if flows else {})},
            **_WHICH,
            "inputs": {"type": ["object", "null"], "description": "As the schema of the version says."},
            **_WHEN,
            "timezone": {**MAYBE, "description": "IANA name; the service's own zone if not given."},
            "missed": {"type": ["string", "null"], "enum": [*POLICIES, None]},
        },
        "required": ["name", "flow"],
        "additionalProperties": False,
    }
    return {
        "operationId": "create_schedule",
        "summary": "Invoke a deployment by the clock",
        "requestBody": {"required": True, "content": {"application/json": {"schema": asked}}},
        "responses": answers(
            201,
            ref("Schedule"),
            "It is recorded, and kept from now on.",
            (400, "The expression, the time zone, the inputs or another field make no sense."),
            (404, "There is no such deployment."),
            (409, "There is a schedule of this name, or several versions share the tag."),
            (413, "The inputs are too large."),
        ),
    }


def _change(name: str, title: str) -> dict[str, Any]:
    told = answers(200, ref("Schedule"), "The schedule as it is then.", _GONE)
    return {"parameters": [_NAME], "post": {"operationId": f"{name}_schedule", "summary": title, "responses": told}}
