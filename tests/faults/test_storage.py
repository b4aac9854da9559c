"""Full disks, damaged and foreign files, values and globals that cannot be kept, and clocks that jump."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from typing import TYPE_CHECKING

import numpy as np
import pytest

import kitaru
from kitaru.errors import (
    KitaruCorruptionError,
    KitaruError,
    KitaruExecutionError,
    KitaruStoreError,
    KitaruStoreVersionError,
)
from kitaru.runtime.engine import close_engines, engine
from kitaru.store.connect import close_store
from kitaru.store.service.process import stop_service
from tests.conftest import until

if TYPE_CHECKING:
    from pathlib import Path


@kitaru.checkpoint
def step(n):
    return n


def close() -> None:
    close_engines()
    close_store()


@pytest.fixture
def small_disk(tmp_path, monkeypatch):
    """A home on a disk of its own."""
    place = tmp_path / "small"
    place.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=48m", "none", str(place)], capture_output=True)
    if mounted.returncode:
        pytest.skip("mounting needs rights that these tests do not have")
    monkeypatch.setenv("KITARU_HOME", str(place / "home"))
    yield place
    close()
    subprocess.run(["umount", "-l", str(place)], check=True)


def fill(place: Path) -> Path:
    filler = place / "filler"
    with filler.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(b"x" * 65536)
        except OSError:
            pass
        try:
            while True:
                file.write(b"x" * 64)
        except OSError:
            return filler


def test_a_full_disk_is_a_clear_error_and_nothing_acknowledged_is_lost(small_disk):
    ran: list[int] = []
    swallowed: list[Exception] = []

    @kitaru.checkpoint
    def work(n):
        ran.append(n)
        if len(ran) == 4:
            fill(small_disk)
        return "x" * 16_000  # stays in the journal, which has some space set aside

    @kitaru.flow(cache=False)
    def body() -> int:
        total = 0
        for n in range(300):
            try:
                total += len(work(n))
            except Exception as error:
                swallowed.append(error)
        return total

    handle = body.run()
    with pytest.raises(KitaruError, match=r"disk is full"):
        handle.wait(100)
    assert swallowed == []
    assert len(ran) < 300
    done = [call for call in after_freeing(small_disk, handle.exec_id) if call["status"] == "completed"]
    assert len(done) == len(ran) - 1
    assert engine().resume(handle.exec_id, body).wait(100) == 300 * 16_000
    assert [n for n in ran if ran.count(n) > 1] == [len(done)] * 2


def after_freeing(place: Path, exec_id: str) -> list[dict]:
    (place / "filler").unlink()
    calls: list[dict] = engine().store.read("execution", exec_id=exec_id)["calls"]
    return calls


def test_a_large_value_on_a_full_disk_fails_its_call_and_names_the_trouble(small_disk):
    @kitaru.checkpoint
    def large():
        return np.random.default_rng(1).bytes(60_000_000)

    @kitaru.flow(cache=False)
    def body() -> int:
        return len(large())

    handle = body.run()
    with pytest.raises(KitaruError, match=r"(?i)space|disk"):
        handle.wait(60)
    assert handle.status in ("failed", "running", "interrupted")


@pytest.mark.parametrize("mode", ["embedded", "service"])
def test_a_home_on_a_read_only_disk_says_at_once_what_to_do(mode, small_disk, monkeypatch):
    counted.run(3).wait(60)
    close()
    monkeypatch.setenv("KITARU_STORE", mode)
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    for ask in (kitaru.KitaruClient().executions.list, lambda: counted.run(3)):
        with pytest.raises(KitaruStoreError, match=r"Read-only file system.*KITARU_HOME"):
            ask()
    subprocess.run(["mount", "-o", "remount,rw", str(small_disk)], check=True)
    assert counted.run(3).wait(60) == 3
    close()
    stop_service(small_disk / "home")


def payloads(home: Path) -> list[Path]:
    return [path for path in (home / "payloads").rglob("*") if path.is_file()]


@pytest.mark.parametrize("damage", ["changed", "cut", "gone"])
def test_a_damaged_payload_is_named_and_never_taken_for_the_value(damage, kitaru_home):
    broken = [True]

    @kitaru.checkpoint
    def large():
        return np.arange(100_000)

    @kitaru.checkpoint
    def last(values):
        if broken[0]:
            raise ValueError
        return int(values.sum())

    @kitaru.flow(cache=False)
    def body() -> int:
        return last(large())

    handle = body.run()
    with pytest.raises(KitaruExecutionError):
        handle.wait(60)
    close()
    (path,) = payloads(kitaru_home)
    path.chmod(0o600)
    content = path.read_bytes()
    if damage == "gone":
        path.unlink()
    else:
        path.write_bytes(content[:-4000] if damage == "cut" else content[:5000] + b"\0\1\2\3" + content[5004:])
    broken[0] = False
    with pytest.raises(KitaruExecutionError, match=path.name[:16]) as caught:
        engine().retry(handle.exec_id, body).wait(60)
    expected = KitaruStoreError if damage == "gone" else KitaruCorruptionError
    assert isinstance(caught.value.__cause__, expected)


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_half_a_gigabyte_passes_through_a_checkpoint():
    @kitaru.checkpoint
    def huge():
        return np.zeros(500_000_000, dtype=np.uint8)

    @kitaru.checkpoint
    def size(values):
        return values.nbytes

    @kitaru.flow(cache=False)
    def body() -> int:
        return size(huge())

    handle = body.run()
    assert handle.wait(300) == 500_000_000
    assert kitaru.load(handle.exec_id, "huge").nbytes == 500_000_000


LOCK_HOLDER = """
import sys, threading
import kitaru

lock = threading.Lock()

@kitaru.flow(cache=False)
def tied():
    with lock:
        return kitaru.wait(schema=int, timeout=0)

print(tied.run().exec_id)
"""


def test_a_global_that_cannot_be_frozen_is_named_when_another_process_resumes(service_home, run, execution, answer):
    exec_id = run(text=LOCK_HOLDER).end()[0].strip()
    until(lambda: execution(exec_id)["execution"]["runner"] is None)
    snapshot = execution(exec_id)["execution"]["snapshot_id"]
    from kitaru.store.connect import open_store

    row = open_store().read("snapshot", snapshot_id=snapshot)
    assert row["code"] is None
    assert any("lock" in note for note in row["notes"])
    answer(exec_id, 1)
    error = job_error(exec_id)
    assert "lock" in error
    assert "code='current'" in error


SECRET_HOLDER = """
import kitaru

OPENAI_API_KEY = "sk-proj-0123456789abcdefghijklmnop"

@kitaru.flow(cache=False)
def calls() -> int:
    kitaru.wait(timeout=0)
    return len(OPENAI_API_KEY)

print(calls.run().exec_id)
"""


def test_a_secret_global_is_not_written_and_is_taken_from_the_environment(service_home, run, execution, answer):
    exec_id = run(text=SECRET_HOLDER).end()[0].strip()
    until(lambda: execution(exec_id)["execution"]["runner"] is None)
    for path in service_home.rglob("*"):
        if path.is_file():
            assert b"sk-proj-0123456789" not in path.read_bytes(), path
    answer(exec_id, None)
    assert "OPENAI_API_KEY" in job_error(exec_id)
    run("-m", "kitaru", "executions", "resume", exec_id, OPENAI_API_KEY="12345").end()
    assert execution(exec_id)["execution"]["output"]["inline"] == 5


@kitaru.flow(cache=False)
def counted(n: int) -> int:
    return sum(step(i) for i in range(n))


@pytest.mark.parametrize("loss", ["gone", "garbage", "truncated"])
def test_the_history_survives_the_loss_of_the_database(loss, kitaru_home):
    handle = counted.run(20)
    assert handle.wait(60) == 190
    close()
    database = kitaru_home / "kitaru.duckdb"
    for path in kitaru_home.glob("kitaru.duckdb.wal*"):
        path.unlink()
    content = database.read_bytes()
    database.unlink()
    if loss == "garbage":
        database.write_bytes(os.urandom(50_000))
    elif loss == "truncated":
        database.write_bytes(content[: len(content) // 2])
    assert engine().status(handle.exec_id) == "completed"
    assert counted.replay(handle.exec_id).wait(60) == 190
    assert kitaru.load(handle.exec_id, "step_20") == 19


def test_a_database_of_a_newer_kitaru_is_left_alone_and_the_message_says_what_to_do(kitaru_home):
    import duckdb

    counted.run(1).wait(60)
    close()
    with duckdb.connect(str(kitaru_home / "kitaru.duckdb")) as connection:
        connection.execute("UPDATE internal.migrations SET version = 999")
    before = (kitaru_home / "kitaru.duckdb").read_bytes()
    with pytest.raises(KitaruStoreVersionError, match="pip install"):
        counted.run(1)
    assert (kitaru_home / "kitaru.duckdb").read_bytes() == before


def test_the_order_is_the_journals_whatever_the_clock_says(monkeypatch, tmp_path):
    moments = iter(range(2_000_000_000, 1_000_000_000, -1000))
    broken = [True]

    @kitaru.checkpoint
    def last(n):
        if broken[0]:
            raise ValueError
        return n

    @kitaru.flow(cache=False)
    def body() -> int:
        return last(step(1) + step(2))

    monkeypatch.setattr(time, "time", lambda: float(next(moments)))
    handle = body.run()
    with pytest.raises(KitaruExecutionError):
        handle.wait(60)
    broken[0] = False
    assert engine().retry(handle.exec_id, body).wait(60) == 3
    again = body.replay(handle.exec_id, at="step_2")
    assert again.wait(60) == 3
    monkeypatch.undo()
    events = engine().store.read("events", exec_id=handle.exec_id)
    positions = [event["position"] for event in events]
    assert positions == sorted(positions)
    assert events[0]["at"] > events[-1]["at"]
    statuses = {c["name"]: c["status"] for c in engine().store.read("execution", exec_id=again.exec_id)["calls"]}
    assert statuses == {"step": "reused", "step_2": "completed", "last": "completed"}


def test_a_home_that_cannot_be_written_is_a_clear_error(kitaru_home, tmp_path, monkeypatch):
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    monkeypatch.setenv("KITARU_HOME", str(blocked / "home"))
    with pytest.raises((KitaruError, OSError), match=str(blocked)):
        counted.run(1)


def test_a_copied_home_works_elsewhere(kitaru_home, tmp_path, monkeypatch):
    handle = counted.run(3)
    handle.wait(60)
    close()
    shutil.copytree(kitaru_home, tmp_path / "copy")
    monkeypatch.setenv("KITARU_HOME", str(tmp_path / "copy"))
    assert kitaru.load(handle.exec_id, "step_3") == 2


def test_a_flow_whose_code_is_gone_says_what_is_missing(service_home, run, execution, answer, tmp_path):
    (tmp_path / "gone_soon.py").write_text(
        "import kitaru\n@kitaru.flow(cache=False)\ndef asks() -> None:\n    kitaru.wait(timeout=0)\n"
    )
    exec_id = run("-c", "import gone_soon; print(gone_soon.asks.run().exec_id)").end()[0].strip()
    until(lambda: execution(exec_id)["execution"]["runner"] is None)
    (tmp_path / "gone_soon.py").unlink()
    answer(exec_id, None)
    assert "gone_soon" in job_error(exec_id)


def job_error(exec_id):
    """Wait for the job that goes on with an answered execution; return why it failed."""
    from kitaru.store.connect import open_store

    def failed():
        return open_store().read("jobs", statuses=["failed"], exec_id=exec_id)["items"]

    until(failed)
    return failed()[0]["error"]["message"]
