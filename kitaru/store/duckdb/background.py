"""Work that goes on beside appends and reads: syncing, compressing, looking for dead runners and deadlines."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_log = logging.getLogger("kitaru.store")


class Repeated:
    """A daemon thread that does something again and again until it is stopped.

    Parameters
    ----------
    name
        Name of the thread.
    work
        What it does. An error is logged, once for as long as it stays the same, and does not end the thread.
    interval
        Seconds between two rounds.
    wake
        If given, a round begins only `interval` seconds after this was set.
    """

    def __init__(
        self, name: str, work: Callable[[], None], interval: float, wake: threading.Event | None = None
    ) -> None:
        self._work = work
        self._interval = interval
        self._wake = wake
        self._stop = threading.Event()
        self.failure: Exception | None = None
        """Why the last round failed."""
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End after the round that runs."""
        self._stop.set()
        if self._wake is not None:
            self._wake.set()
        if threading.current_thread() is not self._thread:
            self._thread.join()

    def _run(self) -> None:
        while not self._stop.is_set():
            if self._wake is not None:
                self._wake.wait()
                self._wake.clear()
            if self._stop.wait(self._interval):
                return
            self._round()

    def _round(self) -> None:
        try:
            self._work()
            self.failure = None
        except Exception as error:
            # Others depend on the thread: it goes on, and what failed is tried again in the next round.
            if str(error) != str(self.failure):
                _log.warning("%s: %s", self._thread.name, error, exc_info=error)
            self.failure = error
            if self._wake is not None:
                self._wake.set()
