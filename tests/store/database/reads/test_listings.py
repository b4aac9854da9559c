"""Lists of executions: filters, orders, pages, and ids from their beginnings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from kitaru.errors import KitaruUsageError
from tests.store.database.histories import E1, E2, E3, claimed, created, event, failure, filled, llm, value

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kitaru.store.database import Database


@pytest.fixture(scope="module")
def database() -> Iterator[Database]:
    opened = filled(
        created(E1, flow="research", notebook="a.ipynb", tags=["x", "y"], metadata={"team": "Blue"}),
        claimed(E1, at=100.0),
        llm(None, E1),
        event("execution.completed", E1, at=150.0, output=value()),
        created(E2, flow="research", tags=["x"], original_exec_id=E1),
        claimed(E2, at=200.0),
        event("execution.failed", E2, at=210.0, failure=failure("out of Cheese"), call="a"),
        created(E3, flow="other", parent_exec_id=E1),
        claimed(E3, at=300.0),
    )
    yield opened
    opened.close()


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({}, [E3, E2, E1]),
        ({"flow": "research"}, [E2, E1]),
        ({"statuses": ["running", "completed"]}, [E3, E1]),
        ({"since": 200.0}, [E3, E2]),
        ({"until": 200.0}, [E1]),
        ({"text": "cheese"}, [E2]),
        ({"text": "BLUE"}, [E1]),
        ({"text": "A.IPYNB"}, [E1]),
        ({"notebook": "a.ipynb"}, [E1]),
        ({"parent": E1}, [E3]),
        ({"original": E1}, [E2]),
        ({"originals_only": True}, [E3, E1]),
        ({"tags": ["x"]}, [E2, E1]),
        ({"tags": ["x", "y"]}, [E1]),
        ({"tags": []}, [E3, E2, E1]),
        ({"statuses": []}, []),
        ({"order": "started_at"}, [E1, E2, E3]),
        ({"order": "-duration"}, [E1, E2, E3]),
        ({"order": "duration"}, [E2, E1, E3]),
        ({"order": "-cost"}, [E1, E3, E2]),
        ({"order": "flow"}, [E3, E2, E1]),
    ],
)
def test_executions_are_filtered_and_ordered(database: Database, filters: dict[str, Any], expected: list[str]) -> None:
    found = database.read("executions", **filters)
    assert [item["exec_id"] for item in found["items"]] == expected
    assert found["total"] == len(expected)


def test_a_page_says_how_many_there_are_in_all(database: Database) -> None:
    pages = [database.read("executions", limit=1, offset=n) for n in range(4)]
    assert [[item["exec_id"] for item in page["items"]] for page in pages] == [[E3], [E2], [E1], []]
    assert {page["total"] for page in pages} == {3}


def test_a_summary_says_what_a_list_shows(database: Database) -> None:
    item = database.read("executions", flow="research")["items"][1]
    assert (item["duration"], item["cost_usd"], item["total_tokens"], item["metadata"]) == (
        50.0,
        0.25,
        7,
        {"team": "Blue"},
    )
    assert "inputs" not in item


@pytest.mark.parametrize(
    ("prefix", "expected"),
    [
        ("kr-a", [E2, E1]),
        ("a", [E2, E1]),
        ("kr-ab", [E2]),
        (E1, [E1]),
        (E1[3:], [E1]),
        ("kr-zz", []),
        ("", [E3, E2, E1]),
    ],
)
def test_an_id_is_found_by_its_beginning(database: Database, prefix: str, expected: list[str]) -> None:
    assert database.read("resolve", prefix=prefix) == expected


@pytest.mark.parametrize(
    "wrong",
    [{"order": "colour"}, {"limit": 0}, {"limit": True}, {"offset": -1}, {"statuses": "running"}, {"tags": "x"}],
)
def test_what_makes_no_sense_is_refused(database: Database, wrong: dict[str, Any]) -> None:
    with pytest.raises(KitaruUsageError):
        database.read("executions", **wrong)
