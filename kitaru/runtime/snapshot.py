"""Snapshots: the code of a flow, frozen when it runs, so that another process can go on with it."""

from __future__ import annotations

import hashlib
import importlib
import io
import platform
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from kitaru.errors import KitaruRuntimeError
from kitaru.runtime.frozen_files import place_files
from kitaru.runtime.values import decode, digest, encode
from kitaru.store import events as kinds
from kitaru.version import __version__

if TYPE_CHECKING:
    from collections.abc import Callable

    from kitaru.runtime.flow import Flow
    from kitaru.runtime.outbox import Outbox
    from kitaru.runtime.withheld import Secret
    from kitaru.store.events import Event
    from kitaru.store.payloads import PayloadStore

_opaque: dict[str, list[str]] = {}
"""Names of the globals that an identity knows by their type only."""
SIZE_LIMIT: Final = 100_000_000
"""Bytes of frozen code and globals above which a snapshot is not taken."""
FILES_LIMIT: Final = 32_000_000
"""Bytes of the user's own modules, with the data in their packages, that a version takes at most."""


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
    _told: set[str] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def record(self, flow: Flow[..., Any]) -> str:
        """Return the id of the flow's snapshot; write it if this process has not written it yet."""
        snapshot_id = snapshot_id_of(flow)
        with self._lock:
            if snapshot_id not in self._known:
                code, notes, written = _freeze(flow)
                self._write(Frozen(flow, snapshot_id, code, [*notes, *written]))
                self._tell(written)
        return snapshot_id

    def record_frozen(self, frozen: Frozen) -> None:
        """Write a snapshot if this process has not written it yet."""
        with self._lock:
            if frozen.snapshot_id not in self._known:
                self._write(frozen)

    def _write(self, frozen: Frozen) -> None:
        self.outbox.post([_event(frozen, self.outbox.store.payloads)])
        self._known.add(frozen.snapshot_id)

    def _tell(self, sentences: list[str]) -> None:
        """Say once what nobody should find out from a snapshot."""
        for sentence in sentences:
            if sentence not in self._told:
                self._told.add(sentence)
                sys.stderr.write(f"{sentence}\n")


@dataclass(frozen=True, slots=True)
class Frozen:
    """A flow that was frozen, and is not written yet.

    Parameters
    ----------
    flow
        The flow.
    snapshot_id
        Of its content.
    code
        What `load_flow` brings back to life; None if it cannot be frozen.
    notes
        Sentences about what is not in it, or why there is none.
    """

    flow: Flow[..., Any]
    snapshot_id: str
    code: dict[str, Any] | None
    notes: list[str]


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


def freeze_whole(flow: Flow[..., Any]) -> Frozen:
    """Freeze a flow with the files of the user's own modules that it needs, so that no change of a file reaches it.

    Raises
    ------
    KitaruRuntimeError
        If a module's file is not what was imported, or the files are too large.
    """
    modules: set[str] = set()
    code, notes, written = _freeze(flow, modules)
    snapshot_id = snapshot_id_of(flow)
    files = _contents(flow, modules)
    if code is not None and files:
        code["files"] = files
        parts = (f"{place} {hashlib.sha256(content).hexdigest()}" for place, content in sorted(files.items()))
        snapshot_id = hashlib.sha256("\n".join([snapshot_id, *parts]).encode()).hexdigest()[:32]
        tops = sorted({place.partition("/")[0].removesuffix(".py") for place in files})
        notes.append(f"Modules of your own are part of the version: {', '.join(tops)}.")
    return Frozen(flow, snapshot_id, code, [*notes, *written])


def _contents(flow: Flow[..., Any], modules: set[str]) -> dict[str, bytes]:
    from kitaru.code.own_files import outdated, own_files

    if changed := outdated(flow.function):
        raise KitaruRuntimeError(
            f"Flow {flow.name} cannot be deployed: since it was imported, the file of {', and that of '.join(changed)} "
            "was changed. Restart the kernel, or reload the module, so that what you try and what you deploy are the "
            "same."
        )
    files = own_files(modules)
    sizes = {place: file.stat().st_size for place, file in files.items()}
    if sum(sizes.values()) > FILES_LIMIT:
        largest = max(sizes, key=lambda place: sizes[place])
        raise KitaruRuntimeError(
            f"Flow {flow.name} cannot be deployed: its own modules have {sum(sizes.values()):,} bytes, and a version "
            f"takes {FILES_LIMIT:,} at most. The largest file is {files[largest]}. Keep data outside of the package, "
            "or install the package as a distribution of its own."
        )
    return {Path(place).as_posix(): file.read_bytes() for place, file in files.items()}


def _event(frozen: Frozen, payloads: PayloadStore) -> Event:
    from kitaru.code import explain_identity, source_of
    from kitaru.runtime.signature import signature_of
    from kitaru.runtime.withheld import without_secrets

    flow = frozen.flow
    source = source_of(flow.function)
    body = {
        "snapshot_id": frozen.snapshot_id,
        "flow": flow.name,
        "source": None if source is None else without_secrets(source),
        "code": None if frozen.code is None else encode(frozen.code, payloads),
        "signature": signature_of(flow),
        "versions": {"python": platform.python_version(), "kitaru": __version__},
        "identity": explain_identity(flow.function).as_mapping(),
        "module": flow.function.__module__,
        "qualname": flow.function.__qualname__,
        "notes": frozen.notes,
    }
    return {"kind": kinds.SNAPSHOT_RECORDED, "at": time.time(), "exec_id": "", "body": body}


def _freeze(
    flow: Flow[..., Any], modules: set[str] | None = None
) -> tuple[dict[str, Any] | None, list[str], list[str]]:
    """Freeze a flow with the text of its cells; see `freeze`."""
    from kitaru.code import cell_sources, reached_globals
    from kitaru.runtime.withheld import without_secrets

    data, notes, written = freeze(flow, modules)
    if data is None:
        return None, notes, written
    functions = [getattr(value, "__wrapped__", value) for value in reached_globals(flow.function).values()]
    cells = {
        file: without_secrets(text, file, [flow.function, *functions])
        for file, text in cell_sources(flow.function).items()
    }
    return {"flow": data, "cells": cells}, notes, written


def freeze(flow: Flow[..., Any], modules: set[str] | None = None) -> tuple[bytes | None, list[str], list[str]]:
    """Pickle a flow; where that is impossible, say which object ties its executions to this process.

    Parameters
    ----------
    flow
        The flow.
    modules
        Takes the names of the user's modules that the pickle refers to, and that its functions import.

    Returns
    -------
    tuple of bytes or None, list of str, list of str
        The pickle, sentences about what is not in it, and sentences about what should not be in it.
    """
    from kitaru.code import reached_globals
    from kitaru.runtime.withheld import LooseSecretError, secrets_in
    from kitaru.runtime.written_secrets import FrozenFunctions, secrets_written_in

    reached = reached_globals(flow.function)
    secrets, functions = secrets_in(reached), FrozenFunctions()
    notes = [
        f"{secret.path} looks like a secret: only its name is kept; set {secret.variable} in the environment"
        for secret in secrets
    ]
    try:
        data = _dump(flow, secrets, modules, functions)
    except LooseSecretError:
        notes.append(
            "the code itself has a text that looks like a key, so it is not frozen: only this process can continue its "
            "executions; take the key from the environment instead"
        )
        return None, notes, []
    except Exception as error:  # a global of the user's may raise anything when it is pickled
        culprits = [name for name, value in reached.items() if not _can_dump(value, secrets)]
        named = ", ".join(culprits) or type(error).__name__
        notes.append(f"{named} cannot be frozen ({error}): only this process can continue its executions")
        return None, notes, []
    if len(data) > SIZE_LIMIT:
        notes.append(f"{len(data):,} bytes of globals are too large to freeze: only this process can continue")
        return None, notes, []
    return data, notes, secrets_written_in(functions, flow.name)


def _dump(
    value: Any,
    secrets: list[Secret],
    modules: set[str] | None = None,
    look: Callable[[object], None] = lambda value: None,
) -> bytes:
    import cloudpickle

    from kitaru.code.own_files import modules_of
    from kitaru.runtime.withheld import Withheld

    withheld = Withheld(secrets)

    class Pickler(cloudpickle.Pickler):  # type: ignore[misc]
        def persistent_id(self, obj: Any) -> Any:
            look(obj)
            if modules is not None:
                modules.update(modules_of(obj))
            return withheld.reference(obj)

    buffer = io.BytesIO()
    Pickler(buffer).dump(value)
    return buffer.getvalue()


def _can_dump(value: Any, secrets: list[Secret]) -> bool:
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
    from kitaru.runtime.withheld import given_back

    if row.get("code") is None:
        notes = "; ".join(row.get("notes") or [])
        raise KitaruRuntimeError(
            f"The code of flow {row['flow']} was not frozen ({notes}). Continue the execution in the process that "
            "defined the flow, or run the code that defines it and give code='current'."
        )

    # A function of a notebook's cell has its identity from its text, which this process has never seen.
    frozen = decode(row["code"], payloads)
    if files := frozen.get("files"):
        place_files(files, row["flow"])
    remember_sources(frozen["cells"])

    class Unpickler(pickle.Unpickler):
        def persistent_load(self, pid: Any) -> Any:
            return given_back(pid, row["flow"])

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
