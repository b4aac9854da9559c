"""`ExecutionBrowser`: the recorded executions, filtered, searched and paged, live."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

import ipywidgets
import traitlets

from kitaru.client.models import ExecutionStatus
from kitaru.widgets.base import LOCK, StoreWidget
from kitaru.widgets.style import button, clock, cost, empty_state, html, length, put, span, status_mark

if TYPE_CHECKING:
    from kitaru.client import KitaruClient
    from kitaru.client.models import Execution

TYPING: Final = 0.2
"""Seconds after a change of a filter: who types a word wants one answer."""
FLOWS_LAST: Final = 30.0
TIMES: Final = {"": "Any time", "1h": "Last hour", "24h": "Last 24 hours", "7d": "Last 7 days", "30d": "Last 30 days"}
EXAMPLE: Final = """from kitaru import checkpoint, flow

@checkpoint
def research(topic: str) -> str:
    return f"notes about {topic}"

@flow
def report(topic: str) -> str:
    return research(topic)

report.run("cats")"""


class ExecutionBrowser(StoreWidget):
    """A live list of executions, to find one and to pick it.

    Parameters
    ----------
    client
        Whose store is shown; what this process works with if not given.
    **filters
        First values of the traits: ``flow``, ``status``, ``text``, ``since``, ``page_size``.

    Notes
    -----
    ``selected`` is the id of the picked execution. Link it with what shows one execution:
    ``traitlets.link((browser, "selected"), (view, "exec_id"))``.

    Examples
    --------
    >>> from kitaru.widgets import ExecutionBrowser
    >>> browser = ExecutionBrowser(status="failed")
    >>> browser.refresh()
    >>> browser.total
    0
    >>> browser.close()
    """

    flow = traitlets.Unicode("", help="Name of a flow; empty for all.").tag(sync=False)
    status = traitlets.Enum(["", *ExecutionStatus], "", help="A status; empty for all.").tag(sync=False)
    text = traitlets.Unicode("", help="What occurs in id, flow, notebook, failure, tags or metadata.").tag(sync=False)
    since = traitlets.Unicode("", help="Started since: a date, or how long ago, such as 7d.").tag(sync=False)
    page = traitlets.Int(1, min=1, help="Which page is shown, from 1.").tag(sync=False)
    page_size = traitlets.Int(12, min=1, max=200, help="Executions on a page.").tag(sync=False)
    selected = traitlets.Unicode("", help="Id of the picked execution; empty for none.").tag(sync=False)
    executions = traitlets.Tuple(read_only=True, help="The summaries on this page.").tag(sync=False)
    total = traitlets.Int(0, read_only=True, help="How many executions fit the filters.").tag(sync=False)

    def __init__(self, client: KitaruClient | None = None, **filters: Any) -> None:
        super().__init__(client)
        self._flows: list[str] = []
        self._flows_read = 0.0
        for name, value in filters.items():
            setattr(self, name, value)
        self._search = ipywidgets.Text(
            self.text, placeholder="id, flow, failure, tag", description="Search", continuous_update=True
        )
        self._flow_choice = ipywidgets.Dropdown(options=[("All flows", "")], description="Flow")
        statuses = [("Any status", ""), *((one.value, one.value) for one in ExecutionStatus)]
        self._status_choice = ipywidgets.Dropdown(options=statuses, value=self.status, description="Status")
        times = [(label, value) for value, label in TIMES.items()]
        self._time_choice = ipywidgets.Dropdown(options=times, value="", description="Started")
        self._rows = _Rows(self._pick)
        self._empty = html("", "kitaru-empty")
        self._count = html("", "kitaru-muted")
        self._newer = button("Newer", lambda: self._turn(-1), "kitaru-quiet")
        self._older = button("Older", lambda: self._turn(1), "kitaru-quiet")
        self._clear = button("Clear the filters", self.clear)
        self._connect()
        self._begin([self._controls(), self._rows, self._empty, self._clear, self._pager()])

    def _controls(self) -> ipywidgets.Widget:
        controls = ipywidgets.HBox([self._search, self._flow_choice, self._status_choice, self._time_choice])
        for control in controls.children:
            control.style = {"description_width": "auto"}
            control.layout.width = "auto"
        controls.add_class("kitaru-controls")
        return controls

    def _pager(self) -> ipywidgets.Widget:
        pager = ipywidgets.HBox([self._count, self._newer, self._older])
        pager.add_class("kitaru-buttons")
        return pager

    def _connect(self) -> None:
        pairs = {"text": self._search, "flow": self._flow_choice, "status": self._status_choice}
        for name, control in pairs.items():
            control.observe(lambda change, name=name: self._set(name, change["new"]), "value")
        self._time_choice.observe(lambda change: self._set("since", change["new"]), "value")
        self.observe(self._filtered, ["flow", "status", "text", "since", "page_size"])
        self.observe(lambda _: self.refresh_soon(), "page")
        self.observe(lambda _: self._mark(), "selected")

    def clear(self) -> None:
        """Show everything again."""
        with self.hold_trait_notifications():
            self.flow = self.status = self.text = self.since = ""

    def _set(self, name: str, value: Any) -> None:
        with LOCK:
            setattr(self, name, value if value is not None else "")

    def _filtered(self, change: Any) -> None:
        self.page = 1
        self._listener.schedule(TYPING)

    def _turn(self, step: int) -> None:
        with LOCK:
            self.page = max(1, self.page + step)

    def _pick(self, exec_id: str) -> None:
        with LOCK:
            self.selected = exec_id

    def _mark(self) -> None:
        self._rows.mark(self.selected)

    def _read(self) -> Any:
        found = self.client.executions.list(
            flow=self.flow or None,
            status=self.status or None,
            text=self.text or None,
            since=self.since or None,
            page=self.page,
            size=self.page_size,
        )
        self._read_flows({one.flow_name for one in found})
        return found

    def _read_flows(self, seen: set[str]) -> None:
        now = time.monotonic()
        if seen <= set(self._flows) and now - self._flows_read < FLOWS_LAST:
            return
        groups = self.client.executions.statistics(group_by="flow").groups
        self._flows, self._flows_read = sorted(str(group.keys["flow"]) for group in groups), now

    def _show(self, found: Any) -> None:
        self.set_trait("total", found.total)
        self.set_trait("executions", tuple(found))
        self._rows.show(found, self.selected)
        self._show_filters()
        self._show_place(found)
        is_filtered = any((self.flow, self.status, self.text, self.since))
        self._clear.layout.display = None if is_filtered and not found.total else "none"
        told = "" if found.total else "Nothing fits these filters." if is_filtered else ""
        if not found.total and not is_filtered:
            told = empty_state("No execution is recorded yet. Run a flow, and it is listed here at once:", EXAMPLE)
        put(self._empty, told)

    def _show_filters(self) -> None:
        names = [("All flows", ""), *((name, name) for name in sorted({*self._flows, *filter(None, [self.flow])}))]
        if tuple(names) != tuple(self._flow_choice.options):
            self._flow_choice.options = names
        for control, value in ((self._flow_choice, self.flow), (self._status_choice, self.status)):
            if control.value != value:
                control.value = value
        if self._time_choice.value != self.since and self.since in TIMES:
            self._time_choice.value = self.since
        if not self.text and self._search.value != self.text:
            self._search.value = ""

    def _show_place(self, found: Any) -> None:
        first, last = found.offset + 1, found.offset + len(found)
        put(self._count, f"{first}–{last} of {found.total}" if len(found) else "")
        self._newer.layout.display = None if found.offset else "none"
        self._older.layout.display = None if found.has_more else "none"


class _Rows(ipywidgets.VBox):
    """The rows of a page; they are made once and show one page after another."""

    def __init__(self, pick: Any) -> None:
        self._picked = pick
        self._made: list[_Row] = []
        titles = ("Status", "Started", "Took", "Calls", "Cost", "Execution")
        cells = "".join(f"<span>{title}</span>" for title in titles)
        flow = ipywidgets.HTML("Flow")
        flow.add_class("kitaru-pick")
        self._head = ipywidgets.HBox([flow, html(f'<div class="kitaru-cells">{cells}</div>', "kitaru-grow")])
        self._head.add_class("kitaru-heading")
        super().__init__([self._head])
        self.add_class("kitaru-lines")

    def show(self, found: Any, selected: str) -> None:
        while len(self._made) < len(found):
            self._made.append(_Row(self._picked))
        for row, execution in zip(self._made, found, strict=False):
            row.show(execution)
        self.children = (self._head, *self._made[: len(found)]) if found else ()
        self.mark(selected)

    def mark(self, selected: str) -> None:
        for row in self._made:
            (row.add_class if selected and row.exec_id == selected else row.remove_class)("kitaru-selected")


class _Row(ipywidgets.HBox):
    def __init__(self, pick: Any) -> None:
        self.exec_id = ""
        self._button = button("", lambda: pick(self.exec_id), "kitaru-pick")
        self._cells = html("", "kitaru-grow")
        super().__init__([self._button, self._cells])
        self.add_class("kitaru-row")

    def show(self, execution: Execution) -> None:
        self.exec_id = execution.exec_id
        self._button.description = execution.flow_name
        self._button.tooltip = f"Show {execution.exec_id} of {execution.flow_name}"
        why = str(execution.failure or execution.status_reason or "") or ", ".join(execution.waiting_for)
        cells = [
            status_mark(execution.status, why),
            clock(execution.started_at or execution.created_at),
            span(length(execution.duration)),
            span(execution.call_count or ""),
            span(cost(execution.cost_usd)),
            span(execution.exec_id, "kitaru-code", "kitaru-cut", title=execution.exec_id),
        ]
        put(self._cells, f'<div class="kitaru-cells">{"".join(cells)}</div>')
