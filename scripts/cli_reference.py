"""Write the command line's reference from the commands themselves, or check that the page is up to date.

The page keeps what stands above its marker; everything below is made here.
"""

from __future__ import annotations

import argparse
import importlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE = Path(__file__).resolve().parents[1] / "docs" / "reference" / "cli.md"
MARKER = "<!-- generated: `make cli-reference` writes what follows -->"


def root_command() -> Any | None:
    """Return the command group that `kitaru.cli` offers as ``app``; None while there is no command line."""
    app = getattr(importlib.import_module("kitaru.cli"), "app", None)
    if app is None:
        return None
    import typer

    return typer.main.get_command(app) if isinstance(app, typer.Typer) else app


def commands(command: Any, path: str) -> Iterator[tuple[str, Any]]:
    yield path, command
    for name, child in sorted(getattr(command, "commands", {}).items()):
        if not child.hidden:
            yield from commands(child, f"{path} {name}")


def cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


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


def section(path: str, command: Any) -> str:
    parts = [
        f"## `{path}`",
        (command.help or "").replace("\b", "").replace("\f", "").strip(),
        f"```\n{usage(command, path)}\n```",
    ]
    parameters = [parameter for parameter in command.params if not getattr(parameter, "hidden", False)]
    if parameters:
        parts.append("\n".join(["| argument or option | meaning |", "|---|---|", *map(parameter_row, parameters)]))
    return "\n\n".join(part for part in parts if part)


def page(root: Any) -> str:
    above, marker, _ = PAGE.read_text(encoding="utf-8").partition(MARKER)
    if not marker:
        sys.exit(f"{PAGE.name} has lost its marker line: {MARKER}")
    return "\n\n".join([above.rstrip(), MARKER, *(section(*pair) for pair in commands(root, "kitaru"))]) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="fail when the page is not up to date; write nothing")
    check = parser.parse_args().check
    root = root_command()
    if root is None:
        sys.stdout.write("kitaru.cli has no `app` yet; there is nothing to document.\n")
        return
    text = page(root)
    if check and text != PAGE.read_text(encoding="utf-8"):
        sys.exit("docs/reference/cli.md is not what the commands say; run `make cli-reference` and commit the page.")
    if not check:
        PAGE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
