"""Signals that unwind a flow's body. They are no errors: ``except Exception`` does not see them."""

from __future__ import annotations


class Unwind(BaseException):
    """The body must stop now; once raised, every later primitive of the execution raises it again."""


class Suspended(Unwind):
    """The execution waits for an answer and its runner goes away; an answer continues it.

    With `child` it is an execution that this one started which waits for an answer; its end continues this one.
    """

    def __init__(self, reason: str, child: str | None = None) -> None:
        super().__init__(reason)
        self.child = child


class Stopped(Unwind):
    """The execution was cancelled, or another runner took it over: nothing that follows is recorded."""
