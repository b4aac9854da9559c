"""Many calls as a few rows, in a number of statements that does not grow with them."""

from __future__ import annotations

from typing import Any

import pytest

from kitaru.errors import KitaruNotFoundError
from kitaru.store.database.query import Query
from kitaru.store.database.reads import answer
from tests.store.database.histories import (
    E1,
    E2,
    attempt_failed,
    claimed,
    completed,
    created,
    event,
    failed,
    filled,
    llm,
    started,
    value,
    wait_created,
)

RULES = {"most_whole": 3, "most": 8, "sample": 2, "folded_alike": 4, "folded_concurrent": 2}


def outline(*events: dict[str, Any], exec_id: str = E1, **rules: int) -> Any:
    return filled(*events).read("outline", exec_id=exec_id, **{**RULES, **rules})


def called(checkpoint: str, count: int, first: int = 0, **told: Any) -> list[dict[str, Any]]:
    names = [(f"{checkpoint}_{n}", n) for n in range(first, first + count)]
    return [item for name, n in names for item in (started(name, sequence=n, **told), completed(name, at=200.0 + n))]


def test_of_a_few_calls_all_are_told_in_full() -> None:
    told = outline(created(), claimed(), *called("a", 3))
    assert [call["name"] for call in told["calls"]] == ["a_0", "a_1", "a_2"]
    assert "rows" not in told


def test_neighbours_of_one_checkpoint_are_one_row_with_a_few_of_them_in_full() -> None:
    told = outline(created(), claimed(), *called("a", 5), started("a_5", sequence=5), *called("b", 2, 6))
    assert told["calls"] == []
    first, *others = told["rows"]
    assert (first["start"], first["total"], first["counts"]) == (0, 6, {"running": 1, "completed": 5})
    assert [call["name"] for call in first["calls"]] == ["a_4", "a_5"]
    assert first["calls"][0]["output"] == value()
    assert (first["started_at"], first["ended_at"]) == (100.0, 204.0)
    assert [(row["start"], row["total"], row["checkpoint"]) for row in others] == [(6, 1, "b"), (7, 1, "b")]
    assert told["counts"] == {"running": 1, "completed": 7}


def test_those_that_failed_are_told_before_the_newest() -> None:
    told = outline(created(), claimed(), started("a_0"), failed("a_0"), *called("a", 6, 1))
    assert [call["name"] for call in told["rows"][0]["calls"]] == ["a_0", "a_6"]


def test_a_fan_out_is_folded_sooner_than_a_loop() -> None:
    assert [row["total"] for row in outline(created(), claimed(), *called("a", 4))["rows"]] == [1, 1, 1, 1]
    assert [row["total"] for row in outline(created(), claimed(), *called("a", 4, concurrent=True))["rows"]] == [4]


def test_a_long_list_loses_its_middle() -> None:
    turns = [item for n in range(20) for item in called("ab"[n % 2], 1, n)]
    told = outline(created(), claimed(), *turns)
    assert [row["start"] for row in told["rows"]] == [0, 1, 14, 15, 16, 17, 18, 19]
    assert told["hidden"] == 12


def test_a_question_and_the_call_of_a_child_are_not_folded_over() -> None:
    asked = outline(created(), claimed(), *called("a", 5), wait_created(), *called("a", 5, 5))
    assert [(row["start"], row["total"]) for row in asked["rows"]] == [(0, 5), (5, 5)]
    assert asked["places"] == [5]
    told = outline(created(), claimed(), *called("a", 9), created(E2, parent_exec_id=E1, parent_call="a_2"))
    assert [(row["start"], row["total"]) for row in told["rows"]] == [(0, 1), (1, 1), (2, 1), (3, 6)]


def test_tokens_and_costs_are_added_up_and_unknown_where_nobody_told_them() -> None:
    spent = outline(created(), claimed(), *called("a", 5), llm("a_1"), llm("a_2"))
    single = outline(created(), claimed(), *called("a", 5), llm("a_1"))
    assert spent["rows"][0]["total_tokens"] == 2 * single["rows"][0]["total_tokens"] > 0
    assert outline(created(), claimed(), *called("a", 5))["rows"][0]["cost_usd"] is None


def test_many_calls_take_as_few_statements_as_some() -> None:
    def statements(count: int) -> int:
        again = [item for n in range(count) for item in (started(f"a_{n}"), attempt_failed(f"a_{n}"),
                                                         started(f"a_{n}"), completed(f"a_{n}"))]  # fmt: skip
        query = Query(filled(created(), claimed(), *again)._connection.cursor())
        answer(query, "outline", {"exec_id": E1, **RULES})
        return query.statements

    assert statements(100) == statements(10) <= 8


def test_an_execution_that_has_ended_is_told_as_one_that_runs() -> None:
    running = outline(created(), claimed(), *called("a", 9))
    ended = outline(created(), claimed(), *called("a", 9), event("execution.completed", output=value()))
    assert (ended["rows"], ended["counts"]) == (running["rows"], running["counts"])


def test_what_does_not_exist_is_said() -> None:
    with pytest.raises(KitaruNotFoundError):
        outline(created(), claimed(), exec_id=E2)
