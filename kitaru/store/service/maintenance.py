"""Maintenance of the store, run in the process that owns it, with its progress told line by line."""

from __future__ import annotations

import asyncio
import dataclasses
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import orjson

from kitaru.errors import KitaruUsageError
from kitaru.store.service.wire import HEARTBEAT, encode_error

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from kitaru.store.duckdb import DuckDBStore

Tell = Callable[[str], None]

PARAMETERS: Final[dict[str, frozenset[str]]] = {
    "backup": frozenset({"destination"}),
    "clean": frozenset({"executions", "older_than", "dry_run"}),
    "verify": frozenset(),
}
"""The tasks that a client may start, and what it may ask of each."""


def check_task(task: str, parameters: Mapping[str, Any]) -> None:
    """Refuse what a task does not know.

    Raises
    ------
    KitaruUsageError
        If there is an unknown parameter, or ``destination`` is missing or no absolute path.

    Examples
    --------
    >>> check_task("clean", {"dry_run": True})
    """
    if unknown := sorted(set(parameters) - PARAMETERS[task]):
        known = ", ".join(sorted(PARAMETERS[task])) or "none"
        raise KitaruUsageError(
            f"The maintenance task {task!r} does not know {', '.join(unknown)}; its parameters: {known}."
        )
    if task == "backup":
        destination = parameters.get("destination")
        if not isinstance(destination, str) or not Path(destination).is_absolute():
            raise KitaruUsageError(
                f"A backup needs 'destination', the full path of a new folder; it is {destination!r}."
            )


async def progress_lines(store: DuckDBStore, task: str, parameters: Mapping[str, Any]) -> AsyncIterator[bytes]:
    """Run a task in a thread; yield ``{"progress": …}`` lines and at last ``{"result": …}`` or ``{"error": …}``.

    A client that goes away does not end the task: half a clean or half a backup helps nobody.
    """
    loop = asyncio.get_running_loop()
    lines: asyncio.Queue[bytes | None] = asyncio.Queue()

    def tell(line: bytes | None) -> None:
        loop.call_soon_threadsafe(lines.put_nowait, line)

    threading.Thread(target=_run, args=(store, task, parameters, tell), name=f"kitaru-{task}").start()
    while True:
        try:
            line = await asyncio.wait_for(lines.get(), HEARTBEAT)
        except TimeoutError:
            line = b""
        if line is None:
            return
        yield line + b"\n"


def _run(store: DuckDBStore, task: str, parameters: Mapping[str, Any], tell: Callable[[bytes | None], None]) -> None:
    try:
        report = _TASKS[task](store, parameters, lambda text: tell(orjson.dumps({"progress": text})))
        tell(orjson.dumps({"result": report}))
    except Exception as error:
        tell(encode_error(error)[1])
    finally:
        tell(None)


def _backup(store: DuckDBStore, parameters: Mapping[str, Any], tell: Tell) -> Any:
    from kitaru.store.duckdb.maintenance import backup

    tell(f"copying {store.location}")
    return dataclasses.asdict(backup(store, Path(parameters["destination"])))


def _clean(store: DuckDBStore, parameters: Mapping[str, Any], tell: Tell) -> Any:
    from kitaru.store.duckdb.maintenance import clean

    tell(f"cleaning {store.location}")
    return dataclasses.asdict(clean(store, **parameters))


def _verify(store: DuckDBStore, _parameters: Mapping[str, Any], tell: Tell) -> Any:
    from kitaru.store.duckdb.maintenance import verify

    return dataclasses.asdict(verify(store, progress=lambda what, done, total: tell(f"{what} {done}/{total}")))


_TASKS: Final[dict[str, Callable[[DuckDBStore, Mapping[str, Any], Tell], Any]]] = {
    "backup": _backup,
    "clean": _clean,
    "verify": _verify,
}
