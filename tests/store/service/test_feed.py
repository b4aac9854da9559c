from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from kitaru.store.service.client import ServiceStore
from tests.store.service.traffic import creation, entry

if TYPE_CHECKING:
    from pathlib import Path

    from kitaru.store.service.record import ServiceRecord


@pytest.fixture
def both(shared: tuple[Path, ServiceRecord]):
    store = ServiceStore.local(shared[0])
    yield store
    store.close()


def test_what_happens_between_watching_and_iterating_is_seen(both: ServiceStore) -> None:
    both.append([creation("kr-a")])
    feed = both.watch(executions=["kr-a"])
    both.append([entry("kr-a", 1), entry("kr-a", 2)])
    events = iter(feed)
    assert [next(events)["body"]["metadata"]["number"] for _ in range(2)] == [1, 2]
    feed.close()


def test_only_the_asked_for_executions_and_kinds_are_seen(both: ServiceStore) -> None:
    feed = both.watch(executions=["kr-c", "kr-d"], kinds=["execution.logged"])
    both.append(
        [creation("kr-b"), entry("kr-b", 1), creation("kr-c"), entry("kr-c", 2), creation("kr-d"), entry("kr-d", 3)]
    )
    events = iter(feed)
    assert [next(events)["exec_id"] for _ in range(2)] == ["kr-c", "kr-d"]
    feed.close()


def test_a_feed_begins_after_a_position_of_the_past(both: ServiceStore) -> None:
    acks = both.append([creation("kr-e"), entry("kr-e", 1), entry("kr-e", 2)])
    feed = both.watch(after=acks[1]["position"], executions=["kr-e"])
    event = next(iter(feed))
    assert (event["position"], event["body"]["metadata"]["number"]) == (acks[2]["position"], 2)
    feed.close()


def test_closing_from_another_thread_ends_a_blocked_iteration(both: ServiceStore) -> None:
    feed = both.watch(executions=["kr-nobody"])
    ended = threading.Event()

    def follow() -> None:
        assert list(feed) == []
        ended.set()

    thread = threading.Thread(target=follow)
    thread.start()
    feed.close()
    assert ended.wait(60)
    thread.join()


def test_a_closed_feed_yields_nothing_more(both: ServiceStore) -> None:
    feed = both.watch()
    feed.close()
    both.append([creation("kr-f")])
    assert list(feed) == []


def test_many_feeds_do_not_keep_others_from_being_answered(both: ServiceStore) -> None:
    feeds = [both.watch(executions=["kr-g"]) for _ in range(40)]
    both.append([creation("kr-g")])
    assert {next(iter(feed))["exec_id"] for feed in feeds} == {"kr-g"}
    for feed in feeds:
        feed.close()


def test_an_execution_name_that_needs_escaping_travels(both: ServiceStore) -> None:
    feed = both.watch(executions=["kr-a&kind=x ü"])
    both.append([creation("kr-a&kind=x ü")])
    assert next(iter(feed))["exec_id"] == "kr-a&kind=x ü"
    feed.close()
