"""Arguments and options that several commands share."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from kitaru.cli import completion
from kitaru.cli.output import Format
from kitaru.errors import KitaruUsageError

Output = Annotated[Format, typer.Option("--output", "-o", help="Text for people, or one JSON object for programs.")]
ExecutionId = Annotated[
    str,
    typer.Argument(help="Id of an execution, or four or more characters of it.", autocompletion=completion.executions),
]
FlowName = Annotated[str | None, typer.Option("--flow", "-f", help="Name of a flow.", autocompletion=completion.flows)]
CallName = Annotated[
    str | None,
    typer.Option("--checkpoint", "-c", help="Name of a call.", autocompletion=completion.calls),
]
Statuses = Annotated[
    list[str] | None,
    typer.Option("--status", "-s", help="A status; may be given several times.", autocompletion=completion.statuses),
]
Since = Annotated[str | None, typer.Option(help="Started at or after: a date, a time, or how long ago (12h, 7d).")]
Until = Annotated[str | None, typer.Option(help="Started before: a date, a time, or how long ago (12h, 7d).")]


def json_value(text: str) -> Any:
    """Read JSON; a text that is none stands for itself.

    Examples
    --------
    >>> json_value("[1, 2]"), json_value("yes please")
    ([1, 2], 'yes please')
    """
    import orjson

    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return text


def json_object(text: str | None, option: str) -> dict[str, Any]:
    """Read a JSON object that an option gives.

    Raises
    ------
    KitaruUsageError
        If it is none.

    Examples
    --------
    >>> json_object('{"topic": "cats"}', "--flow-overrides")
    {'topic': 'cats'}
    """
    if text is None:
        return {}
    import orjson

    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise KitaruUsageError(f"{option} is no JSON: {error}") from None
    if not isinstance(value, dict):
        raise KitaruUsageError(f'{option} takes a JSON object such as {{"name": "value"}}, not {text}')
    return value
