"""The ordinary routes: SQL, payloads, watching, and what is asked of the service itself."""

from __future__ import annotations

import asyncio
import functools
import hashlib
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import TYPE_CHECKING, Final

import orjson
from starlette.applications import Starlette
from starlette.concurrency import iterate_in_threadpool, run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from kitaru.errors import KitaruBackendError, KitaruConflictError, KitaruNotFoundError, KitaruUsageError
from kitaru.store.service import wire
from kitaru.store.service.app import announced_size, check_size, describe, parse, read_body
from kitaru.store.service.guard import RefusedError, is_loopback
from kitaru.store.service.invoking import invoke_flow, list_deployments, show_document, show_execution, show_flow
from kitaru.store.service.maintenance import PARAMETERS, check_task, progress_lines
from kitaru.store.service.schedule_routes import (
    create_schedule,
    delete_schedule,
    list_schedules,
    pause_schedule,
    resume_schedule,
    show_schedule,
)

if TYPE_CHECKING:
    from kitaru.store.service.app import Application, Service

Endpoint = Callable[["Service", Request], Awaitable[Response]]

_CHUNK: Final = 1 << 20
_IN_MEMORY: Final = 8 << 20
_ARROW: Final = "application/vnd.apache.arrow.stream"
_LINES: Final = "application/x-ndjson"


def build_routes(service: Service) -> Application:
    """Return the application that answers what `kitaru.store.service.app.App` does not."""
    one = "/v1/payloads/{digest}"
    table: list[tuple[str, str, Endpoint]] = [
        ("POST", "/v1/sql", _sql),
        ("GET", "/v1/watch", _watch),
        ("GET", "/v1/payloads", _list_payloads),
        ("HEAD", one, _has_payload),
        ("GET", one, _get_payload),
        ("PUT", one, _put_payload),
        ("DELETE", one, _delete_payload),
        ("POST", "/v1/shutdown", _shutdown),
        ("POST", "/v1/maintenance/{task}", _maintain),
        ("GET", "/deployments", list_deployments),
        ("GET", "/deployments/{flow}", show_flow),
        ("POST", "/deployments/{flow}/invoke", invoke_flow),
        ("GET", "/executions/{exec_id}", show_execution),
        ("GET", "/schedules", list_schedules),
        ("POST", "/schedules", create_schedule),
        ("GET", "/schedules/{name}", show_schedule),
        ("DELETE", "/schedules/{name}", delete_schedule),
        ("POST", "/schedules/{name}/pause", pause_schedule),
        ("POST", "/schedules/{name}/resume", resume_schedule),
        ("GET", "/openapi.json", show_document),
    ]
    return Starlette(
        routes=[_route(service, *entry) for entry in table], exception_handlers={404: _no_route, 405: _no_route}
    )


async def _no_route(request: Request, error: Exception) -> Response:
    status: int = getattr(error, "status_code", 404)
    reason = KitaruNotFoundError(
        f"The service has no route {request.method} {request.url.path}. Client and service may be of different "
        f"versions: this service is Kitaru {wire.kitaru_version()}, protocol {wire.PROTOCOL}."
    )
    headers = getattr(error, "headers", None)  # which methods are allowed
    return Response(wire.error_body(reason), status, media_type="application/json", headers=headers)


def _route(service: Service, method: str, path: str, endpoint: Endpoint) -> Route:
    @functools.wraps(endpoint)
    async def run(request: Request) -> Response:
        try:
            return await endpoint(service, request)
        except Exception as error:
            status, body = describe(error)
            return Response(body, status, media_type="application/json")

    route = Route(path, run, methods=[method])
    route.methods = {method}  # Starlette adds HEAD to GET; here it is a route of its own.
    return route


async def _sql(service: Service, request: Request) -> Response:
    asked = parse(await read_body(request.scope, request.receive, wire.MAX_QUESTION))
    query, parameters = asked.get("query"), asked.get("parameters")
    if not isinstance(query, str):
        raise KitaruUsageError("The request's body needs 'query', the text of a SQL query.")
    answer: bytes = await run_in_threadpool(service.store.sql, query, parameters)
    return _whole(answer, _ARROW)


async def _watch(service: Service, request: Request) -> Response:
    asked = request.query_params
    after = asked.get("after")
    if after is not None and not after.isdigit():
        raise KitaruUsageError(f"'after' is the position of an event, a whole number; it is {after!r:.40}.")
    lines = service.watches.lines(
        service.store,
        after=None if after is None else int(after),
        executions=asked.getlist("execution"),
        kinds=asked.getlist("kind"),
    )
    return StreamingResponse(lines, media_type=_LINES)


async def _list_payloads(service: Service, _request: Request) -> Response:
    def lines() -> Iterator[bytes]:
        for entry in service.store.payloads.digests():
            yield orjson.dumps(entry) + b"\n"

    return StreamingResponse(iterate_in_threadpool(lines()), media_type=_LINES)


async def _has_payload(service: Service, request: Request) -> Response:
    there = await run_in_threadpool(service.store.payloads.exists, request.path_params["digest"])
    return Response(status_code=200 if there else 404)


async def _get_payload(service: Service, request: Request) -> Response:
    digest = request.path_params["digest"]
    if not await run_in_threadpool(service.store.payloads.exists, digest):
        raise KitaruNotFoundError(
            f"The payload {digest} is not in {service.store.location}: it was deleted. Replay the execution from the "
            "checkpoint that produced the value."
        )
    return _whole(await run_in_threadpool(service.store.payloads.get, digest), "application/octet-stream")


async def _put_payload(service: Service, request: Request) -> Response:
    digest = request.path_params["digest"]
    check_size(announced_size(request.scope), wire.MAX_PAYLOAD)
    with tempfile.SpooledTemporaryFile(_IN_MEMORY, dir=str(service.home)) as spool:  # That disk has room for payloads.
        hashed, size = hashlib.sha256(), 0
        async for piece in request.stream():
            size += len(piece)
            check_size(size, wire.MAX_PAYLOAD)
            hashed.update(piece)
            await run_in_threadpool(spool.write, piece) if size > _IN_MEMORY else spool.write(piece)
        if hashed.hexdigest() != digest:
            raise KitaruUsageError(
                f"The payload was announced as {digest} and arrived as {hashed.hexdigest()} ({size} bytes): it was "
                "changed on its way, or its name is not the SHA-256 of its content. Send it again."
            )
        await run_in_threadpool(_store_spooled, service, spool, size)
    return Response(status_code=204)


def _store_spooled(service: Service, spool: tempfile.SpooledTemporaryFile[bytes], size: int) -> None:
    import mmap

    if size <= _IN_MEMORY:
        spool.seek(0)
        service.store.payloads.put(spool.read())
        return
    spool.flush()
    with mmap.mmap(spool.fileno(), size, access=mmap.ACCESS_READ) as mapped, memoryview(mapped) as view:
        service.store.payloads.put(view)


async def _delete_payload(service: Service, request: Request) -> Response:
    await run_in_threadpool(service.store.payloads.delete, request.path_params["digest"])
    return Response(status_code=204)


async def _shutdown(service: Service, request: Request) -> Response:
    if not _is_local(request):
        raise RefusedError(403, KitaruBackendError("Only somebody on the service's own machine can stop it."))
    asked = parse(await read_body(request.scope, request.receive, wire.MAX_QUESTION))
    if asked.get("if_idle") and (reason := await run_in_threadpool(_busy_with, service)):
        raise KitaruConflictError(f"The service of {service.home} does not stop now: {reason}.")
    service.stop()
    return Response(b"{}", media_type="application/json")


def _is_local(request: Request) -> bool:
    return request.client is not None and is_loopback(request.client.host)


def _busy_with(service: Service) -> str | None:
    if service.activity.requests > 1:  # One is the request that asks.
        return f"{service.activity.requests - 1} requests are under way"
    return service.reason_to_stay()


async def _maintain(service: Service, request: Request) -> Response:
    task = request.path_params["task"]
    if task not in PARAMETERS:
        raise KitaruNotFoundError(f"There is no maintenance task {task!r}, only {', '.join(PARAMETERS)}.")
    asked = parse(await read_body(request.scope, request.receive, wire.MAX_QUESTION))
    check_task(task, asked)
    if task == "backup" and not _is_local(request):
        raise RefusedError(403, KitaruBackendError("A backup is written on the service's own machine: start it there."))
    return StreamingResponse(progress_lines(service.store, task, asked), media_type=_LINES)


def _whole(body: bytes, kind: str) -> Response:
    # In pieces, so that a slow reader holds up neither the loop nor the memory of the socket.
    async def pieces() -> AsyncIterator[memoryview]:
        view = memoryview(body)
        for start in range(0, len(view), _CHUNK):
            yield view[start : start + _CHUNK]
            await asyncio.sleep(0)

    return StreamingResponse(pieces(), media_type=kind, headers={"content-length": str(len(body))})
