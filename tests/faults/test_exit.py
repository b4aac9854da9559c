"""What happens to flows when the interpreter that runs them ends."""

from __future__ import annotations

import signal
import threading
from pathlib import Path

import pytest

from tests.conftest import until

HEAD = """
import sys, time, threading, asyncio, os
import kitaru

@kitaru.checkpoint
def step(n, pause=0.0):
    time.sleep(pause)
    return n
"""


@pytest.fixture(params=["embedded", "service"])
def store(request, monkeypatch):
    if request.param == "embedded":
        monkeypatch.setenv("KITARU_STORE", "embedded")
    return request.param


def status_of(exec_id, until=None):
    """Read it when the program has ended, which may have owned the database."""
    from kitaru.store.connect import close_store, open_store

    try:
        return open_store().read("execution", exec_id=exec_id)
    finally:
        close_store()


def statuses():
    from kitaru.store.connect import close_store, open_store

    try:
        return {item["status"] for item in open_store().read("executions", limit=10_000)["items"]}
    finally:
        close_store()


def test_a_script_that_ends_waits_for_its_flows(service_home, run, store):
    script = run(
        text=HEAD
        + """
@kitaru.flow(cache=False)
def work():
    futures = step.map(range(5), pause=0.3)
    kitaru.sleep(0.2)
    return sum(futures.result())

print(work.run().exec_id)
"""
    )
    out, err = script.end()
    found = status_of(out.split()[0])
    assert found["execution"]["status"] == "completed"
    assert found["execution"]["output"]["inline"] == 10
    assert err == ""


def test_a_script_whose_calls_print_ends_without_a_word_of_its_own(service_home, run, store):
    script = run(
        text=HEAD
        + """
@kitaru.checkpoint
def speak(n):
    print("word" * n)
    return n

@kitaru.flow(cache=False)
def work():
    return speak(1) + speak(200)

work.run().wait()
"""
    )
    assert script.end() == (f"word\n{'word' * 200}\n", "")


def test_a_script_that_ends_parks_what_waits_at_once(service_home, run, store):
    script = run(
        text=HEAD
        + """
@kitaru.flow(cache=False)
def ask():
    return step(kitaru.wait(schema=int, question="How many?"))

print(ask.run().exec_id)
"""
    )
    out, err = script.end(timeout=90)
    found = status_of(out.split()[0])
    assert (found["execution"]["status"], found["execution"]["runner"]) == ("waiting", None)
    assert "How many?" in err
    assert f"kitaru executions input {out.split()[0]}" in err


def test_an_async_flow_that_waits_is_parked_too(service_home, run, store):
    script = run(
        text=HEAD
        + """
@kitaru.flow(cache=False)
async def ask():
    return await kitaru.wait.aio(schema=int)

print(ask.run().exec_id)
"""
    )
    out, _ = script.end(timeout=90)
    assert status_of(out.split()[0])["execution"]["status"] == "waiting"


def test_many_flows_are_parked_while_others_work_on(service_home, run, store):
    script = run(
        text=HEAD
        + """
@kitaru.flow(cache=False)
def ask():
    return kitaru.wait(schema=int)

@kitaru.flow(cache=False)
def work():
    return step(1, 0.5)

print(work.run().exec_id, *[ask.run().exec_id for _ in range(3)])
"""
    )
    out, _ = script.end(timeout=90)
    statuses = [status_of(exec_id)["execution"]["status"] for exec_id in out.split()]
    assert statuses == ["completed", "waiting", "waiting", "waiting"]


def test_a_parent_of_a_flow_that_waits_does_not_hold_up_the_end(service_home, run, store):
    script = run(
        text=HEAD
        + """
@kitaru.flow(cache=False)
def ask():
    return kitaru.wait(schema=int)

@kitaru.flow(cache=False)
def parent():
    return ask.run().wait() + 1

print(parent.run().exec_id)
"""
    )
    out, _ = script.end(timeout=90)
    found = status_of(out.split()[0])
    assert found["execution"]["status"] == "waiting"
    assert [child["status"] for child in found["children"]] == ["waiting"]


def test_a_kernel_that_is_shut_down_leaves_questions_open_and_interrupts_the_rest(service_home, run, store):
    script = run(
        text=HEAD
        + """
sys.modules["ipykernel.kernelapp"] = sys  # which tells a kernel from a script

@kitaru.flow(cache=False)
def ask():
    return kitaru.wait(schema=int)

@kitaru.flow(cache=False)
def parent():
    return ask.run().wait() + 1

@kitaru.flow(cache=False)
def work():
    begun.set()
    return kitaru.sleep(600)

from kitaru.runtime import stopping

stopping._PARKING_SECONDS = 60.0  # the machine of the tests may be slow
begun = threading.Event()
handles = [ask.run(), parent.run(), work.run()]
begun.wait()
while len(kitaru.KitaruClient().executions.pending_waits()) < 2:
    time.sleep(0.01)
sys.stdout.write(" ".join(["started", *(handle.exec_id for handle in handles)]) + "\\n")
"""
    )
    out, _ = script.end(timeout=90)
    # A kernel also shows questions there.
    (started,) = [line for line in out.splitlines() if line.startswith("started ")]
    found = [status_of(exec_id)["execution"] for exec_id in started.split()[1:]]
    assert [execution["status"] for execution in found] == ["waiting", "waiting", "interrupted"]
    assert found[2]["reason"] == "its kernel ended"


FAMILY = (
    HEAD
    + """
@kitaru.flow(cache=False)
def ask():
    return kitaru.wait(schema=int)

@kitaru.flow(cache=False)
def parent():
    return ask.run().wait() + 1

@kitaru.flow(cache=False)
def grandparent():
    return parent.run().wait() + 1

print(grandparent.run().exec_id)
"""
)


def family(exec_id):
    found = [exec_id]
    while children := status_of(found[-1])["children"]:
        found.append(children[0]["exec_id"])
    return found


@pytest.mark.parametrize("how", ["ends", "is killed"])
def test_an_answer_also_continues_the_flows_that_wait_for_the_one_that_asked(how, service_home, run, answer):
    script = run(text=FAMILY if how == "ends" else FAMILY + "time.sleep(600)")
    eldest = script.line()
    until(lambda: len(family(eldest)) == 3)
    *_, asking = members = family(eldest)
    until(lambda: status_of(asking)["execution"]["waits_pending"])
    if how == "ends":
        script.end(timeout=90)
    else:
        script.kill()
    until(lambda: all(status_of(member)["execution"]["status"] == "waiting" for member in members))
    until(lambda: not any(status_of(member)["execution"]["runner"] for member in members))
    answer(asking, 40)
    until(lambda: status_of(eldest)["execution"]["status"] == "completed")
    assert status_of(eldest)["execution"]["output"]["inline"] == 42


def test_a_flow_that_waits_for_one_that_is_cancelled_goes_on_with_the_error(service_home, run):
    from kitaru import KitaruClient

    script = run(text=FAMILY.replace("grandparent.run()", "parent.run()"))
    parent = script.line()
    script.end(timeout=90)
    _, asking = family(parent)
    client = KitaruClient()
    assert client.executions.get(parent).status == "waiting"
    client.executions.cancel(asking)
    until(lambda: status_of(parent)["execution"]["status"] == "failed")
    assert "KitaruCancelledError" in status_of(parent)["execution"]["failure"]["type"]


def test_a_failure_that_nobody_looked_at_is_printed(service_home, run, store):
    script = run(
        text=HEAD
        + """
@kitaru.flow(cache=False)
def broken():
    raise LookupError("nobody saw this")

print(broken.run().exec_id)
"""
    )
    out, err = script.end()
    assert "LookupError: nobody saw this" in err
    assert f"Execution {out.split()[0]} of broken failed" in err
    assert "kitaru/runtime" not in err


def test_a_failure_that_was_looked_at_is_not_printed_again(service_home, run, store):
    script = run(
        text=HEAD
        + """
from kitaru.errors import KitaruError

@kitaru.flow(cache=False)
def broken():
    raise LookupError("seen")

try:
    broken.run().wait()
except KitaruError:
    print("handled")
"""
    )
    out, err = script.end()
    assert out == "handled\n"
    assert err == ""


def test_an_uncaught_failure_shows_the_users_error_first(service_home, run, store):
    script = run(
        text=HEAD
        + """
@kitaru.flow(cache=False)
def broken():
    raise LookupError("mine")

broken.run().wait()
"""
    )
    _, err = script.end(status=1)
    assert err.index("LookupError: mine") < err.index("KitaruUserCodeError")


def test_an_interrupt_of_a_wait_leaves_the_flow_running(service_home, run, store, tmp_path):
    script = run(
        text=HEAD
        + """
@kitaru.flow(cache=False)
def work():
    while not os.path.exists("go"):
        time.sleep(0.01)
    return step(7)

handle = work.run()
try:
    print(handle.exec_id)
    handle.wait()
except KeyboardInterrupt:
    print("interrupted", handle.status)
print(handle.wait())
"""
    )
    exec_id = script.line()
    script.process.send_signal(signal.SIGINT)
    assert script.line() == "interrupted running"
    (tmp_path / "go").touch()
    assert script.line() == "7"
    script.end()
    assert status_of(exec_id)["execution"]["status"] == "completed"


def test_an_interrupt_that_ends_the_script_lets_the_flow_finish_or_be_resumed(service_home, run, store, tmp_path):
    script = run(
        text=HEAD
        + """
@kitaru.flow(cache=False)
def work():
    while not os.path.exists("go"):
        time.sleep(0.01)
    return sum(step(n, 0.05) for n in range(10))

handle = work.run()
print(handle.exec_id)
handle.wait()
"""
    )
    exec_id = script.line()
    script.process.send_signal(signal.SIGINT)
    (tmp_path / "go").touch()
    _, err = script.end(status=None)
    assert "KeyboardInterrupt" in err
    found = status_of(exec_id)["execution"]
    assert found["status"] in ("completed", "interrupted")
    assert found["failure"] is None


def test_interrupts_at_any_moment_never_fail_a_flow(service_home, run, store):
    script = run(
        text=HEAD
        + """
@kitaru.flow(cache=False)
def work(n: int):
    return sum(step(i) for i in range(n))

import signal

handles, armed = [], False

def interrupt(*_):
    if armed:
        raise KeyboardInterrupt

def interruptible(function):
    global armed
    try:
        armed = True
        return function()
    except KeyboardInterrupt:
        return None
    finally:
        armed = False

work.run(5).wait()  # what is imported on first use is not to be interrupted
signal.signal(signal.SIGINT, interrupt)
print("ready")
while not os.path.exists("stop"):
    handle = interruptible(lambda: work.run(5))
    if handle is not None:
        handles.append(handle)
        interruptible(lambda: handle.status)
        interruptible(handle.wait)
handles.append(work.run(5))  # on a slow machine each of the others may have been interrupted
print(len(handles), {handle.wait() for handle in handles})
"""
    )
    assert script.line() == "ready"
    for _ in range(60):
        script.process.send_signal(signal.SIGINT)
        threading.Event().wait(0.03)
    (Path(script.process.args[1]).parent / "stop").touch()
    out, err = script.end(status=None, timeout=90)
    assert out.endswith("{10}\n"), (out, err)
    # Whoever is interrupted while it starts an execution has no handle: it stops, and the record says so.
    # (Python itself tells of an interrupt that comes inside of a weak reference's callback, and drops it.)
    told = [line for line in err.splitlines() if line.startswith("kr-")]
    assert all(line.endswith("interrupted with Ctrl-C while it was started") for line in told), err
    assert statuses() <= {"completed", "interrupted"}
