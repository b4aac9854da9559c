"""Where an execution stands, as the record says."""

from __future__ import annotations

from enum import StrEnum


class ExecutionStatus(StrEnum):
    """Where an execution stands.

    Examples
    --------
    >>> ExecutionStatus("completed").is_successful, ExecutionStatus.INTERRUPTED.is_finished
    (True, False)
    """

    PENDING = "pending"
    RUNNING = "running"
    WAITING = "waiting"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    INTERRUPTED = "interrupted"

    def __repr__(self) -> str:
        return repr(self.value)

    @property
    def is_finished(self) -> bool:
        """Whether it has ended; an interrupted one has not, it can be resumed."""
        return self in (ExecutionStatus.COMPLETED, ExecutionStatus.FAILED, ExecutionStatus.CANCELLED)

    @property
    def is_successful(self) -> bool:
        """Whether it has a result."""
        return self is ExecutionStatus.COMPLETED
