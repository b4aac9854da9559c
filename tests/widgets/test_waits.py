from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING, Any

import ipywidgets
import pytest

from kitaru.errors import KitaruConflictError, KitaruWaitValidationError
from kitaru.store.connect import open_store, use_store
from kitaru.widgets import WaitForm, wait_form
from tests.widgets.conftest import AwayStore, click, find, texts, until
from tests.widgets.flows import approval, gate, ordering

if TYPE_CHECKING:
    from kitaru.client import KitaruClient


def form_for(flow: Any, asking: Any) -> tuple[Any, WaitForm]:
    handle = asking(flow)
    return handle, wait_form(handle.exec_id)


def settled(form: WaitForm) -> None:
    until(form, lambda: form.state in ("answered", "aborted", "gone"))


def test_a_yes_or_no_question_has_two_buttons(asking: Any) -> None:
    handle, form = form_for(approval, asking)
    assert "Publish notes about cats?" in texts(form)
    click(form, "Approve")
    settled(form)
    assert (form.state, form.value) == ("answered", True)
    assert handle.wait(timeout=60) == "published notes about cats"
    assert "Answered by" in texts(form)
    assert find(form, ipywidgets.Button) is None, "nothing is left to click"


def test_reject_answers_no(asking: Any) -> None:
    handle, form = form_for(approval, asking)
    click(form, "Reject")
    assert handle.wait(timeout=60) == "rejected"


def test_a_question_without_schema_asks_whether_to_go_on(asking: Any) -> None:
    handle, form = form_for(gate, asking)
    click(form, "Go on")
    assert handle.wait(timeout=60) == "went on"


def test_a_model_is_filled_in_field_by_field(asking: Any) -> None:
    handle, form = form_for(ordering, asking)
    find(form, ipywidgets.Text, "Count").value = "2"
    find(form, ipywidgets.RadioButtons, "Size").value = 1
    find(form, ipywidgets.Text, "City").value = "Turku"
    click(form, "Add")
    form._fields._parts["tags"].items[0]._input.value = "new"
    click(form, "Answer")
    order = {"count": 2, "size": "large", "address": {"city": "Turku"}, "note": None, "tags": ["new"]}
    assert handle.wait(timeout=60) == order
    settled(form)
    assert form.value == order


def test_each_message_stands_at_its_field_and_nothing_typed_is_lost(client: KitaruClient, asking: Any) -> None:
    handle, form = form_for(ordering, asking)
    count = find(form, ipywidgets.Text, "Count")
    count.value = "9"
    click(form, "Answer")
    parts = form._fields._parts
    assert "Give 5 or less." in texts(parts["count"])
    assert "Choose one." in texts(parts["size"])
    assert "Fill this in." in texts(parts["address"]._parts["city"])
    assert "3 fields need another look." in texts(form)
    assert (form.state, count.value) == ("open", "9")
    assert len(client.executions.pending_waits(handle.exec_id)) == 1
    count.value = "5"
    assert "Give 5 or less." not in texts(parts["count"]), "who goes on typing has seen the message"


def test_abort_asks_once_more(client: KitaruClient, asking: Any) -> None:
    handle, form = form_for(approval, asking)
    click(form, "Abort…")
    assert "the execution is cancelled" in texts(form)
    click(form, "Keep it")
    assert find(form, ipywidgets.Button, "Approve") is not None
    click(form, "Abort…")
    click(form, "Cancel the execution")
    settled(form)
    assert form.state == "aborted"
    assert client.executions.get(handle.exec_id).status == "cancelled"


def test_a_form_hears_that_somebody_else_has_answered(client: KitaruClient, asking: Any) -> None:
    handle, form = form_for(approval, asking)
    until(form, lambda: form.updates)
    client.executions.input(handle.exec_id, False, by="Ada")
    settled(form)
    assert (form.state, form.value, form.answered_by) == ("answered", False, "Ada")
    assert "Answered by Ada" in texts(form)


def test_a_stale_form_that_is_answered_twice_says_who_was_first(client: KitaruClient, asking: Any) -> None:
    handle, form = form_for(ordering, asking)
    form._stop_following()  # as on a page that was asleep
    find(form, ipywidgets.Text, "Count").value = "2"
    find(form, ipywidgets.RadioButtons, "Size").value = 0
    find(form, ipywidgets.Text, "City").value = "Turku"
    order = {"count": 1, "size": "small", "address": {"city": "Oulu"}}
    client.executions.input(handle.exec_id, order, by="Ada")
    form._listener.closed = False
    click(form, "Answer")
    settled(form)
    assert form.answered_by == "Ada"
    assert form.value == order
    assert "was answered by Ada" in texts(form)
    assert "Your answer was not recorded" in texts(form)


def test_an_answer_that_cannot_be_sent_stays_in_the_form(asking: Any) -> None:
    handle, form = form_for(gate, asking)
    until(form, lambda: form.updates)
    store = AwayStore(open_store())
    with use_store(store):  # type: ignore[arg-type]
        store.away = True
        click(form, "Go on")
        until(form, lambda: form.problem and form.state == "open")
        assert "The service is away." in texts(form)
        store.away = False
        click(form, "Go on")
        settled(form)
    assert handle.wait(timeout=60) == "went on"
    assert form.problem == ""


def test_an_answer_can_be_given_from_code(asking: Any) -> None:
    handle, form = form_for(ordering, asking)
    with pytest.raises(KitaruWaitValidationError):
        form.answer({"count": 0})
    form.answer({"count": 1, "size": "small", "address": {"city": "Oulu"}})
    assert form.state == "answered"
    with pytest.raises(KitaruConflictError):
        form.answer({"count": 1, "size": "small", "address": {"city": "Oulu"}})
    handle.wait(timeout=60)


def test_a_cancelled_execution_settles_its_forms(client: KitaruClient, asking: Any) -> None:
    handle, form = form_for(approval, asking)
    client.executions.cancel(handle.exec_id)
    handle._engine.end_of(handle.exec_id).result(60)
    settled(form)
    assert form.state == "aborted"


def test_importing_the_widgets_needs_no_kernel_and_loads_them_when_they_are_used() -> None:
    program = "import sys, kitaru.widgets\nassert 'ipywidgets' not in sys.modules\nassert kitaru.widgets.WaitForm"
    subprocess.run([sys.executable, "-W", "error", "-c", program], check=True)
