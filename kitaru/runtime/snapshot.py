"""Snapshots: the code of a flow, frozen when it runs, so that another process can go on with it."""

from __future__ import annotations

import hashlib
import importlib
import io
import os
import platform
import sys
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from kitaru.errors import KitaruRuntimeError
from kitaru.runtime.values import decode, digest, encode
from kitaru.store import events as kinds
from kitaru.version import __version__

if TYPE_CHECKING:
    from collections.abc import Callable

    from kitaru.runtime.flow import Flow
    from kitaru.runtime.outbox import Outbox
    from kitaru.store.events import Event
    from kitaru.store.payloads import PayloadStore

_opaque: dict[str, list[str]] = {}
"""Names of the globals that an identity knows by their type only."""
SIZE_LIMIT: Final = 100_000_000
"""Bytes of frozen code and globals above which a snapshot is not taken."""


@dataclass(slots=True)
class Snapshots:
    """Records the snapshot of a flow once per content.

    Parameters
    ----------
    outbox
        Where it is recorded.
    """

    outbox: Outbox
    _known: set[str] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def record(self, flow: Flow[..., Any]) -> str:
        """Return the id of the flow's snapshot; write it if this process has not written it yet."""
        snapshot_id = snapshot_id_of(flow)
        with self._lock:
            if snapshot_id not in self._known:
                self.outbox.post([_event(flow, snapshot_id, self.outbox.store.payloads)])
                self._known.add(snapshot_id)
        return snapshot_id


def snapshot_id_of(flow: Flow[..., Any]) -> str:
    """Identify the code that a flow reaches and the values of the globals that it takes along."""
    from kitaru.code import code_identity, explain_identity, reached_globals

    identity = code_identity(flow.function)
    if identity not in _opaque:
        # The identity counts plain values; of a frame or a client it knows only the type.
        explained = explain_identity(flow.function).parts
        _opaque[identity] = [part.name for part in explained if part.kind == "opaque"]
    reached = reached_globals(flow.function) if _opaque[identity] else {}
    parts = [flow.name, identity, *(f"{name}={digest(reached.get(name)) or '?'}" for name in _opaque[identity])]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32]


def _event(flow: Flow[..., Any], snapshot_id: str, payloads: PayloadStore) -> Event:
    from kitaru.code import explain_identity, source_of
    from kitaru.runtime.signature import signature_of

    code, notes = _freeze(flow, payloads)
    body = {
        "snapshot_id": snapshot_id,
        "flow": flow.name,
        "source": source_of(flow.function),
        "code": code,
        "signature": signature_of(flow),
        "versions": {"python": platform.python_version(), "kitaru": __version__},
        "identity": explain_identity(flow.function).as_mapping(),
        "module": flow.function.__module__,
        "qualname": flow.function.__qualname__,
        "notes": notes,
    }
    return {"kind": kinds.SNAPSHOT_RECORDED, "at": time.time(), "exec_id": "", "body": body}


def _freeze(flow: Flow[..., Any], payloads: PayloadStore) -> tuple[Any, list[str]]:
    from kitaru.code import cell_sources

    data, notes = freeze(flow)
    return None if data is None else encode({"flow": data, "cells": cell_sources(flow.function)}, payloads), notes


def freeze(flow: Flow[..., Any]) -> tuple[bytes | None, list[str]]:
    """Pickle a flow; where that is impossible, say which object ties its executions to this process.

    Returns
    -------
    tuple of bytes or None, list of str
        The pickle, and sentences about what is not in it.
    """
    from kitaru.code import looks_secret, reached_globals

    reached = reached_globals(flow.function)
    secrets = {id(value): name for name, value in reached.items() if looks_secret(name, value)}
    notes = [
        f"{name} looks like a secret: only its name is kept; set it in the environment" for name in secrets.values()
    ]
    try:
        data = _dump(flow, secrets)
    except Exception as error:  # a global of the user's may raise anything when it is pickled
        culprits = [name for name, value in reached.items() if not _can_dump(value, secrets)]
        named = ", ".join(culprits) or type(error).__name__
        notes.append(f"{named} cannot be frozen ({error}): only this process can continue its executions")
        return None, notes
    if len(data) > SIZE_LIMIT:
        notes.append(f"{len(data):,} bytes of globals are too large to freeze: only this process can continue")
        return None, notes
    return data, notes


def _dump(value: Any, secrets: dict[int, str]) -> bytes:
    import cloudpickle

    class Pickler(cloudpickle.Pickler):  # type: ignore[misc]
        def persistent_id(self, obj: Any) -> str | None:
            return secrets.get(id(obj))

    buffer = io.BytesIO()
    Pickler(buffer).dump(value)
    return buffer.getvalue()


def _can_dump(value: Any, secrets: dict[int, str]) -> bool:
    try:
        _dump(value, secrets)
    except Exception:  # as above
        return False
    return True


def load_flow(row: dict[str, Any], payloads: PayloadStore) -> Flow[..., Any]:
    """Bring the flow of a recorded snapshot back to life.

    Raises
    ------
    KitaruRuntimeError
        If the snapshot holds no code, or its code needs what this process does not have.
    """
    import pickle

    from kitaru.code import remember_sources

    if row.get("code") is None:
        notes = "; ".join(row.get("notes") or [])
        raise KitaruRuntimeError(
            f"The code of flow {row['flow']} was not frozen ({notes}). Continue the execution in the process that "
            "defined the flow, or run the code that defines it and give code='current'."
        )

    # A function of a notebook's cell has its identity from its text, which this process has never seen.
    frozen = decode(row["code"], payloads)
    remember_sources(frozen["cells"])

    class Unpickler(pickle.Unpickler):
        def persistent_load(self, pid: Any) -> Any:
            if pid in os.environ:
                return os.environ[pid]
            raise KitaruRuntimeError(
                f"Flow {row['flow']} uses {pid}, which looks like a secret and is not stored: set the environment "
                f"variable {pid} and try again."
            )

    try:
        flow: Flow[..., Any] = Unpickler(io.BytesIO(frozen["flow"])).load()
    except (ImportError, AttributeError) as error:
        raise KitaruRuntimeError(
            f"The code of flow {row['flow']} cannot be loaded here: {error}. Run this where its modules can be "
            f"imported (recorded module: {row.get('module')}, working directory matters)."
        ) from error
    return flow


def by_reference(value: Any, function: Callable[..., Any]) -> tuple[str, str] | None:
    """Tell module and qualified name of a decorated function that another process can import, or None."""
    module, qualname = function.__module__, function.__qualname__
    if module in ("__main__", "__mp_main__") or "<locals>" in qualname or module not in sys.modules:
        return None
    try:
        found = imported(module, qualname)
    except (ImportError, AttributeError):
        return None
    return (module, qualname) if found is value else None


def imported(module: str, qualname: str) -> Any:
    """Import what a reference names."""
    found: Any = importlib.import_module(module)
    for part in qualname.split("."):
        found = getattr(found, part)
    return found
