from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from kitaru.errors import KitaruNotFoundError
from kitaru.runtime.artifacts import save
from kitaru.runtime.checkpoint import checkpoint
from kitaru.runtime.flow import flow
from tests.client.flows import report

if TYPE_CHECKING:
    from kitaru.client import KitaruClient


@checkpoint(cache=False)
def drafts(topic: str) -> str:
    save("draft", f"first {topic}", type="context")
    save("draft", f"second {topic}", type="context")
    return f"final {topic}"


@flow
def drafting(topic: str = "cats") -> str:
    return drafts(topic)


def test_saved_values_and_outputs_are_listed_and_loaded(client: KitaruClient, finished: Any) -> None:
    exec_id = finished(drafting)
    found = {item.artifact_id.partition("/")[2]: item.load() for item in client.artifacts.list(exec_id)}
    assert found == {
        "drafts/draft": "first cats",
        "drafts/draft~2": "second cats",
        "drafts/output": "final cats",
    }
    assert [item.kind for item in client.artifacts.list(exec_id, kind="context")] == ["context", "context"]
    assert [item.save_type for item in client.artifacts.list(exec_id, name="output")] == ["output"]


def test_L16_loading_by_name_takes_the_newest(client: KitaruClient, finished: Any) -> None:
    first, second = finished(drafting, "cats"), finished(drafting, "dogs")
    assert client.artifacts.load(first, "draft") == "second cats"
    assert client.artifacts.load(second[:9], "drafts") == "final dogs"
    assert client.artifacts.load("latest", "draft") == "second dogs"
    finished(report)
    assert client.artifacts.load("latest", "draft", flow="drafting") == "second dogs"
    with pytest.raises(KitaruNotFoundError, match="It has: draft, drafts"):
        client.artifacts.load(first, "picture")


def test_an_artifact_is_found_by_the_beginning_of_its_execution(client: KitaruClient, finished: Any) -> None:
    exec_id = finished(drafting)
    assert client.artifacts.get(f"{exec_id[:10]}/drafts").load() == "final cats"
    assert client.artifacts.get(f"{exec_id}/drafts/draft").load() == "first cats"
    with pytest.raises(KitaruNotFoundError):
        client.artifacts.get(f"{exec_id}/picture")
