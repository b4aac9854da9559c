"""Events leave in order and in few groups, and no commit stands behind what could have gone along with it."""

from __future__ import annotations

import threading
import time

import pytest

from kitaru.runtime import outbox
from kitaru.runtime.outbox import Outbox


class SlowStore:
    """Takes its time and remembers what it was sent."""

    def __init__(self, seconds=0.0):
        self.seconds = seconds
        self.sent = []
        self.changed = threading.Condition()

    def append(self, batches, *, durable=True):
        time.sleep(self.seconds)
        with self.changed:
            self.sent.append(([event["kind"] for batch in batches for event in batch["events"]], durable))
            self.changed.notify_all()
        return [{"position": 1} for _ in batches]


def event(kind):
    return {"kind": kind, "at": 0.0, "exec_id": "kr-1", "epoch": 1, "body": {}}


@pytest.fixture
def slow(monkeypatch):
    monkeypatch.setattr(outbox, "GATHER", 0.1)
    return SlowStore(0.03)


def test_every_commit_takes_along_what_was_posted_before_it(slow):
    box = Outbox(slow)

    def body():
        for _ in range(12):
            box.post([event("started")])
            time.sleep(0.005)  # the checkpoint's function at work
            box.commit([event("completed")])

    thread = threading.Thread(target=body)
    thread.start()
    thread.join()
    box.close()
    assert slow.sent == [(["started", "completed"], True)] * 12


def test_what_nobody_commits_is_sent_soon_and_not_synced(slow):
    box = Outbox(slow)
    box.post([event("started")])
    box.post([event("logged")])
    with slow.changed:
        assert slow.changed.wait_for(lambda: slow.sent, 20)
    box.post([event("logged again")])
    with slow.changed:
        assert slow.changed.wait_for(lambda: len(slow.sent) == 2, 20)
    box.close()
    assert slow.sent == [(["started", "logged"], False), (["logged again"], False)]


def test_a_flush_from_the_main_thread_sends_what_is_queued(slow):
    box = Outbox(slow)
    box.post([event("started")])
    box.flush()
    assert slow.sent == [(["started"], False)]
    box.flush()
    box.close()
    assert len(slow.sent) == 1
