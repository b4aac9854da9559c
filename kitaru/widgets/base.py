"""What all widgets that show the store have in common: they read off the kernel's threads and survive its absence."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, Final

import ipywidgets
import traitlets

from kitaru.widgets.feed import LIFECYCLE, Listener, feed_of
from kitaru.widgets.style import close_tree, html, put, span, style_sheet

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kitaru.client import KitaruClient
    from kitaru.errors import KitaruError

LOCK: Final = threading.RLock()
"""Held while a widget's state changes: callbacks may run on any thread. One lock for all, as widgets can be linked."""


class StoreWidget(ipywidgets.VBox):
    """Base of the widgets that show what is recorded.

    Parameters
    ----------
    client
        Whose store is shown; what this process works with if not given.

    Notes
    -----
    Nothing is read on the thread that makes the widget or handles its clicks. Observers of traits may be called on
    another thread than the kernel's. All widgets of a store share one subscription; it ends with the last of them.
    """

    problem = traitlets.Unicode(read_only=True, help="Why nothing new is shown; empty if all is well.").tag(sync=False)
    updates = traitlets.Int(0, read_only=True, help="How many times the store was read.").tag(sync=False)

    def __init__(self, client: KitaruClient | None = None, **layout: Any) -> None:
        from kitaru.client import KitaruClient

        super().__init__(**layout)
        self.client = client or KitaruClient()
        self._banner = html("", "kitaru-away")
        self._listener = Listener(self.refresh, self._failed)
        self.add_class("kitaru-widget")

    def __repr__(self) -> str:
        # What stands in an output where no widgets can be shown; all traits of all parts would say nothing.
        return f"<{type(self).__name__}: run the cell to see it>"

    def _begin(self, children: Sequence[ipywidgets.Widget]) -> None:
        """Show these widgets, and begin to follow the store."""
        self.children = (style_sheet(), self._banner, *children)
        feed_of(self.client).listen(self._listener)

    def _read(self) -> Any:
        """Ask the store for what is to be shown; no lock is held."""
        raise NotImplementedError

    def _show(self, found: Any) -> None:
        """Show what was read; the lock is held."""
        raise NotImplementedError

    def refresh(self) -> None:
        """Read the store and show what it says, now and on this thread.

        Raises
        ------
        KitaruError
            If the store cannot be read.
        """
        found = self._read()
        with LOCK:
            put(self._banner, "")
            self.set_trait("problem", "")
            self._show(found)
            self.set_trait("updates", self.updates + 1)

    def refresh_soon(self) -> None:
        """Read the store as soon as possible, on another thread."""
        self._listener.schedule()

    def close(self) -> None:
        """Stop following the store, and take the widget off the page."""
        self._stop_following()
        for child in self.children:
            close_tree(child)
        super().close()

    def __del__(self) -> None:
        # Garbage is collected anywhere, also while this thread holds a lock of ours, so nothing is closed here. What is
        # garbage has no comm any more, or ipywidgets would hold it; and its feed holds its listener weakly.
        pass

    def _listen_to(self, kinds: frozenset[str] | None) -> None:
        """Read again after events of these kinds (empty: all); None for those of lists."""
        kinds = frozenset(LIFECYCLE) if kinds is None else kinds
        if self._listener.kinds != kinds:
            self._listener.kinds = kinds
            feed_of(self.client).look_again()

    def _stop_following(self) -> None:
        feed_of(self.client).forget(self._listener)

    def _failed(self, error: KitaruError, retry_in: float) -> None:
        with LOCK:
            self.set_trait("problem", str(error))
            then = f" Trying again in {retry_in:g} s."
            put(self._banner, f'<div role="status">{span(error)}{span(then, "kitaru-muted")}</div>')
