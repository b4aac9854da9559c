"""From what the store has of an execution to what its body's next run needs."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from kitaru.runtime.execution import History, RecordedWait
from kitaru.runtime.matching import Matcher, RecordedCall
from kitaru.runtime.replay import ReplayPlan, check_overrides, find_call
from kitaru.runtime.values import decode, encode

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kitaru.store.payloads import PayloadStore
    from kitaru.store.protocol import Store


def calls_from(recorded: Mapping[str, Any]) -> list[RecordedCall]:
    """Make the recorded calls of a ``history`` answer."""
    return [
        RecordedCall(
            row["name"],
            row["checkpoint"],
            row["sequence"],
            row["status"],
            bool(row["concurrent"]),
            row["input_digest"],
            row["inputs"] or {},
            row.get("output"),
            row.get("attempts") or 0,
            row.get("first_position") or 0,
            row.get("end_position"),
            explicit=row["name"] != row["checkpoint"] and not _is_numbered(row["name"], row["checkpoint"]),
        )
        for row in recorded["calls"]
    ]


def _is_numbered(name: str, checkpoint: str) -> bool:
    return name.startswith(f"{checkpoint}_") and name[len(checkpoint) + 1 :].isdigit()


def waits_from(recorded: Mapping[str, Any]) -> dict[str, RecordedWait]:
    """Make the recorded questions of a ``history`` answer."""
    return {
        row["name"]: RecordedWait(
            row["name"],
            row["status"],
            row.get("question"),
            row.get("schema"),
            row.get("value"),
            row.get("deadline"),
            row.get("first_position") or 0,
        )
        for row in recorded["waits"]
    }


def history_from(recorded: Mapping[str, Any], on_divergence: str) -> History:
    """Make what a resumed body matches its calls with; a question that was refused is asked again."""
    values = {row["name"]: row["value"] for row in recorded["values"] if not row.get("call")}
    matcher = Matcher(calls_from(recorded), on_divergence=on_divergence)  # type: ignore[arg-type]
    saved = Counter((row["name"], row["kind"], row["digest"]) for row in recorded["saved"])
    waits = {name: wait for name, wait in waits_from(recorded).items() if wait.status != "aborted"}
    return History(matcher, waits, values, saved)


def make_plan(
    recorded: Mapping[str, Any],
    at: str | None,
    checkpoint_overrides: Mapping[str, Mapping[str, Any]] | None,
    invocation_overrides: Mapping[str, Mapping[str, Any]] | None,
    answers: Mapping[str, Any] | None,
) -> ReplayPlan:
    """Check a replay's request against what is recorded, and make its plan."""
    calls = calls_from(recorded)
    checkpoints, invocations = check_overrides(calls, checkpoint_overrides, invocation_overrides)
    own = [row for row in recorded["values"] if not row.get("call")]
    return ReplayPlan(
        recorded["execution"]["exec_id"],
        calls,
        None if at is None else find_call(calls, at),
        checkpoints,
        invocations,
        dict(answers or {}),
        waits_from(recorded),
        {row["name"]: row["value"] for row in own},
        {row["name"]: row.get("position") or 0 for row in own},
    )


def replay_record(
    payloads: PayloadStore,
    at: str | None,
    flow_overrides: Mapping[str, Any] | None,
    checkpoint_overrides: Mapping[str, Any] | None,
    invocation_overrides: Mapping[str, Any] | None,
    answers: Mapping[str, Any] | None,
) -> dict[str, Any]:
    """Record a replay's request, so that another process can go on with it."""
    return {
        "at": at,
        "flow_overrides": encode(dict(flow_overrides or {}), payloads),
        "checkpoint_overrides": encode(dict(checkpoint_overrides or {}), payloads),
        "invocation_overrides": encode(dict(invocation_overrides or {}), payloads),
        "answers": encode(dict(answers or {}), payloads),
    }


def plan_from(store: Store, head: Mapping[str, Any]) -> ReplayPlan | None:
    """Make the plan of a replay that is resumed; None if the execution is no replay."""
    replay = head.get("replay")
    if not replay:
        return None
    source = store.read("history", exec_id=head["original_exec_id"])
    given = {
        name: decode(replay[name], store.payloads)
        for name in ("checkpoint_overrides", "invocation_overrides", "answers")
    }
    return make_plan(
        source, replay["at"], given["checkpoint_overrides"], given["invocation_overrides"], given["answers"]
    )
