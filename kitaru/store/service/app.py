"""The service's ASGI application.

Appends, reads and health checks are answered here, without a router, because checkpoints wait for them. Everything else
goes to `kitaru.store.service.routes`, which is imported when it is first asked for: no flow waits for that either.
"""

from __future__ import annotations

import asyncio
import dataclasses
import logging
import time
from collections.abc import Awaitable, Callable, MutableMapping, Sized
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Final

import orjson

from kitaru.errors import KitaruBackendError, KitaruError, KitaruStoreError, KitaruUsageError
from kitaru.store.home import home_id
from kitaru.store.service import wire
from kitaru.store.service.activity import Activity, reason_to_stay
from kitaru.store.service.appends import Append, AppendQueue
from kitaru.store.service.guard import Guard, RefusedError

if TYPE_CHECKING:
    from pathlib import Path

    from kitaru.store.service.continuing import Continuing
    from kitaru.store.service.watches import Watches

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

_log = logging.getLogger(__name__)

_JSON: Final = (b"content-type", b"application/json")
_READERS: Final = 8


@dataclasses.dataclass(frozen=True, slots=True)
class Service:
    """What the routes work with."""

    store: Any
    """A `DuckDBStore`; anything with its methods will do."""
    home: Path
    guard: Guard
    watches: Watches
    stop: Callable[[], None]
    """Ask the process to answer what is under way and end."""
    pid: int
    continuing: Continuing | None = None
    """Who asks for jobs that go on with answered executions, for this process's worker; None where clients do."""
    activity: Activity = dataclasses.field(default_factory=Activity)
    since: float = dataclasses.field(default_factory=time.monotonic)

    def health(self) -> wire.Health:
        """Say who this is."""
        return {
            "protocol": wire.PROTOCOL,
            "kitaru": wire.kitaru_version(),
            "pid": self.pid,
            "home": str(self.home),
            "home_id": home_id(self.home),
            "uptime": time.monotonic() - self.since,
            "continues": self.continuing is not None,
        }

    def reason_to_stay(self) -> str | None:
        """Say what would suffer if the service went away now; None if nothing would."""
        reason = reason_to_stay(self.store)
        if reason is None and self.continuing is not None:
            # A deadline that passed meanwhile left an answer, for which there is a job from now on.
            self.continuing.look()
            reason = reason_to_stay(self.store)
        return reason


class App:
    """The application that the web server calls."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._appends = AppendQueue(service.store)
        self._readers = ThreadPoolExecutor(_READERS, thread_name_prefix="kitaru-read")
        self._routes: Application | None = None
        self.under_way: Sized | None = None
        """Requests that the web server has read, begun or not; set by who runs it."""
        self._direct: dict[tuple[str, str], Callable[[Scope, Receive], Awaitable[bytes]]] = {
            ("POST", "/v1/append"): self._append,
            ("GET", "/v1/health"): self._health,
            ("POST", "/v1/beat"): self._beat,
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        self._service.activity.begin()
        try:
            await self._answer(scope, receive, send)
        finally:
            self._service.activity.end()

    def close(self) -> None:
        """Let the threads go."""
        self._readers.shutdown()

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            self._service.guard.check(scope["headers"])
            path: str = scope["path"]
            direct = self._direct.get((scope["method"], path))
            if direct is not None:
                body = await direct(scope, receive)
            elif path.startswith("/v1/read/") and scope["method"] == "POST":
                body = await self._read(path.removeprefix("/v1/read/"), scope, receive)
            else:
                routes = self._routes or await self._load_routes()
                return await routes(scope, receive, send)
        except asyncio.CancelledError:
            # The service ends and waits no longer; the client repeats the request where it finds the next one.
            await send_error(send, RefusedError(503, KitaruStoreError("The service is about to end; try again.")))
            raise
        except Exception as error:
            return await send_error(send, error)
        await send_whole(send, 200, body)
        return None

    async def _append(self, scope: Scope, receive: Receive) -> bytes:
        asked = parse(await read_body(scope, receive, wire.MAX_APPEND))
        client, sequence = _writer(scope)
        append = Append(field(asked, "batches", list), bool(asked.get("durable", True)), client, sequence)
        alone = self.under_way is not None and len(self.under_way) <= self._service.activity.requests
        return orjson.dumps({"acks": await self._appends.write(append, alone=alone)})

    async def _read(self, name: str, scope: Scope, receive: Receive) -> bytes:
        parameters = parse(await read_body(scope, receive, wire.MAX_QUESTION))
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._readers, self._answer_read, name, parameters)

    def _answer_read(self, name: str, parameters: dict[str, Any]) -> bytes:
        return b'{"result":%b}' % self._service.store.read_json(name, **parameters)

    async def _health(self, _scope: Scope, _receive: Receive) -> bytes:
        return orjson.dumps(self._service.health())

    async def _beat(self, scope: Scope, receive: Receive) -> bytes:
        runner = field(parse(await read_body(scope, receive, wire.MAX_QUESTION)), "runner_id", str)
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(self._readers, self._service.store.beat, runner)
        return b"{}"

    async def _load_routes(self) -> Application:
        def load() -> Application:
            from kitaru.store.service.routes import build_routes

            return build_routes(self._service)

        self._routes = await asyncio.to_thread(load)
        return self._routes


async def read_body(scope: Scope, receive: Receive, limit: int) -> bytes:
    """Read a request's body, `limit` bytes at most."""
    message = await receive()
    pieces = [message.get("body", b"")]
    read = len(pieces[0])
    size = max(read, announced_size(scope) if message.get("more_body") else 0)
    while message.get("more_body") and size <= limit:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise RefusedError(400, KitaruBackendError("The client went away before its request was complete."))
        pieces.append(message.get("body", b""))
        read += len(pieces[-1])
        size = max(size, read)
    if size > limit:
        await _discard(message, receive)
    check_size(size, limit)
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)


async def _discard(message: Message, receive: Receive) -> None:
    # Most clients only look for an answer when they have sent everything; but nobody gets to send forever.
    left = wire.MAX_APPEND * 2
    while message.get("more_body") and left > 0:
        message = await receive()
        left -= len(message.get("body", b""))


def announced_size(scope: Scope) -> int:
    """Return how long the body will be, as far as the client told; else 0."""
    return next((int(value) for name, value in scope["headers"] if name == b"content-length" and value.isdigit()), 0)


def check_size(size: int, limit: int) -> None:
    """Refuse a body that is too long."""
    if size > limit:
        raise RefusedError(413, wire.too_large(limit))


def parse(body: bytes) -> dict[str, Any]:
    """Read a JSON object; an empty body is an empty one."""
    try:
        value = orjson.loads(body or b"{}")
    except orjson.JSONDecodeError as error:
        raise KitaruUsageError(f"The request's body is no JSON: {error}.") from error
    if not isinstance(value, dict):
        raise KitaruUsageError(f"The request's body is a JSON {type(value).__name__}; an object is expected.")
    return value


def field(asked: dict[str, Any], name: str, kind: type) -> Any:
    """Take a required field of a request."""
    value = asked.get(name)
    if not isinstance(value, kind):
        raise KitaruUsageError(f"The request's body needs {name!r}, a JSON {kind.__name__}; it has {value!r:.80}.")
    return value


async def send_whole(send: Send, status: int, body: bytes, *, close: bool = False) -> None:
    """Send a JSON answer."""
    headers = [_JSON, (b"content-length", str(len(body)).encode())]
    if close:
        headers.append((b"connection", b"close"))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def send_error(send: Send, error: Exception) -> None:
    """Send an error as the client will raise it."""
    status, body = describe(error)
    # Whoever is not let in shall not be read from either.
    await send_whole(send, status, body, close=status in (401, 403))


def describe(error: Exception) -> tuple[int, bytes]:
    """Turn an error into status and body; what nobody foresaw is logged."""
    if isinstance(error, RefusedError):
        return error.status, wire.error_body(error.reason)
    if not isinstance(error, KitaruError):
        _log.error("a request failed", exc_info=error)
    return wire.encode_error(error)


def _writer(scope: Scope) -> tuple[str, int]:
    client, sequence = "", 0
    for name, value in scope["headers"]:
        if name == b"x-kitaru-client":
            client = value.decode("latin-1")
        elif name == b"x-kitaru-sequence":
            if not value.isdigit():
                raise KitaruUsageError("The header X-Kitaru-Sequence must be a whole number, growing with each append.")
            sequence = int(value)
    return client, sequence
