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


def kinds_of(store):
    return [kind for kinds, _ in store.sent for kind in kinds]


@pytest.fixture
def slow(monkeypatch):
    monkeypatch.setattr(outbox, "GATHER", 0.1)
    return SlowStore(0.03)


def test_every_commit_takes_along_what_was_posted_before_it(slow):
    def body(box, gaps):
        for _ in range(12):
            posted = time.monotonic()
            box.post([event("started")])
            time.sleep(0.005)  # the checkpoint's function at work
            gaps.append(time.monotonic() - posted)
            box.commit([event("completed")])

    for _ in range(20):
        box, gaps = Outbox(slow), []
        thread = threading.Thread(target=body, args=(box, gaps))
        thread.start()
        thread.join()
        box.close()
        if max(gaps) < outbox.GATHER / 2:
            break
        slow.sent.clear()  # the machine stood still for so long that what was posted had to leave alone
    assert slow.sent == [(["started", "completed"], True)] * 12


def test_what_nobody_commits_is_sent_soon_and_not_synced(slow):
    box = Outbox(slow)
    box.post([event("started")])
    box.post([event("logged")])
    with slow.changed:
        assert slow.changed.wait_for(lambda: kinds_of(slow) == ["started", "logged"], 60)
    box.post([event("logged again")])
    with slow.changed:
        assert slow.changed.wait_for(lambda: kinds_of(slow) == ["started", "logged", "logged again"], 60)
    box.close()
    assert not any(durable for _, durable in slow.sent)


def test_a_flush_from_the_main_thread_sends_what_is_queued(slow):
    box = Outbox(slow)
    box.post([event("started")])
    box.flush()
    assert slow.sent == [(["started"], False)]
    box.flush()
    box.close()
    assert len(slow.sent) == 1


def test_a_long_queue_leaves_some_at_a_time_and_in_its_order(slow, monkeypatch):
    monkeypatch.setattr(outbox, "MOST_AT_ONCE", 4)
    box = Outbox(slow)
    monkeypatch.setattr(box, "_wake", lambda: None)  # nobody else sends
    for number in range(10):
        box.post([event(str(number))])
    thread = threading.Thread(target=box.commit, args=([event("last")],))
    thread.start()
    thread.join()
    box.close()
    assert [kinds for kinds, _ in slow.sent] == [list("0123"), list("4567"), ["8", "9", "last"]]
    assert [durable for _, durable in slow.sent] == [False, False, True]


def test_what_follows_in_a_long_queue_is_not_sent_when_the_store_refuses(monkeypatch):
    class Broken(SlowStore):
        def append(self, batches, *, durable=True):
            if len(self.sent) == 1:
                raise ConnectionError("away")
            return super().append(batches, durable=durable)

    monkeypatch.setattr(outbox, "MOST_AT_ONCE", 2)
    store, told = Broken(), []
    box = Outbox(store)
    monkeypatch.setattr(box, "_wake", lambda: None)
    for number in range(6):
        box.submit([event(str(number))], lambda position, error: told.append(type(error)))
    box._flush()
    assert told == [type(None)] * 2 + [ConnectionError] * 4
    assert [kinds for kinds, _ in store.sent] == [["0", "1"]]


def test_whoever_adds_to_a_long_queue_helps_to_send_it(slow, monkeypatch):
    monkeypatch.setattr(outbox, "CROWDED", 3)
    box, told = Outbox(slow), []
    monkeypatch.setattr(box, "_wake", lambda: None)  # nobody else sends

    def submit_some():
        for number in range(5):
            box.submit([event(str(number))], lambda position, error: told.append(position))

    thread = threading.Thread(target=submit_some)
    thread.start()
    thread.join()
    assert [kinds for kinds, _ in slow.sent] == [list("0123")]
    assert len(told) == 4
