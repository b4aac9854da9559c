"""A question in one process, its answer from another: how soon the flow goes on."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING

from kitaru.client import KitaruClient

if TYPE_CHECKING:
    from benchmarks.scene import Samples, Scene

PATIENCE = 60.0


def measure(scene: Scene) -> Samples:
    """Answer questions of a flow in another process; the first one, which opens connections, is not counted."""
    count = scene.pick(20, 6)
    client = KitaruClient()
    calls = []
    with scene.start("ask.py", count, home=Path(client.store.location)) as process:
        assert process.stdout is not None
        exec_id = process.stdout.readline().decode().strip()
        for number in range(count):
            name = f"question_{number}"
            _await(client, exec_id, name)
            start = time.perf_counter()
            client.executions.input(exec_id, time.time(), wait=name)
            calls.append(time.perf_counter() - start)
        lags = json.loads(process.stdout.readline())
    return {"lag": lags[1:], "call": calls[1:]}


def _await(client: KitaruClient, exec_id: str, name: str) -> None:
    end = time.monotonic() + PATIENCE
    while all(wait.name != name for wait in client.executions.pending_waits(exec_id)):
        if time.monotonic() > end:
            raise RuntimeError(f"{exec_id} did not ask {name}")
        time.sleep(0.005)
