"""Recorded results are found by their key and by the code that made them, until they are purged."""

from __future__ import annotations

from typing import TYPE_CHECKING
from zlib import crc32

from tests.store.database.histories import (
    E1,
    E2,
    apply,
    claimed,
    completed,
    created,
    event,
    failed,
    filled,
    reused,
    started,
    value,
)

if TYPE_CHECKING:
    from kitaru.store.database import Database


def recorded(database: Database) -> list[int]:
    found: list[int] = database.read("cache_keys", code_id="code")["recorded"]
    return found


def hashes(*keys: str) -> list[int]:
    return sorted(crc32(key.encode()) for key in keys)


def test_a_completed_call_can_be_found_by_its_key() -> None:
    database = filled(created(), claimed(), started("a"), completed("a", output=value(42)))
    entry = database.read("cache_entry", cache_key="key-a")
    assert (entry["exec_id"], entry["call"], entry["output"]["inline"], entry["at"]) == (E1, "a", 42, 101.0)
    assert database.read("cache_entry", cache_key="key-b") is None


def test_failed_running_reused_and_keyless_calls_are_no_entries() -> None:
    database = filled(
        created(), claimed(), started("a"), failed("a"), started("b"), reused("c"), started("d", cache_key=None),
        completed("d"),
    )  # fmt: skip
    assert database.read("cache_keys", code_id="code")["recorded"] == []
    assert database.read("cache", cache_key="key-a") == []


def test_of_one_key_the_newest_entry_counts() -> None:
    database = filled(created(E1), claimed(E1), started("a", E1), completed("a", E1, output=value("old")))
    apply(database, created(E2), claimed(E2), started("a", E2), completed("a", E2, output=value("new")))
    assert database.read("cache_entry", cache_key="key-a")["output"]["inline"] == "new"
    (found,) = database.read("cache", cache_key="key-a", limit=10)
    assert (found["cache_key"], found["exec_id"]) == ("key-a", E2)


def test_a_large_or_stored_output_is_read_from_its_call() -> None:
    large, stored = value("x" * 2000, size=2002), {**value(), "payload": "d" * 64}
    del stored["inline"]
    database = filled(
        created(), claimed(), started("a"), completed("a", output=large), started("b"), completed("b", output=stored)
    )  # fmt: skip
    assert [entry["output"] for entry in database.read("cache", cache_key="key-a", limit=2)] == [large, None]
    assert database.read("cache_entry", cache_key="key-a")["output"] == large
    assert database.read("cache_entry", cache_key="key-b")["output"] == stored


def test_keys_of_one_hash_are_told_apart() -> None:
    first, second = "plumless", "buckeroo"
    assert crc32(first.encode()) == crc32(second.encode())
    database = filled(created(), claimed(), started("a", cache_key=first), completed("a"))
    assert database.read("cache_entry", cache_key=first)["call"] == "a"
    assert database.read("cache_entry", cache_key=second) is None


def test_a_purge_takes_what_came_before_it_and_of_the_named_checkpoint_only() -> None:
    database = filled(created(), claimed(), started("a_1"), completed("a_1"), started("b_1"), completed("b_1"))
    apply(database, event("cache.purged", "", checkpoint="a", before=None), started("a_2"), completed("a_2"))
    assert recorded(database) == hashes("key-b_1", "key-a_2")
    apply(database, event("cache.purged", "", checkpoint=None, before=7))
    assert recorded(database) == hashes("key-a_2")


def test_a_deleted_execution_is_no_source() -> None:
    database = filled(created(), claimed(), started("a"), completed("a"), event("execution.deleted", by="me"))
    assert database.read("cache_entry", cache_key="key-a") is None


def test_with_an_entry_come_those_that_were_recorded_next_the_newest_of_their_keys() -> None:
    calls = [item for n in range(5) for item in (started(f"a_{n}"), completed(f"a_{n}"))]
    database = filled(created(E1), claimed(E1), *calls)
    apply(database, created(E2), claimed(E2), started("a_2", E2), completed("a_2", E2, output=value("new")))
    found = database.read("cache", cache_key="key-a_1", limit=3)
    assert [(entry["cache_key"], entry["exec_id"]) for entry in found] == [
        ("key-a_1", E1), ("key-a_2", E2), ("key-a_3", E1),
    ]  # fmt: skip
    assert [entry["cache_key"] for entry in database.read("cache", cache_key="key-a_1")] == ["key-a_1"]


def test_the_hashes_of_all_keys_of_a_code_are_sorted_and_limited() -> None:
    calls = [item for n in range(5) for item in (started(f"a_{n}"), completed(f"a_{n}"))]
    database = filled(created(E1), claimed(E1), *calls)
    apply(database, created(E2), claimed(E2), started("a_2", E2), completed("a_2", E2))
    assert recorded(database) == hashes(*(f"key-a_{n}" for n in range(5)))
    assert database.read("cache_keys", code_id="code", limit=5)["recorded"] is None
    assert database.read("cache_keys", code_id="another code") == {"recorded": [], "found": [], "begun": []}


def test_where_there_are_more_hashes_than_wanted_at_once_some_can_be_asked_for() -> None:
    calls = [item for n in range(5) for item in (started(f"a_{n}"), completed(f"a_{n}"))]
    database = filled(created(E1), claimed(E1), *calls)
    asked = hashes("key-a_1", "key-a_3", "key-a_7")
    found = database.read("cache_keys", code_id="code", limit=4, wanted=asked)
    assert found == {"recorded": None, "found": hashes("key-a_1", "key-a_3"), "begun": []}
    assert database.read("cache_keys", code_id="another code", limit=1, wanted=asked)["found"] == []


def test_keys_of_calls_that_have_not_ended_are_told_apart() -> None:
    database = filled(created(), claimed(), started("a"), started("b"), completed("b"), started("c", cache_key=None))
    found = database.read("cache_keys", code_id="code")
    assert found == {"recorded": hashes("key-b"), "found": [], "begun": hashes("key-a")}
