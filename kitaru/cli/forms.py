"""Answers to questions, asked for on the terminal as their JSON schema says."""

from __future__ import annotations

from typing import Any, Final

import typer

from kitaru.cli.options import json_value
from kitaru.cli.output import say
from kitaru.client.schema import problems_of

_MOST_DEEP: Final = 3


def ask(schema: dict[str, Any] | None, question: str) -> Any:
    """Ask until the answer fits.

    Parameters
    ----------
    schema
        JSON schema of the answer; None asks only whether to go on.
    question
        What people read.
    """
    if schema is None:
        typer.prompt(f"{question} (Enter to go on)", default="", show_default=False)
        return None
    while True:
        value = _ask(schema, schema, question, 0)
        problems = problems_of(schema, value)
        if not problems:
            return value
        for problem in problems:
            say(f"  {problem}")


def _ask(root: dict[str, Any], schema: dict[str, Any], label: str, depth: int) -> Any:
    schema = _followed(root, schema)
    kind = schema.get("type")
    if "enum" in schema:
        return _choice(schema["enum"], label, schema)
    if kind == "boolean":
        return typer.confirm(label, default=schema.get("default"))
    if kind == "object" and schema.get("properties") and depth < _MOST_DEEP:
        return _fields(root, schema, label, depth)
    hint = {"integer": "a whole number", "number": "a number", "string": ""}.get(str(kind), "JSON")
    text = str(typer.prompt(f"{label}{f' ({hint})' if hint else ''}", default=_default(schema)))
    return text if kind == "string" else json_value(text)


def _fields(root: dict[str, Any], schema: dict[str, Any], label: str, depth: int) -> dict[str, Any]:
    say(label)
    required = schema.get("required", ())
    answer = {}
    for name, part in schema["properties"].items():
        shown = part.get("title") or name
        told = part.get("description")
        if name not in required and not typer.confirm(f"  Give {shown}?", default=False):
            continue
        answer[name] = _ask(root, part, f"  {shown}{f', {told}' if told else ''}", depth + 1)
    return answer


def _choice(options: list[Any], label: str, schema: dict[str, Any]) -> Any:
    for number, option in enumerate(options, 1):
        say(f"  {number}. {option}")
    while True:
        given = str(typer.prompt(label, default=_default(schema)))
        if given in [str(option) for option in options]:
            return next(option for option in options if str(option) == given)
        if given.isdigit() and 1 <= int(given) <= len(options):
            return options[int(given) - 1]
        say(f"  Give one of them, or a number from 1 to {len(options)}.")


def _followed(root: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    reference = schema.get("$ref")
    if not isinstance(reference, str) or not reference.startswith("#/"):
        return schema
    found: Any = root
    for part in reference[2:].split("/"):
        found = found.get(part, {})
    return {**found, **{key: value for key, value in schema.items() if key != "$ref"}}


def _default(schema: dict[str, Any]) -> Any:
    value = schema.get("default")
    return value if isinstance(value, str | int | float) else None
