"""Figures over many executions."""

from __future__ import annotations

from typing import Any

from kitaru.client.models import Model


class Durations(Model):
    """How long executions or calls took, in seconds; None where nothing has ended.

    Examples
    --------
    >>> Durations(avg=1.5, min=1.0, max=2.0, p50=None, p90=None, p99=None)
    avg 1.5 s, min 1 s, max 2 s
    """

    avg: float | None
    min: float | None
    max: float | None
    p50: float | None
    p90: float | None
    p99: float | None

    def __str__(self) -> str:
        return ", ".join(f"{name} {value:.3g} s" for name, value in self.model_dump().items() if value is not None)


class ExecutionStatisticsGroup(Model):
    """Figures of one group.

    Examples
    --------
    >>> import kitaru
    >>> @kitaru.flow
    ... def measure(text: str) -> int:
    ...     return len(text)
    >>> handle = measure.run("twelve words")
    >>> handle.wait()
    12
    >>> (group,) = kitaru.KitaruClient().executions.statistics(flow="measure").groups
    >>> group.execution_count, group.failed
    (1, 0)
    """

    keys: dict[str, Any]
    execution_count: int
    """Number of executions, or of calls where grouped by checkpoint."""
    failed: int
    calls: int
    reused: int
    total_tokens: int | None
    cost_usd: float | None
    duration: Durations

    def __str__(self) -> str:
        name = ", ".join(f"{key}={value}" for key, value in self.keys.items()) or "all"
        return f"<{name}: {self.execution_count}, {self.failed} failed; {self.duration}>"


class ExecutionStatistics(Model):
    """Figures over many executions.

    Examples
    --------
    >>> ExecutionStatistics(groups=[], truncated=False)
    <no executions>
    """

    groups: list[ExecutionStatisticsGroup]
    truncated: bool
    """Whether there are more groups."""

    def __str__(self) -> str:
        return "\n".join(map(str, self.groups)) or "<no executions>"
