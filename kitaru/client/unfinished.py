"""What a notebook has left undone: what was interrupted and can go on, and what asks somebody."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from kitaru.client.client import KitaruClient
    from kitaru.client.models import Execution, PendingWait

MOST: Final = 20
"""Executions of a kind that are offered."""


def find_offers(client: KitaruClient, notebook: str | None) -> tuple[list[Execution], list[PendingWait]]:
    """Return the interrupted executions of a notebook, the newest first, and its open questions, the oldest first.

    Parameters
    ----------
    client
        Where to look.
    notebook
        Path of the notebook; None for those of every notebook.

    Examples
    --------
    >>> from kitaru.client import KitaruClient
    >>> find_offers(KitaruClient(), None)
    ([], [])
    """
    interrupted = client.executions.list(status="interrupted", notebook=notebook, limit=MOST)
    waiting = client.executions.list(status="waiting", notebook=notebook, limit=MOST)
    ids = {execution.exec_id for execution in waiting}
    waits = [wait for wait in client.executions.pending_waits() if wait.exec_id in ids]
    return [one for one in interrupted if one.parent_exec_id is None], waits
