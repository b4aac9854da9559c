"""One worker process, seen from the process that started it."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final, cast

from kitaru.errors import FailureOrigin, KitaruExecutionError, KitaruRuntimeError
from kitaru.stacks.frames import FrameReader, FrameWriter
from kitaru.stacks.memory import format_size
from kitaru.stacks.surroundings import Surroundings

if TYPE_CHECKING:
    from io import FileIO

    from kitaru.stacks.surroundings import Message

# The parent's import path goes along; its __main__ does not, so a script needs no guard.
_PROGRAM: Final = "import sys; sys.path[:] = {path!r}; from kitaru.stacks.worker import main; main()"
_END_SECONDS: Final = 1.0
_POLL_SECONDS: Final = 0.005
_LAST_WORDS: Final = 4000
_OUR_FRAMES: Final = (f'  File "{Path(__file__).parent}', '  File "<string>"')


class WorkerProcess:
    """A process that runs one call after another, in a session of its own.

    What C code and child processes print goes to a file without a name, because a pipe that
    nobody reads would block them.
    """

    def __init__(self) -> None:
        self._output = tempfile.TemporaryFile("a+b")  # noqa: SIM115 - lives as long as the process
        self._sent: Surroundings | None = None
        self._lock = threading.Lock()
        self._is_over = False
        self._process = subprocess.Popen(
            # -P: a file of the working directory must not stand in for a module of the library.
            [_interpreter(), "-P", "-c", _PROGRAM.format(path=[str(entry) for entry in sys.path])],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._output,
            bufsize=0,
            start_new_session=True,
        )
        self.pid = self._process.pid
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._writer = FrameWriter(cast("FileIO", self._process.stdin))
        self._reader = FrameReader(cast("FileIO", self._process.stdout))

    def wait_ready(self) -> None:
        """Wait until it has imported what it needs.

        Raises
        ------
        KitaruRuntimeError
            If it ends before that; the message holds what it printed.
        """
        if self.receive() is None:
            code, said = self.end(), self.output().strip() or "(nothing)"
            raise KitaruRuntimeError(
                f"A worker process could not start (exit code {code}). It said:\n{said}\n"
                f"It was started with {_interpreter()}; check that `import kitaru` works there."
            )

    def send_call(self, payload: bytes, memory: int | None, call: str) -> bool:
        """Hand over a call; False if the process is gone."""
        now = Surroundings.here()
        try:
            self._writer.send(None if now == self._sent else now, payload, memory, call)
        except OSError:
            return False
        self._sent = now
        return True

    def receive(self) -> Message | None:
        """Return the next message, or None when the process is gone."""
        return self._reader.receive()

    def is_alive(self) -> bool:
        with self._lock:
            return not self._is_over and not _has_exited(self._process)

    def output(self) -> str:
        """Return what C code and child processes printed since the last time."""
        size = self._output.seek(0, os.SEEK_END)
        if not size:
            return ""
        self._output.seek(0)
        text = self._output.read().decode("utf-8", "replace")
        self._output.truncate(0)
        return text

    def kill(self) -> None:
        """End it and the processes that the user's code started in it, at once."""
        with self._lock:
            # Until it is waited for, its id cannot belong to another process.
            if not self._is_over:
                _kill_group(self._process)

    def hang_up(self) -> None:
        """Close the pipe to it: it ends in order if it is idle, at once if it is busy."""
        with contextlib.suppress(OSError):
            self._writer.close()

    def await_death(self) -> None:
        """Wait until a process that was killed is gone."""
        _await_exit(self._process, _END_SECONDS)

    def end(self) -> int:
        """Make sure that it is over; returns its exit code, negative for a signal."""
        self.hang_up()
        _await_exit(self._process, _END_SECONDS)
        with self._lock:
            # Before the process is waited for: afterwards its id may belong to somebody else.
            if not self._is_over:
                _kill_group(self._process)
            self._is_over = True
            code = self._process.wait()
        self._reader.close()
        return code

    def close_output(self) -> None:
        self._output.close()


def death(code: int, output: str, call: str, memory: int | None) -> KitaruExecutionError:
    """Say how the process of a call died.

    Examples
    --------
    >>> print(death(3, "", "train", None))
    Call 'train' ended its process with exit code 3 before its function returned, ...
    """
    text, origin = _how(code, call)
    if memory is not None and code < 0:
        text += f" It had a memory limit of {format_size(memory)}, which native code often answers by dying."
    if output.strip():
        text += f"\nThe last that its process printed:\n{_last_words(output)}"
    return KitaruExecutionError(text, failure_origin=origin)


def _last_words(output: str) -> str:
    """Return the end of what it printed; of a stack that ``faulthandler`` prints, the user's frames."""
    lines = [line for line in output.strip().splitlines() if not line.startswith(_OUR_FRAMES)]
    return "\n".join(lines)[-_LAST_WORDS:]


def _how(code: int, call: str) -> tuple[str, FailureOrigin]:
    if code >= 0:
        text = (
            f"Call {call!r} ended its process with exit code {code} before its function returned, as os._exit() does. "
            "Other calls are not affected."
        )
        return text, FailureOrigin.USER_CODE
    if -code == signal.SIGKILL:
        text = (
            f"The process of call {call!r} was killed by SIGKILL: by the system because memory ran out, or by "
            "somebody. Let the call hold less, or limit it with memory= so that it gets a MemoryError instead."
        )
        return text, FailureOrigin.UNKNOWN
    text = (
        f"Call {call!r} crashed its process: {_signal_name(-code)} ({signal.strsignal(-code) or 'unknown signal'}). "
        "Native code that it uses is at fault; other calls are not affected."
    )
    return text, FailureOrigin.USER_CODE


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _interpreter() -> str:
    if not sys.executable:
        raise KitaruRuntimeError(
            "This Python does not know the path of its interpreter (sys.executable is empty), so no worker process can "
            'be started. Run the checkpoint with runtime="inline".'
        )
    return sys.executable


def _kill_group(process: subprocess.Popen[bytes]) -> None:
    if os.name == "nt":
        process.kill()
        return
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)


def _has_exited(process: subprocess.Popen[bytes]) -> bool:
    if os.name == "nt":
        return process.poll() is not None
    try:
        return os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
    except ChildProcessError:  # somebody else has waited for it
        return True


def _await_exit(process: subprocess.Popen[bytes], seconds: float) -> None:
    """Give a process that is about to end the time to do so; it stays to be waited for."""
    if os.name == "nt":
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(seconds)
        return
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and not _has_exited(process):
        time.sleep(_POLL_SECONDS)
