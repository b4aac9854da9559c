"""``kitaru export``: a notebook's flows as a script."""

from __future__ import annotations

import sys
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kitaru.cli.output import Format, command, note, say, show_item
from kitaru.errors import KitaruUsageError

if TYPE_CHECKING:
    from kitaru.export.export import Export


class Shape(StrEnum):
    """What is written."""

    SCRIPT = "script"
    PACKAGE = "package"


class PinsOption(StrEnum):
    """How versions are asked for."""

    EXACT = "exact"
    COMPATIBLE = "compatible"
    NONE = "none"


@command("export")
def export(
    notebook: Annotated[str, typer.Argument(help="The notebook; it is read, and nothing of it is run.")],
    flows: Annotated[list[str] | None, typer.Argument(help="Names of flows; all of them if none is named.")] = None,
    folder: Annotated[
        str | None, typer.Option("--to", "-o", help="A folder, or a .py file; the notebook's folder if not given.")
    ] = None,
    stdout: Annotated[bool, typer.Option("--stdout", help="Print the script instead of writing it.")] = False,
    check: Annotated[
        bool,
        typer.Option(
            "--check",
            help="Write nothing; fail if the file is not what would be written, or if the script would not find the "
            "work that the notebook's last run recorded.",
        ),
    ] = False,
    diff: Annotated[bool, typer.Option("--diff", help="Write nothing; print how the file would change.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Overwrite a file that was changed by hand.")] = False,
    shape: Annotated[
        Shape, typer.Option("--format", help="A script, or a package that can be installed, in a folder of its own.")
    ] = Shape.SCRIPT,
    dockerfile: Annotated[
        bool, typer.Option("--dockerfile", help="Write a container recipe beside the script.")
    ] = False,
    pins: Annotated[
        PinsOption, typer.Option(help="Versions of the libraries: those installed here, their series, or any.")
    ] = PinsOption.EXACT,
    output: Annotated[
        Format, typer.Option("--output", help="Text for people, or one JSON object for programs.")
    ] = Format.TEXT,
) -> None:
    """Write the flows of a notebook as a script that runs by itself.

    The script has a header that `uv run` and other tools read, only what the flows need, and a command line made
    from each flow's parameters. Recorded work is shared: the script reuses what the notebook computed.
    """
    from kitaru.export.export import export_notebook, render_notebook

    if sum((stdout, check, diff, shape is Shape.PACKAGE)) > 1:
        raise KitaruUsageError("Give one of --stdout, --check, --diff and --format package.")
    if dockerfile and (stdout or check or diff or shape is Shape.PACKAGE):
        raise KitaruUsageError("--dockerfile goes with a script that is written.")
    if shape is Shape.PACKAGE:
        _package(notebook, flows, folder, force, pins, output)
    elif stdout or check or diff:
        _compare(render_notebook(notebook, flows, output=folder, pins=pins.value), stdout, diff, output)
    else:
        made = export_notebook(notebook, flows, output=folder, force=force, pins=pins.value)
        if dockerfile:
            _container(made, force)
        _tell(made, output)


def _package(
    notebook: str, flows: list[str] | None, folder: str | None, force: bool, pins: PinsOption, output: Format
) -> None:
    from kitaru.export.environment import running_environment
    from kitaru.export.export import render_notebook
    from kitaru.export.package import write_package

    made = render_notebook(notebook, flows, output=folder, pins=pins.value, takes_modules=True)
    root = write_package(made, made.path.parent, running_environment(), force=force)
    _notes(made)
    facts = _facts(made) | {"path": str(root)}
    show_item("export", output, facts, lambda: say(f"{root}: {', '.join(made.flows)}. Install it: pip install {root}"))


def _container(made: Export, force: bool) -> None:
    from kitaru.export.environment import running_environment
    from kitaru.export.package import write_container

    recipe, advice = write_container(made, running_environment(), force=force)
    note(f"{recipe}: build it with {recipe.parent} as its folder.")
    for sentence in advice:
        note(f"Note: {sentence}")


def _compare(made: Export, stdout: bool, diff: bool, output: Format) -> None:
    if stdout:
        _notes(made)
        show_item("export", output, _facts(made) | {"text": made.text}, lambda: _print(made.text))
    elif diff:
        changed = made.difference()
        show_item("export", output, _facts(made) | {"difference": changed}, lambda: _print(changed))
    else:
        from kitaru.export.check import check_export

        found = check_export(made)
        show_item("export", output, _facts(made) | {"checked": found}, lambda: say("\n".join(found)))


def _tell(made: Export, output: Format) -> None:
    _notes(made)
    flows = ", ".join(made.flows)
    show_item("export", output, _facts(made), lambda: say(f"{made.path}: {flows}. Run it: uv run {made.path} --help"))


def _print(text: str) -> None:
    sys.stdout.write(text)


def _notes(made: Export) -> None:
    for sentence in made.notes:
        note(f"Note: {sentence}")


def _facts(made: Export) -> dict[str, Any]:
    requirements = sorted(made.dependencies.requirements.values())
    return {
        "path": str(made.path),
        "flows": list(made.flows),
        "notes": list(made.notes),
        "requirements": requirements,
    }


def add_to(app: typer.Typer) -> None:
    """Add the command to the root."""
    app.command("export")(export)
