"""Invoking a deployment: the events that record a new execution which a worker is to run.

This is all data: what was deployed, and what it is given. So the service does it for whoever asks over HTTP, and the
client for whoever asks in Python.
"""

from __future__ import annotations

import hashlib
import secrets
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

import orjson

from kitaru.errors import KitaruConflictError, KitaruNotFoundError, KitaruUsageError
from kitaru.store import events as kinds
from kitaru.store.jobs.posting import job_created
from kitaru.store.json_schema import problems_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kitaru.store.events import Event
    from kitaru.store.payloads import PayloadStore
    from kitaru.store.protocol import Store
    from kitaru.store.value_record import ValueRecord

Via = Literal["python", "cli", "http", "lab", "schedule"]
"""By which way a deployment is invoked."""

GIVEN: Final = "x-deployed"
"""Marks a parameter in a deployment's schema whose default was given when it was deployed."""

_ALPHABET: Final = "0123456789abcdefghjkmnpqrstvwxyz"
_INLINE: Final = 16_384
_SHOWN: Final = 5
_PREVIEW: Final = 200


def check_inputs(deployment: Mapping[str, Any], inputs: Mapping[str, Any]) -> None:
    """Hold inputs, as plain JSON data, against the parameters of a deployment.

    Raises
    ------
    KitaruUsageError
        If they do not fit; the message names each place, the rule and the parameters.

    Examples
    --------
    >>> schema = {"properties": {"n": {"type": "integer"}}, "required": ["n"], "additionalProperties": False}
    >>> check_inputs({"flow": "double", "version": 1, "parameters": schema}, {"n": "two"})
    Traceback (most recent call last):
    kitaru.errors.KitaruUsageError: Flow double, version 1, does not take these inputs: $.n: 'two' is not of type ...
    """
    schema = deployment["parameters"]
    problems = problems_of(schema, dict(inputs))
    if problems:
        more = f"; and {len(problems) - _SHOWN} more" if len(problems) > _SHOWN else ""
        names = ", ".join(schema.get("properties", ())) or "none"
        raise KitaruUsageError(
            f"Flow {deployment['flow']}, version {deployment['version']}, does not take these inputs: "
            f"{'; '.join(problems[:_SHOWN])}{more}. Its parameters are: {names}."
        )


def invoke(
    store: Store,
    deployment: Mapping[str, Any],
    inputs: Mapping[str, ValueRecord],
    *,
    via: Via,
    by: str | None = None,
    idempotency_key: str | None = None,
    tags: Sequence[str] = (),
    host: str | None = None,
) -> str:
    """Record the execution of a deployment, and ask for a worker that runs it.

    Parameters
    ----------
    store
        Where the deployment is.
    deployment
        What the read ``deployment`` answers.
    inputs
        Encoded, by name; checked before.
    via, by
        The way by which it is invoked, and the user or the schedule that does; None where that is not known.
    idempotency_key
        A second invocation of the flow with the same key is the first one.
    tags
        Of the execution.
    host
        Machine whose workers may run it; None for any.

    Returns
    -------
    str
        Id of the execution.

    Raises
    ------
    KitaruConflictError
        If the key was used with other inputs.
    """
    exec_id = invocation_id(deployment["flow"], idempotency_key)
    inputs = {**_given(deployment, inputs, store.payloads), **inputs}
    job = job_created(
        exec_id,
        exec_id.replace("kr-", "kj-", 1),
        "invoke",
        # Elsewhere the worker's own Python is the one that may do.
        interpreter=deployment["interpreter"] if Path(deployment["interpreter"]).is_file() else None,
        cwd=deployment["cwd"],
        host=host,
        requirements="\n".join(deployment["requirements"] or ()) or None,
    )
    invoked = {"invoked_by": by, "invoked_via": via}
    created = _execution_created(deployment, exec_id, inputs, invoked | {"tags": [*tags]})
    (ack,) = store.append([{"events": [created, job], "expect": {"exec_id": exec_id, "absent": True}}])
    if "refused" in ack:
        _check_same(store, exec_id, deployment, inputs, idempotency_key)
    return exec_id


def _given(
    deployment: Mapping[str, Any], inputs: Mapping[str, ValueRecord], payloads: PayloadStore
) -> dict[str, ValueRecord]:
    """Return what the version was deployed with and nobody gives otherwise; of other defaults the flow itself knows."""
    properties = deployment["parameters"].get("properties", {})
    return {
        name: json_record(about["default"], payloads)
        for name, about in properties.items()
        if about.get(GIVEN) and name not in inputs
    }


def _check_same(
    store: Store,
    exec_id: str,
    deployment: Mapping[str, Any],
    inputs: Mapping[str, ValueRecord],
    key: str | None,
) -> None:
    """Say so if a key was used for something else; that it was used for the same is what it is for."""
    try:
        recorded = store.read("head", exec_id=exec_id)["execution"]
    except KitaruNotFoundError:  # it was deleted in this moment
        recorded = {"inputs": None}
    given = {name: record["digest"] for name, record in inputs.items()}
    if {name: record["digest"] for name, record in (recorded["inputs"] or {}).items()} != given:
        raise KitaruConflictError(
            f"The idempotency key {key!r} of flow {deployment['flow']} was used before, with other inputs, for "
            f"execution {exec_id}. Give each new invocation a key of its own."
        )


def invocation_id(flow: str, idempotency_key: str | None) -> str:
    """Draw the id of a new execution; with a key it is always the same, so that the second one of two is refused.

    Examples
    --------
    >>> invocation_id("research", "order-7") == invocation_id("research", "order-7")
    True
    """
    if idempotency_key is None:
        return "kr-" + "".join(secrets.choice(_ALPHABET) for _ in range(12))
    number = int.from_bytes(hashlib.sha256(f"{flow}\n{idempotency_key}".encode()).digest()[:8], "big")
    return "kr-" + "".join(_ALPHABET[number >> (5 * place) & 31] for place in range(12))


def _execution_created(
    deployment: Mapping[str, Any], exec_id: str, inputs: Mapping[str, ValueRecord], asked: Mapping[str, Any]
) -> Event:
    """Make the event that records an execution which nobody runs yet."""
    body: dict[str, Any] = {
        "flow": deployment["flow"],
        "snapshot_id": deployment["snapshot_id"],
        "deployment_version": deployment["version"],
        "inputs": dict(inputs),
        "stack": deployment["stack"],
        "spec": {**deployment["settings"], "forced_cache": None, "import_path": deployment["import_path"]},
        "parent_exec_id": None,
        "parent_call": None,
        "original_exec_id": None,
        "replay": None,
        "notebook": None,
        "cwd": deployment["cwd"],
        "interpreter": deployment["interpreter"],
        "metadata": {},
        **asked,
    }
    return {"kind": kinds.CREATED, "at": time.time(), "exec_id": exec_id, "body": body}


def json_record(value: Any, payloads: PayloadStore) -> ValueRecord:
    """Turn what came as JSON into a record, as `kitaru.runtime.values.encode` does.

    Examples
    --------
    >>> import tempfile
    >>> from kitaru.store.payloads import FilePayloads
    >>> json_record([1, 2], FilePayloads(tempfile.mkdtemp()))["inline"]
    [1, 2]
    """
    data = orjson.dumps(value)
    text = value if isinstance(value, str) else data.decode()
    shown = text if len(text) <= _PREVIEW else f"{text[: _PREVIEW - 1]}…"
    record: ValueRecord = {
        "codec": "json",
        "type": f"builtins.{type(value).__name__}",
        "size": len(data),
        "digest": hashlib.sha256(data).hexdigest(),
        "preview": {"kind": "text", "text": shown},
    }
    if len(data) > _INLINE:
        record["payload"] = payloads.put(data)
    else:
        record["inline"] = value
    return record
