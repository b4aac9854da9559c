"""What waits for the person who opens a notebook: interrupted executions to resume, questions to answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import ipywidgets
import traitlets

from kitaru.client import KitaruClient
from kitaru.client.unfinished import find_offers
from kitaru.widgets.actions import ActionBar
from kitaru.widgets.base import StoreWidget
from kitaru.widgets.style import clock, html, put, span, status_mark
from kitaru.widgets.waits import WaitForm

if TYPE_CHECKING:
    from kitaru.client.models import Execution, PendingWait


class Offers(StoreWidget):
    """Interrupted executions with a button that resumes them, and open questions with their forms.

    Parameters
    ----------
    notebook
        Path of the notebook whose executions are meant; None for those of every notebook.
    client
        Whose store is shown; what this process works with if not given.

    Examples
    --------
    >>> from kitaru.widgets import Offers
    >>> offers = Offers()
    >>> offers.refresh()
    >>> offers.count
    0
    >>> offers.close()
    """

    count = traitlets.Int(0, read_only=True, help="How many executions and questions there are.").tag(sync=False)

    def __init__(self, notebook: str | None = None, client: KitaruClient | None = None) -> None:
        super().__init__(client)
        self.notebook = notebook
        self._title = html("", "kitaru-title")
        self._rows: dict[str, _Interrupted] = {}
        self._forms: dict[str, WaitForm] = {}
        self._list = ipywidgets.VBox()
        self._list.add_class("kitaru-stack")
        self._begin([self._title, self._list])

    def close(self) -> None:
        """Stop following the store, and take the widget off the page."""
        for form in self._forms.values():
            form.close()
        super().close()

    def _read(self) -> Any:
        return find_offers(self.client, self.notebook)

    def _show(self, found: tuple[list[Execution], list[PendingWait]]) -> None:
        interrupted, waits = found
        self.set_trait("count", len(interrupted) + len(waits))
        for execution in interrupted:
            self._rows.setdefault(execution.exec_id, _Interrupted(self)).show(execution)
        there = {execution.exec_id: execution for execution in interrupted}
        for exec_id, row in self._rows.items():
            if exec_id not in there:
                row.say_resumed()
        for wait in waits:
            if wait.wait_id not in self._forms:
                self._forms[wait.wait_id] = WaitForm(wait, client=self.client)
        children = (*self._rows.values(), *self._forms.values())
        if tuple(self._list.children) != children:
            self._list.children = children
        where = " of this notebook" if self.notebook else ""
        told = [
            f"{len(interrupted)} interrupted execution{'s' if len(interrupted) > 1 else ''}" if interrupted else "",
            f"{len(waits)} open question{'s' if len(waits) > 1 else ''}" if waits else "",
        ]
        put(self._title, span(f"{' and '.join(filter(None, told))}{where}") if any(told) else "")


class _Interrupted(ipywidgets.VBox):
    """One interrupted execution."""

    def __init__(self, offers: Offers) -> None:
        self._facts = html("")
        self._actions = ActionBar(offers.client, offers.refresh_soon)
        super().__init__([self._facts, self._actions])
        self.add_class("kitaru-card")

    def show(self, execution: Execution) -> None:
        why = execution.status_reason or "its process went away"
        facts = [
            span(execution.flow_name, "kitaru-title"),
            status_mark(execution.status, why),
            f"started {clock(execution.started_at or execution.created_at)}",
            span(execution.exec_id, "kitaru-code"),
        ]
        put(self._facts, f'{" · ".join(facts)}<div class="kitaru-help">{span(why)}</div>')
        self._actions.show(execution.exec_id, str(execution.status))

    def say_resumed(self) -> None:
        """Show that there is nothing to do any more."""
        self._actions.show("", "")


def offers(notebook: str | None = None, client: KitaruClient | None = None) -> Offers | None:
    """Return buttons for what a notebook has left unfinished.

    Parameters
    ----------
    notebook
        Path of the notebook whose executions are meant; None for those of every notebook.
    client
        Whose store is shown; what this process works with if not given.

    Returns
    -------
    Offers or None
        None if there is nothing to offer.

    Examples
    --------
    >>> from kitaru.widgets import offers
    >>> offers() is None
    True
    """
    chosen = client or KitaruClient()
    return Offers(notebook, chosen) if any(find_offers(chosen, notebook)) else None
