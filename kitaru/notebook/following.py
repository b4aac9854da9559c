"""A cell that follows an execution: what comes of its result, of a failure and of an interrupt."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from kitaru.errors import KitaruError
from kitaru.notebook.errors import let_go
from kitaru.notebook.live import watch  # loaded before a flow starts: an interrupt meets a view that can let go
from kitaru.notebook.results import bind_result, settle

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from kitaru.notebook.live import LiveView
    from kitaru.notebook.output import CellOutput
    from kitaru.runtime.handle import FlowHandle

_WITHOUT_RESULT: Final = frozenset({"failed", "cancelled", "interrupted"})


def follow(
    shell: InteractiveShell,
    handle: FlowHandle[Any],
    *,
    detach: bool = False,
    output: str | None = None,
    place: CellOutput | None = None,
) -> None:
    """Show an execution until it ends, asks something or is let go of.

    Parameters
    ----------
    shell
        The shell of the notebook.
    handle
        The execution.
    detach
        Return at once; the view goes on.
    output
        The variable that takes the result.
    place
        Where the execution was announced.

    Raises
    ------
    KitaruExecutionError
        If it ended without a result, so that *Run All* does not go on without one.
    KeyboardInterrupt
        If the cell is interrupted, for the same reason. The execution goes on.
    """
    try:
        view = watch(handle, detach=detach, output=place)
    except KeyboardInterrupt:
        raise let_go(handle) from None
    finally:
        settle(handle)
        if output is not None:
            bind_result(shell, output, handle)
    if not detach and handle.status in _WITHOUT_RESULT:
        _fail(handle, view)


def _fail(handle: FlowHandle[Any], view: LiveView | None) -> None:
    try:
        handle.wait()
    except KitaruError as error:
        if error.__cause__ is not None and view is not None:
            view.leave_traceback_to_cell()
        raise
