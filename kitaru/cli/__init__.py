"""The command line: ``kitaru``."""

from __future__ import annotations

from typing import Any

__all__ = ["app", "main", "run_flows"]


def main() -> None:
    """Run the command line; the process ends with the command's exit status."""
    from kitaru.cli.application import run

    run()


def __getattr__(name: str) -> Any:
    if name == "app":
        from kitaru.cli.application import app

        return app
    if name == "run_flows":
        from kitaru.cli.script import run_flows

        return run_flows
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
