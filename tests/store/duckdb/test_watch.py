"""Live feeds."""

from __future__ import annotations

import itertools
import threading
from typing import TYPE_CHECKING

import pytest

from kitaru.store.duckdb import DuckDBStore, watch
from tests.conftest import until
from tests.store.duckdb.store_events import E1, E2, open_store, progress, started

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def store(kitaru_home: Path) -> Iterator[DuckDBStore]:
    with open_store(kitaru_home) as store:
        store.append([started(E1), started(E2)])
        yield store


def take(feed: watch.LocalWatch, count: int) -> list[int]:
    return [event["position"] for event in itertools.islice(feed, count)]


def test_a_feed_begins_now_or_behind_any_position(store: DuckDBStore) -> None:
    feed = store.watch()
    store.append([progress(1), progress(2)])
    assert take(feed, 2) == [5, 6]
    assert take(store.watch(after=0), 6) == [1, 2, 3, 4, 5, 6]
    assert take(store.watch(after=4), 2) == [5, 6]


def test_a_feed_shows_only_what_was_asked_for(store: DuckDBStore) -> None:
    assert take(store.watch(after=0, executions=[E2]), 2) == [3, 4]
    assert take(store.watch(after=0, kinds=["execution.claimed"]), 2) == [2, 4]
    assert take(store.watch(after=0, kinds=["execution.claimed"], executions=[E2]), 1) == [4]


def test_a_feed_goes_back_to_what_an_earlier_process_wrote(kitaru_home: Path) -> None:
    with open_store(kitaru_home) as store:
        store.append([started()])
    with open_store(kitaru_home) as store:
        store.append([progress(1)])
        assert take(store.watch(after=0), 3) == [1, 2, 3]


def test_a_blocked_feed_gets_an_event_when_it_is_acknowledged(store: DuckDBStore) -> None:
    feed = store.watch()
    seen: list[int] = []
    reader = threading.Thread(target=lambda: seen.extend(take(feed, 1)))
    reader.start()
    store.append([progress(1)], durable=False)
    reader.join(60)
    assert seen == [5]


def test_closing_a_feed_or_the_store_ends_a_blocked_iteration(store: DuckDBStore) -> None:
    feeds = [store.watch(), store.watch()]
    readers = [threading.Thread(target=lambda feed=feed: list(feed)) for feed in feeds]
    for reader in readers:
        reader.start()
    feeds[0].close()
    readers[0].join(60)
    assert not readers[0].is_alive()
    assert readers[1].is_alive()
    store.close()
    readers[1].join(60)
    assert not readers[1].is_alive()


def test_slow_and_fast_watchers_see_everything_in_order_whatever_memory_forgot(
    store: DuckDBStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch, "_RECENT", 20)
    slow, fast = store.watch(), store.watch()
    seen: list[int] = []
    reader = threading.Thread(target=lambda: seen.extend(take(fast, 300)))
    reader.start()
    for number in range(100):
        store.append([progress(number), progress(number), progress(number)], durable=number % 10 == 0)
    assert len(store._hub._recent) <= 20
    reader.join(60)
    assert seen == list(range(5, 305))
    assert take(slow, 300) == seen


def test_feeds_do_not_share_what_they_hand_out(store: DuckDBStore) -> None:
    first = next(iter(store.watch(after=0)))
    first["kind"] = "changed"
    assert next(iter(store.watch(after=0)))["kind"] == "execution.created"


def test_a_waiting_feed_is_not_woken_by_what_it_did_not_ask_for(
    store: DuckDBStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    feed = store.watch(kinds=["execution.created"], executions=["kr-3"])
    woken: list[int] = []
    following = store._hub.following

    def counted(watched: watch.LocalWatch) -> object:
        found = following(watched)
        woken.append(watched.position)
        return found

    monkeypatch.setattr(store._hub, "following", counted)
    seen: list[int] = []
    reader = threading.Thread(target=lambda: seen.extend(take(feed, 1)))
    reader.start()
    until(lambda: feed in store._hub._waiting)
    for number in range(10):
        store.append([progress(number)])
    store.append([started("kr-3")])
    reader.join(60)
    assert seen == [15]
    assert woken == [14]
