from __future__ import annotations

import functools
import threading

import kitaru
from kitaru.runtime import pulse
from kitaru.runtime.engine import engine
from kitaru.store import runner
from tests.conftest import until

go = threading.Event()


@kitaru.flow
def patient():
    go.wait(30)
    return "done"


def test_a_runner_on_another_machine_keeps_its_execution_for_longer_than_its_lease(monkeypatch):
    monkeypatch.setattr(runner, "host_id", lambda: "elsewhere")
    monkeypatch.setattr(runner, "runner_identity", functools.partial(runner.runner_identity, lease=0.5))
    monkeypatch.setattr(pulse, "INTERVAL", 0.05)
    store = engine().store
    told = []
    monkeypatch.setattr(store, "beat", lambda runner_id, beat=store.beat: (beat(runner_id), told.append(runner_id)))
    handle = patient.run()
    until(lambda: len(told) >= 20)
    assert handle.status == "running"
    go.set()
    assert handle.wait() == "done"
