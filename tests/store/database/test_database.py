"""Opening, sharing, copying and closing the database file."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import duckdb
import pytest

from kitaru.errors import KitaruStoreBusyError, KitaruStoreError, KitaruStoreVersionError, KitaruUsageError
from kitaru.store.database import Database, DatabaseDamagedError
from tests.store.database.histories import E1, apply, claimed, completed, created, started

if TYPE_CHECKING:
    from pathlib import Path

OPEN_IT = """
import sys, pathlib
from kitaru.errors import KitaruError
from kitaru.store.database import Database
try:
    Database(pathlib.Path(sys.argv[1])).close()
    print("opened")
except KitaruError as error:
    print(type(error).__name__, error)
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "home" / "kitaru.duckdb"


def opened_elsewhere(path: Path) -> str:
    command = [sys.executable, "-c", OPEN_IT, str(path)]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout


def test_another_process_is_told_who_holds_the_database(path: Path) -> None:
    database = Database(path)
    told = opened_elsewhere(path)
    assert told.startswith("KitaruStoreBusyError")
    assert f"process {os.getpid()} " in told
    database.close()
    assert opened_elsewhere(path) == "opened\n"


def test_a_second_owner_in_the_same_process_is_refused(path: Path) -> None:
    database = Database(path)
    with pytest.raises(KitaruStoreBusyError, match="is held by"):
        Database(path)
    assert apply(database, created()) == []
    database.close()


def test_a_backup_is_a_database_and_making_it_does_not_give_up_the_file(path: Path, tmp_path: Path) -> None:
    database = Database(path)
    apply(database, created(), claimed(), started("a"), completed("a"))
    for name in ("one", "two"):
        database.backup_to(tmp_path / "backups" / name)
    assert opened_elsewhere(path).startswith("KitaruStoreBusyError")
    apply(database, started("b"))
    copy = Database(tmp_path / "backups" / "two")
    assert [call["name"] for call in copy.read("execution", exec_id=E1)["calls"]] == ["a"]
    assert copy.position == 4
    copy.close()
    with pytest.raises(KitaruUsageError, match="exists already"):
        database.backup_to(tmp_path / "backups" / "one")
    database.close()
    assert opened_elsewhere(path) == "opened\n"


def test_a_file_that_is_no_database_is_damaged(path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(b"not a database" * 1000)
    with pytest.raises(DatabaseDamagedError, match="kitaru store rebuild"):
        Database(path)


def test_a_database_of_which_a_part_was_overwritten_is_damaged(path: Path) -> None:
    Database(path).close()
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(b"x" * 8192)
    with pytest.raises(DatabaseDamagedError):
        Database(path)


def test_a_place_that_cannot_be_opened_is_not_called_damaged(path: Path) -> None:
    path.mkdir(parents=True)
    with pytest.raises(KitaruStoreError) as caught:
        Database(path)
    assert not isinstance(caught.value, DatabaseDamagedError)


def test_a_database_for_reading_answers_and_is_not_changed(path: Path) -> None:
    database = Database(path)
    apply(database, created(), claimed())
    database.close()
    before = path.read_bytes()
    looked_at = Database(path, read_only=True)
    assert looked_at.read("executions")["total"] == 1
    assert looked_at.sql("FROM executions")
    looked_at.close()
    assert path.read_bytes() == before


def test_an_empty_database_for_reading_says_that_it_was_never_set_up(path: Path) -> None:
    path.parent.mkdir()
    duckdb.connect(str(path)).close()
    with pytest.raises(KitaruStoreVersionError, match="opened for reading only"):
        Database(path, read_only=True)


def test_a_checkpoint_moves_everything_into_the_file(path: Path) -> None:
    database = Database(path)
    apply(database, created(), claimed())
    log = path.with_name(path.name + ".wal")
    assert log.stat().st_size > 0
    database.checkpoint()
    assert not log.exists() or log.stat().st_size == 0
    database.close()


def test_many_threads_read_while_one_applies(path: Path) -> None:
    database = Database(path)
    apply(database, created(), claimed())
    seen: list[list[int]] = [[] for _ in range(3)]
    done = threading.Event()

    def look(mine: list[int]) -> None:
        while not done.is_set():
            whole = database.read("execution", exec_id=E1)
            # The count on the execution's row and the rows of its calls are of one moment.
            assert whole["execution"]["calls"] == len(whole["calls"])
            mine.append(len(whole["calls"]))

    threads = [threading.Thread(target=look, args=(mine,)) for mine in seen]
    for thread in threads:
        thread.start()
    for number in range(20):
        apply(database, started(f"c_{number}"), completed(f"c_{number}"))
    done.set()
    for thread in threads:
        thread.join()
    assert all(mine == sorted(mine) and mine for mine in seen)
    database.close()


CRASH = """
import os, sys, pathlib
from kitaru.store.database import Database
from tests.store.database.histories import apply, claimed, completed, created, started
database = Database(pathlib.Path(sys.argv[1]))
apply(database, created(), claimed())
for number in range(30):
    apply(database, started(f"c_{number}"), completed(f"c_{number}"))
os.kill(os.getpid(), 9)
"""


def test_after_a_kill_the_rows_and_the_position_agree_and_applying_goes_on(path: Path) -> None:
    killed = subprocess.run([sys.executable, "-c", CRASH, str(path)], capture_output=True, text=True, timeout=60)
    assert killed.returncode == -9, killed.stderr
    database = Database(path)
    assert database.position == 62
    assert database.read("executions")["items"][0]["calls"] == 30
    assert apply(database, started("next"), completed("c_3")) == []
    assert len(database.read("execution", exec_id=E1)["calls"]) == 31
    database.close()


def test_a_database_is_closed_while_others_begin_to_read(tmp_path: Path) -> None:
    for number in range(6):
        database = Database(tmp_path / f"{number}.duckdb")
        begun = threading.Barrier(5)

        def read(database: Database = database, begun: threading.Barrier = begun) -> None:
            begun.wait()
            with contextlib.suppress(KitaruStoreError):  # it is closed
                while True:
                    database.sql("SELECT count(*) FROM range(100000)")

        readers = [threading.Thread(target=read) for _ in range(4)]
        for reader in readers:
            reader.start()
        begun.wait()
        database.close()
        for reader in readers:
            reader.join()
