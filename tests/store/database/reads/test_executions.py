"""Reads of one execution, in a number of statements that does not grow with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson
import pytest

from kitaru.errors import KitaruNotFoundError, KitaruUsageError
from kitaru.store.artifact_rows import artifact_rows
from kitaru.store.database.query import Query
from kitaru.store.database.reads import READS, answer
from tests.store.database.histories import (
    E1,
    E2,
    answered,
    apply,
    attempt_failed,
    claimed,
    completed,
    created,
    event,
    failed,
    filled,
    reused,
    started,
    value,
    wait_created,
)

if TYPE_CHECKING:
    from kitaru.store.database import Database


def statements(database: Database, name: str, exec_id: str) -> int:
    query = Query(database._connection.cursor())
    answer(query, name, {"exec_id": exec_id})
    return query.statements


@pytest.mark.parametrize("name", ["execution", "history"])
def test_an_execution_of_many_calls_is_read_in_as_few_statements_as_one_of_one_call(name: str) -> None:
    database = filled(created(E1), claimed(E1), started("a", E1), completed("a", E1))
    many = [item for n in range(60) for item in (started(f"a_{n}", E2), attempt_failed(f"a_{n}", E2),
                                                 started(f"a_{n}", E2), completed(f"a_{n}", E2))]  # fmt: skip
    apply(database, created(E2), claimed(E2), *many)
    assert 0 <= statements(database, name, E2) - statements(database, name, E1) <= 1
    for exec_id in (E1, E2):
        apply(database, event("execution.completed", exec_id, output=value()))
    assert statements(database, name, E2) <= 8


def test_an_execution_is_read_whole() -> None:
    database = filled(
        created(), claimed(), started("b", sequence=1), started("a", sequence=0), completed("a"), completed("b"),
        event("artifact.saved", E1, "a", name="plot", kind="output", value=value("p")), wait_created(),
        created(E2, parent_exec_id=E1, parent_call="a"),
    )  # fmt: skip
    whole = database.read("execution", exec_id=E1)
    assert whole["execution"]["inputs"]["topic"]["inline"] == "cats"
    assert whole["execution"]["tags"] == ["t"]
    assert [call["name"] for call in whole["calls"]] == ["a", "b"]
    assert whole["calls"][0]["call_id"] == f"{E1}/a"
    assert [wait["name"] for wait in whole["waits"]] == ["approve"]
    artifacts = artifact_rows(whole["saved"], whole["calls"])
    assert [(item["name"], item["save_type"]) for item in artifacts] == [
        ("output", "output"), ("output", "output"), ("plot", "manual"),
    ]  # fmt: skip
    assert artifacts == database.read("artifacts", exec_id=E1)
    assert whole["children"] == [{"exec_id": E2, "flow": "f", "status": "pending", "parent_call": "a"}]
    assert orjson.loads(orjson.dumps(whole)) == whole


def test_the_history_has_what_is_needed_to_match_calls() -> None:
    database = filled(
        created(spec={"cache": True}), claimed(), started("a", opaque=["client"]), completed("a"), reused("b"),
        started("c"), wait_created(deadline=9.0, default=1), answered(content=3),
        event("value.recorded", name="now", value=5),
    )  # fmt: skip
    history = database.read("history", exec_id=E1)
    assert (history["execution"]["epoch"], history["execution"]["spec"]) == (1, {"cache": True})
    a, b, c = history["calls"]
    assert (a["name"], a["first_position"], a["end_position"], a["attempts"]) == ("a", 3, 4, 1)
    assert (a["output"]["inline"], a["opaque"], a["input_digest"]) == ("hello", ["client"], "i")
    assert (a["reuse"], a["inputs"]["x"]["digest"]) == (None, "1")
    assert b["reuse"] == {"reason": "cache", "source_exec_id": E2, "source_call": "a", "why": "same inputs"} | {
        "source_call": "b"
    }
    assert (c["status"], c["end_position"]) == ("running", None)
    (wait,) = history["waits"]
    assert (wait["value"], wait["deadline"], wait["default"], wait["first_position"]) == (3, 9.0, 1, 7)
    assert history["values"] == [{"name": "now", "call": None, "value": 5, "position": 9}]


def test_calls_of_other_executions_at_the_same_time_are_not_mixed_in() -> None:
    both = [item for n in range(10) for exec_id in (E1, E2)
            for item in (started(f"a_{n}", exec_id), completed(f"a_{n}", exec_id))]  # fmt: skip
    database = filled(created(E1), created(E2), claimed(E1), claimed(E2), *both)
    apply(database, event("execution.completed", E1, output=value()))
    for exec_id in (E1, E2):
        found = database.read("execution", exec_id=exec_id)["calls"]
        assert {call["exec_id"] for call in found} == {exec_id}
        assert len(found) == 10


def test_the_output_of_a_call_is_read_alone() -> None:
    database = filled(created(), claimed(), started("a"), completed("a", output=value(42)), started("b"), failed("b"))
    assert database.read("call_output", exec_id=E1, call="a")["inline"] == 42
    assert database.read("call_output", exec_id=E1, call="b") is None
    with pytest.raises(KitaruNotFoundError, match="no call 'x'"):
        database.read("call_output", exec_id=E1, call="x")


def test_a_part_of_the_calls_is_read_in_the_order_of_the_body() -> None:
    database = filled(
        created(), claimed(), started("b", sequence=1), started("a", sequence=0), completed("b"), attempt_failed("a"),
        started("a", sequence=0), started("c", sequence=2), failed("c"),
    )  # fmt: skip
    whole = database.read("execution", exec_id=E1)["calls"]
    assert database.read("calls", exec_id=E1) == {"items": whole, "total": 3}
    assert [len(call["attempts"]) for call in whole] == [2, 1, 1]
    spans = database.read("spans", exec_id=E1)
    assert spans == [{name: call[name] for name in span} for span, call in zip(spans, whole, strict=True)]
    assert "inputs" not in spans[0]
    assert database.read("calls", exec_id=E1, limit=1, offset=1) == {"items": whole[1:2], "total": 3}
    assert database.read("calls", exec_id=E1, statuses=["failed"]) == {"items": whole[2:], "total": 1}
    assert database.read("calls", exec_id=E1, name="a") == {"items": whole[:1], "total": 1}
    apply(database, event("execution.completed", E1, output=value()))
    assert database.read("calls", exec_id=E1, checkpoint=whole[1]["checkpoint"])["total"] >= 1


@pytest.mark.parametrize("name", ["calls", "spans", "execution", "history", "logs", "events", "artifacts"])
def test_an_execution_that_does_not_exist_is_named(name: str) -> None:
    with pytest.raises(KitaruNotFoundError, match="kr-nowhere"):
        filled().read(name, exec_id="kr-nowhere")


def test_an_unknown_read_or_parameter_is_named_with_what_there_is() -> None:
    database = filled()
    with pytest.raises(KitaruUsageError, match=r"no read called 'exekution'.*executions"):
        database.read("exekution")
    with pytest.raises(KitaruUsageError, match=r"'executions' takes the parameters flow.*colour"):
        database.read("executions", colour="red")
    with pytest.raises(KitaruUsageError, match="exec_id"):
        database.read("execution")
    assert {"execution", "executions", "history", "cache", "cache_entry", "call_output", "resolve"} <= set(READS)
