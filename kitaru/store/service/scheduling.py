"""Invoking deployments when their schedules are due."""

from __future__ import annotations

import logging
import threading
import time
from datetime import UTC, datetime
from itertools import takewhile
from typing import TYPE_CHECKING, Any, Final

from kitaru.errors import KitaruError
from kitaru.store import events as kinds
from kitaru.store.invocation import check_inputs, invoke, json_record
from kitaru.store.schedule_times import due_times

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kitaru.store.protocol import Store, Watch

ON_TIME: Final = 60.0
"""Seconds after its time for which a run is not a missed one."""

MOST_MISSED: Final = 100
"""How many missed runs are made up for at most, the last ones."""

_LOOK: Final = 30.0
"""Seconds after which the clock is looked at in any case: it may be set, and a machine may sleep."""

_PAUSE: Final = 1.0

_log = logging.getLogger(__name__)


class Scheduling:
    """Watches the schedules of a home and the clock.

    A run is recorded before that it was due: its execution's id follows from the schedule and the time, so that a
    service that is killed between the two invokes it once all the same.

    Parameters
    ----------
    store
        The home's store, owned by this process.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._closed = threading.Event()
        self._changed = threading.Event()
        self._feed: Watch = store.watch(kinds=(kinds.SCHEDULE_CREATED, kinds.SCHEDULE_PAUSED, kinds.SCHEDULE_DELETED))
        self._threads = [
            threading.Thread(target=target, name=f"kitaru-{name}", daemon=True)
            for name, target in (("schedules", self._run), ("schedule-feed", self._follow))
        ]

    def start(self) -> None:
        """Begin, with what was missed."""
        for thread in self._threads:
            thread.start()

    def close(self) -> None:
        """Invoke nothing more."""
        self._closed.set()
        self._changed.set()
        self._feed.close()
        for thread in self._threads:
            if thread.is_alive():
                thread.join()

    def _follow(self) -> None:
        for _ in self._feed:
            self._changed.set()

    def _run(self) -> None:
        while not self._closed.is_set():
            self._changed.clear()
            pause = _PAUSE
            try:
                pause = self.turn(time.time())
            except Exception:
                _log.exception("looking for due schedules failed and begins anew")
            self._changed.wait(pause)

    def turn(self, now: float) -> float:
        """Invoke what is due; return after how many seconds to look again."""
        pause = _LOOK
        for schedule in self._store.read("schedules"):
            if schedule["paused"]:
                continue
            try:
                times = due_times(schedule, began(schedule))
                due = list(takewhile(lambda moment: moment <= now, times))
                coming = next(due_times(schedule, now), None)
            except KitaruError as error:
                _log.warning("schedule %s cannot be kept: %s", schedule["name"], error)
                continue
            for moment in _wanted(schedule, due, now):
                self._fire(schedule, moment)
            if due and not _wanted(schedule, due, now):
                self._record(schedule, due[-1], None, "It was missed: no service ran at that time.")
            if coming is not None:
                pause = min(pause, max(0.0, coming - now))
        return pause

    def _fire(self, schedule: Mapping[str, Any], due: float) -> None:
        store, when = self._store, datetime.fromtimestamp(due, UTC).isoformat()
        exec_id, error = None, None
        try:
            deployment = store.read(
                "deployment", flow=schedule["flow"], version=schedule["version"], tag=schedule["tag"]
            )
            check_inputs(deployment, schedule["inputs"])
            records = {name: json_record(value, store.payloads) for name, value in schedule["inputs"].items()}
            key = f"schedule {schedule['name']} of {schedule['created_at']} at {when}"
            exec_id = invoke(store, deployment, records, via="schedule", by=schedule["name"], idempotency_key=key)
            _log.info("schedule %s: %s invokes %s", schedule["name"], when, exec_id)
        except KitaruError as refused:
            error = str(refused)
            _log.warning("schedule %s: %s could not be invoked: %s", schedule["name"], when, refused)
        self._record(schedule, due, exec_id, error)

    def _record(self, schedule: Mapping[str, Any], due: float, exec_id: str | None, error: str | None) -> None:
        body = {"schedule": schedule["name"], "due": due, "exec_id": exec_id, "error": error}
        # Refused if the schedule was deleted in this moment.
        self._store.append(
            [{"events": [{"kind": kinds.SCHEDULE_FIRED, "at": time.time(), "exec_id": "", "body": body}]}]
        )


def began(schedule: Mapping[str, Any]) -> float:
    """Return from when on times of a schedule count.

    Examples
    --------
    >>> began({"created_at": 5.0, "resumed_at": None, "last_due": 60.0})
    60.0
    """
    return float(max(schedule["created_at"], schedule["resumed_at"] or 0.0, schedule["last_due"] or 0.0))


def _wanted(schedule: Mapping[str, Any], due: list[float], now: float) -> list[float]:
    """Choose which of the times that have come are made up for."""
    if schedule["missed"] == "all":
        return due[-MOST_MISSED:]
    if schedule["missed"] == "skip":
        return [moment for moment in due[-1:] if now - moment <= ON_TIME]
    return due[-1:]
