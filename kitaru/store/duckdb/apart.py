"""Keeps the main thread out of the database.

While DuckDB works on the main thread it looks for signals itself: Ctrl-C then fails its statement with an
error of its own, at any place, and may leave a lock held.
"""

from __future__ import annotations

import threading
from concurrent.futures import Future
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


def apart(work: Callable[[], T]) -> T:
    """Do `work` on another thread if this is the main one; Ctrl-C then leaves it to itself.

    Examples
    --------
    >>> apart(lambda: threading.current_thread() is threading.main_thread())
    False
    """
    if threading.current_thread() is not threading.main_thread():
        return work()
    done: Future[T] = Future()

    def run() -> None:
        try:
            done.set_result(work())
        except BaseException as error:
            done.set_exception(error)

    threading.Thread(target=run, name="kitaru-read", daemon=True).start()
    return done.result()


def here(work: Callable[[], T]) -> T:
    """Do `work` on this thread, whichever it is.

    Examples
    --------
    >>> here(lambda: threading.current_thread() is threading.main_thread())
    True
    """
    return work()
