"""A page that follows the stream of changes."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tornado.httpclient import HTTPClientError

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True)
class Message:
    event: str
    id: str | None
    data: dict[str, Any]


@dataclass
class Page:
    """Collects messages as they come; `comments` are the heartbeats."""

    messages: list[Message] = field(default_factory=list)
    comments: int = 0
    ended: bool = False
    _rest: bytes = b""
    _came: asyncio.Event = field(default_factory=asyncio.Event)

    def feed(self, chunk: bytes) -> None:
        *blocks, self._rest = (self._rest + chunk).split(b"\n\n")
        for block in blocks:
            lines = [line.partition(": ") for line in block.decode().split("\n")]
            told = {name: value for name, _, value in lines}
            if "event" in told:
                self.messages.append(Message(told["event"], told.get("id"), json.loads(told["data"])))
            else:
                self.comments += 1
        self._came.set()

    async def until(self, fits: Callable[[Message], bool], seconds: float = 90) -> Message:
        """Wait for a message; take those before it as read."""
        async with asyncio.timeout(seconds):
            while True:
                while self.messages:
                    message = self.messages.pop(0)
                    if fits(message):
                        return message
                self._came.clear()
                await self._came.wait()

    async def event(self, name: str) -> Message:
        return await self.until(lambda message: message.event == name)

    async def status(self, exec_id: str, status: str) -> Message:
        return await self.until(
            lambda message: (message.data.get("exec_id"), message.data.get("status")) == (exec_id, status)
        )


@dataclass
class Pages:
    """Opens pages on one server."""

    fetch: Callable[..., Any]
    url: str
    headers: dict[str, str]
    tasks: list[asyncio.Task[Any]] = field(default_factory=list)

    async def open(self, after: int | str | None = None, **headers: str) -> Page:
        page = Page()
        url = self.url if after is None else f"{self.url}?after={after}"
        request = self.fetch(url, headers=self.headers | headers, streaming_callback=page.feed, request_timeout=0)
        self.tasks.append(asyncio.ensure_future(self._run(page, request)))
        return page

    async def close(self) -> None:
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)

    async def _run(self, page: Page, request: Any) -> None:
        try:
            await request
        except HTTPClientError:
            pass
        finally:
            page.ended = True
            page._came.set()
