"""Users' SQL: what may run, what it may take, and what a mistake is told."""

from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest

from kitaru.errors import KitaruUsageError
from kitaru.store.database import Database, describe_view_names, describe_views
from tests.conftest import until
from tests.store.database.histories import (
    E1,
    MEMORY,
    apply,
    attempt_failed,
    claimed,
    completed,
    created,
    event,
    filled,
    llm,
    started,
    value,
    wait_created,
)

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def database() -> Iterator[Database]:
    opened = filled(
        created(), claimed(), started("a"), attempt_failed("a"), started("a"), llm("a"), completed("a"),
        wait_created(), event("log.written", lines=[{"text": "hi", "stream": "stdout"}]),
        event("snapshot.recorded", "", snapshot_id="s1", flow="f", source="", notes=[]),
        event("deployment.created", "", flow="f", version=1, snapshot_id="s1", parameters={}),
        event("schedule.created", "", schedule="daily", flow="f", version=1, inputs={}, every=60.0, missed="latest"),
        event("job.created", job_id="kj-1", kind="retry", target=E1),
    )  # fmt: skip
    yield opened
    opened.close()


def ask(database: Database, query: str, parameters: Any = None, **limits: Any) -> list[dict[str, Any]]:
    table = pa.ipc.open_stream(database.sql(query, parameters, **limits)).read_all()
    rows: list[dict[str, Any]] = table.to_pylist()
    return rows


REFUSED = {
    "COPY executions TO 'x.csv'": "COPY is not allowed",
    "ATTACH 'other.db'": "ATTACH is not allowed",
    "SET threads = 1": "SET is not allowed",
    "RESET threads": "SET is not allowed",
    "PRAGMA database_list": "PRAGMA is not allowed",
    "CALL pragma_version()": "CALL is not allowed",
    "CHECKPOINT": "CALL is not allowed",
    "INSTALL httpfs": "LOAD is not allowed",
    "LOAD json": "LOAD is not allowed",
    "EXPORT DATABASE 'x'": "EXPORT is not allowed",
    "CREATE TABLE t (a INT)": "CREATE is not allowed",
    "INSERT INTO internal.calls (name) VALUES ('x')": "INSERT is not allowed",
    "DELETE FROM internal.calls": "DELETE is not allowed",
    "UPDATE internal.calls SET name = 'x'": "UPDATE is not allowed",
    "DROP VIEW executions": "DROP is not allowed",
    "BEGIN": "TRANSACTION is not allowed",
    "PREPARE p AS SELECT 1": "PREPARE is not allowed",
    "VACUUM": "VACUUM is not allowed",
    "PIVOT executions ON status": "PIVOT needs its values",
    "SELECT 1; SELECT 2": "exactly one statement, not 2",
    "": "exactly one statement, not 0",
    "-- nothing": "exactly one statement, not 0",
    "SELEC 1": "syntax error",
    "EXPLAIN ANALYZE DELETE FROM internal.calls": "read-only mode",
    "WITH x AS (DELETE FROM internal.calls RETURNING name) FROM x": "",
    "FROM read_csv('/etc/passwd')": "no files and no network",
    "FROM read_text('/etc/passwd')": "no files and no network",
    "FROM glob('/*')": "no files and no network",
    "FROM '/etc/passwd'": "",
    "FROM read_parquet('https://example.org/x.parquet')": "",
    "FROM query('DELETE FROM internal.calls')": "",
    "FROM enable_logging()": "locked",
    "SELECT nope FROM executions": "nope",
    "FROM connection": "The views are: artifacts, attempts",
    "SELECT CAST('x' AS INTEGER)": "Could not convert",
}


@pytest.mark.parametrize(("query", "words"), REFUSED.items())
def test_what_does_not_only_read_or_is_wrong_is_refused_with_a_reason(
    database: Database, query: str, words: str
) -> None:
    before = ask(database, "SELECT count(*) AS n FROM internal.all_calls")
    with pytest.raises(KitaruUsageError) as caught:
        database.sql(query)
    assert words.lower() in str(caught.value).lower()
    assert ask(database, "SELECT count(*) AS n FROM internal.all_calls") == before


@pytest.mark.parametrize(
    "query",
    ["SELECT 1", "FROM executions", "WITH x AS (SELECT 1) FROM x", "DESCRIBE executions", "SHOW TABLES", "VALUES (1)",
     "SUMMARIZE executions", "EXPLAIN SELECT 1", "PIVOT checkpoints ON status IN ('completed') USING count(*)"],
)  # fmt: skip
def test_what_only_reads_is_answered(database: Database, query: str) -> None:
    assert ask(database, query)


def test_the_tables_that_people_are_shown_are_the_public_views(database: Database) -> None:
    shown = [row["name"] for row in ask(database, "SHOW TABLES")]
    assert shown == sorted(name for name, _ in describe_view_names())
    assert set(shown) == {
        "executions", "checkpoints", "attempts", "waits", "artifacts", "events", "logs", "llm_calls", "snapshots",
        "deployments", "jobs", "schedules",
    }  # fmt: skip


@pytest.mark.parametrize("view", [name for name, _ in describe_view_names()])
def test_every_view_can_be_read_and_says_what_its_columns_are(database: Database, view: str) -> None:
    (row, *_) = ask(database, f"FROM {view}")
    described = {column: comment for name, column, _, comment in describe_views() if name == view}
    assert list(row) == list(described)
    assert all(described.values())


def test_the_views_show_previews_and_friendly_columns(database: Database) -> None:
    (execution,) = ask(database, "SELECT flow, status, inputs, waiting_for, tokens, cost_usd FROM executions")
    assert execution == {
        "flow": "f", "status": "waiting", "inputs": '{"topic":"cats"}', "waiting_for": ["approve"], "tokens": 7,
        "cost_usd": 0.25,
    }  # fmt: skip
    (call,) = ask(database, "SELECT name, attempts, inputs, output, output_type FROM checkpoints")
    assert call == {
        "name": "a", "attempts": 2, "inputs": '{"x":"1"}', "output": "hello", "output_type": "builtins.str",
    }  # fmt: skip
    attempts = ask(database, "SELECT attempt, status, failure_message FROM attempts ORDER BY attempt")
    assert attempts == [
        {"attempt": 1, "status": "failed", "failure_message": "boom"},
        {"attempt": 2, "status": "completed", "failure_message": None},
    ]
    kinds = [row["kind"] for row in ask(database, f"SELECT kind FROM events WHERE exec_id = '{E1}' ORDER BY position")]
    assert kinds == [
        "execution.created", "execution.claimed", "call.started", "call.attempt_failed", "llm.called",
        "call.completed", "wait.created", "job.created",
    ]  # fmt: skip


def test_times_carry_their_zone(database: Database) -> None:
    (row,) = ask(database, "SELECT started_at FROM executions")
    assert (row["started_at"].timestamp(), row["started_at"].utcoffset().total_seconds()) == (100.0, 0)


def test_parameters_are_positional_or_named(database: Database) -> None:
    assert ask(database, "SELECT ? AS a, ? AS b", [1, "x'; DROP"]) == [{"a": 1, "b": "x'; DROP"}]
    assert ask(database, "SELECT flow FROM executions WHERE status = $s", {"s": "waiting"}) == [{"flow": "f"}]


@pytest.mark.parametrize(("query", "parameters"), [("SELECT ?", None), ("SELECT $a", {"b": 1}), ("SELECT 1", [1])])
def test_parameters_that_do_not_fit_are_named(database: Database, query: str, parameters: Any) -> None:
    with pytest.raises(KitaruUsageError, match="The query has the parameters"):
        database.sql(query, parameters)


def test_sums_are_plain_integers(database: Database) -> None:
    assert ask(database, "SELECT sum(attempts) AS n FROM checkpoints") == [{"n": 2}]
    with pytest.raises(KitaruUsageError, match="more than 64 bits"):
        database.sql("SELECT 170141183460469231731687303715884105727::HUGEINT AS n")


def test_a_query_that_takes_too_long_is_stopped(database: Database) -> None:
    endless = "SELECT count(*) FROM range(10000000000) a, range(10000000000) b WHERE a.range + b.range = 7"
    with pytest.raises(KitaruUsageError, match=r"stopped after 0.1 s"):
        database.sql(endless, timeout=0.1)


def test_a_result_that_takes_too_long_to_write_is_stopped(database: Database) -> None:
    with pytest.raises(KitaruUsageError, match=r"stopped after 0.1 s"):
        database.sql("FROM range(1000000000000)", timeout=0.1, max_rows=10**15, max_bytes=10**15)


def test_a_result_with_too_many_rows_or_bytes_is_refused_before_it_is_in_memory(database: Database) -> None:
    with pytest.raises(KitaruUsageError, match=r"more than 1,000 rows.*max_rows"):
        database.sql("FROM range(1000000000000)", max_rows=1000)
    with pytest.raises(KitaruUsageError, match="larger than 1 MiB"):
        database.sql("SELECT repeat('x', 10000) FROM range(1000000000000)", max_bytes=2**20)
    assert len(ask(database, "FROM range(1000)", max_rows=1000)) == 1000


def test_a_query_does_not_keep_events_from_being_applied() -> None:
    database = filled(created(), claimed())
    endless = "SELECT count(*) FROM range(10000000000) a, range(10000000000) b WHERE a.range + b.range = 7"
    errors: list[Exception] = []

    def ask_for_long() -> None:
        try:
            database.sql(endless, timeout=600)
        except KitaruUsageError as error:
            errors.append(error)

    thread = threading.Thread(target=ask_for_long)
    thread.start()
    until(lambda: database._lent)
    assert apply(database, started("a"), completed("a")) == []
    assert database.read("executions")["items"][0]["calls"] == 1
    assert thread.is_alive()
    database.close()  # which interrupts it
    thread.join(60)
    assert len(errors) == 1


def test_odd_names_of_inputs_are_previewed_too() -> None:
    names = ["plain", "with/slash", "with~tilde", "$dollar", "quote'", ""]
    database = filled(created(inputs={name: value(name) for name in names}))
    (row,) = ask(database, "SELECT inputs::JSON::VARCHAR AS inputs FROM executions")
    assert json.loads(row["inputs"]) == {name: name for name in names}
    database.close()


def test_a_database_without_executions_answers_with_columns() -> None:
    database = Database(MEMORY)
    assert "exec_id" in pa.ipc.open_stream(database.sql("FROM executions")).schema.names
    database.close()
