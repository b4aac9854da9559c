"""Events of schedules."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from kitaru.store import events as kinds
from kitaru.store.database.rows import SCHEDULE

if TYPE_CHECKING:
    from collections.abc import Callable

    from kitaru.store.database.state import Changes
    from kitaru.store.events import Event

_PAUSE: Final = "UPDATE internal.schedules SET paused = ?, resumed_at = coalesce(?, resumed_at) WHERE name = ?"
_FIRE: Final = (
    "UPDATE internal.schedules SET last_due = ?, last_exec_id = coalesce(?, last_exec_id), last_error = ? "
    "WHERE name = ?"
)
_DELETE: Final = "DELETE FROM internal.schedules WHERE name = ?"


def _created(event: Event, changes: Changes) -> None:
    body = event["body"]
    row = {name: body.get(name) for name in SCHEDULE}
    row.update(
        name=body["schedule"],
        inputs=body.get("inputs") or {},
        paused=False,
        created_by=body.get("by"),
        created_at=event["at"],
        position=event["position"],
    )
    changes.add("schedules", row)


def _paused(event: Event, changes: Changes) -> None:
    paused = bool(event["body"]["paused"])
    # What came due while it was paused was not missed.
    changes.updates.append((_PAUSE, [paused, None if paused else event["at"], event["body"]["schedule"]]))


def _fired(event: Event, changes: Changes) -> None:
    body = event["body"]
    changes.updates.append((_FIRE, [float(body["due"]), body.get("exec_id"), body.get("error"), body["schedule"]]))


def _deleted(event: Event, changes: Changes) -> None:
    changes.updates.append((_DELETE, [event["body"]["schedule"]]))


SCHEDULE_RECORDS: Final[dict[str, Callable[[Event, Changes], None]]] = {
    kinds.SCHEDULE_CREATED: _created,
    kinds.SCHEDULE_PAUSED: _paused,
    kinds.SCHEDULE_FIRED: _fired,
    kinds.SCHEDULE_DELETED: _deleted,
}
