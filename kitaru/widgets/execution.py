"""`ExecutionView`: one execution, live, with what can be done about it and what it asks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import ipywidgets
import traitlets

from kitaru.errors import KitaruNotFoundError, KitaruUsageError
from kitaru.views.build import execution_view
from kitaru.views.html import as_html
from kitaru.widgets.actions import ActionBar
from kitaru.widgets.base import StoreWidget
from kitaru.widgets.style import empty_state, html, put
from kitaru.widgets.waits import WaitForm

if TYPE_CHECKING:
    from kitaru.client import KitaruClient
    from kitaru.client.models import Execution

_AT_REST = frozenset({"completed", "failed", "cancelled"})


class ExecutionView(StoreWidget):
    """One execution while it runs and afterwards: its calls, its questions, its end.

    Parameters
    ----------
    exec_id
        First value of the trait: an execution's id, or four or more characters of it.
    client
        Whose store is shown; what this process works with if not given.

    Examples
    --------
    >>> import kitaru
    >>> from kitaru.widgets import ExecutionView
    >>> @kitaru.flow
    ... def greet(name: str) -> str:
    ...     return f"Hello, {name}"
    >>> handle = greet.run("Ada")
    >>> handle.wait()
    'Hello, Ada'
    >>> view = ExecutionView(handle.exec_id)
    >>> view.refresh()
    >>> view.status
    'completed'
    >>> view.close()
    """

    exec_id = traitlets.Unicode("", help="Id of the execution that is shown; empty for none.").tag(sync=False)
    status = traitlets.Unicode("", read_only=True, help="Its status; empty if there is none.").tag(sync=False)
    execution = traitlets.Any(None, read_only=True, help="What the client tells of it.").tag(sync=False)

    def __init__(self, exec_id: str = "", client: KitaruClient | None = None) -> None:
        super().__init__(client)
        self.exec_id = exec_id
        self._html = html("")
        self._empty = html("", "kitaru-empty")
        self._actions = ActionBar(self.client, self.refresh_soon)
        self._forms: dict[str, WaitForm] = {}
        self._questions = ipywidgets.VBox()
        self._questions.add_class("kitaru-stack")
        self.observe(lambda _: self._changed(), "exec_id")
        self._follow()
        self._begin([self._html, self._questions, self._actions, self._empty])

    @property
    def forms(self) -> tuple[WaitForm, ...]:
        """The forms of its open questions."""
        return tuple(self._forms.values())

    def close(self) -> None:
        """Stop following the store, and take the widget off the page."""
        for form in self._forms.values():
            form.close()
        super().close()

    def _changed(self) -> None:
        self._follow()
        self.refresh_soon()

    def _follow(self) -> None:
        # An empty choice hears of nothing; one that has ended, of nothing but a retry.
        self._listener.execution = self.exec_id
        self._listen_to(frozenset() if self.exec_id else None)

    def _read(self) -> Any:
        asked = self.exec_id
        if not asked:
            return asked, "", None
        try:
            found = self.client.executions.get(asked)
            view = execution_view(self.client, found.exec_id)
        except (KitaruNotFoundError, KitaruUsageError) as error:
            return asked, str(error), None
        # Its questions are asked by the forms below it.
        return asked, as_html(view.model_copy(update={"waits": []})), found

    def _show(self, found: Any) -> None:
        asked, shown, execution = found
        if asked != self.exec_id:
            return  # another one was chosen meanwhile, and is being read
        self.set_trait("execution", execution)
        self.set_trait("status", "" if execution is None else str(execution.status))
        put(self._html, shown if execution is not None else "")
        told = shown or "Pick an execution to see it here."
        put(self._empty, "" if execution is not None else empty_state(told))
        self._actions.show("" if execution is None else execution.exec_id, self.status)
        self._show_questions(execution)
        if execution is not None:
            self._listener.execution = execution.exec_id
            self._listen_to(None if execution.status in _AT_REST else frozenset())

    def _show_questions(self, execution: Execution | None) -> None:
        waits = {} if execution is None else {wait.wait_id: wait for wait in execution.pending_waits}
        shown = "" if execution is None else execution.exec_id
        for wait_id, form in list(self._forms.items()):
            # One that is settled has said so, and the execution shows the answer.
            if wait_id not in waits and (form.wait.exec_id != shown or form.state != "sending"):
                del self._forms[wait_id]
                form.close()
        for wait_id, wait in waits.items():
            if wait_id not in self._forms:
                self._forms[wait_id] = WaitForm(wait, client=self.client)
        if tuple(self._questions.children) != self.forms:
            self._questions.children = self.forms
