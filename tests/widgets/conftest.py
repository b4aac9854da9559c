from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import ipywidgets
import pytest

from kitaru.errors import KitaruBackendError
from kitaru.widgets.base import LOCK
from kitaru.widgets.feed import close_feeds

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture(autouse=True)
def widgets_closed(everything_closed: None) -> Iterator[None]:
    """No widget of a test reads or watches after it; that ends before the store is let go."""
    yield
    feeds = [thread for thread in threading.enumerate() if thread.name == "kitaru-feed"]
    close_feeds()
    for thread in feeds:
        thread.join(60)
    ipywidgets.Widget.close_all()


def until(widget: Any, condition: Callable[[], Any], seconds: float = 60) -> None:
    """Wait until a widget is as it should be; it is looked at whenever one of its traits changes."""
    changed = threading.Event()

    def look(change: Any) -> None:
        changed.set()

    widget.observe(look)
    try:
        while not _holds(condition):
            assert changed.wait(seconds), f"the widget did not become what it should; it shows:\n{texts(widget)}"
            changed.clear()
    finally:
        widget.unobserve(look)


def _holds(condition: Callable[[], Any]) -> bool:
    with LOCK:  # what is half drawn is no state to look at
        return bool(condition())


def texts(widget: Any) -> str:
    """Everything that a widget and those inside it show."""
    if widget.layout is not None and widget.layout.display == "none":
        return ""
    own = [getattr(widget, name, None) for name in ("description", "value")]
    inner = [texts(child) for child in getattr(widget, "children", ())]
    return "\n".join(part for part in [*own, *inner] if isinstance(part, str) and part)


def find(widget: Any, kind: type, description: str = "") -> Any:
    """The first widget of a kind inside another one."""
    for child in getattr(widget, "children", ()):
        if isinstance(child, kind) and description in (child.description or ""):
            return child
        inner = find(child, kind, description)
        if inner is not None:
            return inner
    return None


def click(widget: Any, description: str) -> None:
    found = find(widget, ipywidgets.Button, description)
    assert found is not None, f"no button {description!r} in:\n{texts(widget)}"
    assert not found.disabled
    found.click()


class AwayStore:
    """A store that can be told to be away."""

    def __init__(self, store: Any) -> None:
        self._store = store
        self.away = False

    def append(self, *args: Any, **kwargs: Any) -> Any:
        return self._asked("append", *args, **kwargs)

    def read(self, *args: Any, **kwargs: Any) -> Any:
        return self._asked("read", *args, **kwargs)

    def _asked(self, method: str, *args: Any, **kwargs: Any) -> Any:
        if self.away:
            raise KitaruBackendError("The service is away.")
        return getattr(self._store, method)(*args, **kwargs)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)
