"""Beginnings that Ctrl-C does not cut in two: what is recorded as running does run, or is recorded as interrupted."""

from __future__ import annotations

import threading
from concurrent.futures import Future
from contextvars import copy_context
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


def begin(start: Callable[[], T], give_up: Callable[[T], object]) -> T:
    """Start something on a thread that no Ctrl-C reaches; one that comes meanwhile gives up what was started.

    Examples
    --------
    >>> begin(lambda: "started", print)
    'started'
    """
    if threading.current_thread() is not threading.main_thread():
        return start()
    begun: Future[T] = Future()

    def run() -> None:
        try:
            begun.set_result(start())
        except BaseException as error:
            begun.set_exception(error)

    try:
        threading.Thread(target=copy_context().run, args=(run,), name="kitaru-start", daemon=True).start()
        return begun.result()
    except KeyboardInterrupt:
        begun.add_done_callback(lambda done: None if done.exception() else give_up(done.result()))
        raise
