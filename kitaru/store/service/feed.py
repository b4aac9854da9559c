"""Answers of the service that come in bit by bit: the feed of events, and the progress of maintenance."""

from __future__ import annotations

import contextlib
import random
import threading
import time
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, urlencode

import orjson

from kitaru.errors import KitaruBackendError
from kitaru.store.service.connection import Answer, Connection, ConnectionLostError
from kitaru.store.service.wire import HEARTBEAT, UNAVAILABLE, decode_error

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from kitaru.store.events import Event
    from kitaru.store.service.client import ServiceStore
    from kitaru.store.service.connection import Address

_SILENCE: Final = 3 * HEARTBEAT
_PATIENCE: Final = 15.0


class Feed:
    """A live feed of events; implements `kitaru.store.protocol.Watch`.

    It is subscribed when it is made, so that what happens before the first iteration is not missed. If the service goes
    away, it goes on with the next one; it starts none itself, because a service that was stopped, or that nobody
    needs, shall not come back for somebody who only listens.
    """

    def __init__(self, store: ServiceStore, after: int | None, executions: Iterable[str], kinds: Iterable[str]) -> None:
        self._store = store
        self._after = after
        self._filters = [("execution", name) for name in executions] + [("kind", name) for name in kinds]
        self._closed = threading.Event()
        self._connection: Connection | None = None
        self._lines = self._subscribe_patiently(self._store.address)

    def __iter__(self) -> Iterator[Event]:
        while not self._closed.is_set():
            # If the service goes away, the feed goes on below, from the last event on.
            with contextlib.suppress(OSError):
                for line in self._lines:
                    if line:
                        event: Event = orjson.loads(line)
                        self._after = event["position"]
                        yield event
            if not self._closed.is_set():
                self._lines = self._subscribe_patiently(self._store.look)
        if self._connection is not None:
            self._connection.close()

    def close(self) -> None:
        """End the feed: a blocked iteration returns at once."""
        self._closed.set()
        if self._connection is not None:
            self._connection.interrupt()

    def _subscribe_patiently(self, find: Callable[[], Address | None]) -> Iterator[bytes]:
        deadline = time.monotonic() + _PATIENCE
        pause = 0.02
        while not self._closed.is_set():
            try:
                address = find()
                if address is not None:
                    return self._subscribe(address)
                deadline = time.monotonic() + _PATIENCE
            except OSError as error:
                if time.monotonic() > deadline:
                    raise KitaruBackendError(
                        f"The feed of events from {self._store.location} broke off and could not be taken up again for "
                        f"{_PATIENCE:g} s. Check that the service runs (`kitaru service status`), then watch again."
                    ) from error
            self._closed.wait(pause * random.uniform(0.5, 1.5))  # noqa: S311
            pause = min(pause * 2, 1.0)
        return iter(())

    def _subscribe(self, address: Address) -> Iterator[bytes]:
        query = [("after", str(self._after))] if self._after is not None else []
        if self._connection is not None:
            self._connection.close()
        self._connection = connection = Connection(address, _SILENCE)
        try:
            status, pieces = connection.stream("GET", f"/v1/watch?{urlencode(query + self._filters)}")
            if status in UNAVAILABLE:
                raise ConnectionLostError(f"{address.url} answered with HTTP {status}")
            if status != 200:
                raise self._store.error(Answer(status, b"".join(pieces)))
            lines = _lines(pieces)
            first = next(lines, None)
            if first is None:
                raise ConnectionLostError(f"{address.url} ended the feed at once")
        except OSError:
            connection.close()
            self._store.lost(address)
            raise
        self._after = orjson.loads(first)["after"]
        return lines


def progress(store: ServiceStore, task: str, parameters: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Run a maintenance task and yield what it reports."""
    address = store.address()
    connection = Connection(address, _SILENCE * 10)
    try:
        status, pieces = connection.stream("POST", f"/v1/maintenance/{quote(task)}", orjson.dumps(parameters))
        if status != 200:
            raise store.error(Answer(status, b"".join(pieces)))
        for line in _lines(pieces):
            report = orjson.loads(line)
            if "error" in report:
                raise decode_error(500, line, store.location)
            yield report
    except OSError as error:
        raise KitaruBackendError(
            f"The service at {store.location} went away during {task!r}: {error}. Run it again; it may have "
            "done a part."
        ) from error
    finally:
        connection.close()


def _lines(pieces: Iterable[bytes]) -> Iterator[bytes]:
    rest = b""
    for piece in pieces:
        *lines, rest = (rest + piece).split(b"\n")
        yield from lines
