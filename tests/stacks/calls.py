"""What the tests of the stacks share: attempts and what they report."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kitaru.stacks.base import Task
from kitaru.stacks.scope import CallInfo, CallScope

if TYPE_CHECKING:
    from collections.abc import Callable

INFO = CallInfo("kr-1", "flow", "draft", "draft", 1, "key")


class Reports:
    """Collects what a call emits."""

    def __init__(self) -> None:
        self.events: list[tuple[str, dict[str, Any]]] = []

    def __call__(self, kind: str, body: dict[str, Any]) -> None:
        self.events.append((kind, body))

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [line for kind, body in self.events if kind == "log.written" for line in body["lines"]]

    @property
    def texts(self) -> list[str]:
        return [line["text"] for line in self.lines]

    @property
    def scope(self) -> CallScope:
        return CallScope(INFO, self)


def task(function: Callable[..., Any], *args: Any, timeout: float | None = None, memory: int | None = None) -> Task:
    return Task(function, args, {}, INFO, timeout=timeout, memory=memory)
