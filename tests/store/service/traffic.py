"""Events for tests: an execution, and any number of numbered entries in its history."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kitaru.store.protocol import Batch, Store
    from kitaru.store.service.record import ServiceRecord


def event(kind: str, exec_id: str, **body: Any) -> Any:
    return {"kind": kind, "at": time.time(), "exec_id": exec_id, "body": body}


def creation(exec_id: str) -> Batch:
    return {"events": [event("execution.created", exec_id, flow="f")], "expect": {"exec_id": exec_id, "absent": True}}


def entry(exec_id: str, number: int) -> Batch:
    return {"events": [event("execution.logged", exec_id, metadata={"number": number})]}


def numbers(store: Store, exec_id: str) -> list[int]:
    found = []
    after = None
    while rows := store.read("events", exec_id=exec_id, kinds=["execution.logged"], after=after, limit=1000):
        found += [row["body"]["metadata"]["number"] for row in rows]
        after = rows[-1]["position"]
    return found


def http(
    record: ServiceRecord, method: str, path: str, body: bytes | None = None, **headers: str
) -> tuple[int, dict[str, Any]]:
    """Send a request as any program could; return status and JSON."""
    sent = {"Authorization": f"Bearer {record.token}"} | {
        name.replace("_", "-"): text for name, text in headers.items()
    }
    request = urllib.request.Request(
        record.url + path, body, {name: text for name, text in sent.items() if text}, method=method
    )
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=60) as answer:
            return answer.status, json.loads(answer.read() or b"{}")
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.loads(error.read() or b"{}")
