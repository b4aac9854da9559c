"""Whether a value fits a JSON schema: an answer its question, inputs the parameters of a deployment."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any, Final

_FORMATS: Final = ("date", "uuid", "email", "ipv4", "ipv6")
_SCALARS: Final[dict[str, tuple[type, ...]]] = {
    "boolean": (bool,),
    "integer": (int,),
    "number": (int, float),
    "string": (str,),
    "null": (type(None),),
}
_NOTES: Final = {"type", "title", "description", "default", "examples"}


@dataclass(frozen=True, slots=True)
class Fault:
    """One place where a value breaks a schema.

    Parameters
    ----------
    path
        Names and indices that lead to the place; empty for the value itself.
    message
        What is wrong with it.
    rule, limit
        The schema's keyword, and what it says.
    """

    path: tuple[str | int, ...]
    message: str
    rule: str
    limit: Any = None

    def __str__(self) -> str:
        steps = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in self.path)
        return f"${steps}: {self.message}" if steps else self.message


def problems_of(schema: dict[str, Any], value: Any) -> list[str]:
    """Describe each place where a value breaks a schema, and how.

    Examples
    --------
    >>> problems_of({"properties": {"n": {"minimum": 1}}}, {"n": 0})
    ['$.n: 0 is less than the minimum of 1']
    """
    return [str(fault) for fault in faults(schema, value)]


def faults(schema: Any, value: Any, root: Any = None) -> list[Fault]:
    """Find each place where a value breaks a schema.

    Parameters
    ----------
    schema
        JSON schema.
    value
        Plain JSON data.
    root
        The schema that `schema` is a part of, in which references are looked up; None for itself.

    Examples
    --------
    >>> [(fault.path, fault.rule) for fault in faults({"properties": {"n": {"minimum": 1}}}, {"n": 0})]
    [(('n',), 'minimum')]
    """
    scalar = _SCALARS.get(str(schema.get("type"))) if isinstance(schema, dict) else None
    if scalar is not None and schema.keys() <= _NOTES:
        # Most questions; where Jupyter's format packages are installed the library takes seconds to import.
        fits = isinstance(value, scalar) and (not isinstance(value, bool) or scalar == (bool,))
        return [] if fits else [Fault((), f"{value!r} is not of type {schema['type']!r}", "type", schema["type"])]
    from jsonschema import Draft202012Validator

    validator = Draft202012Validator(schema if root is None else root, format_checker=_formats())
    found = (validator if root is None else validator.evolve(schema=schema)).iter_errors(value)
    return [_fault(error) for error in sorted(found, key=lambda error: error.json_path)]


def _fault(error: Any) -> Fault:
    message, limit = _short(_worded(error)), error.validator_value
    if len(error.context or ()) > 1:
        # What each branch of an anyOf wants says more than that none fits.
        message = " or ".join(dict.fromkeys(_short(_worded(inner)) for inner in error.context[:4]))
        limit = None
    return Fault(tuple(error.absolute_path), message, str(error.validator), limit)


def _worded(error: Any) -> str:
    if error.validator == "additionalProperties" and error.validator_value is False:
        known = error.schema.get("properties", {})
        return " and ".join(f"there is no {name!r}" for name in error.instance if name not in known)
    if error.validator == "required":
        return str(error.message).replace(" is a required property", " is missing")
    return str(error.message)


def _short(message: str) -> str:
    return message if len(message) <= 300 else message[:299] + "…"


@functools.cache
def _formats() -> Any:
    """Check what Pydantic spells in a way of its own with Pydantic, as that is who reads the answer."""
    from datetime import datetime, time, timedelta

    from jsonschema import FormatChecker
    from pydantic import AnyUrl, TypeAdapter

    checker = FormatChecker(_FORMATS)
    spelled = {"date-time": datetime, "time": time, "duration": timedelta, "uri": AnyUrl}
    for name, kind in spelled.items():
        checker.checks(name, ValueError)(functools.partial(_is_read_by, TypeAdapter(kind)))
    return checker


def _is_read_by(adapter: Any, value: object) -> bool:
    if isinstance(value, str):
        adapter.validate_python(value)  # its error is a ValueError
    return True
