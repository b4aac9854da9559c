"""Events as a runner writes them."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from kitaru.store.duckdb import DuckDBStore
from kitaru.store.runner import runner_identity

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from kitaru.store.events import Event, Runner
    from kitaru.store.protocol import Batch

E1 = "kr-aaaaaaaaaaaa"
E2 = "kr-bbbbbbbbbbbb"


def event(kind: str, exec_id: str = E1, *, body: dict[str, Any] | None = None, **more: Any) -> Event:
    return {"kind": kind, "at": time.time(), "exec_id": exec_id, "body": body or {}, **more}  # type: ignore[typeddict-item]


def started(exec_id: str = E1, runner: Runner | None = None) -> Batch:
    return {
        "events": [
            event("execution.created", exec_id, body={"flow": "f", "inputs": {}}),
            event("execution.claimed", exec_id, body={"runner": runner or runner_identity()}, epoch=1),
        ],
        "expect": {"exec_id": exec_id, "absent": True},
    }


def value(content: Any = 1) -> dict[str, Any]:
    return {
        "codec": "json", "type": "builtins.int", "size": 1, "digest": "0" * 64, "inline": content,
        "preview": {"kind": "text", "text": str(content)},
    }  # fmt: skip


def stored(digest: str) -> dict[str, Any]:
    return {**{key: item for key, item in value().items() if key != "inline"}, "digest": digest, "payload": digest}


def call(name: str, exec_id: str = E1, *, epoch: int = 1, output: dict[str, Any] | None = None) -> Batch:
    body = {"checkpoint": "c", "sequence": 0, "inputs": {}, "parents": [], "opaque": [], "cache_key": None}
    done = {"output": output or value(), "started_at": time.time(), "duration": 0.0}
    return {
        "events": [
            event("call.started", exec_id, body=body, call=name, attempt=1, epoch=epoch),
            event("call.completed", exec_id, body=done, call=name, attempt=1, epoch=epoch),
        ]
    }


def progress(number: int, exec_id: str = E1) -> Batch:
    return {"events": [event("event.published", exec_id, body={"kind": "n", "payload": number})]}


def ended(exec_id: str = E1, *, epoch: int = 1) -> Batch:
    return {"events": [event("execution.completed", exec_id, body={"output": value()}, epoch=epoch)]}


def asked(wait: str = "ok", exec_id: str = E1, **body: Any) -> Batch:
    body = {"wait": wait, "question": "?", "schema": None, **body}
    return {"events": [event("wait.created", exec_id, body=body, epoch=1)]}


def answered(wait: str = "ok", exec_id: str = E1, answer: Any = True) -> Batch:
    body = {"wait": wait, "value": answer, "by": "me", "source": "input"}
    return {
        "events": [event("wait.answered", exec_id, body=body)],
        "expect": {"exec_id": exec_id, "wait_pending": wait},
    }


@contextmanager
def open_store(home: Path, **options: Any) -> Iterator[DuckDBStore]:
    store = DuckDBStore(home, **options)
    try:
        yield store
    finally:
        store.close()


def calls_of(store: DuckDBStore, exec_id: str = E1) -> list[str]:
    return [row["name"] for row in store.read("execution", exec_id=exec_id)["calls"]]


def status_of(store: DuckDBStore, exec_id: str = E1) -> str:
    return str(store.read("execution", exec_id=exec_id)["execution"]["status"])
