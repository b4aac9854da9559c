from __future__ import annotations

import asyncio
import traceback

import pytest

import kitaru
from kitaru.errors import (
    FailureOrigin,
    KitaruBackendError,
    KitaruContextError,
    KitaruDivergenceError,
    KitaruExecutionError,
    KitaruUserCodeError,
)
from kitaru.runtime.failures import OURS, describe, origin_of


@kitaru.checkpoint
def fails(n):
    def deeper():
        return 1 / n

    return deeper()


@kitaru.checkpoint
async def fails_later(n):
    await asyncio.sleep(0)
    return 1 / n


def failure_of(body, recorded):
    handle = kitaru.flow(cache=False)(body).run()
    with pytest.raises(KitaruExecutionError) as caught:
        handle.wait(60)
    return recorded(handle.exec_id)["execution"]["failure"], caught.value


def sync_body():
    return fails(0)


def submitted_body():
    return fails.submit(0).result()


def mapped_body():
    return fails.map([1, 0]).result()


def side_loop_body():
    return fails_later(0)


async def async_body():
    return await fails_later(0)


async def async_submitted_body():
    return await fails_later.submit(0)


def chained_body():
    try:
        fails(0)
    except ZeroDivisionError as error:
        raise RuntimeError("while dividing") from error


def contextual_body():
    try:
        fails(0)
    except ZeroDivisionError:
        raise RuntimeError("while handling")  # noqa: B904


def grouped_body():
    errors = []
    for _ in range(2):
        try:
            fails(0)
        except ZeroDivisionError as error:
            errors.append(error)
    raise ExceptionGroup("several", errors)


BODIES = [
    sync_body,
    submitted_body,
    mapped_body,
    side_loop_body,
    async_body,
    async_submitted_body,
    chained_body,
    contextual_body,
    grouped_body,
]


@pytest.mark.parametrize("body", BODIES)
def test_the_recorded_traceback_shows_the_users_frames_and_none_of_ours(body, recorded):
    failure, _ = failure_of(body, recorded)
    assert OURS not in failure["traceback"]
    assert "concurrent/futures" not in failure["traceback"]
    assert body.__name__ in failure["traceback"]
    assert "ZeroDivisionError: division by zero" in failure["traceback"]


@pytest.mark.parametrize("body", BODIES)
def test_what_the_caller_sees_begins_with_the_users_own_traceback(body, recorded):
    _, error = failure_of(body, recorded)
    shown = "".join(traceback.format_exception(error))
    theirs, _, ours = shown.rpartition("The above exception was the direct cause")
    assert "ZeroDivisionError" in theirs
    assert OURS not in theirs
    assert "KitaruUserCodeError" in ours


def test_the_origin_is_told_by_the_class_and_not_by_the_text():
    assert origin_of(ValueError("connection to backend diverged")) == FailureOrigin.USER_CODE
    assert origin_of(KitaruBackendError("x")) == FailureOrigin.BACKEND
    assert origin_of(KitaruDivergenceError("x")) == FailureOrigin.DIVERGENCE
    assert origin_of(KitaruContextError("x")) == FailureOrigin.RUNTIME
    assert origin_of(KitaruUserCodeError("x")) == FailureOrigin.USER_CODE


def test_type_and_message_are_the_users_own(recorded):
    class CustomError(Exception):
        pass

    def body():
        raise CustomError("with a message")

    failure, _ = failure_of(body, recorded)
    assert failure["type"].endswith("CustomError")
    assert failure["message"] == "with a message"
    assert failure["origin"] == "user_code"


def test_a_folder_of_the_user_that_is_named_like_the_standard_library_is_not_cut_out(tmp_path, monkeypatch):
    folder = tmp_path / "asyncio" / "concurrent" / "futures"
    folder.mkdir(parents=True)
    (folder / "users_module.py").write_text("def broken():\n    raise ValueError('mine')\n")
    monkeypatch.syspath_prepend(str(folder))
    import users_module

    with pytest.raises(ValueError) as caught:
        users_module.broken()
    assert "users_module.py" in describe(caught.value)["traceback"]


def test_an_endless_message_and_traceback_are_bounded():
    try:
        raise ValueError("x" * 1_000_000)
    except ValueError as error:
        failure = describe(error)
    assert len(failure["message"]) < 3_000
    assert len(failure["traceback"]) < 25_000


def test_an_exception_that_cannot_even_be_printed_is_recorded(recorded):
    class BadError(Exception):
        def __str__(self):
            raise RuntimeError("no text")

    def body():
        raise BadError

    failure, _ = failure_of(body, recorded)
    assert "no message" in failure["message"]
    assert failure["type"].endswith("BadError")


def test_the_failure_of_an_isolated_call_shows_the_users_frames(recorded):
    @kitaru.checkpoint(runtime="isolated")
    def apart():
        return {}["missing"]

    failure, error = failure_of(lambda: apart(), recorded)
    assert failure["type"] == "KeyError"
    assert OURS not in failure["traceback"]
    assert "apart" in failure["traceback"]
    assert isinstance(error.__cause__, KeyError)


def test_endless_recursion_is_recorded_like_any_failure(recorded):
    @kitaru.checkpoint
    def endless():
        return endless.__wrapped__()

    failure, error = failure_of(lambda: endless(), recorded)
    assert failure["type"] == "RecursionError"
    assert isinstance(error.__cause__, RecursionError)
