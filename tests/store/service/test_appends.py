from __future__ import annotations

import asyncio
import threading
import time
from typing import Any

import pytest

from kitaru.errors import KitaruStoreError
from kitaru.store.service.appends import SLOW_DISK, Append, AppendQueue


class RecordingStore:
    """Notes how it was called; `seconds` is how slow its disk is, `failing` the clients whose sync fails."""

    def __init__(self, seconds: float = 0.0, failing: frozenset[str] = frozenset()) -> None:
        self.calls: list[tuple[str, bool]] = []
        self.threads: set[int] = set()
        self.begun = threading.Semaphore(0)
        self.seconds = seconds
        self.failing = failing

    def append(self, batches: Any, *, durable: bool = True, client: str = "", sequence: int = 0) -> Any:
        self.calls.append((client, durable))
        self.begun.release()
        self.threads.add(threading.get_ident())
        time.sleep(self.seconds)
        if durable and client in self.failing:
            raise KitaruStoreError("the disk is full")
        return [{"position": len(self.calls)}]


async def write_all(queue: AppendQueue, clients: str, *, durable: bool = True) -> list[Any]:
    appends = [Append([], durable, client, 1) for client in clients]
    return await asyncio.gather(*(queue.write(append) for append in appends), return_exceptions=True)


def test_appends_that_arrive_together_share_the_last_ones_sync() -> None:
    store = RecordingStore()
    asyncio.run(write_all(AppendQueue(store), "abc"))
    assert store.calls == [("a", False), ("b", False), ("c", True)]


def test_an_append_of_nobody_that_could_repeat_it_is_synced_by_itself() -> None:
    store = RecordingStore()

    async def run() -> None:
        queue = AppendQueue(store)
        await asyncio.gather(queue.write(Append([], True, "", 0)), queue.write(Append([], True, "b", 1)))

    asyncio.run(run())
    assert store.calls == [("", True), ("b", True)]


def test_nobody_is_told_that_an_append_is_durable_when_the_shared_sync_failed() -> None:
    store = RecordingStore(failing=frozenset("ab"))
    outcomes = asyncio.run(write_all(AppendQueue(store), "ab"))
    assert [type(outcome) for outcome in outcomes] == [KitaruStoreError, KitaruStoreError]
    assert store.calls[-1] == ("a", True)


def test_what_need_not_be_durable_does_not_take_the_sync_from_what_must_be() -> None:
    store = RecordingStore()

    async def run() -> None:
        queue = AppendQueue(store)
        appends = [Append([], True, "a", 1), Append([], True, "b", 1), Append([], False, "c", 1)]
        await asyncio.gather(*(queue.write(append) for append in appends))

    asyncio.run(run())
    assert store.calls == [("a", False), ("b", True), ("c", False)]


def test_one_clients_error_is_not_anothers() -> None:
    store = RecordingStore(failing=frozenset("b"))
    first, second = asyncio.run(write_all(AppendQueue(store), "ab"))
    assert first == [{"position": 3}]
    assert isinstance(second, KitaruStoreError)


def test_a_fast_disk_is_written_by_the_loop_itself() -> None:
    store = RecordingStore()
    asyncio.run(write_all(AppendQueue(store), "a"))
    assert store.threads == {threading.get_ident()}


def test_an_append_that_is_alone_waits_for_nobody() -> None:
    store = RecordingStore()
    with pytest.raises(StopIteration) as ended:  # A coroutine that waits for nothing ends in its first step.
        AppendQueue(store).write(Append([], True, "a", 1), alone=True).send(None)
    assert (ended.value.value, store.calls) == ([{"position": 1}], [("a", True)])


def test_the_error_of_an_append_that_is_alone_is_raised() -> None:
    store = RecordingStore(failing=frozenset("a"))
    with pytest.raises(KitaruStoreError, match="full"):
        asyncio.run(AppendQueue(store).write(Append([], True, "a", 1), alone=True))


def test_a_disk_that_turns_out_slow_no_longer_stalls_the_loop() -> None:
    store = RecordingStore(seconds=SLOW_DISK * 6)

    async def run() -> None:
        queue = AppendQueue(store)
        for _ in range(3):
            await write_all(queue, "ab")

    asyncio.run(run())
    assert len(store.threads) > 1


def test_what_arrives_while_a_slow_write_runs_goes_together_afterwards() -> None:
    store = RecordingStore(seconds=SLOW_DISK * 6)

    async def run() -> None:
        queue = AppendQueue(store)
        await write_all(queue, "a")
        store.begun.acquire()
        first = asyncio.create_task(queue.write(Append([], True, "b", 1)))
        await asyncio.to_thread(store.begun.acquire)
        await asyncio.gather(first, write_all(queue, "cd"))

    asyncio.run(run())
    assert store.calls == [("a", True), ("b", True), ("c", False), ("d", True)]


def test_a_client_that_went_away_does_not_disturb_the_others() -> None:
    store = RecordingStore()

    async def run() -> Any:
        queue = AppendQueue(store)
        gone = asyncio.create_task(queue.write(Append([], True, "a", 1)))
        await asyncio.sleep(0)
        gone.cancel()
        return await queue.write(Append([], True, "b", 1))

    assert asyncio.run(run()) == [{"position": 2}]


@pytest.mark.parametrize("durable", [True, False])
def test_what_need_not_be_durable_is_not_made_so(durable: bool) -> None:
    store = RecordingStore()
    asyncio.run(write_all(AppendQueue(store), "a", durable=durable))
    assert store.calls == [("a", durable)]
