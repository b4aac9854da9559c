"""Deployments over HTTP: what there is, invoking one, and how an execution stands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

import orjson
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from kitaru.errors import KitaruUsageError
from kitaru.store.invocation import check_inputs, invoke, json_record
from kitaru.store.service.app import parse, read_body
from kitaru.store.service.openapi import document
from kitaru.store.service.plain import plain_result

if TYPE_CHECKING:
    from starlette.requests import Request

    from kitaru.store.service.app import Service

MAX_INPUTS: Final = 8 << 20
"""Largest inputs of an invocation in bytes."""

_MOST_KEY: Final = 255
_PUBLIC: Final = ("flow", "version", "tags", "created_at", "commit_sha", "commit_dirty", "python", "kitaru", "stack")


async def list_deployments(service: Service, _request: Request) -> Response:
    """Answer with every version of every flow."""
    rows = await run_in_threadpool(service.store.read, "deployments")
    return _json({"deployments": [_shown(row) for row in rows]})


async def show_flow(service: Service, request: Request) -> Response:
    """Answer with the versions of a flow, the newest first."""
    flow = request.path_params["flow"]
    rows = await run_in_threadpool(service.store.read, "deployments", flow=flow)
    if not rows:
        # Asked for its default version, the store says what is missing and how it is made.
        await run_in_threadpool(service.store.read, "deployment", flow=flow)
    return _json({"flow": flow, "versions": [_shown(row) for row in rows]})


async def invoke_flow(service: Service, request: Request) -> Response:
    """Record an execution and ask for a worker; answer with its id before it begins."""
    flow = request.path_params["flow"]
    tag, version = request.query_params.get("tag"), _version(request.query_params.get("version"))
    key = _key(request.headers.get("idempotency-key"))
    inputs = parse(await read_body(request.scope, request.receive, MAX_INPUTS))
    told = await run_in_threadpool(_invoke, service.store, flow, version, tag, inputs, key)
    headers = {"location": f"/executions/{told['exec_id']}"}
    return Response(orjson.dumps(told), 202, media_type="application/json", headers=headers)


async def show_execution(service: Service, request: Request) -> Response:
    """Answer with how an execution stands, and with its result if it has one that JSON can hold."""
    return _json(await run_in_threadpool(_execution, service.store, request.path_params["exec_id"]))


async def show_document(service: Service, _request: Request) -> Response:
    """Answer with the OpenAPI document of these routes and of the flows that are deployed."""
    rows = await run_in_threadpool(service.store.read, "deployments")
    return _json(document(rows))


def _invoke(
    store: Any, flow: str, version: int | None, tag: str | None, inputs: dict[str, Any], key: str | None
) -> dict[str, Any]:
    deployment = store.read("deployment", flow=flow, version=version, tag=tag)
    check_inputs(deployment, inputs)
    records = {name: json_record(value, store.payloads) for name, value in inputs.items()}
    exec_id = invoke(store, deployment, records, via="http", idempotency_key=key)
    return {"exec_id": exec_id, "flow": flow, "version": deployment["version"]}


def _execution(store: Any, exec_id: str) -> dict[str, Any]:
    told = store.read("head", exec_id=exec_id)
    row, waits = told["execution"], told["waits"]
    output = row["output"]
    result, is_plain = plain_result(output, store.payloads)
    failure = row["failure"] or {}
    return {
        "exec_id": exec_id,
        "flow": row["flow"],
        "version": row["deployment_version"],
        **{name: row[name] for name in ("invoked_by", "invoked_via")},
        "status": row["status"],
        **{name: _time(row[name]) for name in ("created_at", "started_at", "ended_at")},
        "result": result,
        "result_type": output["type"] if output else None,
        "result_preview": None if output is None or is_plain else _preview(output),
        "error": {"type": failure.get("type"), "message": failure.get("message")} if failure else None,
        "reason": row["reason"],
        "questions": [
            {"name": wait["name"], "question": wait["question"], "schema": wait["schema"]}
            for wait in waits
            if wait["status"] == "pending"
        ],
    }


def _preview(record: dict[str, Any]) -> str | None:
    preview = record.get("preview") or {}
    text = preview.get("text") if isinstance(preview, dict) else preview
    return None if text is None else str(text)


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    public = {name: row[name] for name in _PUBLIC}
    path = f"/deployments/{quote(row['flow'], safe='')}/invoke?version={row['version']}"
    return {**public, "created_at": _time(row["created_at"]), "schema": row["parameters"], "invoke": path}


def _time(seconds: float | None) -> str | None:
    from datetime import UTC, datetime

    return None if seconds is None else datetime.fromtimestamp(seconds, UTC).isoformat()


def _version(text: str | None) -> int | None:
    if text is None:
        return None
    if not text.isascii() or not text.isdigit() or not 1 <= int(text[:19]) < 2**63:
        raise KitaruUsageError(f"version={text[:40]} is no version: give a whole number of at least 1.")
    return int(text)


def _key(text: str | None) -> str | None:
    if text is not None and not 1 <= len(text) <= _MOST_KEY:
        raise KitaruUsageError(f"The header Idempotency-Key has 1 to {_MOST_KEY} characters, not {len(text)}.")
    return text


def _json(value: Any) -> Response:
    return Response(orjson.dumps(value), media_type="application/json")
