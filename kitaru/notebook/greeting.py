"""What ``%load_ext kitaru`` says: where executions are recorded, which were interrupted, which ask something."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from kitaru.client.unfinished import find_offers
from kitaru.code.notebook import notebook_path
from kitaru.errors import KitaruError
from kitaru.notebook.say import say

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from kitaru.client import KitaruClient
    from kitaru.client.models import Execution, PendingWait

_SHOWN: Final = 5


def greet(shell: InteractiveShell) -> None:
    """Say where the store is, and offer what can go on, with buttons where they work and always with the command.

    What is offered is what this notebook has left; of questions that others ask there is only the number.
    """
    from kitaru.client import KitaruClient

    try:
        client = KitaruClient()
        interrupted, waits = find_offers(client, notebook_path())
        elsewhere = len(client.executions.pending_waits()) - len(waits)
    except KitaruError as error:
        say(f"Kitaru cannot reach its store: {error}")
        return
    say(f"Kitaru records executions in {client.store.location}")
    for text in _lines(interrupted, waits, elsewhere):
        say(text)
    if interrupted or waits:
        _buttons(shell, client)


def _lines(interrupted: list[Execution], waits: list[PendingWait], elsewhere: int) -> list[str]:
    lines = [
        f"{e.exec_id} of {e.flow_name} was interrupted:\n    %kitaru resume {e.exec_id}" for e in interrupted[:_SHOWN]
    ]
    lines += [
        f"{w.exec_id} of {w.flow_name} asks: {_one_line(w.question or 'Go on?')}\n    %kitaru input {w.exec_id}"
        for w in waits[:_SHOWN]
    ]
    more = len(interrupted) + len(waits) - len(lines)
    if more > 0:
        lines.append(f"{more} more:\n    %kitaru list -s interrupted -s waiting")
    if elsewhere > 0:
        what = "1 question is" if elsewhere == 1 else f"{elsewhere} questions are"
        lines.append(f"{what} open in other notebooks and programs:\n    %kitaru list -s waiting")
    return lines


def _one_line(text: str, most: int = 80) -> str:
    line = " ".join(text.split())
    return line if len(line) <= most else f"{line[: most - 1]}…"


def _buttons(shell: Any, client: KitaruClient) -> None:
    """Show the same as buttons, in a notebook; a plain terminal has none."""
    if not hasattr(shell, "kernel"):
        return
    from IPython.display import display

    from kitaru.widgets import offers

    shown = offers(notebook_path(), client)
    if shown is not None:
        display(shown)
