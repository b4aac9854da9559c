"""Journal records become rows: in batches, once each, and whatever one bad event holds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kitaru.errors import KitaruStoreError
from kitaru.store.database import Database, DatabaseDamagedError
from kitaru.store.database.database import Applier
from tests.store.database.histories import (
    E1,
    E2,
    MEMORY,
    apply,
    claimed,
    completed,
    created,
    event,
    filled,
    histories,
    llm,
    record,
    started,
    value,
)

if TYPE_CHECKING:
    from pathlib import Path

TABLES = ("all_executions", "all_calls", "all_waits", "attempts", "artifacts", "events", "logs", "llm_calls",
          "snapshots", "recorded_values", "cache_entries", "quarantine", "applied", "clients")  # fmt: skip


def contents(database: Database) -> dict[str, list[str]]:
    """Return all rows of all tables, in an order that does not depend on when they were written."""
    found = {}
    for table in TABLES:
        # Up to where an open execution's events reach is not written with each of them.
        ended = "status IN ('completed', 'failed', 'cancelled')"
        picked = f"* REPLACE (CASE WHEN {ended} THEN last_position ELSE 0 END AS last_position)"
        if table == "clients":
            picked = "client"
        query = f"SELECT {picked if table in ('all_executions', 'clients') else '*'} FROM internal.{table}"
        rows = database._connection.cursor().execute(query).fetchall()
        found[table] = sorted(map(repr, rows))
    return found


def check_cuts(history: list[dict[str, Any]], cuts: list[int]) -> None:
    one_by_one, in_batches, at_once = Database(MEMORY), Database(MEMORY), Database(MEMORY)
    for item in history:
        apply(one_by_one, item)
    rest = list(history)
    for size in [*cuts, len(history)]:
        if rest[:size]:
            apply(in_batches, *rest[:size])
        rest = rest[size:]
    apply(at_once, *history)
    expected = contents(one_by_one)
    assert contents(in_batches) == expected
    assert contents(at_once) == expected
    for database in (one_by_one, in_batches, at_once):
        database.close()


@settings(max_examples=4, deadline=None, suppress_health_check=list(HealthCheck))
@given(histories(), st.lists(st.integers(1, 7)))
def test_the_rows_do_not_depend_on_how_the_history_is_cut_into_batches(
    history: list[dict[str, Any]], cuts: list[int]
) -> None:
    check_cuts(history, cuts)


@pytest.mark.soak
@pytest.mark.timeout(1800)
@settings(max_examples=50, deadline=None, suppress_health_check=list(HealthCheck))
@given(histories(), st.lists(st.integers(1, 7)))
def test_the_rows_do_not_depend_on_how_any_of_many_histories_is_cut(
    history: list[dict[str, Any]], cuts: list[int]
) -> None:
    check_cuts(history, cuts)


@settings(max_examples=3, deadline=None, suppress_health_check=list(HealthCheck))
@given(histories(), st.integers(0, 40))
def test_what_is_remembered_does_not_depend_on_when_the_database_was_opened(
    tmp_path_factory: pytest.TempPathFactory, history: list[dict[str, Any]], cut: int
) -> None:
    path = tmp_path_factory.mktemp("home") / "k.duckdb"
    for part in (history[:cut], history[cut:]):
        database = Database(path)
        if part:
            apply(database, *part)
        state = database.open_state()
        assert [database.guard_state(guard["exec_id"]) for guard in state] == state
        rows = contents(database)
        database.close()
    never_closed = Database(MEMORY)
    apply(never_closed, *history)
    assert contents(never_closed) == rows
    assert {guard["exec_id"]: guard for guard in never_closed.open_state()} == {g["exec_id"]: g for g in state}


def test_records_that_were_applied_are_left_out_when_they_come_again() -> None:
    database = Database(MEMORY)
    first = record([created(), claimed()], 1)
    second = record([started("a"), completed("a"), llm("a")], 3)
    database.apply([first, second])
    before = contents(database)
    assert database.apply([first, second]) == []
    assert database.apply([second]) == []
    assert contents(database) == before
    assert database.position == 5


def test_a_record_of_which_only_a_part_was_applied_is_completed() -> None:
    database = Database(MEMORY)
    database.apply([record([created(), claimed()], 1)])
    database.apply([record([created(), claimed(), started("a")], 1, sequence=9)])
    assert database.position == 3
    assert [call["name"] for call in database.read("execution", exec_id=E1)["calls"]] == ["a"]


def test_a_record_without_events_still_says_what_its_client_was_told() -> None:
    database = filled(created(), claimed())
    refused = {**record([], 3, "c2", 7), "results": [{"position": 3, "refused": {"code": "stale", "message": "m"}}]}
    database.apply([refused])
    assert database.position == 2
    assert database.clients()["c2"] == (7, [{"position": 3, "refused": {"code": "stale", "message": "m"}}])


def test_removed_positions_are_passed_over() -> None:
    database = Database(MEMORY)
    database.apply([{**record([], 1), "removed": 4}, record([created()], 5)])
    assert database.position == 5


BAD = {
    "an unknown kind": event("execution.exploded"),
    "no such execution": event("execution.completed", E2),
    "no such call": completed("nobody"),
    "a call without a name": {**started("a"), "call": None},
    "a time that is none": {**started("a"), "at": "yesterday"},
    "a body that is a text": {**started("a"), "body": "hello"},
    "a sequence that is none": started("a", sequence="first"),
    "a text where a number belongs": llm(None, latency_ms="slow"),
    "an answer that nobody asked for": event("wait.answered", wait="w", value=1),
    "an execution that exists": created(),
    "an id that is a list": {**event("execution.completed"), "exec_id": ["x"]},
    "an integer beyond 64 bits": started("a", sequence=2**70),
    "lines that are none": event("log.written", lines=[1]),
    "a text that is no Unicode": event("execution.logged", metadata={"a": "\ud800"}),
}


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD.keys())
def test_an_event_that_cannot_be_applied_blocks_nobody(bad: dict[str, Any]) -> None:
    database = Database(MEMORY)
    others = [started("b"), completed("b"), event("execution.completed", output=value())]
    found = database.apply([record([created(), claimed(), bad], 1), record(others, 4)])
    assert [item.position for item in found] == [3]
    assert found[0].error
    whole = database.read("execution", exec_id=E1)
    assert whole["execution"]["status"] == "completed"
    assert [call["name"] for call in whole["calls"]] == ["b"]
    assert database.position == 6
    (kept,) = database.read("info")["quarantined"]
    assert (kept["position"], kept["error"]) == (3, found[0].error)


def test_many_bad_events_among_good_ones_are_all_put_aside() -> None:
    database = filled(created(), claimed())
    mixed = [started(f"c{n}") if n % 3 else event("nonsense") for n in range(30)]
    found = apply(database, *mixed)
    assert len(found) == 10
    assert database.read("executions")["items"][0]["calls"] == 20


def test_a_database_that_cannot_be_written_is_an_error_and_no_reason_to_put_events_aside(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    database = filled(created(), claimed())

    def no_space(*_: object) -> None:
        raise duckdb.IOException("No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("kitaru.store.database.tables.Tables.write", no_space)
        with pytest.raises(KitaruStoreError, match="No space left"):
            apply(database, started("a"))
    assert database.position == 2
    assert apply(database, started("a")) == []
    assert [call["status"] for call in database.read("execution", exec_id=E1)["calls"]] == ["running"]


def test_an_id_cannot_be_used_by_a_second_execution_after_the_first_has_ended() -> None:
    database = filled(created(), claimed(), event("execution.completed", output=value()))
    (found,) = apply(database, created())
    assert "exists already" in found.error


def test_a_deleted_execution_leaves_no_row_behind_and_its_id_is_free() -> None:
    history = [
        created(), claimed(), started("a"), llm("a"), event("log.written", lines=[{"text": "x"}]), completed("a"),
        event("artifact.saved", name="p", kind="output", value=value()), event("value.recorded", name="now", value=1),
        event("wait.created", wait="w"), event("execution.deleted", by="me"),
    ]  # fmt: skip
    for database in (filled(*history), filled(*history[:-1])):
        if database.read("executions")["total"]:
            apply(database, history[-1])
        left = contents(database)
        assert not any(rows for table, rows in left.items() if table not in ("applied", "clients"))
        assert database.guard_state(E1) is None
        assert apply(database, created()) == []


def test_totals_are_live_while_the_execution_runs() -> None:
    database = filled(created(), claimed(), started("a"), llm("a"), completed("a"))
    apply(database, started("b"), llm("b", total_tokens=10, cost_usd=None), event("log.written", lines=[{"text": "x"}]))
    (item,) = database.read("executions")["items"]
    assert (item["calls"], item["llm_calls"], item["total_tokens"], item["cost_usd"]) == (2, 2, 17, 0.25)
    first, second = database.read("execution", exec_id=E1)["calls"]
    assert (first["total_tokens"], second["total_tokens"]) == (7, 10)


def test_a_closed_database_keeps_what_was_applied(tmp_path: Path) -> None:
    path = tmp_path / "k.duckdb"
    database = Database(path)
    apply(database, created(), claimed(), started("a"))
    before = contents(database)
    database.close()
    database.close()
    again = Database(path)
    assert contents(again) == before
    assert again.position == 3
    again.close()


def test_the_applier_of_a_foreign_database_says_so(tmp_path: Path) -> None:
    path = tmp_path / "k.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("CREATE SCHEMA internal; CREATE TABLE internal.migrations (version BIGINT)")
        connection.execute("INSERT INTO internal.migrations VALUES (1)")
        with pytest.raises(duckdb.CatalogException):
            Applier(connection, path)
    with pytest.raises(DatabaseDamagedError, match="store rebuild"):
        Database(path)
