"""Group acknowledgement, syncs and what an interrupt or a failure of the disk leaves behind."""

from __future__ import annotations

import errno
import os
import threading
from typing import TYPE_CHECKING

import pytest

from kitaru.errors import KitaruStoreError
from kitaru.store.duckdb import writer
from kitaru.store.journal import segment
from tests.store.duckdb.store_events import E1, call, calls_of, open_store, progress, started, status_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from kitaru.store.duckdb import DuckDBStore


@pytest.fixture
def store(kitaru_home: Path) -> Iterator[DuckDBStore]:
    with open_store(kitaru_home) as store:
        store.append([started()])
        yield store


def append_in_threads(store: DuckDBStore, count: int) -> tuple[list[threading.Thread], list[object]]:
    results: list[object] = []

    def append(number: int) -> None:
        try:
            results.append(store.append([call(f"c_{number}")]))
        except BaseException as error:
            results.append(error)

    threads = [threading.Thread(target=append, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    return threads, results


class GatedSync:
    """The disk's sync, which a test can hold back, count, or have fail."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.open = threading.Event()
        self.open.set()
        self.reached = threading.Event()
        self.error: BaseException | None = None
        self.passes = 0
        """How many syncs succeed before the one that fails."""
        self.count = 0
        self._real = segment.sync_data
        monkeypatch.setattr(segment, "sync_data", self)

    def __call__(self, descriptor: int) -> None:
        self.count += 1
        self.reached.set()
        self.open.wait()
        if self.error is not None and self.passes:
            self.passes -= 1
        elif self.error is not None:
            error, self.error = self.error, None
            raise error
        self._real(descriptor)


@pytest.fixture
def disk(store: DuckDBStore, monkeypatch: pytest.MonkeyPatch) -> GatedSync:
    return GatedSync(monkeypatch)


def wait_for_waiting(store: DuckDBStore, count: int) -> None:
    while len(store._writer._waiting) < count:
        threading.Event().wait(0.001)


def test_all_who_wait_for_the_disk_share_one_sync(store: DuckDBStore, disk: GatedSync) -> None:
    disk.open.clear()
    first, _ = append_in_threads(store, 1)
    disk.reached.wait()
    before = disk.count
    threads, results = append_in_threads(store, 10)
    wait_for_waiting(store, 10)
    disk.open.set()
    for thread in first + threads:
        thread.join()
    assert disk.count == before + 1
    assert sorted(ack["position"] for (ack,) in results) == list(range(5, 25, 2))  # type: ignore[attr-defined]


def test_a_refusing_disk_is_told_to_all_who_wait_and_to_nobody_after(store: DuckDBStore, disk: GatedSync) -> None:
    disk.open.clear()
    first, first_results = append_in_threads(store, 1)
    disk.reached.wait()
    threads, results = append_in_threads(store, 3)
    wait_for_waiting(store, 3)
    disk.error = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    disk.open.set()
    for thread in first + threads:
        thread.join()
    errors = [result for result in first_results + results if isinstance(result, KitaruStoreError)]
    assert len(errors) == 1
    assert "the disk is full" in str(errors[0])
    assert "free" in str(errors[0])
    assert len(calls_of(store)) == 3
    assert "refused" not in store.append([call("after")])[0]


def test_a_claim_that_did_not_reach_the_disk_can_be_made_again(store: DuckDBStore, disk: GatedSync) -> None:
    batch = {"events": [{**started()["events"][1], "epoch": 2}], "expect": {"exec_id": E1, "epoch": 1}}
    disk.error = OSError(errno.EIO, os.strerror(errno.EIO))
    with pytest.raises(KitaruStoreError):
        store.append([batch], client="me", sequence=1)  # type: ignore[list-item]
    (ack,) = store.append([batch], client="me", sequence=1)  # type: ignore[list-item]
    assert "refused" not in ack
    assert store.read("history", exec_id=E1)["execution"]["epoch"] == 2


def test_only_so_many_clients_are_remembered_those_that_appended_last(
    store: DuckDBStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "REMEMBERED", 3)
    for client in ("a", "b", "c", "a", "d"):
        store.append([call(f"by-{client}-{store.journal.end}")], client=client, sequence=store.journal.end)
    assert list(store._writer._clients) == ["c", "a", "d"]


@pytest.mark.parametrize("passes", [0, 1], ids=["alone", "writing for others"])
def test_an_interrupted_writer_does_not_take_others_along(store: DuckDBStore, disk: GatedSync, passes: int) -> None:
    disk.open.clear()
    first, first_results = append_in_threads(store, 1)
    disk.reached.wait()
    threads, results = append_in_threads(store, 5)
    wait_for_waiting(store, 5)
    disk.error, disk.passes = KeyboardInterrupt(), passes
    disk.open.set()
    for thread in first + threads:
        thread.join()
    results += first_results
    assert [type(result) for result in results if isinstance(result, BaseException)] == [KeyboardInterrupt]
    acknowledged = [result for result in results if isinstance(result, list)]
    assert sorted(ack["position"] for (ack,) in acknowledged) == [3, 5, 7, 9, 11]
    assert len(calls_of(store)) == 5
    assert status_of(store) == "running"


def test_what_is_posted_reaches_the_disk_soon_without_anybody_asking(store: DuckDBStore, disk: GatedSync) -> None:
    disk.reached.clear()
    store.append([progress(1)], durable=False)
    assert disk.reached.wait(60)
    while store.journal.unsynced:
        threading.Event().wait(0.001)


def test_a_failed_background_sync_is_tried_again_and_loses_nothing(
    store: DuckDBStore, disk: GatedSync, kitaru_home: Path
) -> None:
    disk.error = OSError(errno.EIO, os.strerror(errno.EIO))
    store.append([progress(1)], durable=False)
    while store.journal.unsynced:
        threading.Event().wait(0.005)
    store.close()
    with open_store(kitaru_home) as again:
        assert len(again.read("events", exec_id=E1, kinds=["event.published"])) == 1
