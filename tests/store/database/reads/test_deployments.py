"""Reads of deployments: by number, by tag, and the public view."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest

from kitaru.errors import KitaruNotFoundError, KitaruStateError, KitaruUsageError
from kitaru.store.database import Database
from tests.store.database.histories import MEMORY, apply, event

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def database() -> Iterator[Database]:
    opened = Database(MEMORY)
    yield opened
    opened.close()


def deployed(version: int, flow: str = "f", **body: Any) -> Any:
    told = {"flow": flow, "version": version, "script": "x = 1", "snapshot_id": "s", "parameters": {"type": "object"}}
    return event("deployment.created", "", **(told | body))


def tagged(version: int, tag: str, *, exclusive: bool = False, flow: str = "f") -> Any:
    return event("deployment.tagged", "", flow=flow, version=version, tag=tag, exclusive=exclusive)


def test_one_version_is_found_by_its_number_and_by_its_tag(database: Database) -> None:
    apply(database, deployed(1, requirements=["a==1"]), deployed(2), tagged(1, "default", exclusive=True))
    by_number = database.read("deployment", flow="f", version=1)
    assert by_number == database.read("deployment", flow="f")
    assert by_number["tags"] == {"default": True}
    assert (by_number["script"], by_number["parameters"], by_number["requirements"]) == (
        "x = 1",
        {"type": "object"},
        ["a==1"],
    )


def test_a_list_has_no_scripts_and_the_newest_version_first(database: Database) -> None:
    apply(database, deployed(1, "g", script=None), deployed(1), deployed(2))
    rows = database.read("deployments")
    assert [(row["flow"], row["version"], row["has_script"]) for row in rows] == [
        ("f", 2, True),
        ("f", 1, True),
        ("g", 1, False),
    ]
    assert "script" not in rows[0]


def test_a_tag_that_several_share_is_an_error_that_names_them(database: Database) -> None:
    apply(database, deployed(1), deployed(2), tagged(1, "canary"), tagged(2, "canary"))
    with pytest.raises(KitaruStateError, match="share the tag canary: 1, 2") as caught:
        database.read("deployment", flow="f", tag="canary")
    assert "kitaru flow tag f canary --version 2 --exclusive" in str(caught.value)


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"flow": "g"}, "Flow g has no deployment. Make one"),
        ({"flow": "f", "version": 9}, "no deployment of version 9; it has version 1"),
        ({"flow": "f", "tag": "stable"}, "has the tag stable. Its tags are canary, its versions 1"),
        ({"flow": "f"}, "has the tag default"),
    ],
    ids=["flow", "version", "tag", "default"],
)
def test_what_is_not_there_is_told_with_what_there_is(database: Database, asked: Any, told: str) -> None:
    apply(database, deployed(1), tagged(1, "canary"))
    with pytest.raises(KitaruNotFoundError, match=told):
        database.read("deployment", **asked)


def test_a_version_and_a_tag_together_are_a_mistake(database: Database) -> None:
    with pytest.raises(KitaruUsageError, match="not both"):
        database.read("deployment", flow="f", version=1, tag="x")


def test_the_view_shows_deleted_versions_too(database: Database) -> None:
    apply(
        database,
        deployed(1),
        tagged(1, "canary"),
        deployed(2),
        tagged(2, "stable", exclusive=True),
        tagged(2, "canary"),
        event("deployment.deleted", "", flow="f", version=1, at=200.0),
    )
    query = (
        "SELECT version, tags, exclusive_tags, deleted_at IS NULL AS there, script FROM deployments ORDER BY version"
    )
    rows = pa.ipc.open_stream(database.sql(query)).read_all().to_pylist()
    assert rows == [
        {"version": 1, "tags": None, "exclusive_tags": None, "there": False, "script": None},
        {"version": 2, "tags": ["canary", "stable"], "exclusive_tags": ["stable"], "there": True, "script": "x = 1"},
    ]


def test_deleting_an_execution_leaves_deployments_alone(database: Database) -> None:
    from tests.store.database.histories import claimed, completed, created, started

    apply(database, created(), claimed(), started("a"), completed("a"), deployed(1), event("execution.deleted"))
    assert [row["version"] for row in database.read("deployments")] == [1]
