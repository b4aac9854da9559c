"""Live events of your own: `publish` from a checkpoint, watch with ``client.executions.events(...)``."""

from __future__ import annotations

from kitaru.runtime.reporting import publish

__all__ = ["publish"]
