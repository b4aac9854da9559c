"""Signs of life for a store on another machine, which cannot see whether this process still runs."""

from __future__ import annotations

import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from kitaru.errors import KitaruError
from kitaru.store.runner import LEASE_SECONDS

if TYPE_CHECKING:
    from collections.abc import Callable

    from kitaru.store.protocol import Store

INTERVAL: Final = LEASE_SECONDS / 4
"""Seconds between two signs: some may get lost before a lease is over."""


class Pulse:
    """Tells the store, while this process runs executions, that it does.

    Parameters
    ----------
    store
        Who is told.
    is_busy
        Whether there is anything to tell.
    """

    def __init__(self, store: Store, is_busy: Callable[[], bool]) -> None:
        self._store = store
        self._is_busy = is_busy
        self._stopped = threading.Event()
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin, unless it has begun."""
        with self._starting:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="kitaru-pulse", daemon=True)
                self._thread.start()

    def stop(self) -> None:
        """End."""
        self._stopped.set()

    def _run(self) -> None:
        from kitaru.store.runner import runner_identity

        runner_id = runner_identity()["runner_id"]
        while not self._stopped.wait(INTERVAL):
            if self._is_busy():
                # The next one tries again; a store that stays away is reported to the bodies by their own events.
                with suppress(KitaruError):
                    self._store.beat(runner_id)
