"""Verbs of ``%kitaru`` that look and change nothing that anybody misses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kitaru.code.notebook import notebook_path
from kitaru.errors import KitaruUsageError
from kitaru.notebook.say import say

if TYPE_CHECKING:
    from argparse import Namespace

    from IPython.core.interactiveshell import InteractiveShell

    from kitaru.client.client import KitaruClient

_OPEN = ("running", "waiting", "interrupted", "pending")


def overview() -> None:
    """Print what the verbs are."""
    from inspect import getdoc

    from kitaru.notebook.magics import kitaru

    say(getdoc(kitaru) or "")


def status(shell: InteractiveShell, options: Namespace) -> None:
    """Say where executions are recorded, and what is open."""
    client = _client()
    found = client.executions.list(status=_OPEN, limit=1_000)
    counts = {name: sum(e.status == name for e in found) for name in _OPEN}
    say(f"Executions are recorded in {client.store.location}")
    say(", ".join(f"{count} {name}" for name, count in counts.items() if count) or "Nothing runs or waits.")
    if counts["waiting"]:
        say("Answer with %kitaru input; see them with %kitaru list -s waiting")
    if counts["interrupted"]:
        say("Go on with %kitaru resume ID; see them with %kitaru list -s interrupted")


def list_executions(shell: InteractiveShell, options: Namespace) -> Any:
    """Return the newest executions."""
    return _client().executions.list(
        flow=options.flow,
        status=options.status,
        text=options.text,
        since=options.since,
        until=options.until,
        limit=options.limit,
    )


def show(shell: InteractiveShell, options: Namespace) -> None:
    """Show the live view of an execution."""
    from kitaru.notebook.live import display_view

    display_view(_id(options.execution))


def logs(shell: InteractiveShell, options: Namespace) -> None:
    """Print what an execution printed."""
    entries = list(
        _client().executions.logs(options.execution, checkpoint=options.checkpoint, limit=options.limit, tail=True)
    )
    for entry in entries:
        say(str(entry))
    if not entries:
        say("Nothing was printed.")


def diff(shell: InteractiveShell, options: Namespace) -> Any:
    """Compare executions; a replay alone is compared with what it replays."""
    client = _client()
    if options.others:
        return client.diff(options.execution, *options.others)
    original = client.executions.get(options.execution).original_exec_id
    if original is None:
        raise KitaruUsageError(f"%kitaru diff {options.execution}: give a second execution; this one is no replay.")
    return client.diff(original, options.execution)


def open_execution(shell: InteractiveShell, options: Namespace) -> Any:
    """Show a link that opens the execution in JupyterLab."""
    from urllib.parse import quote

    from IPython.display import HTML

    exec_id = _client().executions.resolve(options.execution) if options.execution else _id(None)
    return HTML(f'<a href="?kitaru={quote(exec_id)}" target="_blank">Open {exec_id} in JupyterLab</a>')


def export(shell: InteractiveShell, options: Namespace) -> None:
    """Write the flows of a notebook as a script."""
    from kitaru.export import export_notebook

    path = options.notebook or notebook_path()
    if path is None:
        raise KitaruUsageError("%kitaru export: name the notebook, for example %kitaru export analysis.ipynb")
    written = export_notebook(path, options.flows or None, output=options.output, force=options.force)
    say(f"Wrote {written.path}. See what it takes: python {written.path} --help")
    for note in written.notes:
        say(note)


def clean(shell: InteractiveShell, options: Namespace) -> None:
    """Give back the space of what nothing needs any more."""
    from kitaru.client import maintenance

    report = maintenance.clean(_client(), lambda text: None, dry_run=options.dry_run)
    would = "Would remove" if report["dry_run"] else "Removed"
    say(f"{would} {report['payloads']} stored values of {report['payload_bytes']:,} bytes that nothing needs any more.")
    for warning in report["warnings"]:
        say(warning)


def _client() -> KitaruClient:
    from kitaru.client import KitaruClient

    return KitaruClient()


def _id(execution: str | None) -> str:
    client = _client()
    return client.executions.latest().exec_id if execution is None else client.executions.resolve(execution)
