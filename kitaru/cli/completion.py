"""What the shell offers after a tab: ids, flows and calls of this home."""

from __future__ import annotations

from typing import Any

import typer

from kitaru.errors import KitaruError


def executions(incomplete: str) -> list[tuple[str, str]]:
    """Offer the newest executions."""
    rows = _read("executions", {"items": []}, limit=100)["items"]
    begin = incomplete.removeprefix("kr-")
    named = [(row["exec_id"], f"{row['flow']}, {row['status']}") for row in rows]
    return [(name, told) for name, told in named if name.removeprefix("kr-").startswith(begin)]


def flows(incomplete: str) -> list[str]:
    """Offer the names of flows."""
    groups = _read("statistics", {"groups": []}, group_by=["flow"])["groups"]
    return sorted(name for group in groups if (name := group["keys"]["flow"]).startswith(incomplete))


def calls(context: typer.Context, incomplete: str) -> list[tuple[str, str]]:
    """Offer the calls of the execution that is named before."""
    execution = context.params.get("execution")
    found = _read("resolve", [], prefix=execution) if execution else []
    if not found:
        return []
    rows = _read("execution", {"calls": []}, exec_id=found[0])["calls"]
    return [(row["name"], row["status"]) for row in rows if row["name"].startswith(incomplete)]


def stacks(incomplete: str) -> list[str]:
    """Offer the names of stacks."""
    from kitaru.stacks.registry import list_stacks

    return [stack.name for stack in list_stacks() if stack.name.startswith(incomplete)]


def statuses(incomplete: str) -> list[str]:
    """Offer the statuses of executions."""
    names = ("pending", "running", "waiting", "completed", "failed", "cancelled", "interrupted")
    return [name for name in names if name.startswith(incomplete)]


def _read(name: str, nothing: Any, **parameters: Any) -> Any:
    """Ask the store; a shell that waits for suggestions is no place for errors."""
    from kitaru.store.connect import open_store

    try:
        return open_store().read(name, **parameters)
    except (KitaruError, OSError):
        return nothing
