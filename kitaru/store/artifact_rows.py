"""Artifacts of one execution: what was saved by hand, and what its calls returned."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

Row = dict[str, Any]


def artifact_rows(saved: Iterable[Mapping[str, Any]], calls: Iterable[Mapping[str, Any]]) -> list[Row]:
    """Return what the view ``internal.all_artifacts`` has of an execution, from rows that are at hand.

    Outputs are part of their calls' rows; to send them twice would double an answer.

    Examples
    --------
    >>> call = {"exec_id": "kr-1", "name": "add", "output": {"inline": 3}, "ended_at": 2.0, "position": 4}
    >>> [row["artifact_id"] for row in artifact_rows([], [call, call | {"name": "fail", "output": None}])]
    ['kr-1/add/output']
    """
    outputs = [
        {
            "artifact_id": f"{call['exec_id']}/{call['name']}/output",
            "exec_id": call["exec_id"],
            "call": call["name"],
            "name": "output",
            "kind": "output",
            "save_type": "output",
            "value": call["output"],
            "tags": [],
            "at": call["ended_at"],
            "position": call["position"],
        }
        for call in calls
        if call["output"] is not None
    ]
    return sorted(outputs + [{**row, "save_type": "manual"} for row in saved], key=_position)


def _position(row: Row) -> int:
    position: int = row["position"]
    return position
