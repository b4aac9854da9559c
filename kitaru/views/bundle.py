"""The MIME bundle of an execution: the document, HTML and plain text, bounded together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import orjson

from kitaru.views.html import as_html
from kitaru.views.model import MIME_TYPE
from kitaru.views.text import as_text

if TYPE_CHECKING:
    from kitaru.views.model import ExecutionView

LARGEST: Final = 200_000
"""Bytes of a bundle."""
_STEPS: Final = (50, 25, 10, 0)
_FEW: Final = 25


def mime_bundle(view: ExecutionView) -> dict[str, Any]:
    """Make what a notebook shows and saves of an execution, at most 200 KB.

    Where rows with long values do not fit, more of the middle is left out; then the lines of output are.

    Examples
    --------
    >>> from kitaru.views.pending import pending_view
    >>> sorted(mime_bundle(pending_view("kr-1", "research")))
    ['application/vnd.kitaru.execution.v1+json', 'text/html', 'text/plain']
    """
    bundle = _bundle(view)
    for most in _STEPS:
        if size_of(bundle) <= LARGEST:
            break
        view = _smaller(view, most)
        bundle = _bundle(view)
    return bundle


def size_of(bundle: dict[str, Any]) -> int:
    """Return how many bytes a bundle takes in a saved notebook."""
    return len(orjson.dumps(bundle))


def _bundle(view: ExecutionView) -> dict[str, Any]:
    return {MIME_TYPE: view.model_dump(mode="json"), "text/html": as_html(view), "text/plain": as_text(view)}


def _smaller(view: ExecutionView, most: int) -> ExecutionView:
    first = most // 4
    kept = [*view.rows[:first], *view.rows[len(view.rows) - (most - first) :]] if len(view.rows) > most else view.rows
    changes: dict[str, Any] = {"rows": kept, "hidden": view.hidden + len(view.rows) - len(kept)}
    if most <= _FEW:
        changes["logs"] = view.logs[-10:]
    return view.model_copy(update=changes)
