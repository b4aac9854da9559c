"""``kitaru stack``: where checkpoints run."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kitaru.cli import completion
from kitaru.cli.options import Output
from kitaru.cli.output import Format, command, say, show_item, show_items
from kitaru.errors import KitaruUsageError

if TYPE_CHECKING:
    from kitaru.stacks.registry import StackInfo

app = typer.Typer(name="stack", help="Where checkpoints run: threads, processes, clusters.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="Name or id of a stack.", autocompletion=completion.stacks)]


@app.command("list")
@command("stack.list")
def list_(output: Output = Format.TEXT) -> None:
    """List the stacks of this home."""
    from kitaru.cli.tables import show_table
    from kitaru.stacks.registry import list_stacks

    stacks = list_stacks()
    rows = [(stack.name, stack.kind, "active" if stack.is_active else "", _limits(stack)) for stack in stacks]
    show_items(
        "stack.list",
        output,
        [_plain(stack) for stack in stacks],
        lambda: show_table(("NAME", "KIND", "", "LIMITS"), rows, whole=("NAME",)),
    )


@app.command("current")
@command("stack.current")
def current(output: Output = Format.TEXT) -> None:
    """Say which stack flows use that name none."""
    from kitaru.stacks.registry import current_stack

    stack = current_stack()
    show_item("stack.current", output, _plain(stack), lambda: say(stack.name))


@app.command("use")
@command("stack.use")
def use(name: Name, output: Output = Format.TEXT) -> None:
    """Make a stack the active one."""
    from kitaru.stacks.registry import use_stack

    stack = use_stack(name)
    show_item("stack.use", output, _plain(stack), lambda: say(f"Flows run on stack {stack.name} now."))


@app.command("create")
@command("stack.create")
def create(
    name: Annotated[str, typer.Argument(help="A new name.")],
    kind: Annotated[str, typer.Option("--type", "-t", help="local (threads) or process (worker processes).")] = "local",
    workers: Annotated[int | None, typer.Option(help="The most worker processes at a time.")] = None,
    memory: Annotated[str | None, typer.Option(help='What an isolated call may take, such as "2 GiB".')] = None,
    label: Annotated[list[str] | None, typer.Option(help="A note of your own, as NAME=VALUE.")] = None,
    activate: Annotated[bool, typer.Option(help="Make it the active one.")] = True,
    output: Output = Format.TEXT,
) -> None:
    """Add a stack to this home."""
    from kitaru.stacks.registry import create_stack

    given: Any = kind
    stack = create_stack(name, kind=given, activate=activate, labels=_labels(label), workers=workers, memory=memory)
    done = f"Made stack {stack.name}{', now the active one' if stack.is_active else ''}."
    show_item("stack.create", output, _plain(stack), lambda: say(done))


@app.command("delete")
@command("stack.delete")
def delete(
    name: Name,
    force: Annotated[bool, typer.Option("--force", help="Also if it is the active one.")] = False,
    output: Output = Format.TEXT,
) -> None:
    """Remove a stack; what ran on it stays recorded."""
    from kitaru.stacks.registry import delete_stack

    delete_stack(name, force=force)
    show_item("stack.delete", output, {"name": name}, lambda: say(f"Removed stack {name}."))


def _plain(stack: StackInfo) -> dict[str, Any]:
    return asdict(stack)


def _limits(stack: StackInfo) -> str:
    from kitaru.cli.tables import size

    parts = [f"{stack.workers} workers" if stack.workers else "", size(stack.memory)]
    return ", ".join(filter(None, parts))


def _labels(given: list[str] | None) -> dict[str, str]:
    labels = {}
    for text in given or ():
        name, separator, value = text.partition("=")
        if not separator:
            raise KitaruUsageError(f"--label {text!r}: write NAME=VALUE")
        labels[name] = value
    return labels
