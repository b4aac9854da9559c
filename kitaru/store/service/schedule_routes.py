"""Schedules over HTTP: what there is, making one, letting it rest, giving it up."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

import orjson
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from kitaru.errors import KitaruConflictError, KitaruNotFoundError, KitaruUsageError
from kitaru.store import events as kinds
from kitaru.store.schedule_times import zone
from kitaru.store.schedules import next_times, schedule_created, schedule_event
from kitaru.store.service.app import parse, read_body
from kitaru.store.service.invoking import MAX_INPUTS

if TYPE_CHECKING:
    from starlette.requests import Request

    from kitaru.store.service.app import Service

_BY: Final = "HTTP"
_FIELDS: Final[dict[str, tuple[type, ...]]] = {
    "name": (str,),
    "flow": (str,),
    "cron": (str,),
    "every": (int, float),
    "timezone": (str,),
    "version": (int,),
    "tag": (str,),
    "inputs": (dict,),
    "missed": (str,),
}
_PUBLIC: Final = (*_FIELDS, "paused", "created_by", "last_exec_id", "last_error")
_TIMES: Final = ("created_at", "last_due")


async def list_schedules(service: Service, _request: Request) -> Response:
    """Answer with the schedules of all flows, by name."""
    rows = await run_in_threadpool(service.store.read, "schedules")
    return _json({"schedules": [_shown(row) for row in rows]})


async def show_schedule(service: Service, request: Request) -> Response:
    """Answer with one schedule and its next times."""
    return _json(await run_in_threadpool(_one, service.store, request.path_params["name"]))


async def create_schedule(service: Service, request: Request) -> Response:
    """Record a schedule."""
    asked = _fields(parse(await read_body(request.scope, request.receive, MAX_INPUTS)))
    made = await run_in_threadpool(_create, service.store, asked)
    headers = {"location": f"/schedules/{quote(made['name'], safe='')}"}
    return Response(orjson.dumps(made), 201, media_type="application/json", headers=headers)


async def pause_schedule(service: Service, request: Request) -> Response:
    """Let a schedule rest."""
    return _json(await run_in_threadpool(_pause, service.store, request.path_params["name"], True))


async def resume_schedule(service: Service, request: Request) -> Response:
    """Go on with a schedule that rests."""
    return _json(await run_in_threadpool(_pause, service.store, request.path_params["name"], False))


async def delete_schedule(service: Service, request: Request) -> Response:
    """Give a schedule up."""
    event = schedule_event(kinds.SCHEDULE_DELETED, request.path_params["name"], _BY)
    await run_in_threadpool(_append, service.store, event)
    return Response(status_code=204)


def _fields(asked: dict[str, Any]) -> dict[str, Any]:
    """Take what a schedule has; a null is left out."""
    given = {name: value for name, value in asked.items() if value is not None}
    for name, value in given.items():
        if name not in _FIELDS:
            raise KitaruUsageError(f"A schedule has no {name!r:.80}. It has {', '.join(_FIELDS)}.")
        if not isinstance(value, _FIELDS[name]) or isinstance(value, bool):
            kind = " or ".join(one.__name__ for one in _FIELDS[name])
            raise KitaruUsageError(f"{name} of a schedule is a JSON {kind}, not {value!r:.80}.")
    for name in ("name", "flow"):
        if name not in given:
            raise KitaruUsageError(f"A schedule needs {name!r}.")
    return given


def _create(store: Any, asked: dict[str, Any]) -> dict[str, Any]:
    name, flow = asked.pop("name"), asked.pop("flow")
    _append(store, schedule_created(store, name, flow, by=_BY, **asked))
    return _one(store, name)


def _pause(store: Any, name: str, paused: bool) -> dict[str, Any]:
    _append(store, schedule_event(kinds.SCHEDULE_PAUSED, name, _BY, paused=paused))
    return _one(store, name)


def _append(store: Any, event: Any) -> None:
    (ack,) = store.append([{"events": [event]}])
    if "refused" in ack:
        refused = ack["refused"]
        raise (KitaruNotFoundError if refused["code"] == "missing" else KitaruConflictError)(refused["message"])


def _one(store: Any, name: str) -> dict[str, Any]:
    return _shown(store.read("schedule", name=name))


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    place = zone(row["timezone"])
    times = {name: None if row[name] is None else datetime.fromtimestamp(row[name], place) for name in _TIMES}
    coming = [datetime.fromtimestamp(due, place) for due in next_times(row)]
    return {**{name: row[name] for name in _PUBLIC}, **times, "next_runs": coming}


def _json(value: Any) -> Response:
    return Response(orjson.dumps(value), media_type="application/json")
