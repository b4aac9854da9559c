"""What the descriptions of all routes consist of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

TEXT: Final = {"type": "string"}
MAYBE: Final = {"type": ["string", "null"]}
NUMBER: Final = {"type": "integer", "minimum": 1}
TIME: Final = {"type": ["string", "null"], "format": "date-time"}


def object_of(properties: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    """Describe an object that has all of these properties."""
    return {"type": "object", "properties": dict(properties), "required": list(properties), **more}


def ref(name: str) -> dict[str, str]:
    """Refer to a schema of the document."""
    return {"$ref": f"#/components/schemas/{name}"}


def answers(ok: int, schema: Mapping[str, Any], about: str, *refusals: tuple[int, str]) -> dict[str, Any]:
    """Describe what a route answers: its success, its refusals, and that of who has no token."""

    def answer(text: str, body: Mapping[str, Any]) -> dict[str, Any]:
        return {"description": text, "content": {"application/json": {"schema": body}}}

    refused = {
        str(status): answer(text, ref("Error")) for status, text in (*refusals, (401, "No token, or a wrong one."))
    }
    return {str(ok): answer(about, schema), **refused}


def reading(title: str, name: str, answers: dict[str, Any], parameter: str | None = None) -> dict[str, Any]:
    """Describe a GET of a path."""
    where = [{"name": parameter, "in": "path", "required": True, "schema": TEXT}] if parameter else []
    return {"get": {"operationId": name, "summary": title, "parameters": where, "responses": answers}}
