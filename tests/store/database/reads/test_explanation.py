"""A call is compared with the earlier result of its checkpoint that is most like it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from kitaru.errors import KitaruNotFoundError
from tests.store.database.histories import E1, E2, E3, apply, claimed, completed, created, event, filled, started

if TYPE_CHECKING:
    from kitaru.store.database import Database


def ran(name: str, exec_id: str, **body: Any) -> list[dict[str, Any]]:
    return [started(name, exec_id, **body), completed(name, exec_id)]


def nearest(database: Database, exec_id: str, call: str = "a") -> Any:
    found = database.read("explanation", exec_id=exec_id, call=call)["nearest"]
    return found and (found["exec_id"], found["name"])


def test_a_result_of_the_same_key_is_nearer_than_a_newer_one() -> None:
    database = filled(created(E1), claimed(E1), *ran("a_2", E1, cache_key="k"), *ran("a_3", E1, cache_key="other"))
    apply(database, created(E2), claimed(E2), started("a", E2, cache_key="k"))
    assert nearest(database, E2) == (E1, "a_2")


def test_the_newest_of_the_same_code_is_nearer_than_a_newer_one_of_other_code() -> None:
    database = filled(created(E1), claimed(E1), *ran("a_2", E1), *ran("a_3", E1), *ran("a_4", E1, code_id="edited"))
    apply(database, created(E2), claimed(E2), started("a", E2, cache_key="new"))
    assert nearest(database, E2) == (E1, "a_3")
    apply(database, created(E3), claimed(E3), started("a", E3, cache_key="new", code_id="edited again"))
    assert nearest(database, E3) == (E1, "a_4")


def test_neither_what_began_later_nor_calls_of_the_same_execution_nor_of_other_checkpoints_are_compared_with() -> None:
    database = filled(created(E1), claimed(E1), *ran("b", E1, cache_key="k"), *ran("a_2", E1, cache_key="k"))
    apply(database, *ran("a", E1, cache_key="k"))
    apply(database, created(E2), claimed(E2), *ran("a", E2, cache_key="k"))
    assert nearest(database, E1) is None
    assert nearest(database, E2) == (E1, "a")


def test_a_purged_result_of_the_same_key_is_found_behind_newer_ones() -> None:
    database = filled(created(E1), claimed(E1), *ran("a_2", E1, cache_key="k"))
    apply(database, event("cache.purged", "", checkpoint="a", before=None), *ran("a_3", E1, cache_key="other"))
    apply(database, created(E2), claimed(E2), started("a", E2, cache_key="k"))
    assert nearest(database, E2) == (E1, "a_2")


def test_a_result_that_is_far_back_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    from kitaru.store.database.reads import explanation

    monkeypatch.setattr(explanation, "_REACHES", (1, 3, 2**62))
    database = filled(
        created(E1), claimed(E1), *ran("a_2", E1), *(item for n in range(9) for item in ran(f"b_{n}", E1))
    )
    apply(database, created(E2), claimed(E2), started("a", E2, cache_key="new"))
    assert nearest(database, E2) == (E1, "a_2")


def test_where_the_code_differs_the_code_of_both_flows_is_told() -> None:
    def snapshot(name: str, content: dict[str, str]) -> dict[str, Any]:
        return event("snapshot.recorded", "", snapshot_id=name, flow="f", source="", code=None, identity=content)

    database = filled(snapshot("s1", {"a": "function 1"}), created(E1), claimed(E1), *ran("a", E1))
    apply(database, snapshot("s2", {"a": "function 2"}), created(E2, snapshot_id="s2"), claimed(E2))
    apply(database, started("a", E2, code_id="edited", cache_key="new"), started("a_2", E2, cache_key="new"))
    assert database.read("explanation", exec_id=E2, call="a")["codes"] == [{"a": "function 1"}, {"a": "function 2"}]
    assert database.read("explanation", exec_id=E2, call="a_2")["codes"] == []
    apply(database, created(E3, flow="g"), claimed(E3), started("a", E3, code_id="edited", cache_key="new"))
    assert database.read("explanation", exec_id=E3, call="a")["codes"] == []


def test_a_call_that_is_not_there_is_told_with_those_that_are() -> None:
    database = filled(created(E1), claimed(E1), *ran("a", E1), started("b", E1))
    with pytest.raises(KitaruNotFoundError, match="has no call 'c'; its calls are: a, b"):
        database.read("explanation", exec_id=E1, call="c")
