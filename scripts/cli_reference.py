"""Write the command line's reference from the commands themselves, or check that the page is up to date."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer
from generated_page import cell, main

from kitaru.cli.application import app

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE = "reference/cli.md"


def commands(command: Any, path: str) -> Iterator[tuple[str, Any]]:
    yield path, command
    for name, child in sorted(getattr(command, "commands", {}).items()):
        if not child.hidden:
            yield from commands(child, f"{path} {name}")


def parameter_row(parameter: Any) -> str:
    if parameter.param_type_name == "argument":
        names = (parameter.metavar or parameter.name).upper()
    else:
        names = ", ".join([*parameter.opts, *parameter.secondary_opts])
    return f"| `{names}` | {cell(getattr(parameter, 'help', None) or '')} |"


def usage(command: Any, path: str) -> str:
    positional = [parameter for parameter in command.params if parameter.param_type_name == "argument"]
    names = [name if argument.required else f"[{name}]" for argument in positional if (name := argument.name.upper())]
    options = ["[OPTIONS]"] if len(positional) < len(command.params) else []
    return " ".join([path, *options, *names, *(["COMMAND"] if hasattr(command, "commands") else [])])


def description(text: str) -> str:
    """Turn a command's help into Markdown; what the help shows line by line is shown so here."""
    plain, mark, listed = text.replace("\f", "").partition("\b\n")
    if not mark:
        return plain.strip()
    title, _, lines = listed.strip("\n").partition("\n")
    return f"{plain.strip()}\n\n{title}\n\n```\n{lines.rstrip()}\n```"


def section(path: str, command: Any) -> str:
    parts = [f"## `{path}`", description(command.help or ""), f"```\n{usage(command, path)}\n```"]
    parameters = [parameter for parameter in command.params if not getattr(parameter, "hidden", False)]
    if parameters:
        parts.append("\n".join(["| argument or option | meaning |", "|---|---|", *map(parameter_row, parameters)]))
    return "\n\n".join(part for part in parts if part)


if __name__ == "__main__":
    root = typer.main.get_command(app)
    main(PAGE, "\n\n".join(section(*pair) for pair in commands(root, "kitaru")), __doc__)
