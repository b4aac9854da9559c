"""Between Jupyter's web server and the functions: who may ask, what is asked, and how an answer or an error is sent."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import itertools
import re
from typing import TYPE_CHECKING, Any, ClassVar, Final
from urllib.parse import quote

from jupyter_server.auth.decorator import authorized
from jupyter_server.base.handlers import APIHandler
from pydantic import TypeAdapter
from tornado import web
from tornado.iostream import StreamClosedError

from kitaru.errors import KitaruError
from kitaru.jupyter.endpoints import Download, Endpoint, Request, parse_body, parse_query
from kitaru.jupyter.failures import RequestError, describe, usage_error

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kitaru.jupyter.homes import Home, Homes
    from kitaru.jupyter.models import EventsQuery

_ADAPTER: Final[TypeAdapter[Any]] = TypeAdapter(Any)
_PATIENCE: Final = 60.0
"""Seconds that a page may take to read what it was sent."""


class KitaruAPI(APIHandler):
    """Answers one address; a class of its own is made for each."""

    auth_resource = "kitaru"
    endpoints: ClassVar[Mapping[str, Endpoint]] = {}

    def initialize(self, homes: Homes) -> None:
        """Take what all addresses share."""
        self._homes = homes

    @web.authenticated
    @authorized
    async def get(self, **path: str) -> None:
        """Read."""
        await self._answer("GET", path)

    @web.authenticated
    @authorized
    async def post(self, **path: str) -> None:
        """Do."""
        await self._answer("POST", path)

    @web.authenticated
    @authorized
    async def delete(self, **path: str) -> None:
        """Take back."""
        await self._answer("DELETE", path)

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Send an error, also one that Jupyter's own checks raised."""
        error = kwargs.get("exc_info", (None, None, None))[1]
        status, failure = describe(error, status_code)
        self.set_status(status)
        self.finish(failure.model_dump_json())

    async def _answer(self, method: str, path: dict[str, str]) -> None:
        listing = None
        try:
            endpoint = self._endpoint(method)
            listing = endpoint.listing
            request = await self._request(endpoint, path)
            if endpoint.run is None:
                await self._stream(request.home, request.query)
                return
            answer = await request.home.ask(lambda: _encoded(endpoint, request), acts=method != "GET")
        except (KitaruError, RequestError) as error:
            status, failure = describe(error, 500, listing)
            self.set_status(status)
            self.finish(failure.model_dump_json())
            return
        if isinstance(answer, Download):
            await self._send(request.home, answer)
        else:
            self.set_header("Cache-Control", "no-store")
            self.finish(answer)

    def _endpoint(self, method: str) -> Endpoint:
        endpoint = self.endpoints.get(method)
        if endpoint is None:
            self.set_header("Allow", ", ".join(sorted(self.endpoints)))
            raise usage_error(f"{method} is not possible here; possible is: {', '.join(self.endpoints)}.", status=405)
        self._track_activity = not endpoint.polled
        return endpoint

    async def _request(self, endpoint: Endpoint, path: dict[str, str]) -> Request[Any, Any]:
        query = parse_query(endpoint.query, self.request.query_arguments)
        last = self.request.headers.get("Last-Event-ID", "")
        if endpoint.run is None and last.isdecimal():
            query = query.model_copy(update={"after": int(last[:19])})
        body = parse_body(endpoint.body, self.request.body) if endpoint.body else None
        home = await asyncio.to_thread(self._homes.find, query.home, query.path)
        return Request(home, query, body, path, self._user(), self._homes, self.kernel_spec_manager)

    def _user(self) -> str | None:
        """Name who asks; whom Jupyter only knows by the server's token it gives a made-up name, which says nothing."""
        user = self.current_user
        name: str = user.display_name or user.name or user.username
        is_made_up = re.fullmatch(r"[0-9a-f]{32}", user.username) and name.startswith("Anonymous ")
        return None if is_made_up else name

    async def _send(self, home: Home, download: Download) -> None:
        self.set_header("Content-Disposition", _disposition(download.name))
        self.set_header("X-Content-Type-Options", "nosniff")
        self.set_header("Content-Security-Policy", "sandbox; default-src 'none'")
        self.set_header("Cache-Control", "no-store")
        self.set_header("Content-Type", download.media_type)
        if download.size is not None:
            self.set_header("Content-Length", str(download.size))
        while (piece := await home.ask(lambda: next(download.pieces, None))) is not None:
            self.write(piece)
            if not await self._flushed():
                return
        self.finish(set_content_type=download.media_type)

    async def _stream(self, home: Home, query: EventsQuery) -> None:
        self.set_header("Content-Type", "text/event-stream")
        self.set_header("Cache-Control", "no-store")
        self.set_header("X-Accel-Buffering", "no")  # nginx would gather what is to be seen at once
        async with (
            home.stream.subscribed(query.after) as subscriber,
            contextlib.aclosing(subscriber.frames()) as frames,
        ):
            async for frame in frames:
                self.write(frame)
                if not await self._flushed():
                    return
        self.finish(set_content_type="text/event-stream")

    async def _flushed(self) -> bool:
        """Send what was written; say whether somebody still reads."""
        try:
            await asyncio.wait_for(self.flush(), _PATIENCE)
        except StreamClosedError:
            return False
        except TimeoutError:  # it may come back and go on where it was
            self.request.connection.stream.close()  # type: ignore[union-attr]
            return False
        return True


class NoSuchRoute(KitaruAPI):
    """Answers what no route does."""

    async def _answer(self, method: str, path: dict[str, str]) -> None:
        status, failure = describe(usage_error(f"There is no {method} {self.request.path}.", status=404), 404)
        self.set_status(status)
        self.finish(failure.model_dump_json())


def _encoded(endpoint: Endpoint, request: Request[Any, Any]) -> bytes | Download:
    assert endpoint.run is not None
    answer = endpoint.run(request)
    if isinstance(answer, Download):
        # The first piece now, so that an error still has a status.
        return dataclasses.replace(answer, pieces=itertools.chain([next(answer.pieces, b"")], answer.pieces))
    return _ADAPTER.dump_json(answer)


def _disposition(name: str) -> str:
    plain = re.sub(r"[^A-Za-z0-9._-]+", "_", name)[:120] or "value"
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name[:200], safe='')}"
