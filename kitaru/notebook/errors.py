"""What a cell shows when something goes wrong: a sentence, or the user's own frames, never ours."""

from __future__ import annotations

import re
import traceback
from typing import TYPE_CHECKING, Any, Final

from kitaru.errors import KitaruError, KitaruExecutionError, KitaruUsageError
from kitaru.runtime.interrupts import told_by

if TYPE_CHECKING:
    from collections.abc import Callable

    from IPython.core.interactiveshell import InteractiveShell

    from kitaru.runtime.handle import FlowHandle

_PLACE: Final = re.compile(r"^\s*(?:\x1b\[[0-9;]*m)*\s*File .*?<(?:source|cell)>.*?(?=\n)")


def told_plainly(shell: InteractiveShell, work: Callable[..., Any], *arguments: Any) -> Any:
    """Do the work of a magic; let what it raises be shown without our frames.

    The exception itself is raised, so that the cell counts as failed and Run All stops there.

    Parameters
    ----------
    shell
        The shell that shows errors.
    work, *arguments
        What to do: ``work(shell, *arguments)``.

    Returns
    -------
    object
        What `work` returns.
    """
    try:
        return work(shell, *arguments)
    except KitaruError as error:
        _show_as(error, _told(shell, error))
        raise
    except SyntaxError as error:
        # IPython shows a SyntaxError with the frames that it came through, whatever it says of itself.
        raise _unreadable(shell, error) from None
    except (Exception, KeyboardInterrupt) as error:
        if not hasattr(error, "_render_traceback_"):
            _show_as(error, _users(shell, error))
        raise


def cell_number(shell: InteractiveShell) -> int:
    """Tell the number of the cell that runs: from IPython 9 on the shell's own counter is ahead of it already."""
    counted: int | None = getattr(shell.displayhook.exec_result, "execution_count", None)
    return shell.execution_count if counted is None else counted


def show_errors(shell: InteractiveShell) -> None:
    """Let what Kitaru raises in any cell be shown with the user's own lines, and none of ours.

    Parameters
    ----------
    shell
        The shell that shows errors.
    """
    shown: Any = KitaruError  # the method is IPython's; without IPython nobody needs it
    shown._render_traceback_ = lambda error: _users(shell, error)
    told_by(lambda error, handle: _let_go_of(error, handle) if type(shell).initialized() else error)


def _let_go_of(error: BaseException, handle: FlowHandle[Any]) -> BaseException:
    """Tell of an interrupt; one that reached an event loop stays the cancellation that the loop made of it."""
    told = let_go(handle)
    if isinstance(error, KeyboardInterrupt):
        return told
    _show_as(error, [f"KeyboardInterrupt: {told}"])
    return error


def let_go(handle: FlowHandle[Any]) -> KeyboardInterrupt:
    """Make the interrupt of a cell whose execution goes on: it says how to come back to that, and how to stop it."""
    exec_id = handle.exec_id
    return interrupt(
        f"{exec_id} of {handle.flow_name} goes on in the background. %kitaru show {exec_id} follows it, "
        f"%kitaru cancel {exec_id} stops it."
    )


def interrupt(text: str) -> KeyboardInterrupt:
    """Make an interrupt of a cell that is shown as a sentence: the cell counts as failed, and Run All stops there."""
    made = KeyboardInterrupt(text)
    _show_as(made, [f"KeyboardInterrupt: {text}"])
    return made


class CellSyntaxError(KitaruUsageError):
    """The cell's text is not Python."""


def _unreadable(shell: InteractiveShell, error: SyntaxError) -> CellSyntaxError:
    """Make an error that is shown as IPython shows a syntax error, at the cell's own line."""
    inside = error.filename in (None, "<source>", "<cell>")
    lines: list[str] = shell.SyntaxTB.structured_traceback(SyntaxError, error, [])  # type: ignore[arg-type]
    where = (
        f"Cell In[{cell_number(shell)}], line {error.lineno}" if inside else f"{error.filename}, line {error.lineno}"
    )
    made = CellSyntaxError(f"{where}: {error.msg}")
    plain = [_PLACE.sub(f"  {where}", line) for line in lines] if inside else lines
    _show_as(made, plain)
    return made


def _told(shell: InteractiveShell, error: KitaruError) -> list[str]:
    """The user's own exception first, where there is one; then what it means for the execution."""
    cause = error.__cause__
    name = type(error).__name__
    if not isinstance(error, KitaruExecutionError) or not isinstance(cause, Exception):
        return [f"{name}: {error}"]
    if error.status != "failed":
        return [*_users(shell, cause), "", f"{name}: {error}"]
    then = f"mend the cause, then run the cell again, or go on from there with %kitaru retry {error.exec_id}"
    return [*_users(shell, cause), "", f"{name}: {error.exec_id} failed. What finished is kept: {then}"]


def _users(shell: InteractiveShell, error: BaseException) -> list[str]:
    from kitaru.runtime.failures import cleaned

    error = cleaned(error)
    if isinstance(error, BaseExceptionGroup):
        # IPython shows a group without the exceptions that it holds.
        return "".join(traceback.format_exception(error)).splitlines()
    kept = [frame for frame in _frames(error) if not _is_shells(frame)]
    lines: list[str] = shell.InteractiveTB.structured_traceback(
        type(error), error, kept[0] if kept else None, tb_offset=0
    )
    return lines


def _frames(error: BaseException) -> list[Any]:
    frames, frame = [], error.__traceback__
    while frame is not None:
        frames.append(frame)
        frame = frame.tb_next
    return frames


def _is_shells(frame: Any) -> bool:
    return str(frame.tb_frame.f_globals.get("__name__", "")).split(".")[0] in ("IPython", "ipykernel", "kitaru")


def _show_as(error: BaseException, lines: list[str]) -> None:
    # IPython shows what this gives in place of a traceback.
    error._render_traceback_ = lambda: lines  # type: ignore[attr-defined]
