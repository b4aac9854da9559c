"""``-o VAR``: the variable gets the result when there is one, also when the cell has long returned."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from kitaru.errors import KitaruError
from kitaru.notebook.say import say

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from kitaru.runtime.handle import FlowHandle

_waiting: Final[dict[str, tuple[InteractiveShell, str]]] = {}
"""Variables that wait for the result of an execution."""


def bind_result(shell: InteractiveShell, name: str, handle: FlowHandle[Any]) -> None:
    """Set the variable now, or as soon as the execution completes.

    Parameters
    ----------
    shell
        Whose namespace the variable is in.
    name
        The variable; what it held before is taken away, so that nothing stale is read.
    handle
        The execution.
    """
    if handle.status == "completed":
        shell.user_ns[name] = handle.get()
        return
    shell.user_ns.pop(name, None)
    if handle.status not in ("failed", "cancelled"):
        say(f"{name} is set when {handle.exec_id} completes.")
        _waiting[handle.exec_id] = shell, name
        _listen(handle)


def settle(handle: FlowHandle[Any]) -> None:
    """Set the variable that waits for an execution, if it has completed."""
    if handle.exec_id in _waiting and handle.status == "completed":
        result = handle.get()
        shell, name = _waiting.pop(handle.exec_id, (None, ""))
        if shell is not None:
            shell.user_ns[name] = result


def _listen(handle: FlowHandle[Any]) -> None:
    from kitaru.runtime.engine import engine

    engine().end_of(handle.exec_id, asked=True).add_done_callback(lambda _: _look(handle))


def _look(handle: FlowHandle[Any]) -> None:
    try:
        settle(handle)
        goes_on = handle.exec_id in _waiting and handle.status in ("waiting", "running", "pending")
    except KitaruError:
        return  # the store is away; the view says so
    if goes_on:
        _listen(handle)
    else:
        _waiting.pop(handle.exec_id, None)
