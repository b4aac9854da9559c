"""The named reads of the store; importing this package registers them."""

from __future__ import annotations

from kitaru.store.database.reads import (
    cache,
    deployments,
    executions,
    explanation,
    jobs,
    listings,
    outline,
    records,
    schedules,
    statistics,
)
from kitaru.store.database.reads.registry import READS, answer

__all__ = [
    "READS",
    "answer",
    "cache",
    "deployments",
    "executions",
    "explanation",
    "jobs",
    "listings",
    "outline",
    "records",
    "schedules",
    "statistics",
]
