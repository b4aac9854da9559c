"""A view as plain text: what a terminal shows, and what stands where HTML does not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from kitaru.views.wording import GLYPHS, clean, command, counted, dollars, group_status, number, span_of, took

if TYPE_CHECKING:
    from kitaru.views.model import CallView, ChildView, ExecutionView, GroupView, Row

MOST_ROWS: Final = 40
_WIDTH: Final = 100


def as_text(view: ExecutionView, *, most_rows: int = MOST_ROWS) -> str:
    """Write a view as lines.

    Examples
    --------
    >>> from kitaru.views.pending import pending_view
    >>> print(as_text(pending_view("kr-1", "research")))
    ○ research  pending  0 calls  kr-1
    """
    head = [f"{GLYPHS[view.status]} {view.flow}", view.status, span_of(view), counted(view), view.exec_id]
    lines = ["  ".join(filter(None, head))]
    shown = (
        view.rows if len(view.rows) <= most_rows else [*view.rows[: most_rows // 4], *view.rows[-most_rows * 3 // 4 :]]
    )
    left_out = view.hidden + len(view.rows) - len(shown)
    for index, row in enumerate(shown):
        if left_out and index == most_rows // 4:
            lines.append(f"    … {left_out:,} rows in between are not shown")
        lines += _row(row)
    if view.failure is not None:
        lines += [view.failure.traceback.rstrip() or f"{view.failure.type}: {view.failure.message}"]
    for wait in view.waits:
        lines += [f"? {wait.question or 'Go on?'}", f"  answer with: {command(wait)}"]
    if view.output is not None and view.status == "completed":
        lines.append(f"= {_cut(view.output.text)}")
    return "\n".join(clean(line) for line in lines)


def _row(row: Row, indent: str = "  ") -> list[str]:
    if row.kind == "call":
        return [indent + _call(row)]
    if row.kind == "group":
        return [indent + _group(row)]
    if row.kind == "child":
        return _child(row, indent)
    state = "open" if row.status == "pending" else f"{row.status} {row.answer or ''}".rstrip()
    return [f"{indent}? {row.name}: {_cut(row.question or 'Go on?')} ({state})"]


def _call(call: CallView) -> str:
    told = ""
    if call.stream:
        told = call.stream.rstrip()[-_WIDTH:]
    elif call.status == "running":
        told = (call.progress.message if call.progress else None) or "running"
    elif call.failure is not None and call.status != "completed":
        told = f"{call.failure.type}: {call.failure.message}"
    elif call.reused:
        told = f"reused: {call.why}" if call.why else "reused"
    elif call.output is not None:
        told = call.output.text
    tries = f"{call.attempts} attempts" if call.attempts > 1 else ""
    figures = [took(call.duration), f"{number(call.tokens)} tokens" if call.tokens else "", dollars(call.cost), tries]
    return "  ".join(filter(None, [f"{GLYPHS[call.status]} {call.name}", *figures, _cut(told)]))


def _group(group: GroupView) -> str:
    done = f"{group.completed + group.reused:,} of {group.total:,}"
    counts = [f"{n:,} {word}" for n, word in ((group.running, "running"), (group.failed, "failed")) if n]
    told = ", ".join([done, *counts])
    return "  ".join(
        filter(None, [f"{GLYPHS[group_status(group)]} {group.checkpoint} ×{group.total:,}", took(group.duration), told])
    )


def _child(child: ChildView, indent: str) -> list[str]:
    head = "  ".join(filter(None, [f"{GLYPHS[child.status]} {child.flow}", child.exec_id, span_of(child)]))
    return [indent + head, *(line for row in child.rows for line in _row(row, indent + "  "))]


def _cut(text: str) -> str:
    line = text.replace("\n", " ")
    return line if len(line) <= _WIDTH else f"{line[: _WIDTH - 1]}…"
