from __future__ import annotations

import subprocess
import sys
import threading
from queue import SimpleQueue
from typing import TYPE_CHECKING

from kitaru.stacks.threads import Threads

if TYPE_CHECKING:
    import pytest


def test_every_job_runs_and_no_more_than_the_limit_at_a_time() -> None:
    threads, done, lock = Threads(3), SimpleQueue[int](), threading.Lock()
    now, most = 0, 0

    def job(number: int) -> None:
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
        threading.Event().wait(0.001)
        with lock:
            now -= 1
        done.put(number)

    for number in range(60):
        threads.start(lambda number=number: job(number))
    assert sorted(done.get(timeout=60) for _ in range(60)) == list(range(60))
    assert most == 3
    assert len(threads) == 3


def test_jobs_that_wait_start_in_the_order_in_which_they_came() -> None:
    threads, started = Threads(1), SimpleQueue[int]()
    for number in range(20):
        threads.start(lambda number=number: started.put(number))
    assert [started.get(timeout=60) for _ in range(20)] == list(range(20))


def test_an_idle_thread_is_used_again_before_another_is_started() -> None:
    threads, names = Threads(8), SimpleQueue[int]()
    for _ in range(5):
        threads.start(lambda: names.put(threading.get_ident()))
        names.get(timeout=60)
        while not threads._idle:
            threading.Event().wait(0.001)
    assert len(threads) == 1


def test_idle_threads_end_and_the_pool_still_takes_jobs() -> None:
    threads, done = Threads(4, idle_seconds=0.01), SimpleQueue[str]()
    for _ in range(4):
        threads.start(lambda: done.put("first"))
    for _ in range(4):
        done.get(timeout=60)
    while len(threads):
        threading.Event().wait(0.005)
    threads.start(lambda: done.put("later"))
    assert done.get(timeout=60) == "later"


def test_no_job_is_lost_when_threads_end_while_jobs_come() -> None:
    threads, done = Threads(2, idle_seconds=0.0), SimpleQueue[int]()
    for number in range(500):
        threads.start(lambda number=number: done.put(number))
    assert sorted(done.get(timeout=60) for _ in range(500)) == list(range(500))


def test_a_job_that_raises_is_reported_and_its_thread_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    threads, done, seen = Threads(1), SimpleQueue[str](), []
    monkeypatch.setattr(threading, "excepthook", lambda args: seen.append(args.exc_type))
    threads.start(lambda: 1 // 0)
    threads.start(lambda: done.put("next"))
    assert done.get(timeout=60) == "next"
    assert seen == [ZeroDivisionError]


def test_a_stuck_job_does_not_keep_the_interpreter_from_ending() -> None:
    program = "import threading; from kitaru.stacks.threads import Threads; Threads().start(threading.Event().wait)"
    done = subprocess.run([sys.executable, "-c", program], timeout=60, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
