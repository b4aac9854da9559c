"""What a store promises to those who use it."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from kitaru.errors import (
    KitaruConflictError,
    KitaruSerializationError,
    KitaruStoreBusyError,
    KitaruStoreError,
    KitaruUsageError,
)
from kitaru.store.duckdb import DuckDBStore
from tests.store.duckdb.store_events import (
    E1,
    E2,
    answered,
    asked,
    call,
    calls_of,
    ended,
    event,
    open_store,
    progress,
    started,
    status_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def store(kitaru_home: Path) -> Iterator[DuckDBStore]:
    with open_store(kitaru_home) as store:
        yield store


def test_a_reader_sees_everything_that_was_acknowledged_before(store: DuckDBStore) -> None:
    store.append([started()])
    for number in range(20):
        store.append([call(f"c_{number}")], durable=number % 2 == 0)
        assert len(calls_of(store)) == number + 1


def test_each_batch_is_told_where_its_first_event_is(store: DuckDBStore) -> None:
    assert store.append([started()]) == [{"position": 1}]
    assert store.append([call("a"), call("b")]) == [{"position": 3}, {"position": 5}]


def test_everything_is_there_after_reopening(kitaru_home: Path) -> None:
    with open_store(kitaru_home) as store:
        store.append([started(), call("a")])
    with open_store(kitaru_home) as store:
        assert calls_of(store) == ["a"]
        assert store.append([call("b")]) == [{"position": 5}]


def test_a_second_claim_of_the_same_epoch_loses(store: DuckDBStore) -> None:
    store.append([started()])
    claim = {
        "events": [event("execution.claimed", body={"runner": None}, epoch=2)],
        "expect": {"exec_id": E1, "epoch": 1, "statuses": ["running"]},
    }
    first, second = store.append([claim, claim])  # type: ignore[list-item]
    assert "refused" not in first
    assert second["refused"]["code"] == "conflict"
    assert "taken over" in second["refused"]["message"]


def test_a_runner_that_was_taken_over_cannot_write(store: DuckDBStore) -> None:
    store.append([started(), {"events": [event("execution.claimed", body={"runner": None}, epoch=2)]}])
    (ack,) = store.append([call("late", epoch=1)])
    assert ack["refused"]["code"] == "stale"
    assert calls_of(store) == []
    (ack,) = store.append([call("mine", epoch=2)])
    assert "refused" not in ack


def test_only_one_of_two_answers_is_taken(store: DuckDBStore) -> None:
    store.append([started(), asked()])
    assert status_of(store) == "waiting"
    acks = store.append([answered(answer=1), answered(answer=2)])
    assert ["refused" in ack for ack in acks] == [False, True]
    assert store.read("execution", exec_id=E1)["waits"][0]["value"] == 1
    assert status_of(store) == "running"


def test_an_execution_is_created_once_also_after_it_ended_and_the_store_was_reopened(kitaru_home: Path) -> None:
    with open_store(kitaru_home) as store:
        store.append([started(), ended()])
    with open_store(kitaru_home) as store:
        (ack,) = store.append([started()])
        assert ack["refused"]["code"] == "conflict"
        assert "exists already" in ack["refused"]["message"]


def test_events_of_an_unknown_or_deleted_execution_are_refused(store: DuckDBStore) -> None:
    assert store.append([call("a")])[0]["refused"]["code"] == "missing"
    store.append([started(), {"events": [event("execution.deleted", body={"by": "me"})]}])
    assert store.append([call("a")])[0]["refused"]["code"] == "missing"


def test_a_refused_batch_leaves_the_others_of_its_append_alone(store: DuckDBStore) -> None:
    store.append([started()])
    acks = store.append([call("a"), call("b", epoch=7), call("c")])
    assert [ack.get("refused", {}).get("code") for ack in acks] == [None, "stale", None]
    assert sorted(calls_of(store)) == ["a", "c"]


def test_a_batch_that_fails_in_its_middle_changes_nothing(store: DuckDBStore) -> None:
    store.append([started()])
    half = {"events": [event("execution.completed", epoch=1), event("call.started", call="x", epoch=9)]}
    assert "refused" in store.append([half])[0]  # type: ignore[list-item]
    assert "refused" not in store.append([call("a")])[0]
    assert status_of(store) == "running"


def test_a_repeated_append_is_written_once_and_answered_the_same(kitaru_home: Path) -> None:
    with open_store(kitaru_home) as store:
        store.append([started()])
        first = store.append([call("a"), call("b", epoch=5)], client="me", sequence=1)
        assert store.append([call("a"), call("b", epoch=5)], client="me", sequence=1) == first
        assert calls_of(store) == ["a"]
    with open_store(kitaru_home) as store:
        assert store.append([call("a"), call("b", epoch=5)], client="me", sequence=1) == first
        assert store.read("info")["position"] == 4
        store.append([call("c")], client="me", sequence=2)
        with pytest.raises(KitaruConflictError, match="came after"):
            store.append([call("a")], client="me", sequence=1)


def test_an_append_sent_twice_at_the_same_time_is_written_once(store: DuckDBStore) -> None:
    store.append([started()])
    acks: list[object] = []
    threads = [
        threading.Thread(target=lambda: acks.append(store.append([progress(1)], client="me", sequence=1)))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert acks == [[{"position": 3}]] * 8
    assert store.read("info")["position"] == 3


def test_what_is_no_event_or_no_json_harms_nobody_else(store: DuckDBStore) -> None:
    store.append([started()])
    with pytest.raises(KitaruSerializationError, match=r"event.published of kr-aaaaaaaaaaaa"):
        store.append([{"events": [event("event.published", body={"payload": object()})]}])
    with pytest.raises(KitaruUsageError, match="known 'kind'"):
        store.append([{"events": [event("no.such.kind")]}])
    with pytest.raises(KitaruUsageError, match="exec_id"):
        store.append([{"events": [event("call.started", "")]}])
    with pytest.raises(KitaruUsageError, match="name of the wait"):
        store.append([{"events": [event("wait.answered")]}])
    assert store.append([call("a")]) == [{"position": 3}]


def test_text_that_is_no_unicode_is_recorded_with_a_replacement(store: DuckDBStore) -> None:
    feed = store.watch()
    store.append([started(), {"events": [event("event.published", body={"payload": ["a\udcffb"]})]}])
    *_, last = itertools.islice(feed, 3)
    assert last["body"] == {"payload": ["a?b"]}


def test_changing_the_objects_after_an_append_changes_nothing(store: DuckDBStore) -> None:
    store.append([started()])
    batch = call("a")
    store.append([batch])
    batch["events"][1]["body"]["output"]["inline"] = "changed"
    assert store.read("call_output", exec_id=E1, call="a")["inline"] == 1


def test_another_process_is_told_who_holds_the_home(store: DuckDBStore, kitaru_home: Path) -> None:
    program = (
        "import sys, pathlib, kitaru.errors, kitaru.store.duckdb as d\n"
        "try:\n    d.DuckDBStore(pathlib.Path(sys.argv[1]))\n"
        "except kitaru.errors.KitaruStoreBusyError as error:\n    print(error)\n"
    )
    told = subprocess.run(
        [sys.executable, "-c", program, str(kitaru_home)], capture_output=True, text=True, check=True, cwd=Path.cwd()
    ).stdout
    assert f"process {os.getpid()}" in told
    assert "KITARU_HOME" in told


def test_the_same_process_is_told_that_it_has_the_home_open(store: DuckDBStore, kitaru_home: Path) -> None:
    with pytest.raises(KitaruStoreBusyError, match="already open in this process"):
        DuckDBStore(kitaru_home)


def test_a_closed_store_says_so_and_closes_twice(kitaru_home: Path) -> None:
    store = DuckDBStore(kitaru_home)
    store.close()
    store.close()
    with pytest.raises(KitaruStoreError, match="is closed"):
        store.append([started()])
    with pytest.raises(KitaruStoreError, match="is closed"):
        store.read("info")


def test_many_threads_append_at_once_and_nothing_is_lost_or_doubled(store: DuckDBStore) -> None:
    for number in range(8):
        store.append([started(f"kr-{number:012d}")])

    def run(exec_id: str) -> None:
        for number in range(25):
            (ack,) = store.append([call(f"c_{number}", exec_id)], durable=number % 3 > 0)
            assert "refused" not in ack

    threads = [threading.Thread(target=run, args=(f"kr-{number:012d}",)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for number in range(8):
        assert len(calls_of(store, f"kr-{number:012d}")) == 25
    assert store.read("info")["position"] == 8 * 2 + 8 * 25 * 2


def test_two_executions_do_not_see_each_other(store: DuckDBStore) -> None:
    store.append([started(E1), started(E2), call("a", E1), call("b", E2)])
    assert (calls_of(store, E1), calls_of(store, E2)) == (["a"], ["b"])
