"""What a wait for an execution raises when it is interrupted, where somebody has more to say than Python.

In a notebook the execution goes on in the kernel, and there are ways to come back to it; in a script the interrupt ends
both.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from typing import TYPE_CHECKING, Any, Final

from kitaru.runtime.exit import in_kernel

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from kitaru.runtime.handle import FlowHandle

    Teller = Callable[[BaseException, FlowHandle[Any]], BaseException]

LOOK_SECONDS: Final = 0.2
"""How long an interrupt of a cell that awaits something may go unnoticed."""

_teller: Teller | None = None


def told_by(teller: Teller) -> None:
    """Let this make what is raised, of the interrupt and of the handle whose wait it ends."""
    global _teller
    _teller = teller


def interrupted(error: BaseException, handle: FlowHandle[Any]) -> BaseException:
    """Return what is to be raised."""
    return error if _teller is None else _teller(error, handle)


@contextlib.contextmanager
def noticed() -> Iterator[None]:
    """Let an interrupt end what a cell awaits here.

    A kernel's handler of the signal tells its event loop to cancel the cell, but does not wake it: without anything
    else to do the loop would sleep on until the execution ends.
    """
    if not in_kernel() or threading.current_thread() is not threading.main_thread():
        yield
        return
    loop, awaited = asyncio.get_running_loop(), True

    def look() -> None:
        if awaited:
            loop.call_later(LOOK_SECONDS, look)

    look()
    try:
        yield
    finally:
        awaited = False
