"""How handles, executions, values, questions, comparisons and deployments show themselves as the result of a cell.

The formatters are registered by the names of the classes: nothing is imported until one of them is shown.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from kitaru.errors import KitaruError
from kitaru.notebook.say import say

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from IPython.core.interactiveshell import InteractiveShell

    from kitaru.client.deployment import Deployment
    from kitaru.client.differences import ExecutionDiff
    from kitaru.client.models import ArtifactRef, CheckpointCall, Execution, PendingWait
    from kitaru.client.page import Page
    from kitaru.runtime.handle import FlowHandle

MOST_ROWS: Final = 100
"""Executions that a list shows."""
MOST_COMPARED: Final = 5
"""Executions that a comparison shows beside the original."""
LARGEST: Final = 200_000
"""Characters of HTML; what is longer is shown as text."""


def show_values(shell: InteractiveShell) -> None:
    """Register how our values are shown.

    Parameters
    ----------
    shell
        The shell of the notebook.
    """
    display: Any = shell.display_formatter
    html = display.formatters["text/html"]
    for module, name, shown in _HTML:
        html.for_type_by_name(module, name, _bounded(shown))
    text = display.formatters["text/plain"]
    text.for_type_by_name("kitaru.client.deployment", "Deployment", write_deployment)
    display.mimebundle_formatter.for_type_by_name("kitaru.client.models", "Execution", execution_bundle)
    display.ipython_display_formatter.for_type_by_name("kitaru.runtime.handle", "FlowHandle", display_handle)


def display_handle(handle: FlowHandle[Any]) -> None:
    """Show the execution of a handle, live until it has ended."""
    from kitaru.notebook.live import display_view, watch
    from kitaru.notebook.output import kernel_shell

    try:
        if kernel_shell() is None or handle.status in ("completed", "failed", "cancelled"):
            display_view(handle.exec_id)
        else:
            watch(handle, detach=True)
    except KitaruError as error:
        say(f"{handle.exec_id} of {handle.flow_name} cannot be shown: {error}")


def execution_bundle(execution: Execution, **_: Any) -> dict[str, Any]:
    """Show an execution as it is now; where its store is away, what is known of it already.

    Parameters
    ----------
    execution
        From ``get()``, ``latest()`` or a list.
    """
    from kitaru.client import KitaruClient
    from kitaru.views.build import execution_view
    from kitaru.views.bundle import mime_bundle

    client = execution._client or KitaruClient()  # noqa: SLF001 -- where it came from
    try:
        return mime_bundle(execution_view(client, execution.exec_id))
    except KitaruError as error:
        return {
            "text/html": _table([execution], f"This is what was read before. {error}"),
            "text/plain": repr(execution),
        }


def page_html(page: Page[Any]) -> str | None:
    """Show a page of executions as a table; other pages show themselves as text."""
    from kitaru.client.models import Execution

    if not all(isinstance(item, Execution) for item in page):
        return None
    shown = page[:MOST_ROWS]
    if not page.total:
        return _table([], "There are no such executions.")
    some = len(shown) < page.total
    told = f"{page.offset + 1:,} to {page.offset + len(shown):,} of {page.total:,} executions" if some and shown else ""
    return _table(shown, told or ("" if shown else f"This page is empty; there are {page.total:,} executions."))


def artifact_html(artifact: ArtifactRef) -> str:
    """Show a stored value by its preview: a table, an image, a tree, text or Markdown."""
    from kitaru.views.html import render
    from kitaru.views.parts import value_view

    value = value_view(
        artifact.value.model_dump() | {"preview": artifact.value.preview or {"text": str(artifact.value)}}
    )
    name = artifact.producing_call if artifact.save_type == "output" else artifact.name
    return render(
        "artifact.html",
        name=name or artifact.name,
        artifact_id=artifact.artifact_id,
        tags=artifact.tags,
        value=value,
        is_markdown="markdown" in artifact.tags or artifact.name.casefold().endswith(".md"),
        partial=_is_partial(value.preview),
    )


def call_html(call: CheckpointCall) -> str:
    """Show a call of a checkpoint: what it took and returned, or why it failed."""
    from kitaru.views.html import render
    from kitaru.views.parts import call_view

    return render("call.html", view=call_view(call), call_id=call.call_id)


def wait_html(wait: PendingWait) -> str:
    """Show an open question and the command that answers it."""
    from kitaru.views.html import render
    from kitaru.views.parts import wait_view

    return render("wait.html", wait=wait_view(wait))


def diff_html(diff: ExecutionDiff) -> str:
    """Show executions beside their original, call by call."""
    from kitaru.views.html import render

    return render("diff.html", diff=diff, compared=diff.compared[:MOST_COMPARED])


def deployment_html(deployment: Deployment) -> str:
    """Show a deployed version: parameters, origin, and how it is invoked."""
    from kitaru.views.deployment import deployment_html as html

    return html(deployment)


def write_deployment(deployment: Deployment, printer: Any, cycle: bool) -> None:
    """Write a deployed version as text; inside of a list on one line."""
    from kitaru.views.deployment import deployment_text

    printer.text(repr(deployment) if len(printer.stack) > 1 else deployment_text(deployment))


_HTML: Final[tuple[tuple[str, str, Callable[[Any], str | None]], ...]] = (
    ("kitaru.client.page", "Page", page_html),
    ("kitaru.client.models", "ArtifactRef", artifact_html),
    ("kitaru.client.models", "CheckpointCall", call_html),
    ("kitaru.client.models", "PendingWait", wait_html),
    ("kitaru.client.differences", "ExecutionDiff", diff_html),
    ("kitaru.client.deployment", "Deployment", deployment_html),
)


def _bounded(shown: Callable[[Any], str | None]) -> Callable[[Any], str | None]:
    def html(value: Any) -> str | None:
        made = shown(value)
        return made if made is None or len(made) <= LARGEST else None

    return html


def _table(executions: Sequence[Execution], told: str) -> str:
    from kitaru.views.build import execution_summary
    from kitaru.views.html import render

    rows = [execution_summary(one) for one in executions]
    has_cost = any(row.totals.cost is not None for row in rows)
    return render("executions.html", executions=rows, has_cost=has_cost, told=told)


def _is_partial(preview: dict[str, Any]) -> bool:
    """Whether there is more than the preview shows."""
    shape, rows = preview.get("shape"), preview.get("rows")
    return bool(preview.get("cut") or (shape and rows is not None and shape[0] > len(rows)))
