"""What a wait for an execution raises when it is interrupted, where somebody has more to say than Python.

In a notebook the execution goes on in the kernel, and there are ways to come back to it; in a script the interrupt ends
both.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from kitaru.runtime.handle import FlowHandle

    Teller = Callable[[KeyboardInterrupt, FlowHandle[Any]], KeyboardInterrupt]

_teller: Teller | None = None


def told_by(teller: Teller) -> None:
    """Let this make what is raised, of the interrupt and of the handle whose wait it ends."""
    global _teller
    _teller = teller


def interrupted(error: KeyboardInterrupt, handle: FlowHandle[Any]) -> KeyboardInterrupt:
    """Return what is to be raised."""
    return error if _teller is None else _teller(error, handle)
