"""Disks that are full or may not be written."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from kitaru.errors import KitaruStoreError
from kitaru.store.duckdb import DuckDBStore
from tests.store.duckdb.store_events import E1, call, calls_of, event, open_store, started

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 24 MB."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m", "none", str(place)], capture_output=True)
    if mounted.returncode:
        pytest.skip("mounting needs rights that these tests do not have")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


def fill_disk(place: Path) -> Path:
    ballast = place / "ballast"
    with ballast.open("wb", buffering=0) as file:
        for size in (1 << 20, 1 << 12, 1):
            while True:
                try:
                    file.write(bytes(size))
                except OSError:
                    break
    return ballast


def append_until_refused(store: DuckDBStore, acknowledged: list[int]) -> None:
    while True:
        text = {"kind": "n", "payload": os.urandom(100_000).hex()}
        store.append([call(f"c_{len(acknowledged)}"), {"events": [event("event.published", body=text)]}])
        acknowledged.append(1)


def test_a_full_disk_is_explained_and_nothing_acknowledged_is_lost(small_disk: Path) -> None:
    home = small_disk / "home"
    with open_store(home) as store:
        store.append([started()])
        acknowledged: list[int] = []
        ballast = fill_disk(small_disk)
        with pytest.raises(KitaruStoreError, match=r"disk is full .* free.*KITARU_HOME") as caught:
            append_until_refused(store, acknowledged)
        assert str(home) in str(caught.value)
        ballast.unlink()
        assert "refused" not in store.append([call("after")])[0]
        assert len(calls_of(store)) == len(acknowledged) + 1
    with open_store(home) as store:
        assert len(calls_of(store)) == len(acknowledged) + 1
        assert not store.journal.damages


def test_a_database_without_space_stops_no_append_and_catches_up(small_disk: Path) -> None:
    with open_store(small_disk / "home") as store:
        store.append([started()])
        calls_of(store)
        ballast = fill_disk(small_disk)
        # The journal has space set aside, the database has none.
        for number in range(20):
            store.append([call(f"c_{number}")])
        try:
            calls_of(store)
        except KitaruStoreError as error:
            assert "Nothing is lost" in str(error)  # noqa: PT017 - a small batch may still fit
        ballast.unlink()
        assert len(calls_of(store)) == 20
        assert not store.read("info")["warnings"]


def test_a_disk_that_becomes_read_only_is_explained(small_disk: Path) -> None:
    home = small_disk / "home"
    with open_store(home) as store:
        store.append([started(), call("a")])
        assert calls_of(store) == ["a"]
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    try:
        with pytest.raises(KitaruStoreError, match=r"(?i)read-only.*writable"):
            DuckDBStore(home)
    finally:
        subprocess.run(["mount", "-o", "remount,rw", str(small_disk)], check=True)
    with open_store(home) as store:
        assert calls_of(store, E1) == ["a"]
