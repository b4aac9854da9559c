from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import ipywidgets
import pytest
import traitlets

from kitaru.runtime.engine import close_engines
from kitaru.widgets import ExecutionBrowser, ExecutionView, Offers, offers
from tests.widgets.conftest import click, find, texts, until
from tests.widgets.flows import HOLD, REACHED, approval, broken, holding, report

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kitaru.client import KitaruClient


@pytest.fixture
def held() -> Iterator[Any]:
    """An execution that runs until the test lets it go on."""
    HOLD.clear()
    REACHED.clear()
    handle = holding.run()
    assert REACHED.wait(60)
    yield handle
    HOLD.set()


@pytest.fixture
def interrupted(client: KitaruClient, held: Any) -> str:
    """An execution whose runner went away in the middle."""
    watch = client.store.watch(kinds=["execution.interrupted"])
    close_engines()
    HOLD.set()
    limit = threading.Timer(60, watch.close)
    limit.start()
    assert next(iter(watch))["exec_id"] == held.exec_id
    limit.cancel()
    return str(held.exec_id)


def buttons(widget: Any) -> list[str]:
    if widget.layout.display == "none":
        return []
    own = [widget.description] if isinstance(widget, ipywidgets.Button) else []
    return own + [name for child in getattr(widget, "children", ()) for name in buttons(child)]


def test_a_view_follows_an_execution_to_its_end(held: Any) -> None:
    view = ExecutionView(held.exec_id)
    until(view, lambda: view.status == "running" and "notes about cats" in texts(view))
    assert buttons(view) == ["Cancel…"]
    HOLD.set()
    until(view, lambda: view.status == "completed")
    assert "research_2" in texts(view)
    assert buttons(view) == []


def test_cancelling_asks_once_more(held: Any) -> None:
    view = ExecutionView(held.exec_id)
    until(view, lambda: view.status == "running")
    click(view, "Cancel…")
    assert "Stop this execution?" in texts(view)
    click(view, "Let it go on")
    click(view, "Cancel…")
    click(view, "Stop it")
    until(view, lambda: view.status == "cancelled")
    HOLD.set()
    until(view, lambda: view.status == "cancelled")
    assert buttons(view) == ["Retry"]


def test_a_failed_execution_is_shown_with_its_failure_and_can_be_retried(finished: Any) -> None:
    view = ExecutionView(finished(broken))
    until(view, lambda: view.status == "failed")
    assert "KeyError" in texts(view)
    assert buttons(view) == ["Retry"]
    seen: list[str] = []
    view.observe(lambda change: seen.append(change["new"].status), "execution")
    click(view, "Retry")
    until(view, lambda: seen[-1:] == ["failed"])  # whether it was seen running is a matter of luck


def test_a_question_is_answered_inside_the_view(asking: Any) -> None:
    handle = asking(approval)
    view = ExecutionView(handle.exec_id)
    until(view, lambda: view.forms)
    click(view, "Approve")
    assert handle.wait(timeout=60) == "published notes about cats"
    until(view, lambda: view.status == "completed" and not view.forms)


def test_a_view_is_linked_with_a_browser(finished: Any) -> None:
    exec_id = finished(report)
    browser, view = ExecutionBrowser(), ExecutionView()
    traitlets.link((browser, "selected"), (view, "exec_id"))
    until(view, lambda: "Pick an execution" in texts(view))
    until(browser, lambda: browser.total == 1)
    click(browser, "report")
    until(view, lambda: view.status == "completed")
    assert view.execution.exec_id == exec_id


def test_what_does_not_exist_is_said_in_place(client: KitaruClient) -> None:
    view = ExecutionView("kr-000000000000")
    until(view, lambda: "There is no execution" in texts(view))
    view.exec_id = "kr"
    until(view, lambda: "too short" in texts(view))


def test_an_interrupted_execution_is_resumed_by_a_button(client: KitaruClient, interrupted: str) -> None:
    offered = offers()
    assert offered is not None
    until(offered, lambda: offered.count == 1)
    assert "1 interrupted execution" in texts(offered)
    view = ExecutionView(interrupted)
    until(view, lambda: view.status == "interrupted")
    click(offered, "Resume")
    until(view, lambda: view.status == "completed")
    until(offered, lambda: offered.count == 0)
    assert "interrupted execution" not in texts(offered._title)
    assert find(offered, ipywidgets.Button, "Resume") is None


def test_open_questions_are_offered_for_an_answer(client: KitaruClient, asking: Any) -> None:
    handle = asking(approval)
    offered = Offers()
    until(offered, lambda: offered.count == 1)
    assert "1 open question" in texts(offered)
    click(offered, "Reject")
    assert handle.wait(timeout=60) == "rejected"
    until(offered, lambda: offered.count == 0)


def test_nothing_is_offered_where_nothing_is_left_to_do(client: KitaruClient, finished: Any) -> None:
    finished(report)
    assert offers() is None
    assert offers(notebook="/somewhere/else.ipynb") is None
