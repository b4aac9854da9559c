"""What surfaces and users read and steer executions with: `KitaruClient`, `diff`, `dry_run` and their models."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kitaru.client.client import KitaruClient
    from kitaru.client.diff import diff
    from kitaru.client.dry_run import dry_run

__all__ = ["KitaruClient", "diff", "dry_run"]

_HOMES = {"KitaruClient": "kitaru.client.client", "diff": "kitaru.client.diff", "dry_run": "kitaru.client.dry_run"}


def __getattr__(name: str) -> Any:
    """Import the models, and Pydantic with them, only when something of the client is used."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)
