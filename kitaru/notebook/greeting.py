"""What ``%load_ext kitaru`` says: where executions are recorded, which were interrupted, which ask something."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kitaru.errors import KitaruError
from kitaru.notebook.say import say

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from kitaru.client import KitaruClient
    from kitaru.client.models import Execution, PendingWait

_SHOWN = 5


def greet(shell: InteractiveShell) -> None:
    """Say where the store is, and offer what can go on, with buttons where they work and always with the command."""
    from kitaru.client import KitaruClient
    from kitaru.notebook.flow_magic import open_executions

    try:
        client = KitaruClient()
        waits = client.executions.pending_waits()
    except KitaruError as error:
        say(f"Kitaru cannot reach its store: {error}")
        return
    interrupted = open_executions(client)
    say(f"Kitaru records executions in {client.store.location}")
    for text in _lines(interrupted, waits):
        say(text)
    if interrupted or waits:
        _buttons(shell, client)


def _lines(interrupted: list[Execution], waits: list[PendingWait]) -> list[str]:
    lines = [f"{e.exec_id} of {e.flow_name} was interrupted:  %kitaru resume {e.exec_id}" for e in interrupted[:_SHOWN]]
    lines += [
        f"{w.exec_id} of {w.flow_name} asks: {w.question or 'Go on?'}  %kitaru input {w.exec_id}"
        for w in waits[:_SHOWN]
    ]
    more = len(interrupted) + len(waits) - len(lines)
    return [*lines, f"{more} more:  %kitaru list -s interrupted -s waiting"] if more > 0 else lines


def _buttons(shell: Any, client: KitaruClient) -> None:
    """Show the same as buttons, in a notebook; a plain terminal has none."""
    if not hasattr(shell, "kernel"):
        return
    from IPython.display import display

    from kitaru.widgets import offers

    shown = offers(client=client)
    if shown is not None:
        display(shown)
