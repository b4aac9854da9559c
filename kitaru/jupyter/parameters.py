"""What a flow and its checkpoints take, so that a form can ask for it: read from the record, never from their code."""

from __future__ import annotations

import ast
import datetime
import decimal
import functools
import pathlib
import uuid
from typing import TYPE_CHECKING, Any, Final, Literal, Optional, Union

from kitaru.errors import KitaruNotFoundError
from kitaru.jupyter.models import ParameterView
from kitaru.views.parts import value_view

if TYPE_CHECKING:
    from kitaru.jupyter.endpoints import Request
    from kitaru.jupyter.models import HomeQuery

_TYPES: Final[dict[str, Any]] = {
    **{kind.__name__: kind for kind in (int, float, str, bool, list, dict, tuple, set, frozenset)},
    **{kind.__name__: kind for kind in (datetime.date, datetime.datetime, datetime.time, datetime.timedelta)},
    **{kind.__name__: kind for kind in (decimal.Decimal, uuid.UUID, pathlib.Path)},
    "List": list,
    "Dict": dict,
    "Tuple": tuple,
    "Set": set,
    "Sequence": list,
    "Mapping": dict,
    "Any": Any,
    "Literal": Literal,
    "Optional": Optional,
    "Union": Union,
}
_MODULES: Final = frozenset({"typing", "datetime", "decimal", "uuid", "pathlib", "collections", "abc", "t", "dt"})


def parameters(request: Request[HomeQuery, None]) -> list[ParameterView]:
    """Describe what the flow of an execution and its checkpoints take."""
    store = request.client.store
    exec_id = request.client.executions.resolve(request.path["exec_id"])
    snapshot_id = store.read("head", exec_id=exec_id)["execution"]["snapshot_id"]
    if not snapshot_id:
        return []
    try:
        rows = store.read("snapshot", snapshot_id=snapshot_id)["signature"] or []
    except KitaruNotFoundError:  # an execution of before its code was recorded, or that was brought here without it
        return []
    return [_view(row) for row in rows]


def _view(row: dict[str, Any]) -> ParameterView:
    default = row.get("default")
    return ParameterView(
        of=row.get("of"),
        name=row["name"],
        annotation=row["annotation"],
        required=row["required"],
        default=None if default is None else value_view({"preview": default}),
        json_schema=row.get("schema") or schema_of(row["annotation"]),
    )


@functools.lru_cache(maxsize=512)
def schema_of(annotation: str | None) -> dict[str, Any] | None:
    """Describe a type that is told by the text of its annotation; None if that names anything else.

    Nothing is evaluated: the text may come from anybody.

    Examples
    --------
    >>> schema_of("list[int]")
    {'items': {'type': 'integer'}, 'type': 'array'}
    >>> schema_of("Frame") is None
    True
    """
    if annotation is None:
        return None
    from pydantic import TypeAdapter
    from pydantic.errors import PydanticUserError

    try:
        described: dict[str, Any] = TypeAdapter(_read(ast.parse(annotation, mode="eval").body)).json_schema()
    except (SyntaxError, ValueError, TypeError, KeyError, RecursionError, PydanticUserError):
        return None
    return described


def _read(node: ast.expr) -> Any:
    match node:
        case ast.Name(id=name):
            return _TYPES[name]
        case ast.Attribute(value=ast.Name(id=module), attr=name) if module in _MODULES:
            return _TYPES[name]
        case ast.Constant(value=None):
            return None
        case ast.Constant(value=str(text)):
            return _read(ast.parse(text, mode="eval").body)
        case ast.Constant(value=value) if value is Ellipsis:
            return value
        case ast.BinOp(left=left, op=ast.BitOr(), right=right):
            return Union[_read(left), _read(right)]  # noqa: UP007 -- made at run time
        case ast.Subscript(value=base, slice=inner):
            return _subscript(_read(base), inner)
        case _:
            raise ValueError("not a type that its text tells")


def _subscript(base: Any, inner: ast.expr) -> Any:
    if base is Literal:
        choices = ast.literal_eval(inner)
        return Literal[choices]
    parts = inner.elts if isinstance(inner, ast.Tuple) else [inner]
    found = tuple(_read(part) for part in parts)
    return base[found if len(found) > 1 else found[0]]
