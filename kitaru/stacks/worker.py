"""What runs in a worker process: it takes calls from a pipe, one at a time, until the pipe ends."""

from __future__ import annotations

import asyncio
import faulthandler
import inspect
import os
import pickle
import signal
import sys
import threading
import time
from io import FileIO
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, Final, cast

from kitaru.stacks.capture import capture
from kitaru.stacks.frames import FrameReader, FrameWriter
from kitaru.stacks.memory import memory_limit
from kitaru.stacks.outcome import encode_error, encode_value
from kitaru.stacks.scope import CallInfo, CallScope, current_call
from kitaru.stacks.surroundings import SourceWatch

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from kitaru.stacks.surroundings import Message

PARENT_CHECK_SECONDS: Final = 2.0
LAST_WORDS_SECONDS: Final = 2.0


def main() -> None:
    """Serve the process at the other end of standard input and output."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    reader, writer = _take_pipes()
    faulthandler.enable(all_threads=False)
    Worker(reader, writer).run()


def _take_pipes() -> tuple[FrameReader, FrameWriter]:
    """Keep the pipes for messages; what user code reads is empty, what C code prints goes where errors go."""
    reader, writer = FileIO(os.dup(0), "rb"), FileIO(os.dup(1), "wb")
    empty = os.open(os.devnull, os.O_RDONLY)
    os.dup2(empty, 0)
    os.close(empty)
    os.dup2(2, 1)
    for stream in (sys.stdout, sys.stderr):
        cast("Any", stream).reconfigure(encoding="utf-8", errors="backslashreplace", line_buffering=True)
    return FrameReader(reader), FrameWriter(writer)


class Worker:
    """One worker process, from the inside."""

    def __init__(self, reader: FrameReader, writer: FrameWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._inbox: SimpleQueue[Message | None] = SimpleQueue()
        self._busy = False
        self._sources = SourceWatch()

    def run(self) -> None:
        threading.Thread(target=self._listen, name="kitaru-listen", daemon=True).start()
        if os.name != "nt":
            threading.Thread(target=self._watch_parent, args=(os.getppid(),), name="kitaru-parent", daemon=True).start()
        self._writer.send("ready")
        # User code runs on the main thread, where signals, event loops and plots expect to be.
        while (message := self._inbox.get()) is not None:
            self._answer(message)

    def _listen(self) -> None:
        while (message := self._reader.receive()) is not None:
            self._busy = True
            self._inbox.put(message)
        self._end()

    def _end(self) -> None:
        if not self._busy:
            self._inbox.put(None)
            time.sleep(LAST_WORDS_SECONDS)
        end_process_group()

    def _watch_parent(self, parent: int) -> None:
        # A child that the parent forked may hold the pipe open after the parent is gone.
        while os.getppid() == parent:
            time.sleep(PARENT_CHECK_SECONDS)
        self._end()

    def _answer(self, message: Message) -> None:
        surroundings, payload, memory, call = message
        if surroundings is not None:
            surroundings.apply()
        if self._sources.is_stale():
            answer: Message = ("stale",)
        else:
            self._writer.send("started")
            answer = self._call(payload, memory, call)
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        self._busy = False
        self._writer.send(*answer)

    def _call(self, payload: bytes, memory: int | None, call: str) -> Message:
        began = time.time()
        try:
            value = self._run(payload, memory)
            return ("returned", encode_value(value, f"The return value of call {call!r}"))
        except BaseException as error:  # Whatever the user's function raises travels back
            return ("raised", encode_error(error, memory, call))
        finally:
            self._sources.remember(began)

    def _run(self, payload: bytes, memory: int | None) -> object:
        function, args, kwargs, info = pickle.loads(payload)  # noqa: S301 - from the process that started this one
        scope = CallScope(info, self._emitter(info))
        token = current_call.set(scope)
        try:
            with capture(scope, whole_process=True), memory_limit(memory):
                return run_function(function, args, kwargs)
        finally:
            current_call.reset(token)

    def _emitter(self, info: CallInfo) -> Callable[[str, dict[str, Any]], None]:
        def emit(kind: str, body: dict[str, Any]) -> None:
            self._writer.send("emit", kind, encode_value(body, f"What call {info.call!r} reports as {kind}"))

        return emit


def run_function(function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> object:
    """Call a function; what it returns is awaited if it is a coroutine."""
    result = function(*args, **kwargs)
    return asyncio.run(_awaited(result)) if inspect.isawaitable(result) else result


async def _awaited(result: Awaitable[object]) -> object:
    return await result


def end_process_group() -> None:
    """End this process and the ones that user code started in it, at once."""
    if os.name != "nt":
        os.killpg(os.getpgrp(), signal.SIGKILL)
    os._exit(1)
