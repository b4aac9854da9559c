"""Whether an answer fits the JSON schema of its question."""

from __future__ import annotations

from typing import Any, Final

from kitaru.errors import KitaruWaitValidationError
from kitaru.store.json_schema import problems_of

_SHOWN: Final = 3


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
