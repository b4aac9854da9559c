"""A deployment is invoked: how soon its first checkpoint begins, and how many invocations are accepted."""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING

from kitaru.client import KitaruClient
from kitaru.errors import KitaruStateError
from kitaru.store.service.process import stop_service

if TYPE_CHECKING:
    from pathlib import Path

    from benchmarks.scene import Samples, Scene

FLOW = "begins"


def measure(scene: Scene) -> Samples:
    """Invoke with no process ready, then with one, then many at once."""
    cold = [_cold(scene) for _ in range(scene.pick(5, 2))]
    client, home = _deployed(scene)
    _begin(client, 0)
    warm = []
    for number in range(scene.pick(20, 5)):
        time.sleep(1.0)  # the next process gets ready
        warm.append(_begin(client, number))
    rate = _accepted(client, scene.pick(200, 50))
    _close(client, home)
    return {"cold": cold, "warm": warm, "rate": [rate]}


def _cold(scene: Scene) -> float:
    """Measure the first invocation of a service, whose worker has started no process yet."""
    client, home = _deployed(scene)
    elapsed = _begin(client, 0)
    _close(client, home)
    return elapsed


def _deployed(scene: Scene) -> tuple[KitaruClient, Path]:
    from benchmarks.programs.deployed import begins

    home = scene.new_home()
    client = KitaruClient.of_home(home)
    client.deployments.deploy(begins)
    return client, home


def _begin(client: KitaruClient, number: int) -> float:
    asked = time.time()
    handle = client.deployments.invoke(FLOW, inputs={"number": number})
    began: float = handle.wait()
    return began - asked


def _accepted(client: KitaruClient, count: int) -> float:
    """Return how many invocations a second are recorded, while a worker does them."""
    start = time.perf_counter()
    handles = [client.deployments.invoke(FLOW, inputs={"number": number}) for number in range(count)]
    rate = count / (time.perf_counter() - start)
    for handle in handles:  # those that nobody has begun are taken back
        if handle.status == "pending":
            with contextlib.suppress(KitaruStateError):  # it has ended
                handle.cancel()
    return rate


def _close(client: KitaruClient, home: Path) -> None:
    client.close()
    stop_service(home)
