"""Exceptions as they are recorded and shown: the user's own frames, and where the failure came from."""

from __future__ import annotations

import os
import sysconfig
import traceback
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Final

from kitaru.errors import (
    FailureOrigin,
    KitaruBackendError,
    KitaruCancelledError,
    KitaruDivergenceError,
    KitaruError,
    KitaruExecutionError,
    KitaruUserCodeError,
)

if TYPE_CHECKING:
    from types import TracebackType

    from kitaru.store.events import Failure

OURS: Final = str(Path(__file__).parent.parent)
LIMIT: Final = 20_000
_LIBRARY: Final = Path(sysconfig.get_path("stdlib"))
_PLUMBING: Final = (
    OURS + os.sep,
    str(_LIBRARY / "concurrent" / "futures") + os.sep,
    str(_LIBRARY / "asyncio") + os.sep,
    str(_LIBRARY / "threading.py"),
)


def origin_of(error: BaseException) -> FailureOrigin:
    """Tell the origin by the exception's class, never by its text."""
    if isinstance(error, KitaruDivergenceError):
        return FailureOrigin.DIVERGENCE
    if isinstance(error, KitaruBackendError):
        return FailureOrigin.BACKEND
    if isinstance(error, KitaruExecutionError):
        return error.failure_origin or FailureOrigin.USER_CODE
    if isinstance(error, KitaruError):
        return FailureOrigin.RUNTIME
    return FailureOrigin.USER_CODE


def users_frames(tb: TracebackType | None) -> TracebackType | None:
    """Cut our own frames and the plumbing of the standard library out of a traceback."""
    kept = []
    while tb is not None:  # no recursion: the traceback of a RecursionError is as deep as the stack may be
        if not tb.tb_frame.f_code.co_filename.startswith(_PLUMBING):
            kept.append(tb)
        tb = tb.tb_next
    for before, after in pairwise(kept):
        before.tb_next = after
    if kept:
        kept[-1].tb_next = None
    return kept[0] if kept else None


def cleaned(error: BaseException) -> BaseException:
    """Leave the user's frames only, in the exception and in those that it came from or holds together."""
    todo, seen = [error], set()
    while todo:
        one = todo.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        one.__traceback__ = users_frames(one.__traceback__)
        todo += [other for other in (one.__cause__, one.__context__) if other is not None]
        todo += one.exceptions if isinstance(one, BaseExceptionGroup) else ()
    return error


def describe(error: BaseException) -> Failure:
    """Turn an exception into what is recorded: bounded text, the user's frames only."""
    recorded = getattr(error, "__kitaru_traceback__", None)
    text = recorded or "".join(traceback.format_exception(cleaned(error)))
    if len(text) > LIMIT:
        text = text[: LIMIT // 2] + "\n  ... (cut) ...\n" + text[-LIMIT // 2 :]
    kind = type(error)
    module = "" if kind.__module__ in ("builtins", "__main__") else f"{kind.__module__}."
    return {
        "type": f"{module}{kind.__qualname__}",
        "message": _message(error),
        "traceback": text,
        "origin": origin_of(error).value,
    }


def _message(error: BaseException) -> str:
    try:
        text = str(error)
    except Exception as broken:  # the user's __str__ may itself be broken
        text = f"(no message: its __str__ raised {type(broken).__name__})"
    return text if len(text) <= 2_000 else text[:2_000] + " ... (cut)"


def execution_error(
    exec_id: str, flow: str, status: str, failure: Failure | None, reason: str = ""
) -> KitaruExecutionError:
    """Make the exception that stands for an ended execution in whoever waits for it."""
    if status == "cancelled":
        text = f"Execution {exec_id} of {flow} was cancelled{f': {reason}' if reason else ''}."
        return KitaruCancelledError(text, exec_id=exec_id, status=status)
    if status == "interrupted":
        why = (reason or "its runner went away").rstrip(".")
        text = (
            f"Execution {exec_id} of {flow} was interrupted: {why}. Nothing that finished is lost; "
            f"continue it with: kitaru executions resume {exec_id}"
        )
        return KitaruExecutionError(text, exec_id=exec_id, status=status, failure_origin=FailureOrigin.RUNTIME)
    failure = failure or {"type": "", "message": reason, "traceback": "", "origin": "unknown"}
    origin = FailureOrigin(failure["origin"])
    kinds = {FailureOrigin.USER_CODE: KitaruUserCodeError, FailureOrigin.DIVERGENCE: KitaruDivergenceError}
    text = (
        f"Execution {exec_id} of {flow} failed: {failure['type']}: {failure['message']}\n"
        f"What finished is kept. When the cause is mended, go on from there with: kitaru executions retry {exec_id}"
    )
    return kinds.get(origin, KitaruExecutionError)(text, exec_id=exec_id, status=status, failure_origin=origin)
