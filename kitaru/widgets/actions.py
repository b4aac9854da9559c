"""What can be done with one execution, as buttons: those that make sense as it stands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import ipywidgets

from kitaru.errors import KitaruError
from kitaru.widgets.base import LOCK
from kitaru.widgets.style import button, html, put, span
from kitaru.widgets.worker import ACTIONS

if TYPE_CHECKING:
    from collections.abc import Callable

    from kitaru.client import KitaruClient

_CANCELLABLE: Final = frozenset({"pending", "running", "waiting", "interrupted"})
_RETRIED: Final = frozenset({"failed", "cancelled"})


class ActionBar(ipywidgets.HBox):
    """Resume, retry and cancel for one execution.

    Parameters
    ----------
    client
        Whose store it is in.
    done
        Called after an action, on another thread.
    """

    def __init__(self, client: KitaruClient, done: Callable[[], None]) -> None:
        self._client = client
        self._done = done
        self._exec_id = ""
        self._status = ""
        self._asks_again = False
        self._busy = False
        self._shown: tuple[Any, ...] = ()
        here = "in this process; what has finished does not run again"
        self._resume = button("Resume", self._do("resume"), style="primary", title=f"Go on with it {here}")
        self._retry = button("Retry", self._do("retry"), style="primary", title=f"Run it again {here}")
        self._cancel = button("Cancel…", self._ask, "kitaru-quiet", title="Stop this execution")
        self._sure = html(span("Stop this execution?"))
        self._stop = button("Stop it", self._do("cancel"), style="danger")
        self._keep = button("Let it go on", self._ask, "kitaru-quiet")
        self._message = html("", "kitaru-error")
        super().__init__([])
        self.add_class("kitaru-buttons")

    def show(self, exec_id: str, status: str) -> None:
        """Offer what makes sense for an execution in this status."""
        if (exec_id, status) != (self._exec_id, self._status):
            self._exec_id, self._status = exec_id, status
            self._asks_again = False
            put(self._message, "")
        self._draw()

    def _ask(self) -> None:
        with LOCK:
            self._asks_again = not self._asks_again
            self._draw()

    def _do(self, action: str) -> Callable[[], None]:
        def start() -> None:
            with LOCK:
                if self._busy:
                    return
                self._busy, self._asks_again = True, False
                self._draw()
                exec_id = self._exec_id
            ACTIONS.submit(lambda: self._attempt(action, exec_id))

        return start

    def _attempt(self, action: str, exec_id: str) -> None:
        try:
            getattr(self._client.executions, action)(exec_id)
            problem = ""
        except KitaruError as error:
            problem = str(error)
        with LOCK:
            self._busy = False
            put(self._message, f'<span role="alert">{span(problem)}</span>' if problem else "")
            self._draw()
        self._done()

    def _draw(self) -> None:
        if self._asks_again:
            chosen: list[Any] = [self._sure, self._stop, self._keep]
        else:
            chosen = [self._resume] * (self._status == "interrupted") + [self._retry] * (self._status in _RETRIED)
            chosen += [self._cancel] * (self._status in _CANCELLABLE)
        for one in chosen:
            if isinstance(one, ipywidgets.Button):
                one.disabled = self._busy
        shown = (*chosen, self._message)
        if self._shown != shown:
            self._shown = self.children = shown
