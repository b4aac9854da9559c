from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kitaru.errors import KitaruNotFoundError, KitaruUsageError
from kitaru.store.duckdb import DuckDBStore
from kitaru.store.service.client import ServiceStore
from tests.store.service.traffic import creation, event

if TYPE_CHECKING:
    from pathlib import Path

    from kitaru.store.service.record import ServiceRecord


@pytest.fixture
def both(shared: tuple[Path, ServiceRecord]):
    store = ServiceStore.local(shared[0])
    yield store
    store.close()


def test_verifying_tells_how_far_it_is_and_what_it_found(both: ServiceStore) -> None:
    both.append([creation("kr-a")])
    reports = list(both.maintain("verify"))
    assert all(set(report) == {"progress"} for report in reports[:-1])
    assert reports[-1]["result"]["problems"] == []


def test_a_backup_is_a_home_of_its_own_made_while_the_service_works(both: ServiceStore, tmp_path: Path) -> None:
    both.append([creation("kr-b")])
    *_, last = both.maintain("backup", destination=str(tmp_path / "copy"))
    assert last["result"]["destination"] == str(tmp_path / "copy")
    copy = DuckDBStore(tmp_path / "copy")
    assert copy.read("resolve", prefix="kr-b") == ["kr-b"]
    copy.close()


def test_cleaning_removes_what_was_asked_for(both: ServiceStore) -> None:
    both.append([creation("kr-c"), {"events": [event("execution.cancelled", "kr-c", reason="test")]}])
    *_, last = both.maintain("clean", executions=["kr-c"], dry_run=False)
    assert last["result"]["executions"] == ["kr-c"]
    assert both.read("resolve", prefix="kr-c") == []


def test_what_a_task_fails_with_is_raised_here(both: ServiceStore, tmp_path: Path) -> None:
    with pytest.raises(KitaruUsageError, match="exists already"):
        list(both.maintain("backup", destination=str(tmp_path)))


def test_what_a_task_does_not_know_is_named(both: ServiceStore) -> None:
    with pytest.raises(KitaruUsageError, match="nonsense"):
        list(both.maintain("verify", nonsense=1))
    with pytest.raises(KitaruUsageError, match="full path"):
        list(both.maintain("backup", destination="copy"))
    with pytest.raises(KitaruNotFoundError, match="verify"):
        list(both.maintain("format"))
