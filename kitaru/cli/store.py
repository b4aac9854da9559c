"""``kitaru store``: check, rebuild and copy a home."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from kitaru.cli.options import Output
from kitaru.cli.output import Format, command, say, show_item
from kitaru.cli.progress import progress

app = typer.Typer(name="store", help="Check, rebuild and copy what is recorded.", no_args_is_help=True)


@app.command("verify")
@command("store.verify")
def verify(output: Output = Format.TEXT) -> None:
    """Check journal, database and payloads. They are compared with each other; nothing is changed."""
    from kitaru.client import KitaruClient
    from kitaru.client import maintenance as store

    with progress("Checking") as tell:
        report = store.verify(KitaruClient(), tell)

    def text() -> None:
        from kitaru.cli.tables import counted

        checked = (counted(report[f"{noun}s"], noun) for noun in ("execution", "event", "payload"))
        say(f"Checked {', '.join(checked)}.")
        for problem in report["problems"]:
            say(f"- {problem}")
        say(f"{counted(len(report['problems']), 'problem')}." if report["problems"] else "All is well.")

    show_item("store.verify", output, report, text)
    if report["problems"]:
        raise typer.Exit(1)


@app.command("rebuild")
@command("store.rebuild")
def rebuild(
    accept_loss: Annotated[
        bool, typer.Option("--accept-loss", help="Go on even if the database has what the journal lacks.")
    ] = False,
    output: Output = Format.TEXT,
) -> None:
    """Write the database anew from the journal. The old one is kept beside it."""
    from kitaru.client import KitaruClient
    from kitaru.client import maintenance as store

    with progress("Rebuilding") as tell:
        report = store.rebuild(KitaruClient(), tell, accept_loss=accept_loss)

    def text() -> None:
        from kitaru.cli.tables import counted

        say(f"Wrote the database of {report['location']} anew from {counted(report['events'], 'event')}.")
        if report["replaced"]:
            say(f"The old one is {report['replaced']}.")
        for line in (*report["warnings"], *(f"lost: {name}" for name in report["lost_executions"])):
            say(f"- {line}")

    show_item("store.rebuild", output, report, text)


@app.command("backup")
@command("store.backup")
def backup(
    destination: Annotated[Path, typer.Argument(help="A folder that does not exist.")],
    output: Output = Format.TEXT,
) -> None:
    """Copy the home to a new folder while it is in use."""
    from kitaru.cli.tables import size
    from kitaru.client import KitaruClient
    from kitaru.client import maintenance as store

    with progress("Copying") as tell:
        report = store.backup(KitaruClient(), destination, tell)

    def text() -> None:
        say(f"Copied {size(report['bytes'])} to {report['destination']}.")
        say(f"It is a home of its own: KITARU_HOME={report['destination']} works with it.")

    show_item("store.backup", output, report, text)
