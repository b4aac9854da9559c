"""A service that is killed or stopped while others write: nothing may be lost, nothing written twice."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from kitaru.store.service.client import ServiceStore
from kitaru.store.service.process import stop_service
from kitaru.store.service.record import read_record
from tests.store.service.traffic import creation, entry, numbers

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

WRITERS = 4
ENTRIES = 150

WRITER = """
import sys
from pathlib import Path
from kitaru.store.service.client import ServiceStore
from tests.store.service.traffic import creation, entry

home, exec_id, count = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
store = ServiceStore.local(home)
acks = store.append([creation(exec_id)])
assert "refused" not in acks[0], acks
for number in range(count):
    (ack,) = store.append([entry(exec_id, number)])
    assert "refused" not in ack, ack
    if number % 10 == 0:
        print(number, flush=True)
store.close()
"""


def start_writers(home: Path) -> list[subprocess.Popen[str]]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([os.getcwd(), *sys.path])}
    return [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, str(home), f"kr-w{number}", str(ENTRIES)],
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
        )
        for number in range(WRITERS)
    ]


def kill(home: Path) -> None:
    record = read_record(home)
    assert record is not None
    os.kill(record.pid, signal.SIGKILL)


@pytest.mark.slow
@pytest.mark.parametrize("end", [kill, stop_service], ids=["killed", "stopped"])
def test_no_event_is_lost_or_doubled_when_the_service_goes_away_under_load(
    home: Path, end: Callable[[Path], object]
) -> None:
    store = ServiceStore.local(home)
    pids = {store.health()["pid"]}
    writers = start_writers(home)
    for progress in (40, 90):
        output = writers[0].stdout
        assert output is not None
        while int(output.readline()) < progress:
            pass
        end(home)
        pids.add(store.health()["pid"])
    for writer in writers:
        writer.communicate(timeout=60)
    assert [writer.returncode for writer in writers] == [0] * WRITERS
    assert len(pids) == 3
    assert [numbers(store, f"kr-w{writer}") for writer in range(WRITERS)] == [list(range(ENTRIES))] * WRITERS
    store.close()


def test_an_append_whose_answer_got_lost_is_written_once(store: ServiceStore, home: Path) -> None:
    store.append([creation("kr-a")])
    lane = store._lanes[-1]
    store.append([entry("kr-a", 1)])
    lane.sequence -= 1  # As if the answer to the append had never come.
    kill(home)
    again = store.append([entry("kr-a", 1)])
    assert numbers(store, "kr-a") == [1]
    assert "refused" not in again[0]


def test_a_feed_goes_on_over_the_end_of_the_service(store: ServiceStore, home: Path) -> None:
    store.append([creation("kr-a")])
    feed = store.watch(executions=["kr-a"], kinds=["execution.logged"])
    events = iter(feed)
    seen = []
    for number in range(9):
        if number in (3, 6):
            kill(home)
        store.append([entry("kr-a", number)])
        seen.append(next(events)["body"]["metadata"]["number"])
    feed.close()
    assert seen == list(range(9))


def test_a_feed_before_its_first_event_misses_nothing_when_the_service_is_killed(
    store: ServiceStore, home: Path
) -> None:
    store.append([creation("kr-a"), entry("kr-a", 1)])
    feed = store.watch(executions=["kr-a"], kinds=["execution.logged"])
    kill(home)
    store.append([entry("kr-a", 2)])
    assert next(iter(feed))["body"]["metadata"]["number"] == 2
    feed.close()
