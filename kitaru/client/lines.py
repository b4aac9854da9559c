"""What an execution wrote and what happened in it, one thing at a time."""

from __future__ import annotations

from datetime import datetime  # noqa: TC003 -- Pydantic reads the annotations
from typing import Any

from kitaru.client.models import Model


class LogEntry(Model):
    """One line of output.

    Examples
    --------
    >>> import kitaru
    >>> @kitaru.checkpoint
    ... def speak() -> None:
    ...     print("good morning")
    >>> @kitaru.flow
    ... def talk() -> None:
    ...     speak()
    >>> handle = talk.run()
    >>> handle.wait()
    good morning
    >>> (line,) = kitaru.KitaruClient().executions.logs(handle.exec_id)
    >>> line.message, line.source, line.checkpoint_name
    ('good morning', 'stdout', 'speak')
    """

    message: str
    level: str | None
    timestamp: datetime
    source: str | None
    """``"stdout"``, ``"stderr"`` or ``"logging"``."""
    checkpoint_name: str | None
    """The call that wrote it; None for the flow's body."""
    attempt: int | None
    logger: str | None
    filename: str | None
    lineno: int | None
    cursor: int

    def __str__(self) -> str:
        return f"{self.timestamp:%H:%M:%S} {self.checkpoint_name or 'flow'}: {self.message}"


class ExecutionEvent(Model):
    """One thing that happened in an execution.

    Examples
    --------
    >>> import kitaru
    >>> @kitaru.flow
    ... def measure(text: str) -> int:
    ...     return len(text)
    >>> handle = measure.run("twelve words")
    >>> handle.wait()
    12
    >>> next(kitaru.KitaruClient().executions.events(handle.exec_id)).kind
    'execution.created'
    """

    exec_id: str
    kind: str
    timestamp: datetime
    checkpoint_name: str | None
    attempt: int | None
    payload: dict[str, Any]
    correlation_id: str | None
    index: int | None
    cursor: int
    """Give it as ``since=`` to go on after this event."""

    def __str__(self) -> str:
        where = f" {self.checkpoint_name}" if self.checkpoint_name else ""
        return f"<{self.cursor}: {self.kind}{where}>"
