"""Collects what a call prints and logs while it runs, without changing what the user sees.

`sys.stdout` and `sys.stderr` are wrapped once, by streams that pass everything on and look at a
context variable. Records of `logging` arrive through a parent that the root logger is given: the
root logger itself keeps no handler of ours, so ``logging.basicConfig`` and the last-resort handler
do what they always do.
"""

from __future__ import annotations

import logging
import sys
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Final, TextIO, cast

from kitaru.stacks.log_lines import LogLines

if TYPE_CHECKING:
    from collections.abc import Iterable
    from contextvars import Token
    from types import FrameType

    from kitaru.stacks.scope import CallScope

_current: Final[ContextVar[LogLines | None]] = ContextVar("kitaru_log_lines", default=None)
_whole_process: LogLines | None = None
shown_in_views: Final[set[str]] = set()
"""Executions whose output a live view shows: it is recorded and not printed below the view as well."""
_HANDLER_CODE: Final = logging.StreamHandler.emit.__code__


def _active() -> LogLines | None:
    return _current.get() or _whole_process


class TeeStream:
    """A text stream that stands in for another one and shows each call what it writes.

    Everything but writing, also setting other attributes, goes to the original; ``isinstance`` sees
    the original's class.
    """

    _echo: bool
    _name: str
    _original: TextIO

    def __init__(self, original: TextIO, name: str, *, echo: bool = True) -> None:
        object.__setattr__(self, "_original", original)
        object.__setattr__(self, "_name", name)
        object.__setattr__(self, "_echo", echo)

    def write(self, text: str) -> int:
        lines = _active()
        if lines is None:
            return self._original.write(text)
        echo = self._echo and lines.exec_id not in shown_in_views
        written = self._original.write(text) if echo else len(text)
        if not _is_recorded_anyway(sys._getframe(1)):  # noqa: SLF001
            lines.write(self._name, text)
        return written

    def writelines(self, texts: Iterable[str]) -> None:
        for text in texts:
            self.write(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._original, name)

    def __setattr__(self, name: str, value: Any) -> None:
        # Who puts another `write` in place wraps the one that was found here: handed on to the original, the
        # two would call each other for ever. IPython does so around each cell.
        if name in ("write", "writelines"):
            object.__setattr__(self, name, value)
        else:
            setattr(self._original, name, value)

    def __repr__(self) -> str:
        return f"<{self._name} of kitaru over {self._original!r}>"

    @property  # type: ignore[misc]
    def __class__(self) -> Any:
        return type(self._original)


def _is_recorded_anyway(writer: FrameType) -> bool:
    """Whether a handler of `logging` is printing a record that `Recorder` takes too."""
    if writer.f_code is not _HANDLER_CODE:
        return False
    record: logging.LogRecord = writer.f_locals["record"]
    return record.levelno >= logging.INFO and _reaches_root(logging.getLogger(record.name))


def _reaches_root(logger: logging.Logger | None) -> bool:
    while logger is not None and logger.propagate:
        if logger is logging.root:
            return True
        logger = logger.parent
    return False


class Recorder(logging.Handler):
    """Hands records of level INFO and above to the call in whose context they were made."""

    def handle(self, record: logging.LogRecord) -> bool:
        # Without the lock that every handler has: threads of different calls would wait for each other.
        self.emit(record)
        return True

    def emit(self, record: logging.LogRecord) -> None:
        lines = _active()
        if lines is not None and record.levelno >= logging.INFO:
            lines.record(record)
        last_resort = logging.lastResort
        # To `logging` this handler counts as one, so it prints what nobody else would have printed.
        if last_resort and record.levelno >= last_resort.level and not _has_handlers(record.name):
            last_resort.handle(record)


def _has_handlers(name: str) -> bool:
    logger: logging.Logger | None = logging.getLogger(name)
    while logger is not None and logger is not _above_root:
        if logger.handlers:
            return True
        logger = logger.parent
    return False


_above_root: Final = logging.Logger("kitaru-recorder")
_above_root.addHandler(Recorder())


class Capture:
    """The context manager that `capture` returns."""

    __slots__ = ("_lines", "_process", "_token")

    def __init__(self, scope: CallScope, *, whole_process: bool) -> None:
        self._lines = LogLines(scope.emit, scope.info.exec_id)
        self._process = whole_process
        self._token: Token[LogLines | None] | None = None

    def __enter__(self) -> LogLines:
        global _whole_process
        install(echo=not self._process)
        self._token = _current.set(self._lines)
        if self._process:
            _whole_process = self._lines
        return self._lines

    def __exit__(self, *_: object) -> None:
        global _whole_process
        if self._process:
            _whole_process = None
        if self._token is not None:
            _current.reset(self._token)
        self._lines.close()


def capture(scope: CallScope, *, whole_process: bool = False) -> Capture:
    """Record what the code inside the ``with`` block prints and logs as log lines of the call.

    Parameters
    ----------
    scope
        The attempt; its ``emit`` gets ``log.written`` events, from this thread or from a thread
        that reports batches every 100 ms.
    whole_process
        The process runs this call alone: output of any thread belongs to it and is only recorded,
        not passed on to the process' own streams.

    Examples
    --------
    >>> from kitaru.stacks.scope import CallInfo, CallScope
    >>> seen = []
    >>> info = CallInfo("kr-1", "flow", "draft", "draft", 1, "key")
    >>> with capture(CallScope(info, lambda kind, body: seen.extend(body["lines"]))):
    ...     print("three sources")
    three sources
    >>> seen[0]["stream"], seen[0]["text"]
    ('stdout', 'three sources')
    """
    return Capture(scope, whole_process=whole_process)


def install(*, echo: bool = True) -> None:
    """Wrap the streams that `sys` names now, unless they are wrapped; costs next to nothing then."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if type(stream) is not TeeStream and stream is not None:
            setattr(sys, name, cast("TextIO", TeeStream(stream, name, echo=echo)))
    logging.root.parent = _above_root


def original(name: str) -> TextIO | None:
    """Return the stream under the wrapper: ``original("stdout")`` writes without being recorded."""
    stream: Any = getattr(sys, name)
    return cast("TextIO | None", object.__getattribute__(stream, "_original") if type(stream) is TeeStream else stream)
