"""What a model answered: text, calls of tools, and values that fit a schema."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from kitaru.errors import KitaruBackendError, KitaruUsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kitaru.store.events import LLMUsage

_FENCE: Final = re.compile(r"\s*```(?:json)?\s*\n(.*?)\n?```\s*", re.DOTALL)
_SHOWN: Final = 300


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A tool that the model asks for.

    Parameters
    ----------
    id
        The provider's name of this call; the tool's answer refers to it.
    name
        The tool.
    arguments
        What the model passes; None where it wrote no valid JSON object.
    text
        The arguments as the model wrote them.

    Examples
    --------
    >>> ToolCall("call_1", "search", {"query": "rain"}, '{"query": "rain"}').arguments["query"]
    'rain'
    """

    id: str
    name: str
    arguments: dict[str, Any] | None
    text: str


@dataclass(frozen=True, slots=True)
class Completion:
    """The answer to a model call.

    Parameters
    ----------
    text
        What the model wrote; empty where it only asks for tools.
    tool_calls
        The tools that it asks for, in order.
    parsed
        The value that fits ``response_schema``; None without one.
    usage
        Tokens, cost and time, as recorded; ``name``, ``prompt`` and ``response`` are left to who records it.
    finish_reason
        Why the model stopped, for example ``"stop"``, ``"length"`` or ``"tool_calls"``.
    raw
        The provider's whole answer as plain data.

    Examples
    --------
    >>> from kitaru.models.complete import complete
    >>> complete("Hello", model="openai/gpt-5-nano").text
    'A mock answer.'
    """

    text: str
    usage: LLMUsage
    tool_calls: list[ToolCall] = field(default_factory=list)
    parsed: Any = None
    finish_reason: str | None = None
    raw: dict[str, Any] = field(default_factory=dict)


def read_tool_calls(message: Mapping[str, Any]) -> list[ToolCall]:
    """Read the calls of tools out of an assistant's message."""
    calls = []
    for entry in message.get("tool_calls") or []:
        function = entry["function"]
        text = function.get("arguments") or "{}"
        calls.append(ToolCall(entry.get("id") or "", function.get("name") or "", _arguments(text), text))
    return calls


def response_format(schema: type | Mapping[str, Any]) -> Any:
    """Return what tells LiteLLM the shape of the answer.

    Raises
    ------
    KitaruUsageError
        If it is neither a Pydantic model nor a JSON schema.
    """
    if isinstance(schema, type):
        _check_model(schema)
        return schema
    name = re.sub(r"\W", "_", str(schema.get("title", "answer")))
    return {"type": "json_schema", "json_schema": {"name": name, "schema": dict(schema), "strict": False}}


def parse(text: str, schema: type | Mapping[str, Any]) -> Any:
    """Return the value that a text holds, checked against the schema.

    Parameters
    ----------
    text
        JSON, bare or in a Markdown fence.
    schema
        A Pydantic model, of which an instance is returned, or a JSON schema.

    Raises
    ------
    KitaruBackendError
        If the model did not keep to the schema.

    Examples
    --------
    >>> parse('{"words": 3}', {"type": "object", "required": ["words"]})
    {'words': 3}
    """
    fenced = _FENCE.fullmatch(text)
    try:
        value = json.loads(fenced[1] if fenced else text)
        return _validated(value, schema)
    except ValueError as error:
        # pydantic.ValidationError and JSONDecodeError are both ValueErrors.
        raise KitaruBackendError(
            f"The model's answer does not fit response_schema: {error}\nIt answered: {text[:_SHOWN]!r}. Ask again, "
            "describe the fields in the schema, or use a model that supports structured output."
        ) from error


def _validated(value: Any, schema: type | Mapping[str, Any]) -> Any:
    if isinstance(schema, type):
        return _check_model(schema).model_validate(value)
    import jsonschema

    try:
        jsonschema.validate(value, dict(schema))
    except jsonschema.ValidationError as error:
        raise ValueError(error.message) from error
    except jsonschema.SchemaError as error:
        raise KitaruUsageError(f"response_schema is no JSON schema: {error.message}") from error
    return value


def _check_model(schema: type) -> Any:
    if not hasattr(schema, "model_validate"):
        raise KitaruUsageError(
            f"response_schema is the class {schema.__name__}; give a Pydantic model or a JSON schema as a dict."
        )
    return schema


def _arguments(text: str) -> dict[str, Any] | None:
    try:
        value = json.loads(text)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None
