"""`WaitForm`: a pending question as a form that can be filled in, answered once, and is never lost."""

from __future__ import annotations

import sys
import threading
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import ipywidgets
import traitlets

from kitaru.client.times import moment
from kitaru.errors import KitaruConflictError, KitaruError, KitaruNotFoundError, KitaruWaitValidationError
from kitaru.views.form import Field, form_of
from kitaru.views.reading import entry_of, read
from kitaru.widgets.base import LOCK, StoreWidget
from kitaru.widgets.fields import field_widget
from kitaru.widgets.style import button, clock, html, put, span
from kitaru.widgets.worker import ACTIONS

if TYPE_CHECKING:
    from kitaru.client import KitaruClient
    from kitaru.client.models import PendingWait

_LONGEST_ANSWER = 200


class WaitForm(StoreWidget):
    """A form for a pending question, made from the JSON schema of its answer.

    Parameters
    ----------
    wait
        The question: a `PendingWait`, or the id of the execution that asks.
    name
        With an id: name of the question. Not needed if there is only one.
    client
        Whose store it is in; what this process works with if not given.

    Raises
    ------
    KitaruConflictError
        If it is answered already; the message says by whom and when.
    KitaruStateError
        If nothing is open.

    Notes
    -----
    The answer is checked before it is sent, and each message stands at its field. Whatever goes wrong, what was typed
    stays. The answer is given to the store, so it counts even if the page is left at once.

    Examples
    --------
    >>> import kitaru
    >>> from kitaru.widgets import WaitForm
    >>> @kitaru.flow
    ... def publish() -> bool:
    ...     return kitaru.wait(schema=bool, question="Publish?")
    >>> handle = publish.run()
    >>> asked = next(kitaru.KitaruClient().executions.events(handle.exec_id, kinds="wait.created"))
    >>> form = WaitForm(handle.exec_id)
    >>> form.state
    'open'
    >>> form.answer(True)
    >>> handle.wait()
    True
    >>> form.close()
    """

    state = traitlets.Enum(
        ["open", "sending", "answered", "aborted", "gone"],
        default_value="open",
        read_only=True,
        help="Where the question stands: `gone` means that its execution was deleted.",
    ).tag(sync=False)
    value = traitlets.Any(None, read_only=True, help="The answer, whoever gave it, as plain JSON data.").tag(sync=False)
    answered_by = traitlets.Unicode("", read_only=True, help="Who answered or aborted.").tag(sync=False)

    def __init__(self, wait: PendingWait | str, name: str | None = None, client: KitaruClient | None = None) -> None:
        super().__init__(client or getattr(wait, "_client", None))
        self.wait = self.client.executions.pending_wait(wait, name) if isinstance(wait, str) else wait
        self._listener.execution = self.wait.exec_id
        form = _root(form_of(self.wait.schema))
        self._fields = field_widget(form, entry_of(form))
        if form.kind == "boolean":
            self._fields.hide_input()  # the buttons say it
        self._message = html("", "kitaru-error")
        self._outcome = html("")
        self._made = self._make_buttons(form.kind)
        self._buttons = ipywidgets.HBox()
        self._buttons.add_class("kitaru-buttons")
        self._asks_again = False
        self._draw_buttons()
        self.add_class("kitaru-card")
        title = html(span(self.wait.question or "Go on?"), "kitaru-title")
        self._begin([title, html(self._facts()), self._fields, self._outcome, self._buttons, self._message])
        if "jsonschema" not in sys.modules:
            # It takes a moment, which nobody should wait for after a click.
            threading.Thread(target=__import__, args=("jsonschema",), daemon=True).start()

    @property
    def entry(self) -> Any:
        """What is entered now; see `kitaru.views.reading`."""
        return self._fields.entry

    def answer(self, value: Any) -> None:
        """Give an answer without looking at the form.

        Parameters
        ----------
        value
            Plain JSON data.

        Raises
        ------
        KitaruWaitValidationError
            If it does not fit the schema.
        KitaruConflictError
            If somebody else answered first.
        """
        self.client.executions.input(self.wait.exec_id, value, wait=self.wait.name)
        self.refresh()

    def submit(self, entry: Any = None) -> None:
        """Do what a click on *Answer* does: check what is entered and send it."""
        with LOCK:
            if self.state != "open":
                return
            reading = read(self._fields.field, self.entry if entry is None else entry)
            self._fields.show(reading.problems)
            count = len(reading.problems)
            many = f"{count} fields need another look." if count > 1 else ""
            put(self._message, f'<span role="alert">{many}</span>' if many else "")
            if reading.problems:
                return
            self._become("sending")
        ACTIONS.submit(lambda: self._give(reading.value))

    def abort(self) -> None:
        """Refuse to answer: the execution is cancelled. The click asks once more, this does not."""
        with LOCK:
            if self.state != "open":
                return
            self._become("sending")
        ACTIONS.submit(self._refuse)

    def _give(self, value: Any) -> None:
        self._attempt(lambda: self.client.executions.input(self.wait.exec_id, value, wait=self.wait.name))

    def _refuse(self) -> None:
        self._attempt(lambda: self.client.executions.abort_wait(self.wait.exec_id, wait=self.wait.name))

    def _attempt(self, action: Any) -> None:
        try:
            action()
        except KitaruWaitValidationError as error:
            self._reopen(str(error))
        except (KitaruConflictError, KitaruNotFoundError) as error:
            with LOCK:
                self._say(str(error))
        except KitaruError as error:
            self._reopen(f"{error} What you entered is still here: try again.")
        self._listener.schedule()

    def _reopen(self, message: str) -> None:
        with LOCK:
            self._become("open")
            self._say(message)

    def _say(self, message: str) -> None:
        put(self._message, f'<span role="alert">{span(message)}</span>' if message else "")

    def _read(self) -> Any:
        rows = self.client.store.read("waits", exec_id=self.wait.exec_id, status=None)
        return next((row for row in rows if row["name"] == self.wait.name), None)

    def _show(self, row: Any) -> None:
        if row is None:
            self._end("gone", "Its execution was deleted.")
        elif row["status"] != "pending":
            self.set_trait("value", row["value"] if row["status"] == "answered" else None)
            self.set_trait("answered_by", row["by"] or "")
            self._end("answered" if row["status"] == "answered" else "aborted", _outcome(row))

    def _end(self, state: str, told: str) -> None:
        put(self._outcome, told)
        # What somebody typed while somebody else was faster stays readable.
        if self._fields.layout.display != "none" and self.state == "sending":
            self._fields.layout.display = "none"
        self._become(state)
        self._stop_following()

    def _become(self, state: str) -> None:
        self._asks_again = False
        self.set_trait("state", state)
        self._draw_buttons()

    def _make_buttons(self, kind: str) -> dict[str, list[ipywidgets.Widget]]:
        if kind == "boolean":
            give = [
                button("Approve", lambda: self.submit(True), style="primary"),
                button("Reject", lambda: self.submit(False)),
            ]
        else:
            give = [button("Go on" if kind == "gate" else "Answer", self.submit, style="primary")]
        abort = button("Abort…", self._ask_again, "kitaru-quiet", title="Refuse to answer; the execution is cancelled")
        sure = [
            html(span("Without an answer the execution is cancelled.")),
            button("Cancel the execution", self.abort, style="danger"),
            button("Keep it", self._keep, "kitaru-quiet"),
        ]
        return {"give": [*give, abort], "sure": sure}

    def _draw_buttons(self) -> None:
        is_there = self.state in ("open", "sending")
        self._buttons.children = tuple(self._made["sure" if self._asks_again else "give"]) if is_there else ()
        for one in self._buttons.children:
            if isinstance(one, ipywidgets.Button):
                one.disabled = self.state == "sending"

    def _ask_again(self) -> None:
        with LOCK:
            self._asks_again = True
            self._draw_buttons()

    def _keep(self) -> None:
        with LOCK:
            self._asks_again = False
            self._draw_buttons()

    def _facts(self) -> str:
        facts = [
            span(self.wait.flow_name),
            span(self.wait.exec_id, "kitaru-code"),
            f"asked {clock(self.wait.entered_waiting_at)}" if self.wait.entered_waiting_at else "",
        ]
        told = " · ".join(filter(None, facts))
        if self.wait.deadline is not None:
            default = span(_short(self.wait.default), "kitaru-code")
            told += f"<br>Without an answer by {clock(self.wait.deadline)} it takes {default}."
        return f'<div class="kitaru-help" style="margin-bottom: 8px">{told}</div>'


def wait_form(exec_id: str, name: str | None = None, client: KitaruClient | None = None) -> WaitForm:
    """Return a form for a pending question of an execution; see `WaitForm`.

    Examples
    --------
    >>> wait_form("kr-000000000000")
    Traceback (most recent call last):
    kitaru.errors.KitaruNotFoundError: There is no execution 'kr-000000000000' in this store...
    """
    return WaitForm(exec_id, name, client)


def _root(form: Field) -> Field:
    """Name the whole: a question stands above it, so a class name would only be noise."""
    if form.toggled:
        return replace(form, label=form.label or "an answer")
    plain = form.kind in ("object", "tuple", "list", "union", "boolean", "gate", "constant")
    return replace(form, label="" if plain else "Your answer")


def _outcome(row: Any) -> str:
    at = f' <span class="kitaru-muted">at {clock(moment(row["ended_at"]))}</span>' if row["ended_at"] else ""
    by = f" by {row['by']}" if row["by"] else ""
    if row["status"] != "answered":
        return f"{span(f'Aborted{by}')}{at}"
    how = "Answered by its deadline" if row["source"] == "deadline" else f"Answered{by}"
    return f"{span(how)}{at}: {span(_short(row['value']), 'kitaru-code')}"


def _short(value: Any) -> str:
    import json

    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _LONGEST_ANSWER else f"{text[: _LONGEST_ANSWER - 1]}…"
