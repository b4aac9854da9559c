"""One execution as HTML, for where a widget shows it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kitaru.widgets.style import clock, cost, length, span, status_mark

if TYPE_CHECKING:
    from kitaru.client import KitaruClient
    from kitaru.client.models import CheckpointCall, Execution

MOST_CALLS = 100
LOG_LINES = 20


def execution_html(client: KitaruClient, execution: Execution) -> str:
    """Show an execution: where it stands, its calls, its result or its failure, and the last lines of its output."""
    parts = [_head(execution), _failure(execution), _calls(execution.checkpoints)]
    if execution.output is not None:
        parts.append(f"<div>Result: {span(execution.output, 'kitaru-code')}</div>")
    lines = list(client.executions.logs(execution.exec_id, limit=LOG_LINES, tail=True))
    if lines:
        text = "".join(f"{span(line)}\n" for line in lines)
        parts.append(f'<details><summary>Output</summary><pre class="kitaru-pre">{text}</pre></details>')
    return "".join(parts)


def _head(execution: Execution) -> str:
    facts = [
        status_mark(execution.status, execution.status_reason or ""),
        span(execution.exec_id, "kitaru-code"),
        clock(execution.started_at or execution.created_at),
        span(length(execution.duration)),
        span(f"{execution.total_tokens:,} tokens" if execution.total_tokens else ""),
        span(cost(execution.cost_usd)),
    ]
    told = " · ".join(fact for fact in facts if fact != "<span></span>")
    return f'<div class="kitaru-title">{span(execution.flow_name)}</div><div class="kitaru-help">{told}</div>'


def _failure(execution: Execution) -> str:
    if execution.failure is None:
        return ""
    traceback = execution.failure.traceback or str(execution.failure)
    return f'<div class="kitaru-red">{span(execution.failure)}</div><pre class="kitaru-pre">{span(traceback)}</pre>'


def _calls(calls: list[CheckpointCall]) -> str:
    if not calls:
        return ""
    rows = "".join(
        f"<tr><td>{status_mark(call.status, str(call.failure or call.why or ''))}</td><td>{span(call.name)}</td>"
        f"<td>{length(call.duration)}</td><td>{cost(call.cost_usd)}</td>"
        f"<td>{span(call.output or '', 'kitaru-code', title=str(call.output or ''))}</td></tr>"
        for call in calls[-MOST_CALLS:]
    )
    head = "<tr><th>Status</th><th>Call</th><th>Took</th><th>Cost</th><th>Output</th></tr>"
    hidden = len(calls) - MOST_CALLS
    more = f'<div class="kitaru-help">{hidden:,} earlier calls are not shown.</div>' if hidden > 0 else ""
    table = f'<table class="kitaru-table kitaru-calls"><thead>{head}</thead><tbody>{rows}</tbody></table>'
    return f'{more}<div class="kitaru-scroll">{table}</div>'
