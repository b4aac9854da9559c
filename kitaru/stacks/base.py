"""The execution plane's one interface: where the code of a checkpoint runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from concurrent.futures import Future

    from kitaru.stacks.scope import CallInfo, Emit


@dataclass(frozen=True, slots=True)
class Task:
    """One attempt of a checkpoint: the function, its arguments and its limits.

    Parameters
    ----------
    function
        The user's function; a coroutine function is awaited where it runs.
    timeout
        Seconds after which the attempt is killed, or None.
    memory
        Bytes that the attempt may take beyond what its process holds at the start, or None.
    """

    function: Callable[..., Any]
    args: Sequence[Any]
    kwargs: Mapping[str, Any]
    info: CallInfo
    timeout: float | None = None
    memory: int | None = None


class Stack(Protocol):
    """A place to run checkpoints, outside the kernel's own threads."""

    name: str

    def submit(self, task: Task, emit: Emit) -> Future[Any]:
        """Run the task; the future holds what the function returned or raised.

        Cancelling the future stops the task for real. What the task reports while it runs (logs,
        progress, saved values) arrives through ``emit``, in order, before the future is done.
        """
        ...

    def close(self) -> None:
        """Stop every process of the stack."""
        ...
