"""The routes as documentation, made from the list that the server itself works with."""

from __future__ import annotations

import json
import types
from typing import TYPE_CHECKING, Any, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from kitaru.jupyter import models
from kitaru.jupyter.routes import ROUTES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kitaru.jupyter.endpoints import Endpoint

PREFIX = "/kitaru/api"

EVERYWHERE = {
    400: "A parameter or the body is unknown or does not fit; `places` names each.",
    403: "Nobody is logged in, they may not use the resource `kitaru`, or the request lacks the XSRF token.",
    404: "There is no such home.",
    405: "The route has no such verb.",
    423: "Another process holds the store.",
    424: "The store cannot be reached, or refuses the token.",
    426: "The store is of a newer Kitaru.",
    500: "Something failed that should not; the server's log has the details.",
}
_BOUNDS = {"minimum": "at least", "maximum": "at most", "maxLength": "characters at most:"}
STREAMED: tuple[type[BaseModel], ...] = (models.Change, models.StreamState)
CONTENTS: tuple[type[BaseModel], ...] = (models.TextPage, models.JsonContent, models.TablePage)


def answers() -> list[type[BaseModel]]:
    """Return the models of everything that is answered, errors and messages of the stream included."""
    found: dict[type[BaseModel], None] = {}
    for endpoint in ROUTES:
        for model in _models_in(endpoint.answer):
            found.setdefault(model)
    return [*found, *STREAMED, *CONTENTS, models.Failure]


def bodies() -> list[type[BaseModel]]:
    """Return the models of all bodies that are sent."""
    return list(dict.fromkeys(endpoint.body for endpoint in ROUTES if endpoint.body is not None))


def page() -> str:
    """Return the reference of all routes as Markdown."""
    return "\n\n".join([*map(section, ROUTES), _errors(), *_documents()])


def section(endpoint: Endpoint) -> str:
    """Describe one route and verb."""
    parts = [f"## `{endpoint.method} {PREFIX}/{endpoint.path}`", f"{endpoint.summary}."]
    parameters = _parameters(endpoint)
    rows = [f"| `{name}` | {_type(told)} | {_cell(told.get('description', ''))} |" for name, told in parameters.items()]
    if rows:
        parts.append("\n".join(["| parameter | type | meaning |", "|---|---|---|", *rows]))
    if endpoint.body is not None and endpoint.body.model_fields:
        fields = endpoint.body.model_json_schema()["properties"]
        told = [f"| `{name}` | {_type(part)} | {_cell(part.get('description', ''))} |" for name, part in fields.items()]
        parts.append("\n".join(["| field of the body | type | meaning |", "|---|---|---|", *told]))
    parts.append(f"Answers: {_shown(endpoint.answer)}.")
    if endpoint.refusals:
        parts.append("\n".join(f"- `{status}`: {told}" for status, told in endpoint.refusals.items()))
    return "\n\n".join(parts)


def _parameters(endpoint: Endpoint) -> dict[str, Any]:
    described: dict[str, Any] = endpoint.query.model_json_schema(by_alias=True)["properties"]
    return {name: _given(told) for name, told in described.items() if name not in models.HomeQuery.model_fields}


def _given(told: dict[str, Any]) -> dict[str, Any]:
    """Leave out of a parameter's schema that it may be left out, and say its bounds in words."""
    kinds = [kind for kind in told.get("anyOf", [told]) if kind.get("type") != "null"]
    bounds = [f"{word} {kinds[0][key]}" for key, word in _BOUNDS.items() if key in kinds[0]]
    meaning = "; ".join(filter(None, [told.get("description"), ", ".join(bounds)]))
    return {**kinds[0], "description": meaning}


def _errors() -> str:
    rows = [f"| `{status}` | {told} |" for status, told in EVERYWHERE.items()]
    return "\n".join(["## Refusals of every route", "", "| status | meaning |", "|---|---|", *rows])


def _documents() -> Iterator[str]:
    yield "## Documents"
    _, told = models_json_schema([(model, "serialization") for model in answers()])
    for name, part in sorted(told["$defs"].items()):
        fields = [f"| `{field}` | {_type(kind)} |" for field, kind in part.get("properties", {}).items()]
        summary = (part.get("description") or "").partition("\n")[0]
        yield "\n".join([f"### `{name}`", "", summary, "", "| field | type |", "|---|---|", *fields])


def _type(told: dict[str, Any]) -> str:
    if "$ref" in told:
        name = told["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if "const" in told:
        return f"`{json.dumps(told['const'])}`"
    if "enum" in told:
        return ", ".join(f"`{json.dumps(value)}`" for value in told["enum"])
    if members := told.get("anyOf") or told.get("oneOf"):
        return " or ".join(dict.fromkeys(map(_type, members)))
    if told.get("type") == "array":
        return f"list of {_type(told.get('items', {}))}"
    if told.get("type") == "object":
        values = told.get("additionalProperties")
        return f"object of {_type(values)}" if isinstance(values, dict) and values else "object"
    return str(told.get("type", "any JSON"))


def _models_in(answer: Any) -> Iterator[type[BaseModel]]:
    if isinstance(answer, type) and get_origin(answer) is None and issubclass(answer, BaseModel):
        yield answer
    elif get_origin(answer) in (list, Union, types.UnionType):
        for part in get_args(answer):
            yield from _models_in(part)


def _shown(answer: Any) -> str:
    if isinstance(answer, str):
        return answer[0].lower() + answer[1:] if answer.startswith(("Bytes", "Server")) else answer
    if get_origin(answer) is list:
        return f"a list of {_shown(get_args(answer)[0])}"
    name = answer.__name__
    return f"[{name}](#{name.lower()})" if answer is not str else "texts"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
