from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import traitlets

from kitaru.store.connect import open_store, use_store
from kitaru.widgets import ExecutionBrowser, WaitInbox
from tests.widgets.conftest import AwayStore, click, texts, until
from tests.widgets.flows import approval, broken, report

if TYPE_CHECKING:
    from kitaru.client import KitaruClient


def shown(browser: ExecutionBrowser) -> list[str]:
    return [one.exec_id for one in browser.executions]


def test_an_empty_store_teaches_how_to_fill_it(client: KitaruClient) -> None:
    browser = ExecutionBrowser()
    until(browser, lambda: browser.updates)
    assert "No execution is recorded yet" in texts(browser)
    assert "@flow" in texts(browser)


def test_executions_appear_as_they_happen_newest_first(client: KitaruClient, finished: Any) -> None:
    browser = ExecutionBrowser()
    until(browser, lambda: browser.updates)
    first = finished(report)
    second = finished(broken)
    until(browser, lambda: [one.status for one in browser.executions] == ["failed", "completed"])
    assert shown(browser) == [second, first]
    assert "completed" in texts(browser)
    assert "KeyError" in texts(browser), "why it failed is the title of its status"


def test_filters_choose_and_can_be_cleared(client: KitaruClient, finished: Any) -> None:
    ids = [finished(report), finished(broken), finished(report, "dogs")]
    browser = ExecutionBrowser(flow="broken")
    until(browser, lambda: shown(browser) == ids[1:2])
    browser.flow = ""
    until(browser, lambda: browser.total == 3)
    browser.status = "completed"
    until(browser, lambda: browser.total == 2)
    browser._search.value = "no such thing"
    until(browser, lambda: browser.total == 0)
    assert browser.text == "no such thing"
    assert "Nothing fits these filters." in texts(browser)
    click(browser, "Clear the filters")
    until(browser, lambda: browser.total == 3)
    assert browser._search.value == ""
    assert browser._status_choice.value == ""


def test_pages_are_turned(client: KitaruClient, finished: Any) -> None:
    ids = [finished(report, str(number)) for number in range(5)][::-1]
    browser = ExecutionBrowser(page_size=2)
    until(browser, lambda: shown(browser) == ids[:2])
    assert "1–2 of 5" in texts(browser)
    click(browser, "Older")
    until(browser, lambda: shown(browser) == ids[2:4])
    click(browser, "Older")
    until(browser, lambda: shown(browser) == ids[4:])
    click(browser, "Newer")
    until(browser, lambda: shown(browser) == ids[2:4])


def test_picking_sets_a_trait_that_can_be_linked(client: KitaruClient, finished: Any) -> None:
    class Other(traitlets.HasTraits):
        exec_id = traitlets.Unicode()

    exec_id = finished(report)
    browser, other = ExecutionBrowser(), Other()
    traitlets.link((browser, "selected"), (other, "exec_id"))
    until(browser, lambda: browser.total == 1)
    click(browser, "report")
    assert other.exec_id == exec_id
    assert "kitaru-selected" in browser._rows._made[0]._dom_classes
    other.exec_id = ""
    assert "kitaru-selected" not in browser._rows._made[0]._dom_classes


def test_a_browser_survives_that_the_store_is_away(client: KitaruClient, finished: Any) -> None:
    finished(report)
    browser = ExecutionBrowser()
    until(browser, lambda: browser.total == 1)
    store = AwayStore(open_store())
    with use_store(store):  # type: ignore[arg-type]
        store.away = True
        browser.text = "report"
        until(browser, lambda: browser.problem)
        assert "The service is away." in texts(browser)
        assert re.search(r"Trying again in [\d.]+ s\.", texts(browser))
        assert "report" in texts(browser), "what was there stays"
        store.away = False
        until(browser, lambda: not browser.problem)
    assert browser.total == 1


def test_an_inbox_lists_all_questions_and_keeps_what_is_typed(client: KitaruClient, asking: Any) -> None:
    inbox = WaitInbox()
    until(inbox, lambda: inbox.updates)
    assert "Nobody waits for an answer." in texts(inbox)
    first = asking(approval, "cats")
    until(inbox, lambda: inbox.pending == 1)
    form = inbox.forms[0]
    second = asking(approval, "dogs")
    until(inbox, lambda: inbox.pending == 2)
    assert inbox.forms[0] is form
    assert "2 questions waiting" in texts(inbox)
    click(form, "Approve")
    assert first.wait(timeout=60) == "published notes about cats"
    until(inbox, lambda: inbox.pending == 1)
    until(form, lambda: form.state == "answered")
    assert form in inbox.forms, "it says how it ended"
    click(inbox, "Clear the answered")
    assert [one.wait.exec_id for one in inbox.forms] == [second.exec_id]
    click(inbox.forms[0], "Reject")
    assert second.wait(timeout=60) == "rejected"


def test_an_inbox_shows_one_flow_alone(client: KitaruClient, asking: Any) -> None:
    handle = asking(approval)
    inbox = WaitInbox(flow="other")
    until(inbox, lambda: inbox.updates)
    assert inbox.pending == 0
    inbox.flow = "approval"
    until(inbox, lambda: inbox.pending == 1)
    assert inbox.waits[0].exec_id == handle.exec_id
