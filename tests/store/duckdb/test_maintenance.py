"""Verify, rebuild, back up, clean."""

from __future__ import annotations

import hashlib
import os
import threading
import time
from typing import TYPE_CHECKING

import pytest

from kitaru.errors import KitaruCorruptionError, KitaruNotFoundError, KitaruStoreBusyError, KitaruUsageError
from kitaru.store.duckdb.maintenance import backup, clean, rebuild, verify
from kitaru.store.journal.compaction import compress_next
from kitaru.store.journal.segment import list_segments
from tests.store.duckdb.store_events import (
    E1,
    E2,
    asked,
    call,
    calls_of,
    ended,
    event,
    open_store,
    progress,
    started,
    status_of,
    stored,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from kitaru.store.duckdb import DuckDBStore


@pytest.fixture
def store(kitaru_home: Path) -> Iterator[DuckDBStore]:
    with open_store(kitaru_home, segment_bytes=20_000) as store:
        yield store


def run_flow(store: DuckDBStore, exec_id: str, *, payload: bytes = b"", calls: int = 30) -> str:
    digest = store.payloads.put(payload) if payload else ""
    store.append([started(exec_id)])
    for number in range(calls):
        output = stored(digest) if payload else None
        store.append([call(f"c_{number}", exec_id, output=output)], durable=False)
    store.append([ended(exec_id)])
    return digest


def age_payloads(home: Path) -> None:
    for path in (home / "payloads").rglob("*"):
        os.utime(path, (time.time() - 7200, time.time() - 7200))


def payload_path(home: Path, digest: str) -> Path:
    return home / "payloads" / digest[:2] / digest


def test_a_sound_home_is_found_sound_open_and_closed(kitaru_home: Path) -> None:
    with open_store(kitaru_home, segment_bytes=20_000) as store:
        run_flow(store, E1, payload=b"x" * 5000)
        run_flow(store, E2)
        store.append([started("kr-cccccccccccc"), asked(exec_id="kr-cccccccccccc")])
        while compress_next(store.journal):
            pass
        report = verify(store)
        assert report.problems == []
        assert (report.executions, report.payloads, report.payload_bytes) == (3, 1, 5000)
        with pytest.raises(KitaruStoreBusyError):
            verify(kitaru_home)
    before = {path: path.stat().st_mtime_ns for path in kitaru_home.rglob("*") if path.name != "store.lock"}
    seen: list[tuple[str, int, int]] = []
    report = verify(kitaru_home, progress=lambda *done: seen.append(done))
    assert report.problems == []
    assert seen == [("payloads", 1, 1)]
    # Looking changes nothing.
    after = {path: path.stat().st_mtime_ns for path in kitaru_home.rglob("*") if path.name != "store.lock"}
    assert after == before


def test_missing_and_altered_payloads_are_found(store: DuckDBStore, kitaru_home: Path) -> None:
    gone = run_flow(store, E1, payload=b"gone")
    altered = run_flow(store, E2, payload=b"altered")
    payload_path(kitaru_home, gone).unlink()
    payload_path(kitaru_home, altered).write_bytes(b"ALTERED")
    report = verify(store)
    assert len(report.problems) == 2
    assert any(gone in problem and "not there" in problem for problem in report.problems)
    assert any(altered in problem and "does not hold what was written" in problem for problem in report.problems)


def test_a_damaged_byte_of_the_journal_is_found(kitaru_home: Path) -> None:
    with open_store(kitaru_home, segment_bytes=20_000) as store:
        run_flow(store, E1)
    path = list_segments(kitaru_home / "journal")[0].path
    data = bytearray(path.read_bytes())
    data[5000] ^= 4
    path.write_bytes(bytes(data))
    assert any("damaged" in problem for problem in verify(kitaru_home).problems)


def test_a_database_that_lacks_something_is_found_and_rebuilt(kitaru_home: Path) -> None:
    import duckdb

    with open_store(kitaru_home) as store:
        run_flow(store, E1)
        run_flow(store, E2)
    with duckdb.connect(str(kitaru_home / "kitaru.duckdb")) as connection:
        connection.execute("DELETE FROM internal.executions WHERE exec_id = ?", [E2])
    (problem,) = verify(kitaru_home).problems
    assert "1 executions, the journal has 2" in problem
    reached: list[int] = []
    report = rebuild(kitaru_home, progress=lambda position, end: reached.append(position))
    assert report.replaced == "kitaru.duckdb.replaced-1"
    assert reached[-1] == report.events
    assert report.warnings == []
    assert verify(kitaru_home).ok
    with open_store(kitaru_home) as store:
        assert status_of(store, E2) == "completed"


def test_a_rebuilt_database_answers_as_the_old_one_did(kitaru_home: Path) -> None:
    def answers(store: DuckDBStore) -> list[object]:
        names = [E1, E2, "kr-cccccccccccc"]
        return [store.read("execution", exec_id=name) for name in names] + [store.read("executions")["items"]]

    with open_store(kitaru_home, segment_bytes=20_000) as store:
        run_flow(store, E1, payload=b"p" * 100)
        run_flow(store, E2)
        store.append([started("kr-cccccccccccc"), asked(exec_id="kr-cccccccccccc"), progress(1, E1)])
        before = answers(store)
    rebuild(kitaru_home)
    with open_store(kitaru_home) as store:
        assert answers(store) == before


def test_a_rebuild_that_would_lose_something_says_what_and_waits_for_consent(kitaru_home: Path) -> None:
    with open_store(kitaru_home) as store:
        run_flow(store, E1, calls=3)
        run_flow(store, E2, calls=3)
    (segment,) = list_segments(kitaru_home / "journal")
    data = bytearray(segment.path.read_bytes())
    damaged = data.index(b'"call":"c_1"', data.index(E2.encode()))
    data[damaged] ^= 1
    segment.path.write_bytes(bytes(data))
    with pytest.raises(KitaruCorruptionError, match=rf"positions 14 to 15.*{E2}"):
        rebuild(kitaru_home)
    with open_store(kitaru_home) as store:
        assert len(calls_of(store, E2)) == 3
    report = rebuild(kitaru_home, accept_loss=True)
    assert report.lost_positions == [(14, 15)]
    assert report.lost_executions == [E2]
    with open_store(kitaru_home) as store:
        assert calls_of(store, E2) == ["c_0", "c_2"]
        assert len(calls_of(store, E1)) == 3


def test_a_backup_of_a_store_in_use_is_complete_and_consistent(store: DuckDBStore, tmp_path: Path) -> None:
    run_flow(store, E1, payload=b"y" * 3000)
    store.append([started(E2)])
    done = threading.Event()
    acknowledged: list[int] = []

    def keep_appending() -> None:
        while not done.is_set():
            acknowledged.append(store.append([progress(len(acknowledged), E2)])[0]["position"])

    writer = threading.Thread(target=keep_appending)
    writer.start()
    while len(acknowledged) < 20:
        done.wait(0.001)
    sure = acknowledged[-1]
    report = backup(store, tmp_path / "copy")
    done.set()
    writer.join()
    assert report.position >= sure
    assert report.payloads == 1
    assert verify(tmp_path / "copy").ok
    with open_store(tmp_path / "copy") as copy:
        assert len(calls_of(copy, E1)) == 30
        assert copy.read("info")["position"] == report.position
        assert verify(copy).problems == []
    assert "refused" not in store.append([progress(0, E2)])[0]


def test_a_closed_home_is_backed_up_and_nothing_is_replaced(kitaru_home: Path, tmp_path: Path) -> None:
    with open_store(kitaru_home) as store:
        run_flow(store, E1)
    backup(kitaru_home, tmp_path / "copy")
    assert verify(tmp_path / "copy").ok
    with pytest.raises(KitaruUsageError, match="exists already"):
        backup(kitaru_home, tmp_path / "copy")


def test_cleaning_removes_rows_events_and_payloads_of_what_is_deleted_and_nothing_else(
    store: DuckDBStore, kitaru_home: Path
) -> None:
    shared = run_flow(store, E1, payload=b"shared" * 500)
    run_flow(store, E2, payload=b"shared" * 500)
    own = run_flow(store, "kr-cccccccccccc", payload=b"secret-bytes" * 500)
    text = {"kind": "n", "payload": "a-very-secret-text"}
    store.append([{"events": [event("event.published", "kr-cccccccccccc", body=text)]}])
    age_payloads(kitaru_home)

    planned = clean(store, executions=["kr-cccccccccccc"], dry_run=True)
    assert status_of(store, "kr-cccccccccccc") == "completed"
    report = clean(store, executions=["kr-cccccccccccc"])

    assert (planned.executions, planned.payloads, planned.payload_bytes) == (["kr-cccccccccccc"], 1, 6000)
    assert (report.executions, report.payloads, report.payload_bytes) == (["kr-cccccccccccc"], 1, 6000)
    assert (planned.events, planned.event_bytes) == (report.events, report.event_bytes) == (64, report.event_bytes)
    assert report.freed_bytes > 6000
    assert not store.payloads.exists(own)
    assert store.payloads.exists(shared)
    with pytest.raises(KitaruNotFoundError):
        store.read("execution", exec_id="kr-cccccccccccc")
    events = [event for record in store.journal.read() for event in record["events"]]
    assert [found["kind"] for found in events if found["exec_id"] == "kr-cccccccccccc"] == ["execution.deleted"]
    assert b"a-very-secret-text" not in b"".join(entry.payload for entry in store.journal.entries())
    assert verify(store).problems == []
    assert verify(store).removed == 64
    assert len(calls_of(store, E1)) == 30


def test_a_cleaned_home_can_be_reopened_written_and_rebuilt(kitaru_home: Path) -> None:
    with open_store(kitaru_home, segment_bytes=20_000) as store:
        run_flow(store, E1)
        run_flow(store, E2)
        clean(store, executions=[E1])
        store.append([started(E1), call("again")])
        position = store.read("info")["position"]
        assert clean(store).events == 0
    with open_store(kitaru_home) as store:
        assert store.read("info")["position"] == position
        assert calls_of(store, E1) == ["again"]
    assert rebuild(kitaru_home).warnings == []
    with open_store(kitaru_home) as store:
        assert calls_of(store, E1) == ["again"]
        assert len(calls_of(store, E2)) == 30
        assert verify(store).ok


def test_running_and_unknown_executions_stay_with_a_reason(store: DuckDBStore) -> None:
    store.append([started(E1)])
    report = clean(store, executions=[E1, "kr-zzzzzzzzzzzz"])
    assert report.executions == []
    assert "running" in report.kept[E1]
    assert "no such" in report.kept["kr-zzzzzzzzzzzz"]
    assert status_of(store, E1) == "running"


def test_age_chooses_only_what_ended_long_ago(store: DuckDBStore) -> None:
    run_flow(store, E1, calls=1)
    store.append([started(E2)])
    assert clean(store, older_than=3600, dry_run=True).executions == []
    assert clean(store, older_than=-1, dry_run=True).executions == [E1]


def test_a_payload_that_no_event_names_yet_is_kept_for_a_while(store: DuckDBStore, kitaru_home: Path) -> None:
    young = store.payloads.put(b"its event follows")
    old = hashlib.sha256(b"its event never came").hexdigest()
    assert store.payloads.put(b"its event never came") == old
    os.utime(payload_path(kitaru_home, old), (0, 0))
    assert clean(store).payloads == 1
    assert store.payloads.exists(young)
    assert not store.payloads.exists(old)


def test_a_damaged_journal_lets_no_payload_be_removed(kitaru_home: Path) -> None:
    with open_store(kitaru_home) as store:
        digest = run_flow(store, E1, payload=b"needed", calls=3)
    (segment,) = list_segments(kitaru_home / "journal")
    data = bytearray(segment.path.read_bytes())
    for number in range(3):
        data[data.index(b'"call":"c_%d"' % number)] ^= 1
    segment.path.write_bytes(bytes(data))
    age_payloads(kitaru_home)
    with open_store(kitaru_home) as store:
        report = clean(store)
        assert "damaged" in report.warnings[0]
        assert store.payloads.exists(digest)


def test_a_folder_that_is_no_home_is_refused_and_left_empty(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    for look in (verify, rebuild):
        with pytest.raises(KitaruUsageError, match="no Kitaru home"):
            look(tmp_path / "other")
    assert not list((tmp_path / "other").iterdir())


def test_a_store_is_verified_while_others_write(store: DuckDBStore) -> None:
    run_flow(store, E1)
    store.append([started(E2)])
    done = threading.Event()

    def keep_appending() -> None:
        number = 0
        while not done.is_set():
            store.append([call(f"n_{number}", E2)], durable=False)
            number += 1

    writer = threading.Thread(target=keep_appending)
    writer.start()
    reports = [verify(store) for _ in range(3)]
    done.set()
    writer.join()
    assert [report.problems for report in reports] == [[], [], []]
