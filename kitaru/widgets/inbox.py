"""`WaitInbox`: all pending questions, live, each with its form."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import ipywidgets
import traitlets

from kitaru.widgets.base import LOCK, StoreWidget
from kitaru.widgets.style import button, empty_state, html, put
from kitaru.widgets.waits import WaitForm

if TYPE_CHECKING:
    from kitaru.client import KitaruClient
    from kitaru.client.models import PendingWait

MOST_FORMS: Final = 20
EXAMPLE: Final = """from kitaru import flow, wait

@flow
def publish(draft: str) -> bool:
    return wait(schema=bool, question=f"Publish {draft}?")

publish.run("the draft")"""


class WaitInbox(StoreWidget):
    """All pending questions, the oldest first, wherever their flows run; answered in place.

    Parameters
    ----------
    client
        Whose store is shown; what this process works with if not given.
    flow
        First value of the trait.

    Notes
    -----
    A form stays as it is while others come and go: nothing that is typed gets lost. One that is settled shows how,
    until *Clear the answered* takes it away.

    Examples
    --------
    >>> from kitaru.widgets import WaitInbox
    >>> inbox = WaitInbox()
    >>> inbox.refresh()
    >>> inbox.pending
    0
    >>> inbox.close()
    """

    flow = traitlets.Unicode("", help="Questions of this flow only; empty for all.").tag(sync=False)
    pending = traitlets.Int(0, read_only=True, help="How many questions are open.").tag(sync=False)
    waits = traitlets.Tuple(read_only=True, help="The open questions, the oldest first.").tag(sync=False)

    def __init__(self, client: KitaruClient | None = None, flow: str = "") -> None:
        super().__init__(client)
        self.flow = flow
        self._forms: dict[str, WaitForm] = {}
        self._title = html("", "kitaru-title")
        self._empty = html("", "kitaru-empty")
        self._list = ipywidgets.VBox()
        self._list.add_class("kitaru-stack")
        self._more = html("", "kitaru-muted")
        self._clear = button("Clear the answered", self.clear, "kitaru-quiet")
        head = ipywidgets.HBox([self._title, self._clear])
        head.add_class("kitaru-buttons")
        self.observe(lambda _: self.refresh_soon(), "flow")
        self._begin([head, self._empty, self._list, self._more])

    @property
    def forms(self) -> tuple[WaitForm, ...]:
        """The forms that are shown, in their order."""
        return tuple(self._forms.values())

    def clear(self) -> None:
        """Take away the forms of questions that are settled."""
        with LOCK:
            for wait_id, form in list(self._forms.items()):
                if form.state not in ("open", "sending"):
                    del self._forms[wait_id]
                    form.close()
            self._arrange()

    def close(self) -> None:
        """Stop following the store, and take the widget and its forms off the page."""
        for form in self._forms.values():
            form.close()
        super().close()

    def _read(self) -> Any:
        found = self.client.executions.pending_waits()
        return [wait for wait in found if self.flow in ("", wait.flow_name)]

    def _show(self, found: list[PendingWait]) -> None:
        self.set_trait("waits", tuple(found))
        self.set_trait("pending", len(found))
        wanted = {wait.wait_id for wait in found}
        for wait_id, form in list(self._forms.items()):
            if wait_id not in wanted and self.flow not in ("", form.wait.flow_name):
                del self._forms[wait_id]
                form.close()
        for wait in found[:MOST_FORMS]:
            if wait.wait_id not in self._forms:
                form = self._forms[wait.wait_id] = WaitForm(wait, client=self.client)
                form.observe(lambda _: self._arrange(), "state")
        self._arrange()

    def _arrange(self) -> None:
        with LOCK:
            forms = self.forms
            if tuple(self._list.children) != forms:
                self._list.children = forms
            count = self.pending
            put(self._title, f"{count} question{'s' if count > 1 else ''} waiting" if count else "")
            empty = "" if count or forms else empty_state("Nobody waits for an answer. A flow asks like this:", EXAMPLE)
            put(self._empty, empty)
            hidden = max(0, count - MOST_FORMS)
            put(self._more, f"{hidden} more come when these are answered." if hidden else "")
            settled = any(form.state not in ("open", "sending") for form in forms)
            self._clear.layout.display = None if settled else "none"
