"""One append on its way through the writer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import orjson

from kitaru.errors import KitaruSerializationError, KitaruUsageError
from kitaru.store import events as kinds
from kitaru.store.events import EVENTS, Event

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kitaru.store.duckdb.guards import Guard
    from kitaru.store.protocol import Ack, Batch

_WAITS = frozenset({kinds.WAIT_CREATED, kinds.WAIT_ANSWERED, kinds.WAIT_ABORTED})
_STORE_WIDE = frozenset({kinds.SNAPSHOT_RECORDED, kinds.CACHE_PURGED, *kinds.DEPLOYMENT_EVENTS, *kinds.SCHEDULE_EVENTS})
_TAG_EVENTS = frozenset({kinds.DEPLOYMENT_TAGGED, kinds.DEPLOYMENT_UNTAGGED})

_OF_JOBS: Final[dict[str, dict[str, type]]] = {
    kinds.JOB_CREATED: {"job_id": str, "kind": str, "target": str},
    kinds.JOB_CLAIMED: {"job_id": str, "attempt": int, "runner": dict},
    kinds.JOB_RELEASED: {"job_id": str, "attempt": int},
    kinds.JOB_ENDED: {"job_id": str, "attempt": int, "outcome": str},
    kinds.JOB_CANCELLED: {"job_id": str},
}


class Submission:
    """The batches of one append, checked and encoded by the caller's own thread; then what became of them."""

    __slots__ = ("acks", "batches", "client", "done", "durable", "encoded", "error", "known", "sequence")

    def __init__(self, batches: Sequence[Batch], *, durable: bool, client: str, sequence: int) -> None:
        self.batches = batches
        self.durable = durable
        self.client = client
        self.sequence = sequence
        self.encoded = [_encode(batch["events"]) for batch in batches]
        self.known: Mapping[str, Guard] = {}
        self.acks: list[Ack] = []
        self.error: Exception | None = None
        self.done = False


def _encode(events: Sequence[Event]) -> bytes:
    """Return the events as JSON without the brackets around them.

    Encoding here, before the writer's turn, keeps a value that JSON cannot hold from harming others,
    and what the caller does with the objects afterwards from reaching the journal.
    """
    for event in events:
        _check(event)
    try:
        return orjson.dumps(events)[1:-1]
    except TypeError:
        return _encode_repaired(events)


def _check(event: Mapping[str, Any]) -> None:
    kind, body = event.get("kind"), event.get("body")
    if kind not in EVENTS or not isinstance(body, dict) or not isinstance(event.get("at"), int | float):
        raise KitaruUsageError(
            f"An event needs a known 'kind', a number 'at' and an object 'body'; kind {kind!r} with body of type "
            f"{type(body).__name__} is none. If a newer Kitaru sent it, update the one that owns the store."
        )
    exec_id = event.get("exec_id")
    if not isinstance(exec_id, str) or not (exec_id or kind in _STORE_WIDE):
        raise KitaruUsageError(f"An event of kind {kind!r} needs the 'exec_id' of its execution, not {exec_id!r}.")
    if kind in _WAITS and not isinstance(body.get("wait"), str):
        raise KitaruUsageError(f"The body of an event of kind {kind!r} needs the name of the wait under 'wait'.")
    for name, needed in _OF_JOBS.get(kind, {}).items():
        if not isinstance(body.get(name), needed):
            raise KitaruUsageError(f"The body of an event of kind {kind!r} needs {name!r}, a JSON {needed.__name__}.")
    if not isinstance(event.get("epoch", 0), int):
        raise KitaruUsageError(f"The 'epoch' of an event of kind {kind!r} must be a whole number.")
    if kind in kinds.DEPLOYMENT_EVENTS:
        _check_deployment(kind, exec_id, body)
    if kind in kinds.SCHEDULE_EVENTS and (exec_id or not isinstance(body.get("schedule"), str) or not body["schedule"]):
        raise KitaruUsageError(f"An event of kind {kind!r} needs the name of the schedule, and no execution.")


def _check_deployment(kind: str, exec_id: str, body: Mapping[str, Any]) -> None:
    flow, version, tag = body.get("flow"), body.get("version"), body.get("tag")
    if exec_id or not isinstance(flow, str) or not flow or type(version) is not int:
        raise KitaruUsageError(
            f"An event of kind {kind!r} needs 'flow' and a whole number 'version', and no execution."
        )
    if kind in _TAG_EVENTS and (not isinstance(tag, str) or not tag):
        raise KitaruUsageError(f"The body of an event of kind {kind!r} needs the name of the tag under 'tag'.")


def _encode_repaired(events: Sequence[Event]) -> bytes:
    try:
        return orjson.dumps(_without_surrogates(events))[1:-1]
    except TypeError as error:
        named = ", ".join(sorted({f"{event['kind']} of {event['exec_id'] or 'the store'}" for event in events}))
        raise KitaruSerializationError(
            f"An event cannot be written as JSON: {error} (among: {named}). Nothing of this append was written; "
            "pass plain JSON values."
        ) from error


def _without_surrogates(value: Any) -> Any:
    # Output of programs may hold bytes that are no text; they must not keep a checkpoint from being recorded.
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, dict):
        return {_without_surrogates(key): _without_surrogates(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_without_surrogates(item) for item in value]
    return value
