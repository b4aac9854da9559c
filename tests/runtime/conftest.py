"""What the tests of the runtime share: answers given from outside, and waiting for what must come."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest

from tests.conftest import until

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture
def recorded() -> Callable[[str], dict[str, Any]]:
    """Read all that is recorded of an execution."""

    def read(exec_id: str) -> dict[str, Any]:
        from kitaru.runtime.engine import engine

        engine().outbox.flush()
        found: dict[str, Any] = engine().store.read("execution", exec_id=exec_id)
        return found

    return read


@pytest.fixture
def calls_of(recorded: Callable[[str], dict[str, Any]]) -> Callable[[str], dict[str, dict[str, Any]]]:
    """The recorded calls of an execution, by name."""
    return lambda exec_id: {call["name"]: call for call in recorded(exec_id)["calls"]}


@pytest.fixture
def tell() -> Callable[..., None]:
    """Write an event as somebody else does, who is no runner."""

    def write(kind: str, exec_id: str, body: dict[str, Any], **expect: Any) -> None:
        from kitaru.runtime.engine import engine

        event: Any = {"kind": kind, "at": time.time(), "exec_id": exec_id, "body": body}
        engine().outbox.commit([event], {"exec_id": exec_id, **expect} if expect else None)

    return write


@pytest.fixture
def asked(recorded: Callable[[str], dict[str, Any]]) -> Callable[..., None]:
    """Wait until a question is open."""

    def wait(exec_id: str, wait: str = "wait") -> None:
        def is_open() -> bool:
            return any(row["name"] == wait and row["status"] == "pending" for row in recorded(exec_id)["waits"])

        until(is_open)

    return wait


@pytest.fixture
def parked(recorded: Callable[[str], dict[str, Any]]) -> Callable[[str], None]:
    """Wait until no runner stays with a waiting execution."""

    def wait(exec_id: str) -> None:
        def is_parked() -> bool:
            head = recorded(exec_id)["execution"]
            return head["status"] == "waiting" and not head["runner"]

        until(is_parked)

    return wait
