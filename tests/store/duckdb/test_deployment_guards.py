"""Versions and tags of deployments: who is first gets them, and nobody else does."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest

from kitaru.errors import KitaruNotFoundError, KitaruStoreError, KitaruUsageError
from kitaru.store.database.reads.deployments import missing
from kitaru.store.duckdb import DuckDBStore
from tests.store.duckdb.store_events import event

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def store(tmp_path: Path) -> Iterator[DuckDBStore]:
    with DuckDBStore(tmp_path / "home") as opened:
        yield opened


def deployed(version: int, flow: str = "f", **body: Any) -> Any:
    told = {"flow": flow, "version": version, "script": f"# {version}", "snapshot_id": "s", "parameters": {}}
    return event("deployment.created", "", body=told | body)


def tagged(version: int, tag: str, *, exclusive: bool = False, flow: str = "f") -> Any:
    body = {"flow": flow, "version": version, "tag": tag, "exclusive": exclusive}
    return event("deployment.tagged", "", body=body)


def untagged(version: int, tag: str) -> Any:
    return event("deployment.untagged", "", body={"flow": "f", "version": version, "tag": tag})


def deleted(version: int) -> Any:
    return event("deployment.deleted", "", body={"flow": "f", "version": version})


def refusal(store: DuckDBStore, *events: Any) -> dict[str, str] | None:
    (ack,) = store.append([{"events": list(events)}])
    return ack.get("refused")  # type: ignore[return-value]


def accept(store: DuckDBStore, *events: Any) -> None:
    assert refusal(store, *events) is None


def tags(store: DuckDBStore) -> dict[int, dict[str, bool]]:
    return {row["version"]: row["tags"] for row in store.read("deployments", flow="f")}


def test_versions_are_numbered_without_a_gap(store: DuckDBStore) -> None:
    accept(store, deployed(1))
    refused = refusal(store, deployed(3))
    assert refused is not None
    assert refused["code"] == "conflict"
    assert "next version of flow f is 2, not 3" in refused["message"]
    accept(store, deployed(2))


def test_of_many_who_want_the_same_number_one_gets_it(store: DuckDBStore) -> None:
    barrier = threading.Barrier(8)
    won: list[int] = []

    def deploy(number: int) -> None:
        barrier.wait()
        if refusal(store, deployed(1, by=str(number))) is None:
            won.append(number)

    threads = [threading.Thread(target=deploy, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == 1
    assert store.read("deployment", flow="f", version=1)["created_by"] == str(won[0])


def test_a_version_and_its_tags_are_there_together_or_not_at_all(store: DuckDBStore) -> None:
    accept(store, deployed(1), tagged(1, "stable", exclusive=True))
    assert refusal(store, deployed(2), tagged(2, "stable")) is not None
    assert tags(store) == {1: {"stable": True}}
    accept(store, deployed(2), tagged(2, "stable", exclusive=True), tagged(2, "canary"))
    assert tags(store) == {1: {}, 2: {"canary": False, "stable": True}}


def test_an_exclusive_tag_moves_and_a_shared_one_is_held_by_several(store: DuckDBStore) -> None:
    accept(store, deployed(1), deployed(2), deployed(3))
    accept(store, tagged(1, "canary"), tagged(2, "canary"))
    assert tags(store) == {1: {"canary": False}, 2: {"canary": False}, 3: {}}
    accept(store, tagged(3, "canary", exclusive=True))
    assert tags(store) == {1: {}, 2: {}, 3: {"canary": True}}
    refused = refusal(store, tagged(1, "canary"))
    assert refused is not None
    assert "Version 3 of flow f has the tag canary exclusively" in refused["message"]


def test_default_is_exclusive_and_cannot_be_removed(store: DuckDBStore) -> None:
    accept(store, deployed(1), deployed(2))
    assert refusal(store, tagged(1, "default")) is not None
    accept(store, tagged(1, "default", exclusive=True))
    refused = refusal(store, untagged(1, "default"))
    assert refused is not None
    assert "cannot be removed, only moved" in refused["message"]
    accept(store, tagged(2, "default", exclusive=True))
    assert tags(store) == {1: {}, 2: {"default": True}}


def test_a_version_with_an_exclusive_tag_is_not_deleted(store: DuckDBStore) -> None:
    accept(store, deployed(1), deployed(2), tagged(1, "stable", exclusive=True), tagged(1, "canary"))
    refused = refusal(store, deleted(1))
    assert refused is not None
    assert "has the exclusive tag stable" in refused["message"]
    accept(store, tagged(2, "stable", exclusive=True))
    accept(store, deleted(1))
    assert tags(store) == {2: {"stable": True}}


def test_the_number_of_a_deleted_version_is_not_given_again(store: DuckDBStore, tmp_path: Path) -> None:
    accept(store, deployed(1))
    accept(store, deleted(1))
    assert refusal(store, deployed(1)) is not None
    with pytest.raises(KitaruNotFoundError, match=r"Version 1 of flow f was deleted; it has no version that is left\."):
        store.read("deployment", flow="f", version=1)
    store.close()
    with DuckDBStore(tmp_path / "home") as again:
        assert refusal(again, deployed(1)) is not None
        accept(again, deployed(2))


@pytest.mark.parametrize("wrong", [tagged(1, "x"), untagged(1, "x"), deleted(1)], ids=["tag", "untag", "delete"])
def test_what_is_not_there_is_neither_tagged_nor_deleted(store: DuckDBStore, wrong: Any) -> None:
    refused = refusal(store, wrong)
    assert refused is not None
    assert refused["code"] == "missing"
    assert "Flow f has no deployment" in refused["message"]


def test_a_tag_that_a_version_does_not_have_is_not_removed(store: DuckDBStore) -> None:
    accept(store, deployed(1), tagged(1, "canary"))
    refused = refusal(store, untagged(1, "stable"))
    assert refused is not None
    assert refused["message"] == "Version 1 of flow f has no tag stable; it has canary."
    accept(store, untagged(1, "canary"))
    assert tags(store) == {1: {}}


def test_the_state_is_the_same_after_opening_again(store: DuckDBStore, tmp_path: Path) -> None:
    accept(store, deployed(1), deployed(2), tagged(1, "stable", exclusive=True), tagged(2, "canary"))
    store.close()
    with DuckDBStore(tmp_path / "home") as again:
        assert tags(again) == {1: {"stable": True}, 2: {"canary": False}}
        assert refusal(again, deleted(1)) is not None
        assert refusal(again, deployed(2)) is not None


def test_what_does_not_reach_the_disk_is_forgotten(store: DuckDBStore, monkeypatch: pytest.MonkeyPatch) -> None:
    accept(store, deployed(1))

    def full(*_: object, **__: object) -> None:
        raise KitaruStoreError("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(store.journal, "append", full)
        with pytest.raises(KitaruStoreError, match="disk is full"):
            store.append([{"events": [deployed(2)]}])
    accept(store, deployed(2))


@pytest.mark.parametrize(
    "body",
    [{}, {"flow": "f"}, {"flow": "", "version": 1}, {"flow": "f", "version": "1"}, {"flow": "f", "version": True}],
    ids=str,
)
def test_an_event_without_a_flow_and_a_number_is_refused_before_the_writer(store: DuckDBStore, body: Any) -> None:
    with pytest.raises(KitaruUsageError, match="needs 'flow' and a whole number 'version'"):
        store.append([{"events": [event("deployment.created", "", body=body)]}])


def test_a_tag_needs_a_name(store: DuckDBStore) -> None:
    with pytest.raises(KitaruUsageError, match="name of the tag"):
        store.append([{"events": [tagged(1, "")]}])


def test_the_message_says_how_to_make_a_first_one() -> None:
    assert "kitaru deploy NOTEBOOK" in missing("f", 1, [], 0)


def test_an_answer_is_as_new_as_what_was_acknowledged_however_many_ask(store: DuckDBStore) -> None:
    """A deployment is answered for from memory: also then a tag leads to the version that got it last."""
    accept(store, deployed(1), deployed(2), tagged(1, "live", exclusive=True))
    over, seen = threading.Event(), set()

    def ask() -> None:
        while not over.is_set():
            seen.add(store.read("deployment", flow="f", tag="live")["version"])

    askers = [threading.Thread(target=ask) for _ in range(3)]
    for asker in askers:
        asker.start()
    try:
        for turn in range(16):
            version = turn % 2 + 1
            accept(store, tagged(version, "live", exclusive=True))
            found = store.read("deployment", flow="f", tag="live")
            assert (found["version"], found["tags"]) == (version, {"live": True})
            assert store.read("deployment", flow="f", version=3 - version)["tags"] == {}
    finally:
        over.set()
        for asker in askers:
            asker.join()
    assert seen <= {1, 2}
    accept(store, untagged(2, "live"), deleted(2))
    with pytest.raises(KitaruNotFoundError, match="Version 2 of flow f was deleted"):
        store.read("deployment", flow="f", version=2)
