from __future__ import annotations

import threading

import numpy as np
import pytest

import kitaru
from kitaru.errors import (
    KitaruContextError,
    KitaruExecutionError,
    KitaruNotFoundError,
    KitaruStateError,
    KitaruUsageError,
)


@kitaru.checkpoint
def research(topic):
    kitaru.save("notes", {"topic": topic}, type="context", tags=["t"])
    return topic.upper()


@kitaru.flow(cache=False)
def saving(topic: str) -> str:
    kitaru.save("plan", (1, {2}))
    return research(topic)


def test_saved_values_and_results_are_loaded_by_name_from_anywhere(any_store):
    handle = saving.run("cats")
    handle.wait(60)
    assert kitaru.load(handle.exec_id, "notes") == {"topic": "cats"}
    assert kitaru.load(handle.exec_id, "plan") == (1, {2})
    assert kitaru.load(handle.exec_id, "research") == "CATS"
    assert kitaru.load(handle.exec_id[:8], "notes") == {"topic": "cats"}


def test_latest_is_the_newest_execution_of_all_or_of_a_flow():
    @kitaru.flow(cache=False)
    def other() -> None:
        kitaru.save("notes", "other")

    with pytest.raises(KitaruStateError, match="No execution"):
        kitaru.load("latest", "notes")
    saving.run("cats").wait(60)
    saving.run("dogs").wait(60)
    other.run().wait(60)
    assert kitaru.load("latest", "notes") == "other"
    assert kitaru.load("latest:saving", "notes") == {"topic": "dogs"}


def test_a_name_that_is_saved_twice_gives_the_newest_and_keeps_both(recorded):
    @kitaru.flow(cache=False)
    def body() -> None:
        for n in range(3):
            kitaru.save("n", n)

    handle = body.run()
    handle.wait(60)
    assert kitaru.load(handle.exec_id, "n") == 2
    assert len([row for row in recorded(handle.exec_id)["saved"] if row["name"] == "n"]) == 3


def test_a_value_that_the_body_saves_again_when_it_runs_again_is_kept_once(recorded):
    attempts = []

    @kitaru.flow(cache=False, retries=1)
    def body() -> None:
        attempts.append(len(attempts))
        kitaru.save("plan", {"steps": 3})
        kitaru.save("plan", {"steps": 3})
        kitaru.save("attempt", attempts[-1])
        if len(attempts) == 1:
            raise ValueError("try again")

    handle = body.run()
    handle.wait(60)
    saved = [(row["name"], row["value"]["inline"]) for row in recorded(handle.exec_id)["saved"]]
    assert saved == [("plan", {"steps": 3}), ("plan", {"steps": 3}), ("attempt", 0), ("attempt", 1)]


def test_loading_inside_of_a_flow_what_it_saved_itself():
    @kitaru.checkpoint
    def use():
        return kitaru.load(kitaru.current_execution_id(), "plan")

    @kitaru.flow(cache=False)
    def body():
        kitaru.save("plan", [1])
        return use()

    assert body.run().wait(60) == [1]


def test_a_large_array_is_saved_and_loaded_exactly():
    data = np.arange(200_000).reshape(2, -1)

    @kitaru.flow(cache=False)
    def body() -> None:
        kitaru.save("data", data, type="blob")

    handle = body.run()
    handle.wait(60)
    assert np.array_equal(kitaru.load(handle.exec_id, "data"), data)


def test_what_is_saved_is_what_it_was_at_that_moment():
    @kitaru.checkpoint
    def work():
        items = [1]
        kitaru.save("items", items)
        items.append(2)

    @kitaru.flow(cache=False)
    def body() -> None:
        work()

    handle = body.run()
    handle.wait(60)
    assert kitaru.load(handle.exec_id, "items") == [1]


def test_an_unknown_name_lists_what_there_is():
    handle = saving.run("cats")
    handle.wait(60)
    with pytest.raises(KitaruNotFoundError, match=r"no value 'nope'; it has: notes, .*plan, research"):
        kitaru.load(handle.exec_id, "nope")


@pytest.mark.parametrize(("name", "kind"), [("", "output"), ("a/b", "output"), ("x", "picture")])
def test_wrong_names_and_types_are_refused(name, kind):
    with pytest.raises(KitaruUsageError):
        kitaru.save(name, 1, type=kind)


def test_saving_outside_of_a_flow_is_refused():
    with pytest.raises(KitaruContextError, match="outside of a flow"):
        kitaru.save("x", 1)


@pytest.mark.parametrize("in_checkpoint", [True, False])
def test_a_value_that_cannot_be_stored_fails_where_it_is_saved(in_checkpoint):
    def save():
        kitaru.save("lock", threading.Lock())

    @kitaru.flow(cache=False)
    def body() -> None:
        kitaru.checkpoint(save)() if in_checkpoint else save()

    with pytest.raises(KitaruExecutionError, match="lock"):
        body.run().wait(60)
