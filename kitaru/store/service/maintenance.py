"""Maintenance of the store, run in the process that owns it, with its progress told line by line."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Any, Final

import orjson

from kitaru.errors import KitaruFeatureNotAvailableError
from kitaru.store.service.wire import HEARTBEAT, encode_error, kitaru_version

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

TASKS: Final = ("backup", "clean", "verify")
"""Names of the methods of `DuckDBStore` that a client may start; each takes ``progress=``, a function of one text."""


async def progress_lines(store: Any, task: str, parameters: Mapping[str, Any]) -> AsyncIterator[bytes]:
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


def _run(store: Any, task: str, parameters: Mapping[str, Any], tell: Any) -> None:
    try:
        method = getattr(store, task, None)
        if method is None:
            raise KitaruFeatureNotAvailableError(f"This service (Kitaru {kitaru_version()}) cannot do {task!r}.")
        result = method(**parameters, progress=lambda text: tell(orjson.dumps({"progress": text})))
        tell(orjson.dumps({"result": result}))
    except Exception as error:
        tell(encode_error(error)[1])
    finally:
        tell(None)
