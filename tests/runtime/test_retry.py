from __future__ import annotations

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

import kitaru
from kitaru.errors import KitaruTimeoutError, KitaruUsageError, KitaruUserCodeError
from kitaru.runtime.engine import engine


def run(function, **options):
    @kitaru.flow(cache=False)
    def body():
        return kitaru.checkpoint(**options)(function)()

    handle = body.run()
    try:
        return handle, handle.wait(60)
    except KitaruUserCodeError as error:
        return handle, error.__cause__


class Unsteady:
    """Fails as often as it is told."""

    def __init__(self, *errors: BaseException):
        self.errors = list(errors)
        self.calls = 0

    def __call__(self):
        self.calls += 1
        if self.errors:
            raise self.errors.pop(0)
        return "done"


NOW = {"initial": 0.0, "jitter": 0.0}


def test_a_count_of_retries_is_the_number_of_further_attempts():
    work = Unsteady(*[OSError()] * 2)
    assert run(lambda: work(), retries=kitaru.Retry(attempts=3, **NOW))[1] == "done"
    work = Unsteady(*[OSError(n) for n in range(9)])
    assert isinstance(run(lambda: work(), retries=1)[1], OSError)
    assert work.calls == 2


def test_attempts_are_rows_of_one_call_with_their_failures(calls_of):
    work = Unsteady(OSError("first"), ValueError("second"))
    handle, _ = run(lambda: work(), retries=kitaru.Retry(attempts=3, **NOW))
    (call,) = calls_of(handle.exec_id).values()
    assert [row["status"] for row in call["attempts"]] == ["failed", "failed", "completed"]
    assert [row["failure"] and row["failure"]["message"] for row in call["attempts"]] == ["first", "second", None]


def test_only_the_named_exceptions_are_tried_again():
    policy = kitaru.Retry(attempts=5, on=(OSError,), never=(FileNotFoundError,), **NOW)
    for errors, calls in (([OSError(), OSError()], 3), ([ValueError()], 1), ([OSError(), FileNotFoundError()], 2)):
        work = Unsteady(*errors)
        run(lambda work=work: work(), retries=policy)
        assert work.calls == calls


def test_async_and_submitted_calls_are_tried_again_too():
    works = [Unsteady(OSError(), OSError()) for _ in range(3)]
    policy = kitaru.Retry(attempts=3, **NOW)

    @kitaru.checkpoint(retries=policy)
    async def later(n):
        return works[n]()

    @kitaru.checkpoint(retries=policy)
    def sooner(n):
        return works[n]()

    @kitaru.flow(cache=False)
    async def body():
        return await later(0), await later.submit(1), await sooner.submit(2)

    assert body.run().wait(60) == ("done",) * 3
    assert [work.calls for work in works] == [3, 3, 3]


@given(st.integers(1, 50), st.floats(0, 10), st.floats(0, 100), st.floats(0, 5))
def test_pauses_never_exceed_the_maximum(attempt, initial, maximum, jitter):
    policy = kitaru.Retry(attempts=100, initial=initial, maximum=maximum, jitter=jitter)
    pause = policy.pause(attempt, OSError())
    assert pause is not None
    assert 0 <= pause <= maximum


def test_pauses_double():
    policy = kitaru.Retry(attempts=9, initial=0.5, maximum=3, jitter=0)
    assert [policy.pause(n, OSError()) for n in range(1, 6)] == [0.5, 1, 2, 3, 3]


@pytest.mark.parametrize("options", [{"attempts": 0}, {"initial": -1}, {"maximum": -1}, {"jitter": -0.1}])
def test_policies_without_meaning_are_refused(options):
    with pytest.raises(KitaruUsageError):
        kitaru.Retry(**options)


def test_a_call_that_takes_too_long_fails_and_says_that_its_thread_lives_on():
    gate = threading.Event()
    _, error = run(lambda: gate.wait(60), timeout=0.05)
    gate.set()
    assert isinstance(error, KitaruTimeoutError)
    assert "longer than its timeout of 0.05 seconds" in str(error)
    assert "still runs" in str(error)


def test_an_async_call_that_takes_too_long_is_cancelled():
    import asyncio

    cancelled = threading.Event()

    async def slow():
        try:
            await asyncio.sleep(30)
        except asyncio.CancelledError:
            cancelled.set()
            raise

    _, error = run(slow, timeout=0.05)
    assert isinstance(error, KitaruTimeoutError)
    assert "still runs" not in str(error)
    assert cancelled.is_set()


def test_an_isolated_call_that_takes_too_long_is_killed():
    def endless():
        while True:
            pass

    _, error = run(endless, timeout=1.5, runtime="isolated")
    assert isinstance(error, KitaruTimeoutError)


def test_a_timeout_is_tried_again_like_other_failures():
    gate = threading.Event()
    tries = []

    def slow_once():
        tries.append(1)
        if len(tries) == 1:
            gate.wait(60)
        return len(tries)

    # More than two, as a slow machine may take too long over the second as well.
    _, result = run(slow_once, timeout=0.3, retries=kitaru.Retry(attempts=50, **NOW))
    gate.set()
    assert result >= 2


def test_the_late_result_of_a_call_that_timed_out_is_discarded(calls_of):
    gate, returned = threading.Event(), threading.Event()

    def late():
        gate.wait(60)
        returned.set()
        return "late"

    handle, _ = run(late, timeout=0.05)
    gate.set()
    assert returned.wait(60)
    engine().outbox.flush()
    (call,) = calls_of(handle.exec_id).values()
    assert (call["status"], call["output"]) == ("failed", None)
