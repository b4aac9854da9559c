"""Events that only add a row: artifacts, values, model calls, logs, snapshots, purges of the cache."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from kitaru.store import events as kinds
from kitaru.store.database.call_events import find_call
from kitaru.store.database.deployment_events import DEPLOYMENT_RECORDS
from kitaru.store.database.rows import LLM_CALL, Row
from kitaru.store.database.schedule_events import SCHEDULE_RECORDS
from kitaru.store.database.state import Changes, Execution, Lookup, strings

if TYPE_CHECKING:
    from collections.abc import Callable

    from kitaru.store.events import Event


def _artifact(execution: Execution, event: Event, changes: Changes, lookup: Lookup) -> None:
    body, call = event["body"], event.get("call")
    name = body["name"]
    row = {
        "artifact_id": _unused_id(execution, f"{event['exec_id']}/{call or '@flow'}/{name}", lookup),
        "exec_id": event["exec_id"],
        "call": call,
        "name": name,
        "kind": body.get("kind"),
        "value": body["value"],
        "tags": strings(body.get("tags")),
        "at": event["at"],
        "position": event["position"],
    }
    changes.add("artifacts", row)


def _unused_id(execution: Execution, wanted: str, lookup: Lookup) -> str:
    if execution.saved is None:
        execution.saved = lookup.artifacts(execution.row)
    number, artifact_id = 1, wanted
    while artifact_id in execution.saved or artifact_id.endswith("/output"):
        # A call's own output is called so, whether it was saved yet or not.
        number += 1
        artifact_id = f"{wanted}~{number}"
    execution.saved.add(artifact_id)
    return artifact_id


def _value(execution: Execution, event: Event, changes: Changes, lookup: Lookup) -> None:
    body = event["body"]
    row = {
        "exec_id": event["exec_id"],
        "call": event.get("call"),
        "name": body["name"],
        "value": body["value"],
        "at": event["at"],
        "position": event["position"],
    }
    changes.add("recorded_values", row)


def _llm_called(execution: Execution, event: Event, changes: Changes, lookup: Lookup) -> None:
    body, name = event["body"], event.get("call")
    row: Row = {key: body.get(key) for key in LLM_CALL}
    row.update(
        position=event["position"],
        exec_id=event["exec_id"],
        call=name,
        attempt=event.get("attempt"),
        at=event["at"],
    )
    if row["total_tokens"] is None and row["input_tokens"] is not None and row["output_tokens"] is not None:
        row["total_tokens"] = row["input_tokens"] + row["output_tokens"]
    changes.add("llm_calls", row)
    _add_totals(execution.row, row)
    changes.touch(execution)
    call = find_call(execution, name, lookup) if name else None
    if call is not None:
        _add_totals(call.row, row)
        changes.touch_call(call)


def _add_totals(totals: Row, usage: Row) -> None:
    totals["llm_calls"] += 1
    for name in ("input_tokens", "output_tokens", "total_tokens"):
        if usage[name] is not None:
            totals[name] = (totals[name] or 0) + int(usage[name])
    if usage["cost_usd"] is not None:
        totals["cost_usd"] = (totals["cost_usd"] or 0.0) + float(usage["cost_usd"])


def _logs(execution: Execution, event: Event, changes: Changes, lookup: Lookup) -> None:
    exec_id, call, attempt = event["exec_id"], event.get("call"), event.get("attempt")
    for number, line in enumerate(event["body"]["lines"]):
        row = {
            "position": event["position"],
            "line": number,
            "exec_id": exec_id,
            "call": call,
            "attempt": attempt,
            "at": float(line.get("at", event["at"])),
            "stream": line.get("stream"),
            "level": line.get("level"),
            "text": line["text"],
            "logger": line.get("logger"),
            "file": line.get("file"),
            "file_line": line.get("line"),
        }
        changes.add("logs", row)


def _snapshot(event: Event, changes: Changes) -> None:
    body = event["body"]
    row: dict[str, Any] = {
        name: body.get(name)
        for name in ("flow", "source", "code", "signature", "versions", "identity", "module", "qualname")
    }
    row.update(
        snapshot_id=body["snapshot_id"], notes=strings(body.get("notes")), at=event["at"], position=event["position"]
    )
    changes.add("snapshots", row)


def _purged(event: Event, changes: Changes) -> None:
    before = event["body"].get("before")
    position = event["position"]
    changes.purges.append((event["body"].get("checkpoint"), position if before is None else min(int(before), position)))


RECORDS: Final = {
    kinds.ARTIFACT_SAVED: _artifact,
    kinds.VALUE_RECORDED: _value,
    kinds.LLM_CALLED: _llm_called,
    kinds.LOG_WRITTEN: _logs,
}

STORE_RECORDS: Final[dict[str, Callable[[Event, Changes], None]]] = {
    kinds.SNAPSHOT_RECORDED: _snapshot,
    kinds.CACHE_PURGED: _purged,
    **DEPLOYMENT_RECORDS,
    **SCHEDULE_RECORDS,
}
