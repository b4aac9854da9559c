"""What surfaces and users read and steer executions with: `KitaruClient`, and the models of what it answers."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kitaru.client.client import KitaruClient as KitaruClient
    from kitaru.client.deployment import Deployment as Deployment
    from kitaru.client.jobs import Job as Job
    from kitaru.client.lines import ExecutionEvent as ExecutionEvent
    from kitaru.client.lines import LogEntry as LogEntry
    from kitaru.client.models import Answer as Answer
    from kitaru.client.models import ArtifactRef as ArtifactRef
    from kitaru.client.models import CheckpointAttempt as CheckpointAttempt
    from kitaru.client.models import CheckpointCall as CheckpointCall
    from kitaru.client.models import ChildExecution as ChildExecution
    from kitaru.client.models import Execution as Execution
    from kitaru.client.models import FailureInfo as FailureInfo
    from kitaru.client.models import PendingWait as PendingWait
    from kitaru.client.models import ValueInfo as ValueInfo
    from kitaru.client.schedules import Schedule as Schedule
    from kitaru.store.status import ExecutionStatus as ExecutionStatus

_HOMES = {
    "Answer": "client.models",
    "ArtifactRef": "client.models",
    "CheckpointAttempt": "client.models",
    "CheckpointCall": "client.models",
    "ChildExecution": "client.models",
    "Deployment": "client.deployment",
    "Execution": "client.models",
    "ExecutionEvent": "client.lines",
    "ExecutionStatus": "store.status",
    "FailureInfo": "client.models",
    "Job": "client.jobs",
    "KitaruClient": "client.client",
    "LogEntry": "client.lines",
    "PendingWait": "client.models",
    "Schedule": "client.schedules",
    "ValueInfo": "client.models",
}
"""Public names and the modules that define them: the models, and Pydantic with them, come when they are first used."""

__all__ = [
    "Answer",
    "ArtifactRef",
    "CheckpointAttempt",
    "CheckpointCall",
    "ChildExecution",
    "Deployment",
    "Execution",
    "ExecutionEvent",
    "ExecutionStatus",
    "FailureInfo",
    "Job",
    "KitaruClient",
    "LogEntry",
    "PendingWait",
    "Schedule",
    "ValueInfo",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"kitaru.{_HOMES[name]}"), name)
    globals()[name] = value
    return value
