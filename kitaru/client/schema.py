"""Whether an answer fits the JSON schema of its question."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from kitaru.errors import KitaruWaitValidationError

_SHOWN: Final = 3
_FORMATS: Final = ("date", "uuid", "email", "ipv4", "ipv6")
_SCALARS: Final[dict[str, tuple[type, ...]]] = {
    "boolean": (bool,),
    "integer": (int,),
    "number": (int, float),
    "string": (str,),
    "null": (type(None),),
}
_NOTES: Final = {"type", "title", "description", "default", "examples"}


def check_answer(schema: dict[str, Any] | None, value: Any, where: str) -> None:
    """Check an answer.

    Parameters
    ----------
    schema
        JSON schema; None takes anything.
    value
        Plain JSON data.
    where
        Which question, for the message.

    Raises
    ------
    KitaruWaitValidationError
        If it does not fit; the message names each place and the rule.

    Examples
    --------
    >>> check_answer({"type": "integer"}, 3, "'count'")
    >>> check_answer({"type": "integer"}, "three", "'count'")
    Traceback (most recent call last):
    kitaru.errors.KitaruWaitValidationError: The answer to 'count' does not fit: 'three' is not of type 'integer'...
    """
    if schema is None:
        return
    problems = problems_of(schema, value)
    if problems:
        more = f"; and {len(problems) - _SHOWN} more" if len(problems) > _SHOWN else ""
        raise KitaruWaitValidationError(f"The answer to {where} does not fit: {'; '.join(problems[:_SHOWN])}{more}")


def problems_of(schema: dict[str, Any], value: Any) -> list[str]:
    """Describe each place where a value breaks a schema, with the rule.

    Examples
    --------
    >>> problems_of({"properties": {"n": {"minimum": 1}}}, {"n": 0})
    ['$.n: 0 is less than the minimum of 1 (rule: minimum=1)']
    """
    scalar = _SCALARS.get(str(schema.get("type")))
    if scalar is not None and schema.keys() <= _NOTES:
        # Most questions; where Jupyter's format packages are installed the library takes seconds to import.
        fits = isinstance(value, scalar) and (not isinstance(value, bool) or scalar == (bool,))
        return [] if fits else [f"{value!r} is not of type {schema['type']!r} (rule: type={schema['type']})"]
    from jsonschema import Draft202012Validator, FormatChecker

    formats = FormatChecker(_FORMATS)
    formats.checks("date-time", ValueError)(_is_datetime)
    found = Draft202012Validator(schema, format_checker=formats).iter_errors(value)
    return [_sentence(error) for error in sorted(found, key=lambda error: error.json_path)]


def _sentence(error: Any) -> str:
    if len(error.context or ()) > 1:
        # What each branch of an anyOf wants says more than that none fits.
        options = " or ".join(dict.fromkeys(_short(inner.message) for inner in error.context[:4]))
        return f"{_place(error)}{options} (rule: {error.validator})"
    rule = error.validator_value
    told = f"={rule}" if isinstance(rule, str | int | float | list) and len(str(rule)) < 80 else ""
    return f"{_place(error)}{_short(error.message)} (rule: {error.validator}{told})"


def _place(error: Any) -> str:
    return "" if error.json_path == "$" else f"{error.json_path}: "


def _short(message: str) -> str:
    return message if len(message) <= 300 else message[:299] + "…"


def _is_datetime(value: object) -> bool:
    # Pydantic also takes times without a zone, which the RFC behind this format does not.
    if isinstance(value, str):
        datetime.fromisoformat(value)
    return True
