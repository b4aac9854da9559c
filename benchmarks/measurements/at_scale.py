"""What a client waits for in a home of 20,000 executions with 100 calls each, through the local service."""

from __future__ import annotations

import functools
import random
from typing import TYPE_CHECKING

from benchmarks.filling import cache_key_of, exec_id_of, fill
from benchmarks.timing import timed
from kitaru.client import KitaruClient

if TYPE_CHECKING:
    from pathlib import Path

    from benchmarks.scene import Samples, Scene

CALLS = 100


@functools.cache
def filled(path: Path, executions: int) -> Path:
    """Fill a home's database before it is first opened."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fill(path, executions, CALLS)
    return path


def measure(scene: Scene) -> Samples:
    """Ask for executions and cache entries all over the database."""
    executions = scene.pick(20_000, 1_000)
    filled(scene.folder / "home" / "kitaru.duckdb", executions)
    client, times = KitaruClient(), scene.pick(31, 7)
    client.executions.list()

    def lookup() -> None:
        found = client.store.read("cache_entry", cache_key=cache_key_of(random.randrange(executions * CALLS)))
        assert found is not None

    return {
        "get": timed(lambda: client.executions.get(exec_id_of(random.randrange(executions))), times),
        "list": timed(lambda: client.executions.list(limit=50), times),
        "lookup": timed(lookup, times),
    }
