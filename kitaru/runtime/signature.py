"""What a flow and its checkpoints take, written down so that a form can ask for it without the code."""

from __future__ import annotations

import inspect
import types
import typing
from typing import TYPE_CHECKING, Any, Final

from kitaru.runtime.checkpoint import Checkpoint
from kitaru.runtime.parameters import evaluated
from kitaru.runtime.values.previews import preview

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from kitaru.runtime.flow import Flow

_TOLD_BY_NAME: Final = frozenset(
    {"builtins", "typing", "types", "datetime", "decimal", "uuid", "pathlib", "collections.abc"}
)


def signature_of(flow: Flow[..., Any]) -> list[dict[str, Any]]:
    """Describe the parameters of a flow, then those of the checkpoints that it reaches.

    Returns
    -------
    list of dict
        `of` (name of the checkpoint; None for the flow), `name`, `annotation` (text or None), `required`, `default`
        (a preview), and `schema` (JSON schema) where the annotation's text is not enough, as it names a class of the
        user's.
    """
    from kitaru.code import reached_globals

    rows = list(_rows(None, flow.function, flow.signature))
    reached = {id(value): value for value in reached_globals(flow.function).values() if isinstance(value, Checkpoint)}
    for found in reached.values():
        rows += _rows(found.spec.name, found.spec.function, found.spec.signature)
    return rows


def _rows(of: str | None, function: Callable[..., Any], signature: inspect.Signature) -> Iterator[dict[str, Any]]:
    for parameter in signature.parameters.values():
        required = parameter.default is parameter.empty
        row = {
            "of": of,
            "name": parameter.name,
            "annotation": _text(parameter.annotation),
            "required": required,
            "default": None if required else preview(parameter.default, parameter.name),
        }
        schema = _schema(function, parameter)
        yield row if schema is None else row | {"schema": schema}


def _text(annotation: Any) -> str | None:
    if annotation is inspect.Parameter.empty:
        return None
    if isinstance(annotation, str):
        return annotation
    return inspect.formatannotation(annotation, base_module=getattr(annotation, "__module__", None))


def _schema(function: Callable[..., Any], parameter: inspect.Parameter) -> dict[str, Any] | None:
    """Describe what only the user's classes tell; Pydantic is not loaded for anything else."""
    annotation = parameter.annotation
    if annotation is parameter.empty or parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
        return None
    try:
        hint = evaluated(function, parameter.name, annotation) if isinstance(annotation, str) else annotation
        if _is_told_by_name(hint):
            return None
        from pydantic import TypeAdapter

        described: dict[str, Any] = TypeAdapter(hint).json_schema()
    # Whatever the user's classes do when they are looked at: without a schema the recorded value is the example.
    except Exception:
        return None
    return described


def _is_told_by_name(hint: Any) -> bool:
    """Whether the text of an annotation says all: it names no class of the user's."""
    if hint is None or hint is Ellipsis or hint is Any:
        return True
    origin = typing.get_origin(hint)
    if origin is typing.Literal:
        return all(type(choice) in (str, int, bool, types.NoneType) for choice in typing.get_args(hint))
    if origin is not None:
        return _is_plain(origin) and all(_is_told_by_name(part) for part in typing.get_args(hint))
    return _is_plain(hint)


def _is_plain(kind: Any) -> bool:
    return getattr(kind, "__module__", None) in _TOLD_BY_NAME
