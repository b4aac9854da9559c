"""Opening what a crash, a broken disk or a curious person left behind."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING

import pytest

from kitaru.errors import KitaruStoreError
from kitaru.store.duckdb import DuckDBStore
from kitaru.store.journal.segment import list_segments
from tests.store.duckdb.store_events import E1, call, calls_of, open_store, progress, started

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

APPENDING = """
import sys, pathlib, itertools, threading, os
from kitaru.store.duckdb import DuckDBStore
from tests.store.duckdb.store_events import call, started
store = DuckDBStore(pathlib.Path(sys.argv[1]), segment_bytes=20_000)
run = sys.argv[2]
exec_id = "kr-" + run.rjust(12, "0")
store.append([started(exec_id)])
out = os.fdopen(1, "wb", buffering=0)
for number in itertools.count():
    durable = number % 4 != 3
    acks = store.append([call(f"c_{number}", exec_id)], client=run, sequence=number + 1, durable=durable)
    out.write(b"%d %d\\n" % (number, acks[0]["position"]))
"""


def kill_while_appending(home: Path, run: int, count: int) -> dict[int, int]:
    """Kill a process that has at least `count` calls acknowledged; return their numbers, with their positions."""
    with subprocess.Popen([sys.executable, "-c", APPENDING, str(home), str(run)], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(count)]
        process.kill()
        lines += process.stdout.readlines()
    found = [line.split() for line in lines if line.endswith(b"\n")]
    assert len(found) >= count
    return {int(number): int(position) for number, position in found}


@pytest.mark.parametrize("run", range(3))
def test_after_kill_9_everything_acknowledged_is_there_once(kitaru_home: Path, run: int) -> None:
    for again in range(2):
        exec_id = f"kr-{run * 10 + again:012d}"
        acknowledged = kill_while_appending(kitaru_home, run * 10 + again, 2 + 150 * run)
        with open_store(kitaru_home, segment_bytes=20_000) as store:
            calls = store.read("execution", exec_id=exec_id)["calls"]
            names = [row["name"] for row in calls]
            assert len(names) == len(set(names))
            assert {f"c_{number}" for number in acknowledged} <= set(names)
            # At most the one that was being written may be there as well, and its repetition is recognised.
            assert len(names) - len(acknowledged) <= 2
            number = len(names) - 1
            store.append([call(f"c_{number}", exec_id)], client=str(run * 10 + again), sequence=number + 1)
            assert len(calls_of(store, exec_id)) == len(names)
            assert [row["name"] for row in calls] == [f"c_{number}" for number in range(len(names))]
            assert not store.journal.damages or all(damage.torn for damage in store.journal.damages)


@pytest.fixture
def home(kitaru_home: Path) -> Iterator[Path]:
    """A home as a killed process leaves it: the database's log of writes is not yet part of the database."""
    with open_store(kitaru_home) as store:
        store.append([started(), call("a")])
        calls_of(store)
        copy = kitaru_home.with_name("killed")
        # In another process: closing a copied file here would give up DuckDB's lock on it.
        subprocess.run(["cp", "-r", str(kitaru_home), str(copy)], check=True)
    yield copy
    shutil.rmtree(copy)


def assert_rebuilt(home: Path, *, told: str = "could not be opened") -> None:
    with open_store(home) as store:
        assert calls_of(store) == ["a"]
        assert store.append([call("b")]) == [{"position": 5}]
        assert any(told in warning and "rebuilt" in warning for warning in store.read("info")["warnings"])
        assert list(home.glob("kitaru.duckdb.damaged-*"))
    with open_store(home) as store:
        assert calls_of(store) == ["a", "b"]
        assert not store.read("info")["warnings"]


def test_the_log_of_writes_of_a_killed_process_is_taken_over(home: Path) -> None:
    assert (home / "kitaru.duckdb.wal").stat().st_size > 0
    with open_store(home) as store:
        assert calls_of(store) == ["a"]
        assert not store.warnings


def test_a_file_that_is_no_database_is_put_aside_and_rebuilt(home: Path) -> None:
    (home / "kitaru.duckdb").write_bytes(os.urandom(100_000))
    assert_rebuilt(home)


def test_an_empty_database_file_costs_nothing(home: Path) -> None:
    (home / "kitaru.duckdb").write_bytes(b"")
    with open_store(home) as store:
        assert calls_of(store) == ["a"]


def test_a_damaged_header_is_put_aside_and_rebuilt(home: Path) -> None:
    path = home / "kitaru.duckdb"
    data = bytearray(path.read_bytes())
    data[0:12288] = os.urandom(12288)
    path.write_bytes(bytes(data))
    assert_rebuilt(home)


def test_a_damaged_log_of_writes_loses_nothing(home: Path) -> None:
    path = home / "kitaru.duckdb.wal"
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0xFF
    path.write_bytes(bytes(data))
    with open_store(home) as store:
        assert calls_of(store) == ["a"]


@pytest.mark.parametrize("part", [0.1, 0.5, 0.9])
def test_a_truncated_log_of_writes_loses_nothing(home: Path, part: float) -> None:
    path = home / "kitaru.duckdb.wal"
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * part)])
    with open_store(home) as store:
        assert calls_of(store) == ["a"]


def test_a_deleted_database_is_rebuilt_and_its_orphaned_log_put_aside(home: Path) -> None:
    (home / "kitaru.duckdb").unlink()
    assert_rebuilt(home)


def test_a_journal_that_lags_behind_the_database_is_told_and_its_positions_are_not_given_again(home: Path) -> None:
    (segment,) = list_segments(home / "journal")
    with open_store(home) as store:
        assert calls_of(store) == ["a"]
    segment.path.unlink()
    with open_store(home) as store:
        assert "only up to 0" in store.read("info")["warnings"][0]
        assert calls_of(store) == ["a"]
        assert store.append([call("b")]) == [{"position": 5}]
    with open_store(home) as store:
        assert calls_of(store) == ["a", "b"]


def test_damage_in_the_journal_that_the_database_has_applied_loses_nothing(home: Path) -> None:
    with open_store(home) as store:
        store.append([call("b")])
        store.append([call("c")])
    (segment,) = list_segments(home / "journal")
    data = bytearray(segment.path.read_bytes())
    data[data.index(b'"c_"') if b'"c_"' in data else data.index(b'"call":"b"')] ^= 1
    segment.path.write_bytes(bytes(data))
    with open_store(home) as store:
        assert calls_of(store) == ["a", "b", "c"]
        assert any("damaged" in warning for warning in store.read("info")["warnings"])


def test_a_database_that_fails_while_open_is_opened_again(kitaru_home: Path) -> None:
    with open_store(kitaru_home) as store:
        store.append([started()])
        calls_of(store)
        store._database.close()
        store.append([call("a")])
        with pytest.raises(KitaruStoreError, match="Nothing is lost"):
            store._ingest.wait_until_applied(store._hub.position)
        assert calls_of(store) == ["a"]


def test_what_is_appended_while_the_database_fails_does_not_overtake_what_failed(
    kitaru_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_store(kitaru_home) as store:
        store.append([started()])
        calls_of(store)
        # Nobody waits for the database, so it fails by itself and is not tried again before the second append.
        monkeypatch.setattr("kitaru.store.duckdb.ingest._GATHER_SECONDS", 0.3)
        store._database.close()
        store.append([call("a")])
        while store._ingest.failure is None:
            threading.Event().wait(0.005)
        store.append([call("b")])
        assert calls_of(store) == ["a", "b"]


def test_a_store_that_fails_to_open_lets_go_of_the_home(home: Path) -> None:
    (home / "kitaru.duckdb").unlink()
    (home / "kitaru.duckdb").mkdir()
    with pytest.raises(KitaruStoreError):
        DuckDBStore(home)
    (home / "kitaru.duckdb").rmdir()
    with open_store(home) as store:
        assert calls_of(store) == ["a"]


def test_what_does_not_fit_the_queue_is_read_from_the_journal(
    kitaru_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kitaru.store.duckdb.ingest._QUEUE_EVENTS", 10)
    monkeypatch.setattr("kitaru.store.duckdb.ingest._BATCH_EVENTS", 25)
    with open_store(kitaru_home) as store:
        store.append([started()])
        with store._applying:
            for number in range(100):
                store.append([progress(number)], durable=False)
            assert store._ingest._spilled
        found = store.read("events", exec_id=E1, kinds=["event.published"], limit=1000)
        assert [row["body"]["payload"] for row in found] == list(range(100))
        store.append([progress(100)])
        assert len(store.read("events", exec_id=E1, kinds=["event.published"], limit=1000)) == 101
        assert not store._ingest._spilled


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork.*:DeprecationWarning")
def test_a_forked_child_cannot_write_and_harms_nothing(kitaru_home: Path) -> None:
    program = (
        "import os, sys, pathlib\n"
        "from kitaru.store.duckdb import DuckDBStore\n"
        "from tests.store.duckdb.store_events import call, started\n"
        "store = DuckDBStore(pathlib.Path(sys.argv[1]))\n"
        "store.append([started()])\n"
        "child = os.fork()\n"
        "if not child:\n"
        "    try:\n        store.append([call('x')])\n"
        "    except Exception as error:\n        print(error, flush=True)\n"
        "    sys.exit(7)\n"
        "_, status = os.waitpid(child, 0)\n"
        "assert os.waitstatus_to_exitcode(status) == 7, status\n"
        "store.append([call('a')])\n"
        "store.close()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(kitaru_home)], capture_output=True, text=True, check=True, timeout=60
    )
    assert "was forked from process" in done.stdout
    assert "'spawn'" in done.stdout
    with open_store(kitaru_home) as store:
        assert calls_of(store) == ["a"]


def test_a_process_that_ends_without_closing_leaves_nothing_to_repair(kitaru_home: Path) -> None:
    program = (
        "import sys, pathlib\n"
        "from kitaru.store.duckdb import DuckDBStore\n"
        "from tests.store.duckdb.store_events import call, started\n"
        "DuckDBStore(pathlib.Path(sys.argv[1])).append([started(), call('a')], durable=False)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(kitaru_home)], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stderr == ""
    assert not (kitaru_home / "kitaru.duckdb.wal").exists()
    with open_store(kitaru_home) as store:
        assert calls_of(store) == ["a"]


def test_a_home_that_cannot_be_made_is_explained(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(KitaruStoreError, match="file"):
        DuckDBStore(tmp_path / "file" / "home")


def test_time_is_not_needed_to_find_the_end(kitaru_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with open_store(kitaru_home) as store:
        store.append([started()])
        monkeypatch.setattr(time, "time", lambda: 1.0)
        assert store.append([call("a")]) == [{"position": 3}]
    with open_store(kitaru_home) as store:
        assert calls_of(store) == ["a"]
