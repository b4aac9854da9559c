from __future__ import annotations

import gc
import threading
import weakref
from typing import TYPE_CHECKING, Any

import pytest

from kitaru.store.service.process import stop_service
from kitaru.widgets import ExecutionBrowser, ExecutionView, WaitInbox
from kitaru.widgets.feed import LIFECYCLE, feed_of
from kitaru.widgets.worker import READS, Worker
from tests.widgets.conftest import until
from tests.widgets.flows import report

if TYPE_CHECKING:
    from pathlib import Path

    from kitaru.client import KitaruClient


def followers() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "kitaru-feed"]


def test_all_widgets_share_one_subscription_that_ends_with_the_last(client: KitaruClient) -> None:
    shown = [ExecutionBrowser(), WaitInbox(), ExecutionBrowser(client=client), ExecutionView()]
    for widget in shown:
        until(widget, lambda widget=widget: widget.updates)
    (thread,) = followers()
    for widget in shown:
        widget.close()
    thread.join(60)
    assert followers() == []


def test_only_what_somebody_shows_is_watched(client: KitaruClient, finished: Any) -> None:
    exec_id = finished(report)
    browser, view = ExecutionBrowser(), ExecutionView()
    feed = feed_of(client)
    until(browser, lambda: browser.total == 1)
    assert feed._wanted() == frozenset(LIFECYCLE)
    view.exec_id = exec_id
    until(view, lambda: view.status == "completed")
    assert feed._wanted() == frozenset(LIFECYCLE), "what has ended needs no watching"


@pytest.mark.slow
def test_widgets_go_on_when_the_service_was_away(
    client: KitaruClient, finished: Any, monkeypatch: pytest.MonkeyPatch, kitaru_home: Path
) -> None:
    monkeypatch.setenv("KITARU_STORE", "service")
    browser = ExecutionBrowser()
    until(browser, lambda: browser.updates)
    stop_service(kitaru_home)
    exec_id = finished(report)
    until(browser, lambda: [one.exec_id for one in browser.executions] == [exec_id])
    assert browser.problem == ""
    browser.close()


def test_a_widget_that_nobody_holds_is_not_held_by_its_feed(client: KitaruClient) -> None:
    held = [ExecutionBrowser()]
    until(held[0], lambda: held[0].updates)
    gone = weakref.ref(held[0])
    held.pop().close()
    READS.stop()
    gc.collect()
    assert gone() is None


def test_a_worker_runs_what_is_due_and_one_job_of_a_key(client: KitaruClient) -> None:
    worker, ran, done = Worker("test"), list[str](), threading.Event()
    worker.submit(lambda: ran.append("late"), key="a", after=30)
    worker.submit(lambda: ran.append("soon"), key="a")
    worker.submit(lambda: ran.append("again"), key="a", after=30)
    worker.submit(done.set, after=0.01)
    assert done.wait(60)
    assert ran == ["soon"]
    worker.stop()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_job_that_fails_does_not_end_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[Any] = []
    monkeypatch.setattr(threading, "excepthook", told.append)
    worker, done = Worker("test"), threading.Event()
    worker.submit(lambda: 1 / 0)
    worker.submit(done.set)
    assert done.wait(60)
    assert told[0].exc_type is ZeroDivisionError
    worker.stop()


def test_a_worker_finishes_what_it_was_asked_for_before_it_stops() -> None:
    worker, ran = Worker("test"), list[int]()
    for number in range(5):
        worker.submit(lambda number=number: ran.append(number))
    worker.stop(finish=True)
    assert ran == [0, 1, 2, 3, 4]


def test_garbage_is_collected_while_a_lock_is_held(client: KitaruClient) -> None:
    view, feed, released = ExecutionView(), feed_of(client), threading.Event()

    def collect() -> None:
        with feed._lock:
            view.__del__()
        released.set()

    threading.Thread(target=collect, daemon=True).start()
    assert released.wait(30)
    view.close()


def test_a_subscription_ends_with_the_next_event_if_all_who_listened_are_garbage(
    client: KitaruClient, finished: Any
) -> None:
    others = set(followers())
    browser = ExecutionBrowser()
    until(browser, lambda: browser.updates)
    (thread,) = set(followers()) - others
    feed_of(client)._listeners.clear()
    finished(report)
    thread.join(60)
    assert not thread.is_alive()
    another = ExecutionBrowser()
    until(another, lambda: another.total == 1)
    for widget in (browser, another):
        widget.close()
