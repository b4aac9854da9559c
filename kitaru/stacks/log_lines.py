"""The lines that one call prints and logs: collected, bounded, and reported in batches."""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING, Any, Final

from kitaru.store.events import LOG_WRITTEN

if TYPE_CHECKING:
    from kitaru.stacks.scope import Emit

    Line = dict[str, Any]

BATCH_LINES: Final = 100
BATCH_CHARACTERS: Final = 64 * 1024
BATCH_SECONDS: Final = 0.1
LONGEST_LINE: Final = 64 * 1024
LARGEST_CALL: Final = 10 * 1024 * 1024

_EXCEPTIONS: Final = logging.Formatter()


class PartialLine:
    """Text of a line whose end has not been written yet; keeps at most `LONGEST_LINE` characters."""

    __slots__ = ("_parts", "dropped", "size")

    def __init__(self) -> None:
        self._parts: list[str] = []
        self.size = 0
        self.dropped = 0

    def append(self, text: str) -> None:
        if text.startswith("\r"):
            # A progress bar draws over what stands there.
            self._parts.clear()
            self.size = self.dropped = 0
            text = text[1:]
        kept = text[: LONGEST_LINE - self.size]
        self._parts.append(kept)
        self.size += len(kept)
        self.dropped += len(text) - len(kept)

    def take(self) -> str:
        text = "".join(self._parts).rstrip("\r").rpartition("\r")[2]
        if self.dropped:
            text += f" … [{self.dropped} more characters of this line are not recorded]"
        self._parts.clear()
        self.size = self.dropped = 0
        return text


_making: Final = threading.Lock()


class LogLines:
    """What one call prints and logs, on its way to ``emit(LOG_WRITTEN, {"lines": [...]})``.

    A batch leaves when it has 100 lines or 64 KB, when it is 100 ms old, and at `close`. One thread
    at a time reports, without the lock: what ``emit`` does may print inside this call.
    """

    def __init__(self, emit: Emit, exec_id: str = "") -> None:
        self._emit = emit
        self.exec_id = exec_id
        self._condition: threading.Condition | None = None
        self._partial: dict[str, PartialLine] = {}
        self._lines: list[Line] = []
        self._batch = 0
        self._total = 0
        self._emitting = False
        self._closed = False

    @property
    def _changed(self) -> threading.Condition:
        """Made when something is written: most calls print nothing, and there may be many thousands."""
        if self._condition is None:
            with _making:
                if self._condition is None:
                    self._condition = threading.Condition()
        return self._condition

    def write(self, stream: str, text: str) -> None:
        """Take text as it is printed: any number of lines, or a part of one."""
        with self._changed:
            if self._closed:
                return
            partial = self._partial.get(stream)
            if partial is None:
                partial = self._partial[stream] = PartialLine()
            *ended, rest = text.split("\n")
            for piece in ended:
                partial.append(piece)
                self._add({"stream": stream, "level": None, "text": partial.take()})
            if rest:
                partial.append(rest)
        self._flush_if_full()

    def record(self, record: logging.LogRecord) -> None:
        """Take one record of `logging`."""
        text = PartialLine()
        text.append(_message(record))
        where = {"logger": record.name, "file": record.pathname, "line": record.lineno}
        with self._changed:
            if not self._closed:
                self._add({"stream": "logging", "level": record.levelname, "text": text.take(), **where})
        self._flush_if_full()

    def flush(self) -> None:
        """Report the complete lines that are collected, unless another thread is doing it."""
        with self._changed:
            if self._emitting:
                return
            self._emitting = True
        try:
            while lines := self._take():
                self._emit(LOG_WRITTEN, {"lines": lines})
        except BaseException:
            self._take_is_over()
            raise

    def close(self) -> None:
        """Report everything, also a last line without an end; later text is dropped."""
        if self._condition is None:
            self._closed = True
            return
        with self._changed:
            for stream, partial in self._partial.items():
                if partial.size:
                    self._add({"stream": stream, "level": None, "text": partial.take()})
            self._closed = True
            left = bool(self._lines) or self._emitting
        if left:
            self.flush()
            with self._changed:
                self._changed.wait_for(lambda: not self._emitting)
        _ticker.forget(self)
        # Lines are left only where the thread that was reporting failed.
        self.flush()

    def _take(self) -> list[Line]:
        with self._changed:
            lines, self._lines, self._batch = self._lines, [], 0
            if not lines:
                self._take_is_over()
            return lines

    def _take_is_over(self) -> None:
        with self._changed:
            self._emitting = False
            self._changed.notify_all()

    def _flush_if_full(self) -> None:
        if len(self._lines) >= BATCH_LINES or self._batch >= BATCH_CHARACTERS:
            self.flush()

    def _add(self, line: Line) -> None:
        if self._total >= LARGEST_CALL:
            return
        self._append(line)
        if self._total >= LARGEST_CALL:
            note = f"This call wrote more than {LARGEST_CALL >> 20} MB of output; the rest is not recorded."
            self._append({"stream": "logging", "level": "WARNING", "text": note, "logger": "kitaru"})

    def _append(self, line: Line) -> None:
        if not self._lines:
            _ticker.watch(self)
        line["at"] = time.time()
        self._lines.append(line)
        size = len(line["text"]) + 1
        self._batch += size
        self._total += size


def _message(record: logging.LogRecord) -> str:
    try:
        text = record.getMessage()
    except Exception as error:  # Logging reports such a mistake itself and lets the program go on
        text = f"{record.msg} [arguments {record.args!r} do not fit: {error}]"
    if record.exc_info and record.exc_info[0] is not None:
        text += "\n" + _EXCEPTIONS.formatException(record.exc_info)
    return text


class Ticker:
    """One thread that lives while some call has lines to report, and reports them every 100 ms."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: set[LogLines] = set()
        self._running = False

    def watch(self, lines: LogLines) -> None:
        with self._lock:
            self._waiting.add(lines)
            if self._running:
                return
            self._running = True
        threading.Thread(target=self._run, name="kitaru-logs", daemon=True).start()

    def forget(self, lines: LogLines) -> None:
        """Let go of a call that has ended: what it leads to must not live on in the pause of a thread."""
        with self._lock:
            self._waiting.discard(lines)

    def _run(self) -> None:
        while self._report():
            pass

    def _report(self) -> bool:
        time.sleep(BATCH_SECONDS)
        with self._lock:
            due, self._waiting = self._waiting, set()
            self._running = bool(due)
        for lines in due:
            try:
                lines.flush()
            except Exception as error:  # Other calls' lines still have to leave
                threading.excepthook(threading.ExceptHookArgs((type(error), error, error.__traceback__, None)))
        return bool(due)


_ticker: Final = Ticker()
