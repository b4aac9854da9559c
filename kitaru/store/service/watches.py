"""Feeds of events, pushed to clients line by line."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from typing import TYPE_CHECKING, Any, Final

import orjson

from kitaru.store.protocol import current_position
from kitaru.store.service.wire import HEARTBEAT

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Sequence

    from kitaru.store.protocol import Store, Watch

_BACKLOG: Final = 1000
_BEAT: Final = b"\n"
_END: Final = None


class Watches:
    """All feeds that are open, so that a service that stops can end them."""

    def __init__(self) -> None:
        self._open: set[Watch] = set()
        self._closed = False

    def close(self) -> None:
        """End all feeds; a new one ends at once."""
        self._closed = True
        for feed in list(self._open):
            feed.close()

    async def lines(
        self, store: Store, *, after: int | None, executions: Sequence[str], kinds: Sequence[str]
    ) -> AsyncIterator[bytes]:
        """Yield one JSON line per event, after a first one that says from which position on.

        The first line is what lets a client whose service is restarted go on without a gap, even before any event came.
        """
        if after is None:
            after = await asyncio.to_thread(current_position, store)
        feed = await asyncio.to_thread(store.watch, after=after, executions=executions, kinds=kinds)
        self._open.add(feed)
        try:
            yield orjson.dumps({"after": after}) + b"\n"
            if self._closed:
                return
            async with contextlib.aclosing(_pumped(feed)) as lines:
                async for line in lines:
                    yield line
        finally:
            self._open.discard(feed)
            feed.close()


async def _pumped(feed: Watch) -> AsyncGenerator[bytes]:
    # A feed blocks while it waits, so each has a thread of its own: a shared pool would be used up by a few watchers.
    loop = asyncio.get_running_loop()
    queue: asyncio.Queue[bytes | None] = asyncio.Queue()
    room = threading.Semaphore(_BACKLOG)
    thread = threading.Thread(target=_pump, args=(feed, room, loop, queue), name="kitaru-watch", daemon=True)
    thread.start()
    try:
        while True:
            try:
                line = await asyncio.wait_for(queue.get(), HEARTBEAT)
            except TimeoutError:
                yield _BEAT
                continue
            if line is _END:
                return
            room.release()
            yield line
    finally:
        feed.close()
        room.release(_BACKLOG)


def _pump(feed: Watch, room: threading.Semaphore, loop: asyncio.AbstractEventLoop, queue: Any) -> None:
    try:
        for event in feed:
            room.acquire()
            loop.call_soon_threadsafe(queue.put_nowait, orjson.dumps(event) + b"\n")
    finally:
        with contextlib.suppress(RuntimeError):  # The loop is closed: nobody waits for the end any more.
            loop.call_soon_threadsafe(queue.put_nowait, _END)
