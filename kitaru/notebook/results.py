"""``-o VAR``: the variable gets the result when there is one, also when the cell has long returned."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kitaru.errors import KitaruError
from kitaru.notebook.say import say

if TYPE_CHECKING:
    from collections.abc import Callable

    from IPython.core.interactiveshell import InteractiveShell

    from kitaru.runtime.engine import Engine
    from kitaru.runtime.handle import FlowHandle


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
        when_completed(handle, lambda result: shell.user_ns.__setitem__(name, result))


def when_completed(handle: FlowHandle[Any], tell: Callable[[Any], None]) -> None:
    """Tell the result when there is one; questions on the way are waited for, whoever answers them."""
    from kitaru.runtime.engine import engine

    found = engine()
    found.end_of(handle.exec_id, asked=True).add_done_callback(lambda _: _look(found, handle, tell))


def _look(engine: Engine, handle: FlowHandle[Any], tell: Callable[[Any], None]) -> None:
    try:
        status = handle.status
    except KitaruError:
        return  # the store is away; the view says so
    if status == "completed":
        tell(handle.get())
    elif status in ("waiting", "running", "pending"):
        when_completed(handle, tell)
