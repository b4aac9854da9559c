"""The view of an execution in a cell."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kitaru.views.build import execution_view
from kitaru.views.model import MIME_TYPE

if TYPE_CHECKING:
    from kitaru.runtime.handle import FlowHandle
    from kitaru.views.model import ExecutionView


def watch(handle: FlowHandle[Any], *, detach: bool = False) -> None:
    """Show the execution in this cell until it ends or asks; an interrupt lets it go on alone."""
    from kitaru.errors import KitaruError

    if not detach:
        try:
            handle.wait()
        except KeyboardInterrupt:
            print(f"Detached: {handle.exec_id} goes on. %kitaru cancel {handle.exec_id} stops it.")
        except KitaruError:
            pass
    display_view(handle.exec_id)


def display_view(exec_id: str) -> None:
    """Show an execution as it stands."""
    from IPython.display import display

    from kitaru.client import KitaruClient

    view = execution_view(KitaruClient(), exec_id)
    display({MIME_TYPE: view.model_dump(mode="json"), "text/plain": _plain(view)}, raw=True)


def _plain(view: ExecutionView) -> str:
    return f"{view.exec_id} of {view.flow}: {view.status}"
