"""The parameters of a flow as a JSON schema: for forms, for other languages, and to check what comes over the wire."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

from kitaru.errors import KitaruUsageError
from kitaru.runtime.parameters import VARIABLE, adapter_of, fit, type_name
from kitaru.store.invocation import GIVEN

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic import TypeAdapter

    from kitaru.runtime.flow import Flow


def parameter_schema(flow: Flow[..., Any]) -> dict[str, Any]:
    """Describe the arguments that a flow takes.

    Parameters
    ----------
    flow
        The flow.

    Returns
    -------
    dict
        JSON schema of an object. A parameter whose type JSON cannot express takes anything, and says what it is.

    Examples
    --------
    >>> import kitaru
    >>> @kitaru.flow
    ... def research(topic: str, depth: int = 2) -> str:
    ...     return topic
    >>> parameter_schema(research)["properties"]["depth"]
    {'type': 'integer', 'title': 'Depth', 'default': 2}
    """
    parameters = flow.signature.parameters.values()
    named = {parameter.name: parameter for parameter in parameters if parameter.kind not in VARIABLE}
    schemas, definitions = _schemas(flow, named)
    schema: dict[str, Any] = {
        "title": flow.name,
        "type": "object",
        "properties": {name: _property(parameter, schemas.get(name)) for name, parameter in named.items()},
        "required": [name for name, parameter in named.items() if parameter.default is parameter.empty],
        "additionalProperties": any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters),
    }
    about = inspect.getdoc(flow.function)
    if about:
        schema["description"] = about.partition("\n\n")[0].replace("\n", " ")
    if definitions:
        schema["$defs"] = definitions
    return schema


def with_given(schema: Mapping[str, Any], flow: Flow[..., Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Make arguments that a version is deployed with the defaults of its parameters.

    Parameters
    ----------
    schema
        Of the flow; see `parameter_schema`.
    flow
        The flow.
    given
        Arguments by name.

    Returns
    -------
    dict
        Schema in which these are defaults, marked so that an invocation without them gets them.

    Raises
    ------
    KitaruUsageError
        If one does not fit its annotation, is not the same when it was written as JSON, or looks like a secret.

    Examples
    --------
    >>> import kitaru
    >>> @kitaru.flow
    ... def research(topic: str) -> str:
    ...     return topic
    >>> with_given(parameter_schema(research), research, {"topic": "cats"})["required"]
    []
    """
    properties = dict(schema["properties"])
    for name, value in given.items():
        properties[name] = {**properties[name], "default": _as_default(flow, name, value), GIVEN: True}
    required = [name for name in schema["required"] if name not in given]
    return {**schema, "properties": properties, "required": required}


def _as_default(flow: Flow[..., Any], name: str, value: Any) -> Any:
    from kitaru.code import looks_secret

    fitting = fit(flow, name, value)
    if looks_secret(name, fitting):
        raise KitaruUsageError(
            f"{flow.name}.deploy(): {name} looks like a secret, and a version stores what it is deployed with. Let the "
            "flow read it from the environment, or give it when the version is invoked."
        )
    try:
        written = plain(fitting)
        same = type(again := fit(flow, name, written)) is type(fitting) and bool(again == fitting)
    except (ValueError, TypeError):
        same = False
    if not same:
        raise KitaruUsageError(
            f"{flow.name}.deploy(): {name} is a {type(value).__name__} that JSON cannot hold, so it is no default of a "
            "version. Annotate the parameter with its type, or give the value when the version is invoked."
        )
    return written


def _schemas(
    flow: Flow[..., Any], named: dict[str, inspect.Parameter]
) -> tuple[dict[str, dict[str, Any]], dict[str, Any]]:
    """Schemas of the parameters whose types have one, and what these refer to."""
    from pydantic import TypeAdapter

    adapters = {name: _adapter(flow, parameter) for name, parameter in named.items()}
    usable = [(name, "validation", adapter) for name, adapter in adapters.items() if adapter is not None]
    made, whole = TypeAdapter.json_schemas(usable)  # type: ignore[arg-type]  # the mode is a literal
    return {name: schema for (name, _), schema in made.items()}, whole.get("$defs", {})


def _adapter(flow: Flow[..., Any], parameter: inspect.Parameter) -> TypeAdapter[Any] | None:
    from pydantic import PydanticInvalidForJsonSchema

    if parameter.annotation is parameter.empty:
        return None
    adapter = adapter_of(flow.function, parameter.name, parameter.annotation)
    try:
        if adapter is not None:
            adapter.json_schema()
    except PydanticInvalidForJsonSchema:
        return None
    return adapter


def _property(parameter: inspect.Parameter, schema: dict[str, Any] | None) -> dict[str, Any]:
    described = dict(schema or {})
    if "$ref" not in described:
        described.setdefault("title", parameter.name.replace("_", " ").capitalize())
    if schema is None and parameter.annotation is not parameter.empty:
        described["description"] = f"{type_name(parameter.annotation)}, for which there is no JSON schema."
    if parameter.default is not parameter.empty:
        try:
            described["default"] = plain(parameter.default)
        except ValueError:
            described["description"] = f"Default: {parameter.default!r:.200}"
    return described


def plain(value: Any) -> Any:
    """Turn a value into what JSON can hold, as Pydantic would write it.

    Raises
    ------
    ValueError
        If it cannot be.

    Examples
    --------
    >>> from datetime import date
    >>> plain({"day": date(2026, 1, 2)})
    {'day': '2026-01-02'}
    """
    from pydantic_core import PydanticSerializationError, to_jsonable_python

    try:
        return to_jsonable_python(value)
    except (PydanticSerializationError, UnicodeDecodeError) as error:
        raise ValueError(str(error)) from None
