"""``kitaru clean``: delete for good, and give space back."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from kitaru.cli import completion
from kitaru.cli.options import Output
from kitaru.cli.output import Format, agreed, command, say, show_item
from kitaru.cli.progress import progress
from kitaru.errors import KitaruUsageError


@command("clean")
def clean(
    executions: Annotated[
        list[str] | None,
        typer.Option(
            "--executions", "-e", help="An execution to delete; may be given several times.",
            autocompletion=completion.executions,
        ),
    ] = None,
    older_than: Annotated[str | None, typer.Option(help="Delete what ended that long ago: 12h, 30d, 8w.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be removed.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    output: Output = Format.TEXT,
) -> None:  # fmt: skip
    """Delete for good, and give space back. What nothing needs any more is removed in any case."""
    from kitaru.cli.tables import counted
    from kitaru.client import KitaruClient
    from kitaru.client import maintenance as store

    client = KitaruClient()
    wanted: dict[str, Any] = {"executions": executions or [], "older_than": _seconds(older_than)}
    if (executions or older_than) and not dry_run and not yes:
        planned = store.clean(client, lambda text: None, **wanted, dry_run=True)["executions"]
        if planned:
            agreed(f"Delete {counted(len(planned), 'execution')} for good?")
    with progress("Cleaning") as tell:
        report = store.clean(client, tell, **wanted, dry_run=dry_run)
    show_item("clean", output, report, lambda: _show(report))


def _show(report: dict[str, Any]) -> None:
    from kitaru.cli.tables import counted, size

    would = "Would remove" if report["dry_run"] else "Removed"
    executions, events = counted(len(report["executions"]), "execution"), counted(report["events"], "event")
    payloads = f"{counted(report['payloads'], 'payload')} of {size(report['payload_bytes'])}"
    say(f"{would} {executions} with {events}, and {payloads}.")
    if report["dry_run"]:
        for exec_id in report["executions"][:20]:
            say(f"  {exec_id}")
    else:
        say(f"Gave {size(report['freed_bytes'])} back.")
    for exec_id, reason in report["kept"].items():
        say(f"Kept {exec_id}: {reason}")
    for warning in report["warnings"]:
        say(warning)


def _seconds(text: str | None) -> float | None:
    from kitaru.client.times import span

    if text is None:
        return None
    seconds = span(text)
    if seconds is None:
        raise KitaruUsageError(f"--older-than {text!r} is no length of time: write 90s, 30m, 12h, 7d or 2w.")
    return seconds


def add_to(app: typer.Typer) -> None:
    """Add the command to the root."""
    app.command("clean")(clean)
