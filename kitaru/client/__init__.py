"""What surfaces and users read and steer executions with: `KitaruClient`, its models, comparisons and dry runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kitaru.client.client import KitaruClient

__all__ = ["KitaruClient"]


def __getattr__(name: str) -> Any:
    """Import the client only when it is used; the models, and Pydantic with them, come with its first answer."""
    if name != "KitaruClient":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from kitaru.client.client import KitaruClient

    return KitaruClient
