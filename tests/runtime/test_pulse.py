from __future__ import annotations

import functools
import threading
import time

import kitaru
from kitaru.runtime import pulse
from kitaru.runtime.engine import engine
from kitaru.store import runner
from kitaru.store.duckdb import liveness
from tests.conftest import until

go = threading.Event()


@kitaru.flow
def patient():
    go.wait(60)
    return "done"


class Clock:
    """The store's clock, which goes on by a part of the lease with each beat."""

    time = staticmethod(time.time)
    now = 1000.0

    def monotonic(self):
        return self.now


def test_a_runner_on_another_machine_keeps_its_execution_for_longer_than_its_lease(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(liveness, "time", clock)
    monkeypatch.setattr(runner, "host_id", lambda: "elsewhere")
    monkeypatch.setattr(runner, "runner_identity", functools.partial(runner.runner_identity, lease=30.0))
    monkeypatch.setattr(pulse, "INTERVAL", 0.05)
    store, reads = engine().store, []
    beat = store.beat

    def told(runner_id):
        beat(runner_id)
        clock.now += 20
        reads.append(store.read("executions")["items"][0]["status"])  # before which the store looks who is alive

    monkeypatch.setattr(store, "beat", told)
    handle = patient.run()
    until(lambda: len(reads) >= 10)
    assert set(reads) == {"running"}
    go.set()
    assert handle.wait() == "done"
