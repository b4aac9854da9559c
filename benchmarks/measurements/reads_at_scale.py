"""Every named read in a home of 20,000 executions with 100 calls each, through the local service."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from benchmarks.filling import cache_key_of, exec_id_of
from benchmarks.measurements.at_scale import CALLS, filled
from benchmarks.timing import timed
from kitaru.client import KitaruClient
from kitaru.runtime.caching import FEW

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.scene import Samples, Scene

SLOW = "statistics by checkpoint"


def measure(scene: Scene) -> Samples:
    """Time the reads of one execution in the middle, and those of all."""
    executions = scene.pick(20_000, 1_000)
    filled(scene.folder / "home" / "kitaru.duckdb", executions)
    reads = _reads(KitaruClient(), executions)
    return {name: timed(read, scene.pick(5 if name == SLOW else 21, 3)) for name, read in reads.items()}


def _reads(client: KitaruClient, executions: int) -> dict[str, Callable[[], Any]]:
    store, middle = client.store, executions // 2
    exec_id, key = exec_id_of(middle), cache_key_of(middle * CALLS)
    code_id = store.read("cache_entry", cache_key=key)["code_id"]
    return {
        "execution": lambda: store.read("execution", exec_id=exec_id),
        "head": lambda: store.read("head", exec_id=exec_id),
        "history": lambda: store.read("history", exec_id=exec_id),
        "executions": lambda: store.read("executions"),
        "executions of a flow": lambda: store.read("executions", flow="flow_3"),
        "executions by text": lambda: store.read("executions", text="flow_3"),
        "cache_entry": lambda: store.read("cache_entry", cache_key=key),
        "cache_entry, a miss": lambda: store.read("cache_entry", cache_key="0" * 64),
        "cache, 1000 of a code": lambda: store.read("cache", cache_key=key, limit=1000),
        "cache_keys, few": lambda: store.read("cache_keys", code_id=code_id, limit=FEW),
        "cache_keys, all": lambda: store.read("cache_keys", code_id=code_id),
        "cache_keys, unknown code": lambda: store.read("cache_keys", code_id="0" * 64),
        "call_output": lambda: store.read("call_output", exec_id=exec_id, call="research_7"),
        "resolve": lambda: store.read("resolve", prefix=exec_id[:8]),
        "artifact": lambda: store.read("artifact", artifact_id=f"{exec_id}/research_7/output"),
        "artifacts of an execution": lambda: store.read("artifacts", exec_id=exec_id),
        "artifacts": lambda: store.read("artifacts", limit=50),
        "events": lambda: store.read("events", exec_id=exec_id),
        "logs, tail": lambda: store.read("logs", exec_id=exec_id, tail=True, limit=50),
        "waits": lambda: store.read("waits"),
        "info": lambda: store.read("info"),
        "statistics by flow": lambda: store.read("statistics", group_by=["flow"]),
        SLOW: lambda: store.read("statistics", group_by=["checkpoint"]),
        "sql: count of checkpoints": lambda: store.sql("SELECT status, count(*) FROM checkpoints GROUP BY 1"),
    }
