"""Signals that unwind a flow's body. They are no errors: ``except Exception`` does not see them."""

from __future__ import annotations


class Unwind(BaseException):
    """The body must stop now; once raised, every later primitive of the execution raises it again."""


class Suspended(Unwind):
    """The execution waits for an answer and its runner goes away; an answer continues it."""


class Stopped(Unwind):
    """The execution was cancelled, or another runner took it over: nothing that follows is recorded."""
