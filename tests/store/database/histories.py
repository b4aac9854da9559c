"""Events as runners write them, journal records of them, and random histories."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from kitaru.store.database import Database

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kitaru.store.database import Quarantined

E1, E2, E3 = "kr-aaaaaaaaaaaa", "kr-abbbbbbbbbbb", "kr-cccccccccccc"
MEMORY = Path(":memory:")


def value(content: Any = "hello", size: int = 7) -> dict[str, Any]:
    preview = {"kind": "text", "text": str(content)}
    return {
        "codec": "json", "type": "builtins.str", "size": size, "digest": "d" * 64, "inline": content, "preview": preview
    }  # fmt: skip


def failure(message: str = "boom") -> dict[str, Any]:
    return {"type": "ValueError", "message": message, "traceback": "", "origin": "user_code"}


def event(
    kind: str, exec_id: str = E1, call: str | None = None, /, *, at: float = 100.0, **body: Any
) -> dict[str, Any]:
    return {"kind": kind, "at": at, "exec_id": exec_id, "call": call, "attempt": 1, "epoch": 1, "body": body}


def created(exec_id: str = E1, **body: Any) -> dict[str, Any]:
    told = {"flow": "f", "snapshot_id": "s1", "inputs": {"topic": value("cats")}, "tags": ["t"], "metadata": {}}
    return event("execution.created", exec_id, **{**told, **body})


def claimed(exec_id: str = E1, epoch: int = 1, *, at: float = 100.0) -> dict[str, Any]:
    return {
        **event("execution.claimed", exec_id, at=at, runner={"runner_id": f"r{epoch}"}, code="live"),
        "epoch": epoch,
    }


def started(name: str, exec_id: str = E1, *, at: float = 100.0, **body: Any) -> dict[str, Any]:
    told = {
        "checkpoint": name.rpartition("_")[0] or name, "type": "tool_call", "runtime": "inline", "sequence": 0,
        "concurrent": False, "input_digest": "i", "inputs": {"x": {"digest": "1", "preview": {"text": "1"}}},
        "parents": [], "code_id": "code", "cache_key": f"key-{name}", "opaque": [],
    }  # fmt: skip
    return event("call.started", exec_id, name, at=at, **{**told, **body})


def completed(name: str, exec_id: str = E1, *, at: float = 101.0, **body: Any) -> dict[str, Any]:
    return event("call.completed", exec_id, name, at=at, **{"output": value(), "duration": 1.0, **body})


def failed(name: str, exec_id: str = E1, *, at: float = 101.0) -> dict[str, Any]:
    return event("call.failed", exec_id, name, at=at, failure=failure(), duration=1.0)


def attempt_failed(name: str, exec_id: str = E1, *, at: float = 101.0, message: str = "boom") -> dict[str, Any]:
    return event("call.attempt_failed", exec_id, name, at=at, failure=failure(message), retry_in=0.5)


def reused(name: str, exec_id: str = E1, source: str = E2) -> dict[str, Any]:
    told = started(name, exec_id)["body"]
    return event(
        "call.reused", exec_id, name, **told, output=value(), reason="cache", source_exec_id=source, source_call=name,
        why="same inputs",
    )  # fmt: skip


def llm(call: str | None, exec_id: str = E1, **body: Any) -> dict[str, Any]:
    told = {
        "name": "llm_1", "requested_model": "m", "resolved_model": "m", "alias": None, "provider": "p",
        "credential_source": None, "input_tokens": 3, "output_tokens": 4, "total_tokens": None,
        "cached_input_tokens": None, "reasoning_tokens": None, "cost_usd": 0.25, "cost_source": "calculator",
        "latency_ms": 5.0, "status": "completed", "prompt": {"text": "p"}, "response": {"text": "r"}, "warnings": [],
    }  # fmt: skip
    return event("llm.called", exec_id, call, **{**told, **body})


def wait_created(name: str = "approve", exec_id: str = E1, **body: Any) -> dict[str, Any]:
    return event("wait.created", exec_id, wait=name, question="ok?", schema=None, **body)


def answered(name: str = "approve", exec_id: str = E1, content: Any = True) -> dict[str, Any]:
    return event("wait.answered", exec_id, wait=name, value=content, by="me", source="input")


def record(events: Sequence[Any], position: int, client: str = "c1", sequence: int | None = None) -> Any:
    return {
        "position": position, "client": client, "sequence": sequence or position, "time": 1.0,
        "results": [{"position": position}], "events": list(events),
    }  # fmt: skip


def apply(database: Database, *events: dict[str, Any]) -> list[Quarantined]:
    """Apply events as the next record of the journal."""
    return database.apply([record(events, database.position + 1)])


def filled(*events: dict[str, Any]) -> Database:
    """Return a database in memory that has these events."""
    database = Database(MEMORY)
    assert apply(database, *events) == []
    return database


KINDS = (
    "claimed", "suspended", "completed", "failed", "cancelled", "interrupted", "logged", "deleted", "published",
    "started", "attempt_failed", "call_completed", "call_failed", "reused", "call_logged", "progress", "llm", "wait",
    "answer", "abort", "artifact", "value", "log", "snapshot", "purge",
    "job_created", "job_claimed", "job_released", "job_ended", "job_cancelled",
)  # fmt: skip


@st.composite
def histories(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Draw the events of a few executions; an event that makes no sense is part of it now and then."""
    events = [created(E1), claimed(E1)]
    known = [E1]
    for number in range(draw(st.integers(5, 40))):
        if len(known) < 3 and draw(st.integers(0, 9)) == 0:
            exec_id = (E1, E2, E3)[len(known)]
            known.append(exec_id)
            events += [created(exec_id), claimed(exec_id)]
        kind, exec_id = draw(st.sampled_from(KINDS)), draw(st.sampled_from(known))
        name = draw(st.sampled_from(("a", "b", "c_2")))
        events.append({**_one(kind, exec_id, name, number), "at": 100.0 + number})
    return events


def _one(kind: str, exec_id: str, name: str, number: int) -> dict[str, Any]:
    more = {"metadata": {"n": number, "d": {name: number}}}
    simple = {
        "claimed": lambda: claimed(exec_id, number + 2),
        "started": lambda: started(name, exec_id, sequence=number),
        "attempt_failed": lambda: attempt_failed(name, exec_id),
        "call_completed": lambda: completed(name, exec_id),
        "call_failed": lambda: failed(name, exec_id),
        "reused": lambda: reused(name, exec_id),
        "llm": lambda: llm(name, exec_id),
        "wait": lambda: wait_created(name, exec_id, deadline=5.0),
        "answer": lambda: answered(name, exec_id),
        "abort": lambda: event("wait.aborted", exec_id, wait=name, by="me"),
        "completed": lambda: event("execution.completed", exec_id, output=value()),
        "failed": lambda: event("execution.failed", exec_id, failure=failure(), call=name),
        "logged": lambda: event("execution.logged", exec_id, **more),
        "call_logged": lambda: event("call.logged", exec_id, name, **more),
        "progress": lambda: event("progress", exec_id, name, message="m", percent=0.5),
        "published": lambda: event("event.published", exec_id, kind="k", payload=number),
        "artifact": lambda: event("artifact.saved", exec_id, name, name="plot", kind="output", value=value(), tags=[]),
        "value": lambda: event("value.recorded", exec_id, name="now", value=number),
        "log": lambda: event("log.written", exec_id, name, lines=[{"text": "x", "stream": "stdout"}] * 2),
        "snapshot": lambda: event("snapshot.recorded", "", snapshot_id=f"s{number % 2}", flow="f", source="", notes=[]),
        "job_created": lambda: event("job.created", exec_id, job_id=f"kj-{name}", kind="retry", target=exec_id),
        "job_claimed": lambda: event("job.claimed", exec_id, job_id=f"kj-{name}", attempt=number, runner={"pid": 1}),
        "job_released": lambda: event("job.released", exec_id, job_id=f"kj-{name}", attempt=number, reason="r"),
        "job_ended": lambda: event("job.ended", exec_id, job_id=f"kj-{name}", attempt=number, outcome="completed"),
        "job_cancelled": lambda: event("job.cancelled", exec_id, job_id=f"kj-{name}", reason="r"),
        "purge": lambda: event("cache.purged", "", checkpoint=name, before=None),
    }
    return simple[kind]() if kind in simple else event(f"execution.{kind}", exec_id, reason="r", wait=name)
