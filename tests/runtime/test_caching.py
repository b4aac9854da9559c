from __future__ import annotations

import threading
from zlib import crc32

import pytest

import kitaru


def noted(tmp_path, name="steps"):
    """Count runs in a file, which is no part of any checkpoint's identity."""
    return len((tmp_path / name).read_text()) if (tmp_path / name).exists() else 0


def note(path):
    with open(path, "a") as file:
        file.write("x")


@pytest.fixture
def path(tmp_path) -> str:
    return str(tmp_path / "steps")


@kitaru.checkpoint
def work(n, path):
    note(path)
    return {"n": n}


@kitaru.checkpoint(cache=True)
def always(n, path):
    note(path)
    return n


@kitaru.checkpoint(cache=False)
def never(n, path):
    note(path)
    return n


@kitaru.flow
def cached(n: int, path: str) -> dict:
    return work(n, path)


def test_a_second_execution_takes_the_result_and_says_from_where(path, tmp_path, calls_of, any_store):
    first = cached.run(1, path)
    assert first.wait(60) == {"n": 1}
    second = cached.run(1, path)
    assert second.wait(60) == {"n": 1}
    assert noted(tmp_path) == 1
    call = calls_of(second.exec_id)["work"]
    assert (call["status"], call["reason"], call["source_exec_id"]) == ("reused", "cache", first.exec_id)
    assert first.exec_id in call["why"]


def test_other_inputs_miss(path, tmp_path):
    cached.run(1, path).wait(60)
    cached.run(2, path).wait(60)
    assert noted(tmp_path) == 2


def test_another_flow_with_the_same_checkpoint_hits(path, tmp_path):
    @kitaru.flow
    def other(n: int, path: str) -> dict:
        return work(n, path)

    cached.run(1, path).wait(60)
    other.run(1, path).wait(60)
    assert noted(tmp_path) == 1


def test_run_without_cache_wins_over_a_checkpoint_that_asks_for_it(path, tmp_path):
    @kitaru.flow
    def body() -> int:
        return always(1, path)

    body.run().wait(60)
    body.run(cache=False).wait(60)
    assert noted(tmp_path) == 2
    body.run().wait(60)
    assert noted(tmp_path) == 2


def test_a_checkpoint_that_says_never_is_never_reused(path, tmp_path):
    @kitaru.flow
    def body() -> int:
        return never(1, path)

    for options in ({}, {"cache": True}, {"cache": True}):
        body.run(**options).wait(60)
    assert noted(tmp_path) == 3


def test_a_checkpoint_that_asks_for_it_is_reused_in_a_flow_that_does_not(path, tmp_path):
    @kitaru.flow(cache=False)
    def body() -> int:
        return always(1, path)

    body.run().wait(60)
    body.run().wait(60)
    assert noted(tmp_path) == 1


def define(ttl=None, depends_on=(), helper=None):
    def plus(n):
        return n + 1

    used = helper or plus

    @kitaru.checkpoint(ttl=ttl, depends_on=depends_on)
    def dated(n, path):
        note(path)
        return used(n)

    @kitaru.flow
    def body(n: int, path: str) -> int:
        return dated(n, path)

    return body


def test_the_same_code_defined_again_hits(path, tmp_path):
    define().run(1, path).wait(60)
    define().run(1, path).wait(60)
    assert noted(tmp_path) == 1


def test_an_edited_helper_misses(path, tmp_path):
    define().run(1, path).wait(60)
    assert define(helper=lambda n: n * 5).run(1, path).wait(60) == 5
    assert noted(tmp_path) == 2


def test_a_result_older_than_its_ttl_misses(path, tmp_path):
    define(ttl=1000).run(1, path).wait(60)
    define(ttl=1000).run(1, path).wait(60)
    assert noted(tmp_path) == 1
    define(ttl=0).run(1, path).wait(60)
    assert noted(tmp_path) == 2


def test_a_declared_dependency_is_part_of_the_key(path, tmp_path):
    for version in ("v1", "v1", "v2"):
        define(depends_on=(version,)).run(1, path).wait(60)
    assert noted(tmp_path) == 2


class Client:
    """Opaque: it holds what has no content."""

    def __init__(self):
        import threading

        self.lock = threading.Lock()


def test_an_input_without_content_is_no_silent_miss(path, tmp_path, recorded):
    @kitaru.checkpoint
    def ask(client, path):
        note(path)
        return 1

    @kitaru.flow
    def body() -> int:
        return ask(Client(), path) + ask(Client(), path)

    body.run().wait(60)
    handle = body.run()
    handle.wait(60)
    assert noted(tmp_path) == 4
    notes = recorded(handle.exec_id)["execution"]["metadata"]["kitaru_notes"]
    assert "'client'" in notes["ask"]
    assert "__kitaru_digest__" in notes["ask"]


def test_a_failure_is_never_reused(path, tmp_path):
    @kitaru.checkpoint
    def broken(path):
        note(path)
        raise ValueError("no")

    @kitaru.flow
    def body() -> int:
        return broken(path)

    for _ in range(2):
        with pytest.raises(kitaru.errors.KitaruUserCodeError):
            body.run().wait(60)
    assert noted(tmp_path) == 2


def test_an_isolated_result_is_reused_inline(path, tmp_path):
    @kitaru.flow
    def body(n: int, path: str) -> dict:
        return kitaru.checkpoint(runtime="isolated")(work.__wrapped__)(n, path)

    cached.run(1, path).wait(60)
    assert body.run(1, path).wait(60) == {"n": 1}
    assert noted(tmp_path) == 1


class Asking:
    """A store that counts what it is asked."""

    def __init__(self, store):
        self.store = store
        self.asked = []

    def __getattr__(self, name):
        return getattr(self.store, name)

    def read(self, name, /, **parameters):
        self.asked.append(name)
        return self.store.read(name, **parameters)


@kitaru.checkpoint
def double(n):
    ran.append(n)
    return 2 * n


@kitaru.flow
def doubled(first: int, count: int) -> list[int]:
    return double.map(range(first, first + count)).result()


@kitaru.flow
def doubled_in_order(first: int, count: int) -> list[int]:
    return [double(n) for n in range(first, first + count)]


ran: list[int] = []


@pytest.fixture
def asked(monkeypatch) -> list[str]:
    """Twenty results are recorded and at most four at a time are fetched; what is read from now on."""
    from kitaru.runtime import caching
    from kitaru.runtime.engine import engine
    from kitaru.store.connect import open_store, use_store

    doubled_in_order.run(0, 20).wait(60)
    ran.clear()
    monkeypatch.setattr(caching, "MOST", 4)
    asking = Asking(open_store())
    asking.store.read("info")  # which waits until the database has taken in all of it
    with use_store(asking):
        yield asking.asked
        engine().close()


def cache_reads(asked):
    return [name for name in asked if name.startswith("cache")]


def test_calls_without_a_result_are_not_asked_for_one_by_one(asked):
    assert doubled.run(100, 20).wait(60) == [2 * n for n in range(100, 120)]
    assert len(ran) == 20
    assert cache_reads(asked) == ["cache_keys"]


def test_results_that_were_not_fetched_at_first_are_found_some_at_a_time(asked):
    assert doubled_in_order.run(0, 20).wait(60) == [2 * n for n in range(20)]
    assert ran == []
    assert cache_reads(asked) == ["cache_keys"] + ["cache"] * 6


def test_calls_at_the_same_time_find_them_too(asked):
    assert doubled.run(0, 20).wait(60) == [2 * n for n in range(20)]
    assert ran == []


def test_where_keys_are_too_many_each_is_asked_for(asked, monkeypatch):
    from kitaru.runtime import caching

    monkeypatch.setattr(caching, "FEW", 4)
    monkeypatch.setattr(caching, "MANY", 4)
    assert doubled.run(18, 4).wait(60) == [36, 38, 40, 42]
    assert sorted(ran) == [20, 21]


def test_where_keys_are_too_many_calls_that_wait_are_asked_for_together(asked, monkeypatch):
    from kitaru.runtime import caching

    monkeypatch.setattr(caching, "FEW", 4)
    monkeypatch.setattr(caching, "MANY", 4)
    come, all_have_come, read = [], threading.Event(), Asking.read

    def noticed(key: bytes) -> int:
        come.append(key)
        if len(come) == 20:
            all_have_come.set()
        return crc32(key)

    def held(self, name, /, **parameters):
        assert name != "cache_keys" or all_have_come.wait(60)
        return read(self, name, **parameters)

    monkeypatch.setattr(caching, "crc32", noticed)
    monkeypatch.setattr(Asking, "read", held)
    assert doubled.run(100, 20).wait(60) == [2 * n for n in range(100, 120)]
    assert len(cache_reads(asked)) < 10


def test_of_many_keys_more_hashes_are_fetched_with_each_question(asked, monkeypatch):
    from kitaru.runtime import caching

    monkeypatch.setattr(caching, "FEW", 4)
    assert doubled_in_order.run(100, 20).wait(60) == [2 * n for n in range(100, 120)]
    assert cache_reads(asked) == ["cache_keys"] * 2


def test_an_execution_does_not_wait_until_the_database_has_taken_in_the_one_before():
    from kitaru.store.connect import open_store

    doubled.run(0, 5).wait(60)
    with open_store().standing_still():
        assert doubled.run(100, 5).wait(60) == [2 * n for n in range(100, 105)]


@kitaru.checkpoint
def held(n):
    ran.append(n)
    begun.set()
    assert n != 300 or go_on.wait(60)
    return n


@kitaru.flow
def holding() -> int:
    return held(300)


@kitaru.flow
def asking_early() -> int:
    held(200)
    looked.set()
    assert recorded_meanwhile.wait(60)
    return held(300)


begun, go_on, looked, recorded_meanwhile = (threading.Event() for _ in range(4))


def test_a_call_that_had_only_begun_when_results_were_first_looked_up_is_found_once_it_has_completed():
    ran.clear()
    holder = holding.run()
    assert begun.wait(60)
    asker = asking_early.run()
    assert looked.wait(60)
    go_on.set()
    assert holder.wait(60) == 300
    recorded_meanwhile.set()
    assert asker.wait(60) == 300
    assert sorted(ran) == [200, 300]
