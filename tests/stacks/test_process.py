from __future__ import annotations

import concurrent.futures
import ctypes
import logging
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
import pytest

import kitaru
from kitaru.errors import (
    FailureOrigin,
    KitaruExecutionError,
    KitaruRuntimeError,
    KitaruSerializationError,
    KitaruStateError,
    KitaruTimeoutError,
    KitaruUsageError,
)
from kitaru.stacks.outcome import remote_traceback
from kitaru.stacks.process import ProcessStack
from tests.conftest import until
from tests.stacks.calls import Reports, task

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SECONDS = 60


@pytest.fixture(scope="module")
def stack() -> Iterator[ProcessStack]:
    with ProcessStack(workers=2, show=False) as shared:
        yield shared


def call(stack: ProcessStack, function: Callable[..., object], *args: object, **limits: float | int | None) -> object:
    return stack.submit(task(function, *args, **limits), Reports()).result(SECONDS)  # type: ignore[arg-type]


def test_a_call_runs_in_another_process_which_is_used_again(stack: ProcessStack) -> None:
    pids = {call(stack, os.getpid) for _ in range(5)}
    assert len(pids) <= 2
    assert os.getpid() not in pids


def test_closures_and_classes_defined_here_travel_both_ways(stack: ProcessStack) -> None:
    class Point:
        def __init__(self, x: int) -> None:
            self.x = x

    offset = 5
    answer = call(stack, lambda point: Point(point.x + offset), Point(2))
    assert isinstance(answer, Point)
    assert answer.x == 7


def test_large_values_travel(stack: ProcessStack) -> None:
    assert call(stack, lambda data: data[::-1], b"ab" * 2_000_000) == b"ba" * 2_000_000


def test_an_async_function_is_awaited_where_it_runs(stack: ProcessStack) -> None:
    async def double(x: int) -> int:
        import asyncio

        await asyncio.sleep(0)
        return 2 * x

    assert call(stack, double, 4) == 8


def test_more_calls_than_workers_all_run(stack: ProcessStack) -> None:
    futures = [stack.submit(task(pow, number, 2), Reports()) for number in range(100)]
    assert [future.result(SECONDS) for future in futures] == [number**2 for number in range(100)]


def test_arguments_are_taken_as_they_are_at_the_submit(stack: ProcessStack) -> None:
    values = [1, 2]
    futures = [stack.submit(task(sum, values), Reports()) for _ in range(4)]
    values.append(100)
    assert [future.result(SECONDS) for future in futures] == [3, 3, 3, 3]


def test_an_error_arrives_as_itself_with_the_users_frames_of_the_other_process(stack: ProcessStack) -> None:
    class RefusedError(Exception):
        pass

    def inner() -> None:
        raise RefusedError("no such page")

    def outer() -> None:
        inner()

    with pytest.raises(RefusedError, match="no such page") as caught:
        call(stack, outer)
    text = remote_traceback(caught.value)
    assert text is not None
    assert text.index("in outer") < text.index("in inner") < text.index("RefusedError: no such page")
    assert "kitaru/stacks" not in text
    assert "inner()" in text  # the source line, although the other process never saw this module


def test_the_traceback_of_an_async_function_starts_with_the_users_frame(stack: ProcessStack) -> None:
    async def fails() -> None:
        raise LookupError("gone")

    with pytest.raises(LookupError) as caught:
        call(stack, fails)
    assert (remote_traceback(caught.value) or "").count("File") == 1


def test_an_error_that_cannot_be_pickled_is_named(stack: ProcessStack) -> None:
    class LockedError(Exception):
        def __init__(self) -> None:
            super().__init__("held")
            self.lock = __import__("threading").Lock()

    def fails() -> None:
        raise LockedError

    with pytest.raises(KitaruSerializationError, match=r"raised .*LockedError: held") as caught:
        call(stack, fails)
    assert "in fails" in (remote_traceback(caught.value) or "")


def test_an_error_that_does_not_come_back_from_its_pickle_is_named(stack: ProcessStack) -> None:
    class NeedyError(Exception):
        def __init__(self, page: int, url: str) -> None:
            super().__init__(f"page {page} of {url}")

    def fails() -> None:
        raise NeedyError(3, "x")

    with pytest.raises(KitaruSerializationError, match="NeedyError: page 3 of x"):
        call(stack, fails)


def test_an_argument_that_cannot_be_pickled_is_named(stack: ProcessStack) -> None:
    with pytest.raises(KitaruSerializationError, match=r"argument 2 \(_thread\.lock\)"):
        call(stack, max, 1, threading.Lock())


def test_a_return_value_that_cannot_be_pickled_is_named_and_the_worker_lives_on(stack: ProcessStack) -> None:
    with pytest.raises(KitaruSerializationError, match=r"return value of call 'draft' \(builtins.generator\)"):
        call(stack, lambda: (x for x in ()))
    assert call(stack, abs, -1) == 1


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (signal.SIGSEGV, r"crashed its process: SIGSEGV \(Segmentation fault\)"),
        (signal.SIGKILL, "killed by SIGKILL: by the system because memory ran out"),
        (signal.SIGTERM, r"SIGTERM \(Terminated\)"),
    ],
)
def test_a_process_killed_by_a_signal_fails_its_own_call_only(stack: ProcessStack, number: int, words: str) -> None:
    def die(number: int) -> None:
        os.kill(os.getpid(), number)
        time.sleep(SECONDS)

    release = stack.submit(task(lambda: time.sleep(0.3) or "fine"), Reports())
    with pytest.raises(KitaruExecutionError, match=words):
        call(stack, die, number)
    assert release.result(SECONDS) == "fine"


def test_a_crash_in_native_code_shows_the_users_frames_of_that_moment(stack: ProcessStack) -> None:
    def read_nothing() -> None:
        ctypes.string_at(0)

    with pytest.raises(KitaruExecutionError, match="SIGSEGV") as caught:
        call(stack, read_nothing)
    assert "in read_nothing" in str(caught.value)
    assert "kitaru/stacks/worker.py" not in str(caught.value)
    assert caught.value.failure_origin is FailureOrigin.USER_CODE


def test_a_process_that_ends_itself_is_reported_with_its_exit_code(stack: ProcessStack) -> None:
    with pytest.raises(KitaruExecutionError, match="exit code 3"):
        call(stack, os._exit, 3)


def test_an_idle_worker_that_is_killed_costs_no_call(stack: ProcessStack) -> None:
    for _ in range(3):
        pid = call(stack, os.getpid)
        assert isinstance(pid, int)
        os.kill(pid, signal.SIGKILL)
        assert call(stack, abs, -3) == 3


def test_a_time_limit_kills_the_process_and_what_it_started(stack: ProcessStack, tmp_path: Path) -> None:
    def hang(path: str) -> None:
        child = subprocess.Popen(["sleep", "60"])
        with open(path, "w") as file:
            file.write(f"{os.getpid()} {child.pid}")
        while True:
            pass

    for limit in (1.0, 5.0, 20.0):  # on a slow machine it may pass before the call has come far enough
        with pytest.raises(KitaruTimeoutError, match=f"time limit of {limit:g} s"):
            call(stack, hang, str(tmp_path / "pids"), timeout=limit)
        if (tmp_path / "pids").exists() and (tmp_path / "pids").read_text():
            break
    gone = [int(pid) for pid in (tmp_path / "pids").read_text().split()]
    until(lambda: not any(is_running(pid) for pid in gone))


def test_a_call_that_ends_in_time_is_not_touched(stack: ProcessStack) -> None:
    assert [call(stack, abs, -number, timeout=60.0) for number in range(20)] == list(range(20))


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux holds a process to a limit")
def test_a_memory_limit_is_reported_with_its_size_and_lasts_one_call() -> None:
    with ProcessStack(workers=1, show=False) as one:
        assert call(one, lambda: len(bytearray(20_000_000)), memory=200_000_000) == 20_000_000
        with pytest.raises(KitaruExecutionError, match="'draft' went over its memory limit of 100 MB") as caught:
            call(one, lambda: len(bytearray(300_000_000)), memory=100_000_000)
        assert "bytearray" in (remote_traceback(caught.value) or "")
        assert call(one, lambda: len(bytearray(300_000_000))) == 300_000_000


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux holds a process to a limit")
def test_a_limit_of_the_stack_holds_where_the_call_has_none() -> None:
    with (
        ProcessStack(workers=1, memory=100_000_000, show=False) as one,
        pytest.raises(KitaruExecutionError, match="memory limit"),
    ):
        call(one, lambda: len(bytearray(300_000_000)))


def test_cancelling_a_running_call_kills_its_process(stack: ProcessStack, tmp_path: Path) -> None:
    def hang(path: str) -> None:
        with open(path, "w") as file:
            file.write(str(os.getpid()))
        os.rename(path, path + ".done")
        time.sleep(SECONDS)

    future = stack.submit(task(hang, str(tmp_path / "pid")), Reports())
    until((tmp_path / "pid.done").exists)
    assert future.cancel()
    done, _ = concurrent.futures.wait([future], timeout=SECONDS)
    assert future.cancelled()
    assert done
    until(lambda: not is_running(int((tmp_path / "pid.done").read_text())))
    assert call(stack, abs, -1) == 1


def test_cancelling_a_waiting_call_keeps_it_from_starting(tmp_path: Path) -> None:
    def wait_for(path: str) -> None:
        while not os.path.exists(path):
            time.sleep(0.01)

    with ProcessStack(workers=1, show=False) as one:
        one.submit(task(wait_for, str(tmp_path / "go")), Reports())
        second = one.submit(task(lambda path: open(path, "w").close(), str(tmp_path / "ran")), Reports())
        assert second.cancel()
        (tmp_path / "go").touch()
        assert call(one, abs, -1) == 1
        assert not (tmp_path / "ran").exists()


def test_output_and_reports_arrive_in_order_before_the_result(stack: ProcessStack) -> None:
    def work() -> str:
        from kitaru.stacks.scope import current_call

        print("start")
        logging.getLogger("user.code").warning("careful")
        scope = current_call.get()
        assert scope is not None
        scope.emit("progress", {"message": scope.info.call, "value": {1, 2}})
        return "done"

    reports = Reports()
    assert stack.submit(task(work), reports).result(SECONDS) == "done"
    assert [(line["stream"], line["text"]) for line in reports.lines] == [("stdout", "start"), ("logging", "careful")]
    assert ("progress", {"message": "draft", "value": {1, 2}}) in reports.events


def test_output_arrives_while_the_call_runs(stack: ProcessStack, tmp_path: Path) -> None:
    def work(path: str) -> None:
        print("waiting")
        while not os.path.exists(path):
            time.sleep(0.01)

    arrived, reports = threading.Event(), Reports()
    future = stack.submit(task(work, str(tmp_path / "go")), lambda kind, body: (reports(kind, body), arrived.set()))
    assert arrived.wait(SECONDS)
    assert (reports.texts, future.done()) == (["waiting"], False)
    (tmp_path / "go").touch()
    assert future.result(SECONDS) is None


def test_what_threads_and_child_processes_of_a_call_print_is_recorded(stack: ProcessStack) -> None:
    def work() -> None:
        thread = threading.Thread(target=print, args=("of a thread",))
        thread.start()
        thread.join()
        subprocess.run(["echo", "of a child"], check=True)

    reports = Reports()
    stack.submit(task(work), reports).result(SECONDS)
    assert reports.texts == ["of a thread", "of a child"]


def test_output_is_shown_here_unless_the_stack_is_quiet(
    capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    def work() -> None:
        print("hello")
        logging.getLogger("user.code").warning("careful")

    with ProcessStack(workers=1) as one:
        call(one, work)
    assert capsys.readouterr().out == "hello\n"
    assert [record.getMessage() for record in caplog.records] == ["careful"]


def test_an_error_of_the_receiver_fails_the_call_and_no_other(stack: ProcessStack) -> None:
    def refuse(kind: str, body: object) -> None:
        raise KitaruStateError("taken over")

    with pytest.raises(KitaruStateError, match="taken over"):
        stack.submit(task(lambda: print("x")), refuse).result(SECONDS)
    assert call(stack, abs, -1) == 1


def test_directory_environment_and_path_are_those_of_the_moment_of_the_call(
    stack: ProcessStack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    call(stack, abs, 1)
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "found_later.py").write_text("WORD = 'found'")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KITARU_HOME", "elsewhere")
    monkeypatch.syspath_prepend(str(tmp_path / "lib"))
    seen = call(stack, lambda: (os.getcwd(), os.environ["KITARU_HOME"], __import__("found_later").WORD))
    assert seen == (str(tmp_path), "elsewhere", "found")
    monkeypatch.delenv("KITARU_HOME")
    assert call(stack, lambda: os.environ.get("KITARU_HOME")) is None


def test_an_edited_module_of_the_user_is_imported_anew(
    stack: ProcessStack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    module = tmp_path / "edited_by_hand.py"
    for number in range(3):
        module.write_text(f"NUMBER = {number}")
        os.utime(module, (1_000_000 + number, 1_000_000 + number))
        for _ in range(3):
            assert call(stack, lambda: __import__("edited_by_hand").NUMBER) == number


def test_a_script_without_a_guard_is_not_run_again(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        textwrap.dedent("""
        from kitaru.stacks.base import Task
        from kitaru.stacks.process import ProcessStack
        from kitaru.stacks.scope import CallInfo

        print("running the script")

        class Word(str):
            pass

        def shout(text):
            return Word(text.upper())

        stack = ProcessStack(workers=2)
        info = CallInfo("kr-1", "flow", "shout", "shout", 1, "key")
        futures = [stack.submit(Task(shout, (text,), {}, info), lambda *_: None) for text in "abc"]
        answers = [future.result(60) for future in futures]
        assert all(type(answer) is Word for answer in answers)
        print(*answers)
        """)
    )
    (tmp_path / "random.py").write_text("raise RuntimeError('a file of the user stands in for the library')")
    command = [sys.executable, "-W", "error", "-P", str(script)]
    environment = os.environ | {"PYTHONPATH": str(Path(kitaru.__file__).parents[1])}
    done = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.stdout, done.stderr, done.returncode) == ("running the script\nA B C\n", "", 0)


PARENT = """
import os, sys, time
from kitaru.stacks.base import Task
from kitaru.stacks.process import ProcessStack
from kitaru.stacks.scope import CallInfo

def busy():
    print(os.getpid())
    while True:
        pass

stack = ProcessStack(workers=2, show=False)
info = CallInfo("kr-1", "flow", "busy", "busy", 1, "key")
print(stack.submit(Task(os.getpid, (), {}, info), lambda *_: None).result(), flush=True)
futures = [stack.submit(Task(busy, (), {}, info), lambda kind, body: print(body["lines"][0]["text"], flush=True))]
if sys.argv[1] == "fork" and not os.fork():
    time.sleep(60)
time.sleep(60 if sys.argv[1] != "exit" else 1)
"""


@pytest.mark.parametrize("way", ["kill", "exit", "fork"])
def test_workers_busy_or_idle_die_with_the_process_that_started_them(way: str) -> None:
    parent = subprocess.Popen([sys.executable, "-c", PARENT, way], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    workers = {int(parent.stdout.readline()), int(parent.stdout.readline())}
    children = psutil.Process(parent.pid).children()
    if way != "exit":
        parent.kill()
    parent.wait(SECONDS)
    parent.stdout.close()
    until(lambda: not any(is_running(pid) for pid in workers))
    for child in children:
        child.kill() if child.is_running() else None


def test_a_worker_that_cannot_start_says_why(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    (tmp_path / "asyncio.py").write_text("raise SystemExit('broken installation')")
    with (
        ProcessStack(workers=1) as one,
        pytest.raises(KitaruRuntimeError, match=r"(?s)could not start.*broken installation"),
    ):
        call(one, abs, 1)


def test_a_closed_stack_kills_what_runs_and_takes_nothing_more() -> None:
    stack = ProcessStack(workers=1, show=False)
    started = threading.Event()
    running = stack.submit(task(lambda: (print("on"), time.sleep(SECONDS))), lambda kind, body: started.set())
    waiting = stack.submit(task(abs, 1), Reports())
    assert started.wait(SECONDS)
    stack.close()
    assert waiting.cancelled()
    with pytest.raises(KitaruExecutionError, match="SIGKILL"):
        running.result(SECONDS)
    with pytest.raises(KitaruStateError, match="closed"):
        stack.submit(task(abs, 1), Reports())
    stack.close()


def test_workers_can_be_started_ahead_of_the_first_call() -> None:
    with ProcessStack(workers=2, show=False) as stack:
        stack.warm(5)
        until(lambda: len(stack._idle) == 2)
        known = {worker.pid for worker in stack._idle}
        assert call(stack, os.getpid) in known


def test_the_size_of_the_pool_comes_from_the_argument_or_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KITARU_PROCESS_WORKERS", "3")
    assert ProcessStack()._size == 3
    assert ProcessStack(workers=1)._size == 1
    monkeypatch.setenv("KITARU_PROCESS_WORKERS", "many")
    with pytest.raises(KitaruUsageError, match="KITARU_PROCESS_WORKERS is 'many'"):
        ProcessStack()
    with pytest.raises(KitaruUsageError, match="1 worker or more"):
        ProcessStack(workers=0)


def is_running(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


KERNEL = """
from kitaru.stacks.base import Task
from kitaru.stacks.process import ProcessStack
from kitaru.stacks.scope import CallInfo

class Note:
    text = "kept"

def write(text):
    print("writing", text)
    note = Note()
    note.text = text
    return note

def fail():
    raise ValueError("as planned")

stack = ProcessStack(workers=1)
info = CallInfo("kr-1", "flow", "write", "write", 1, "key")
note = stack.submit(Task(write, ("a note",), {}, info), lambda *_: None).result(60)
assert isinstance(note, Note)
print(note.text)
try:
    stack.submit(Task(fail, (), {}, info), lambda *_: None).result(60)
except ValueError as error:
    print(error.__cause__)
stack.close()
"""


def test_functions_of_a_notebook_run_isolated_and_fail_with_the_cells_source() -> None:
    from jupyter_client.manager import start_new_kernel

    output: list[str] = []

    def collect(message: dict[str, Any]) -> None:
        content = message["content"]
        output.append(content.get("text", "") + "\n".join(content.get("traceback", [])))

    Path(os.environ["IPYTHONDIR"]).mkdir(parents=True)
    root = str(Path(kitaru.__file__).parents[1])
    manager, client = start_new_kernel(
        extra_arguments=["--HistoryManager.enabled=False"], env=os.environ | {"PYTHONPATH": root}
    )
    try:
        client.execute_interactive(KERNEL, timeout=60, output_hook=collect, stop_on_error=True)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    text = "".join(output)
    assert "writing a note\na note\n" in text
    assert 'raise ValueError("as planned")' in text
