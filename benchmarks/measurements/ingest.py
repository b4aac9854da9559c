"""What DuckDB needs to take in what the journal has acknowledged."""

from __future__ import annotations

import itertools
import time
from typing import TYPE_CHECKING, Any

from benchmarks.timing import timed
from kitaru.store.database import Database

if TYPE_CHECKING:
    from benchmarks.scene import Samples, Scene


def measure(scene: Scene) -> Samples:
    """Apply the events of single calls, and of ten thousand calls in one transaction."""
    database = Database(scene.folder / f"ingest-{next(scene.serial)}.duckdb")
    try:
        _begin(database, "kr-sequential")
        _begin(database, "kr-batch")
        numbers = itertools.count()
        batch = [event for number in range(scene.pick(10_000, 1_000)) for event in _call("kr-batch", number)]
        return {
            "one": timed(lambda: _apply(database, _call("kr-sequential", next(numbers))), scene.pick(51, 11)),
            "batch": timed(lambda: _apply(database, batch), 1, warm_up=0),
        }
    finally:
        database.close()


def _apply(database: Database, events: list[Any]) -> None:
    position = database.position + 1
    database.apply(
        [
            {
                "position": position,
                "client": "bench",
                "sequence": position,
                "time": time.time(),
                "results": [],
                "events": events,
            }
        ]
    )


def _begin(database: Database, exec_id: str) -> None:
    created = _event("execution.created", exec_id, flow="bench", snapshot_id="s", inputs={}, tags=[], metadata={})
    _apply(database, [created, _event("execution.claimed", exec_id, runner={"runner_id": "r"}, code="live")])


def _event(kind: str, exec_id: str, call: str | None = None, **body: Any) -> dict[str, Any]:
    return {"kind": kind, "at": time.time(), "exec_id": exec_id, "call": call, "attempt": 1, "epoch": 1, "body": body}


def _call(exec_id: str, number: int) -> list[dict[str, Any]]:
    preview = {"kind": "text", "text": "hello"}
    described: dict[str, Any] = {
        "checkpoint": "research",
        "type": "tool_call",
        "runtime": "inline",
        "sequence": number,
        "concurrent": False,
        "input_digest": "a" * 64,
        "inputs": {"topic": {"digest": "b" * 64, "preview": preview}},
        "parents": [],
        "code_id": "c" * 64,
        "cache_key": f"{exec_id}{number:052}",
        "opaque": [],
    }
    output = {
        "codec": "json",
        "type": "builtins.str",
        "size": 7,
        "digest": "d" * 64,
        "inline": "hello",
        "preview": preview,
    }
    name = f"research_{number}"
    return [
        _event("call.started", exec_id, name, **described),
        _event("call.completed", exec_id, name, output=output, started_at=1.0, duration=0.5),
    ]
