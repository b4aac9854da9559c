from __future__ import annotations

import asyncio
import gc
import os
import threading

import pytest

import kitaru
from kitaru.errors import (
    FailureOrigin,
    KitaruCancelledError,
    KitaruConflictError,
    KitaruDivergenceError,
    KitaruExecutionError,
    KitaruNotFoundError,
    KitaruStateError,
    KitaruTimeoutError,
    KitaruUsageError,
    KitaruUserCodeError,
)
from kitaru.runtime.engine import engine
from tests.conftest import until


@kitaru.checkpoint
def step(x):
    return x * 10


class Switch:
    """A flow whose last step fails while `broken` is set; counts what ran."""

    def __init__(self):
        self.broken = True
        self.ran: list[str] = []

        @kitaru.checkpoint
        def first(n):
            self.ran.append("first")
            return n + 1

        @kitaru.checkpoint
        def last(n):
            self.ran.append("last")
            if self.broken:
                raise ValueError("boom")
            return n * 2

        @kitaru.flow(cache=False)
        def two_steps(n: int):
            return last(first(n))

        self.flow = two_steps


@pytest.fixture
def switch() -> Switch:
    return Switch()


def failed(handle) -> KitaruExecutionError:
    with pytest.raises(KitaruExecutionError) as caught:
        handle.wait(60)
    return caught.value


def test_run_returns_at_once_and_the_handle_waits(any_store):
    gate = threading.Event()

    @kitaru.checkpoint
    def held():
        assert gate.wait(60)
        return os.getpid()

    @kitaru.flow(cache=False)
    def body() -> int:
        return held()

    handle = body.run()
    assert (handle.status, handle.status.is_finished) == ("running", False)
    with pytest.raises(KitaruStateError, match="is running: use"):
        handle.get()
    with pytest.raises(KitaruTimeoutError, match=r"has not ended after 0.01 seconds; it goes on"):
        handle.wait(0.01)
    gate.set()
    assert handle.wait(60) == os.getpid()
    assert handle.get() == os.getpid()
    assert handle.status == "completed"
    assert handle.status.is_successful
    assert handle.exec_id in repr(handle)


def test_a_handle_can_be_awaited():
    @kitaru.flow(cache=False)
    def body(n: int) -> int:
        return step(n)

    async def both() -> list[int]:
        return await asyncio.gather(body.run(1), body.run(2))

    assert asyncio.run(both()) == [10, 20]


def test_a_failed_flow_raises_the_users_error_as_the_cause(switch, any_store):
    handle = switch.flow.run(1)
    error = failed(handle)
    assert isinstance(error, KitaruUserCodeError)
    assert isinstance(error.__cause__, ValueError)
    assert (error.exec_id, error.status, error.failure_origin) == (handle.exec_id, "failed", FailureOrigin.USER_CODE)
    assert f"kitaru executions retry {handle.exec_id}" in str(error)


def test_retry_runs_what_failed_and_keeps_what_finished(switch, calls_of, any_store):
    handle = switch.flow.run(1)
    failed(handle)
    switch.broken = False
    again = engine().retry(handle.exec_id, switch.flow)
    assert again.exec_id == handle.exec_id
    assert again.wait(60) == 4
    assert switch.ran == ["first", "last", "last"]
    calls = calls_of(handle.exec_id)
    assert sorted(calls) == ["first", "last"]
    assert [row["status"] for row in calls["last"]["attempts"]] == ["failed", "completed"]
    assert handle.status == "completed"


def test_an_old_handle_sees_the_end_of_a_retry(switch):
    handle = switch.flow.run(1)
    failed(handle)
    switch.broken = False
    engine().retry(handle.exec_id, switch.flow)
    assert handle.wait(60) == 4


def test_retry_of_a_failure_in_the_body():
    tries = []
    ran = []

    @kitaru.checkpoint
    def work():
        ran.append(1)
        return 5

    @kitaru.flow(cache=False)
    def body():
        value = work()
        tries.append(1)
        if len(tries) == 1:
            raise RuntimeError("body")
        return value

    handle = body.run()
    failed(handle)
    assert engine().retry(handle.exec_id, body).wait(60) == 5
    assert len(ran) == 1


def test_what_completed_cannot_be_retried_or_resumed(switch):
    switch.broken = False
    handle = switch.flow.run(1)
    handle.wait(60)
    for again in (engine().retry, engine().resume):
        with pytest.raises(KitaruStateError, match="is completed: it has its result"):
            again(handle.exec_id, switch.flow)


def test_what_failed_cannot_be_resumed_but_retried(switch):
    handle = switch.flow.run(1)
    failed(handle)
    with pytest.raises(KitaruStateError, match="kitaru executions retry"):
        engine().resume(handle.exec_id)


def test_a_running_execution_cannot_be_resumed_in_its_own_process(asked):
    @kitaru.flow(cache=False)
    def body():
        return kitaru.wait()

    handle = body.run()
    asked(handle.exec_id)
    with pytest.raises(KitaruStateError, match="runs in this process already"):
        engine().resume(handle.exec_id)
    handle.cancel()


def test_an_execution_is_found_by_the_beginning_of_its_id(switch):
    switch.broken = False
    handle = switch.flow.run(1)
    handle.wait(60)
    assert engine().resolve(handle.exec_id[:9]) == handle.exec_id
    with pytest.raises(KitaruNotFoundError, match="No execution 'kr-zzzzzz'"):
        engine().resolve("kr-zzzzzz")


def test_only_one_of_two_claims_wins(parked):
    @kitaru.flow(cache=False)
    def body():
        return kitaru.wait(timeout=0)

    handle = body.run()
    parked(handle.exec_id)
    here = engine()
    outcomes: list[object] = []
    barrier = threading.Barrier(2)

    def take() -> None:
        barrier.wait(60)
        try:
            outcomes.append(here.resume(handle.exec_id, body).exec_id)
        except (KitaruConflictError, KitaruStateError) as error:
            outcomes.append(error)

    threads = [threading.Thread(target=take) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert outcomes.count(handle.exec_id) == 1
    handle.cancel()


def test_cancel_stops_a_running_flow_at_its_next_primitive(any_store):
    began, ended = threading.Event(), threading.Event()

    @kitaru.flow(cache=False)
    def body():
        began.set()
        try:
            kitaru.sleep(60)
        finally:
            ended.set()

    handle = body.run()
    assert began.wait(60)
    handle.cancel("enough")
    with pytest.raises(KitaruCancelledError, match="was cancelled: enough"):
        handle.wait(60)
    assert handle.status == "cancelled"
    assert ended.wait(60)


def test_the_late_result_of_a_cancelled_call_is_discarded(calls_of):
    gate, returned = threading.Event(), threading.Event()

    @kitaru.checkpoint
    def slow():
        gate.wait(60)
        returned.set()
        return "late"

    @kitaru.flow(cache=False)
    def body():
        return slow()

    handle = body.run()
    until(lambda: "slow" in calls_of(handle.exec_id))
    handle.cancel()
    with pytest.raises(KitaruCancelledError):
        handle.wait(60)
    gate.set()
    assert returned.wait(60)
    engine().runs[handle.exec_id].join(60)
    assert calls_of(handle.exec_id)["slow"]["status"] == "cancelled"
    assert handle.status == "cancelled"


@pytest.mark.parametrize("first", ["the record", "the body"])
def test_an_interruption_tells_its_reason_though_the_body_ends_in_the_same_moment(first, recorded, monkeypatch, capsys):
    begun, gate, ended = threading.Event(), threading.Event(), threading.Event()

    @kitaru.flow(cache=False)
    def body():
        begun.set()
        gate.wait(60)
        return "too late"

    handle = body.run()
    assert begun.wait(60)
    run, here = engine().runs[handle.exec_id], engine()
    threading.Thread(target=lambda: (run.join(), ended.set()), daemon=True).start()
    commit = here.outbox.commit

    def let_the_body_end():
        gate.set()
        assert ended.wait(60)

    def while_interrupting(events, expect=None):
        if threading.current_thread() is not threading.main_thread():
            return commit(events, expect)
        if first == "the body":
            let_the_body_end()
        position = commit(events, expect)
        let_the_body_end()
        return position

    monkeypatch.setattr(here.outbox, "commit", while_interrupting)
    here.interrupt(run, "the test says so")
    monkeypatch.undo()
    assert capsys.readouterr().err == f"{handle.exec_id} of body stopped here: the test says so\n"
    found = recorded(handle.exec_id)["execution"]
    assert (found["status"], found["reason"]) == ("interrupted", "the test says so")


def test_a_call_in_its_pause_between_attempts_does_not_run_again_after_cancel(calls_of):
    ran = []

    @kitaru.checkpoint(retries=kitaru.Retry(attempts=5, initial=600, maximum=600, jitter=0))
    def flaky():
        ran.append(1)
        raise OSError("no")

    @kitaru.flow(cache=False)
    def body():
        return flaky.submit().result()

    handle = body.run()
    until(lambda: ran)
    handle.cancel()
    engine().runs[handle.exec_id].join(60)
    assert len(ran) == 1
    assert handle.status == "cancelled"


def test_a_cancelled_execution_can_be_taken_up_again_by_retry(switch):
    gate = threading.Event()
    ran = []

    @kitaru.checkpoint
    def quick():
        ran.append("quick")
        return 1

    @kitaru.flow(cache=False)
    def body():
        value = quick()
        if not gate.is_set():
            kitaru.sleep(0.01)
            kitaru.wait(name="hold")
        return value

    handle = body.run()
    until(lambda: handle.status == "waiting")
    handle.cancel()
    with pytest.raises(KitaruCancelledError):
        handle.wait(60)
    gate.set()
    assert engine().retry(handle.exec_id, body).wait(60) == 1
    assert ran == ["quick"]


def test_what_has_ended_cannot_be_cancelled(switch):
    switch.broken = False
    handle = switch.flow.run(1)
    handle.wait(60)
    with pytest.raises(KitaruStateError, match="cannot be cancelled: it is completed"):
        handle.cancel()


def test_a_cancellation_wins_over_a_body_that_ends_at_the_same_time():
    @kitaru.flow(cache=False)
    def body():
        return 1

    for _ in range(20):
        handle = body.run()
        try:
            handle.cancel()
            cancelled = True
        except KitaruStateError:
            cancelled = False
        engine().runs[handle.exec_id].join(60)
        assert handle.status == ("cancelled" if cancelled else "completed")


def test_flow_retries_run_the_body_again_and_keep_finished_calls(calls_of):
    bodies, ran = [], []

    @kitaru.checkpoint
    def work():
        ran.append(1)
        return 1

    @kitaru.checkpoint
    def unsteady():
        if len(bodies) < 3:
            raise OSError(len(bodies))
        return 2

    @kitaru.flow(cache=False, retries=2)
    def body():
        bodies.append(1)
        return work() + unsteady()

    handle = body.run()
    assert handle.wait(60) == 3
    assert (len(bodies), len(ran)) == (3, 1)
    assert [row["status"] for row in calls_of(handle.exec_id)["unsteady"]["attempts"]] == [
        "failed",
        "failed",
        "completed",
    ]


def test_flow_retries_run_out():
    bodies = []

    @kitaru.flow(cache=False, retries=1)
    def body():
        bodies.append(1)
        raise OSError("always")

    assert isinstance(failed(body.run()).__cause__, OSError)
    assert len(bodies) == 2


def test_an_exit_in_the_body_fails_the_flow_and_not_the_process():
    @kitaru.flow(cache=False, retries=3)
    def body():
        raise SystemExit(3)

    assert isinstance(failed(body.run()).__cause__, SystemExit)


def test_a_changed_input_on_retry_is_a_divergence_that_names_call_and_argument(switch):
    numbers = [1]

    @kitaru.checkpoint
    def fragile(x):
        if switch.broken:
            raise ValueError(x)
        return x

    @kitaru.flow(cache=False)
    def body():
        return fragile(step(numbers[0]))

    handle = body.run()
    failed(handle)
    numbers[0] = 2
    switch.broken = False
    error = failed(engine().retry(handle.exec_id, body))
    assert isinstance(error, KitaruDivergenceError)
    assert error.failure_origin == FailureOrigin.DIVERGENCE
    assert "Call 'step'" in str(error)
    assert "argument 'x' was 1 and is 2" in str(error)
    assert "on_divergence='rerun'" in str(error)


@pytest.mark.parametrize(("choice", "expected"), [("rerun", 20), ("reuse", 10)])
def test_a_divergence_can_be_accepted(choice, expected, calls_of):
    state = {"n": 1, "broken": True}

    @kitaru.checkpoint
    def last():
        if state["broken"]:
            raise ValueError
        return 0

    @kitaru.flow(cache=False)
    def body():
        return step(state["n"]) + last()

    handle = body.run()
    failed(handle)
    state.update(n=2, broken=False)
    again = engine().resume(handle.exec_id, body, on_divergence=choice, statuses=("failed",))
    assert again.wait(60) == expected
    assert sorted(calls_of(handle.exec_id)) == ["last", "step"]


def test_an_unknown_choice_for_divergence_is_refused(switch):
    handle = switch.flow.run(1)
    failed(handle)
    with pytest.raises(KitaruUsageError, match="on_divergence='ignore'"):
        engine().resume(handle.exec_id, switch.flow, on_divergence="ignore", statuses=("failed",))
    assert handle.status == "failed"


def test_a_failed_call_takes_new_inputs_when_the_code_was_mended(calls_of):
    numbers = [0]

    @kitaru.checkpoint
    def invert(x):
        return 1 / x

    @kitaru.flow(cache=False)
    def body():
        return invert(numbers[0])

    handle = body.run()
    failed(handle)
    numbers[0] = 2
    assert engine().retry(handle.exec_id, body).wait(60) == 0.5
    (call,) = calls_of(handle.exec_id).values()
    assert [row["status"] for row in call["attempts"]] == ["failed", "completed"]
    assert call["inputs"]["x"]["preview"]["text"] == "2"


def test_a_hundred_executions_at_once_in_one_process():
    barrier = threading.Barrier(100, timeout=60)

    @kitaru.flow(cache=False)
    def body(n: int) -> int:
        value = step(n)
        barrier.wait()
        return value + 1

    handles = [body.run(n) for n in range(100)]
    assert [handle.wait(60) for handle in handles] == [10 * n + 1 for n in range(100)]
    assert len({handle.exec_id for handle in handles}) == 100


def test_a_redefined_flow_is_a_new_snapshot_of_the_same_flow(recorded):
    def define(factor):
        @kitaru.flow(name="shared", cache=False)
        def body() -> int:
            return step(factor)

        return body

    first, second = define(1).run(), define(2).run()
    assert (first.wait(60), second.wait(60)) == (10, 20)
    rows = [recorded(handle.exec_id)["execution"] for handle in (first, second)]
    assert rows[0]["flow"] == rows[1]["flow"] == "shared"
    assert rows[0]["snapshot_id"] != rows[1]["snapshot_id"]


def test_a_parked_run_continues_with_its_own_code_after_the_cell_was_run_again(parked, answer):
    def define(word):
        @kitaru.flow(name="greeting", cache=False)
        def body() -> str:
            return kitaru.wait(schema=str, timeout=0) + word

        return body

    old = define("old").run()
    parked(old.exec_id)
    new = define("new").run()
    parked(new.exec_id)
    answer(old.exec_id, "the ")
    answer(new.exec_id, "the ")
    assert (old.wait(60), new.wait(60)) == ("the old", "the new")


def test_closing_the_engine_leaves_a_flow_resumable(recorded):
    from kitaru.runtime.engine import close_engines
    from kitaru.store.connect import close_store

    ran, closed = [], []

    @kitaru.checkpoint
    def work():
        ran.append(1)
        return 1

    @kitaru.flow(cache=False)
    def body():
        value = work()
        if not closed:
            kitaru.sleep(600)
        return value

    handle = body.run()
    until(lambda: ran)
    until(lambda: recorded(handle.exec_id)["calls"] and recorded(handle.exec_id)["calls"][0]["status"] == "completed")
    run = engine().runs[handle.exec_id]
    close_engines()
    run.join(60)
    close_store()
    closed.append(True)
    assert engine().resume(handle.exec_id, body).wait(60) == 1
    assert ran == [1]


def test_a_stack_that_is_not_there_leaves_no_execution_behind() -> None:
    from kitaru.errors import KitaruNotFoundError
    from kitaru.store.connect import open_store

    @kitaru.flow
    def lonely() -> int:
        return 1

    with pytest.raises(KitaruNotFoundError, match="Stacks: local, process"):
        lonely.run(stack="nowhere")
    assert open_store().read("executions")["total"] == 0


def test_a_process_forgets_executions_that_ended_once_nobody_holds_their_handles():
    @kitaru.flow(cache=False)
    def body(n: int) -> int:
        return n

    handle = body.run(1)
    assert handle.wait(60) == 1
    others = [body.run(n).exec_id for n in range(2, 5)]
    assert [engine().outcome(exec_id)["status"] for exec_id in others if not engine().end_of(exec_id).result(60)]
    gc.collect()
    assert [exec_id in engine().runs for exec_id in (handle.exec_id, *others)] == [True, False, False, False]
    assert handle.wait() == 1
