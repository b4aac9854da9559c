from __future__ import annotations

import datetime as dt
import enum
import threading
import time
from typing import Annotated, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field

import kitaru
from kitaru.errors import (
    KitaruCancelledError,
    KitaruContextError,
    KitaruExecutionError,
    KitaruStateError,
    KitaruUsageError,
)
from kitaru.runtime.engine import engine
from tests.conftest import until


@kitaru.checkpoint
def step(x):
    return x


class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"


class Line(BaseModel):
    amount: int
    note: str | None = None


class Order(BaseModel):
    lines: list[Line]
    day: dt.date


class Strict(BaseModel):
    model_config = ConfigDict(strict=True)
    day: dt.date
    pair: tuple[int, int]


class Cat(BaseModel):
    kind: Literal["cat"] = "cat"
    lives: int


class Dog(BaseModel):
    kind: Literal["dog"] = "dog"
    tricks: list[str]


KINDS = [
    (bool, True, True),
    (int, 3, 3),
    (float, 3, 3.0),
    (str, "x", "x"),
    (int | None, None, None),
    (int | None, 4, 4),
    (Literal["yes", "no"], "no", "no"),
    (Colour, "red", Colour.RED),
    (dt.date, "2026-03-01", dt.date(2026, 3, 1)),
    (dt.datetime, "2026-03-01T12:00:00Z", dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)),
    (list[int], [1, 2], [1, 2]),
    (tuple[int, str], [1, "a"], (1, "a")),
    (set[int], [1, 2], {1, 2}),
    (dict[str, list[int]], {"a": [1]}, {"a": [1]}),
    (Order, {"lines": [{"amount": 1}], "day": "2026-03-01"}, Order(lines=[Line(amount=1)], day=dt.date(2026, 3, 1))),
    (Strict, {"day": "2026-03-01", "pair": [1, 2]}, Strict(day=dt.date(2026, 3, 1), pair=(1, 2))),
    (Annotated[Cat | Dog, Field(discriminator="kind")], {"kind": "dog", "tricks": []}, Dog(tricks=[])),
    (int | str, "7", "7"),
    (Annotated[int, Field(ge=1, le=5)], 5, 5),
    (None, None, None),
]


@pytest.mark.parametrize(("schema", "given", "expected"), KINDS)
def test_an_answer_arrives_as_the_type_that_was_asked_for(schema, given, expected, asked, answer):
    @kitaru.flow(cache=False)
    def body() -> list:
        return [kitaru.wait(schema=schema)]

    handle = body.run()
    asked(handle.exec_id)
    answer(handle.exec_id, given)
    assert handle.wait(60) == [expected]


@pytest.mark.parametrize(("schema", "given", "expected"), KINDS[7:9] + KINDS[14:17])
def test_an_answer_after_the_runner_let_go_arrives_as_its_type(schema, given, expected, parked, answer):
    @kitaru.flow(cache=False)
    def body() -> list:
        return [kitaru.wait(schema=schema, timeout=0)]

    handle = body.run()
    parked(handle.exec_id)
    answer(handle.exec_id, given)
    assert handle.wait(60) == [expected]


def test_an_answer_that_does_not_fit_fails_the_flow_and_says_why(asked, answer):
    @kitaru.flow(cache=False)
    def body() -> int:
        return kitaru.wait(schema=Annotated[int, Field(ge=1)], name="count")

    handle = body.run()
    asked(handle.exec_id, "count")
    answer(handle.exec_id, -3, "count")
    with pytest.raises(KitaruExecutionError, match=r"answer to 'count' does not fit.*greater than or equal to 1"):
        handle.wait(60)


def test_waiting_is_visible_and_an_answer_continues_without_running_anything_again(asked, answer, recorded):
    ran: list[str] = []

    @kitaru.checkpoint
    def draft() -> str:
        ran.append("draft")
        return "text"

    @kitaru.flow(cache=False)
    def body() -> str:
        text = draft()
        ran.append("body")
        if kitaru.wait(schema=bool, name="ok", question="Publish?", metadata={"by": "ada"}):
            return text.upper()
        return "no"

    handle = body.run()
    asked(handle.exec_id, "ok")
    assert handle.status == "waiting"
    row = recorded(handle.exec_id)["waits"][0]
    assert (row["question"], row["schema"], row["metadata"]) == ("Publish?", {"type": "boolean"}, {"by": "ada"})
    answer(handle.exec_id, True, "ok")
    assert handle.wait(60) == "TEXT"
    assert ran == ["draft", "body"]
    assert handle.status == "completed"


def test_a_question_with_no_timeout_left_parks_at_once(parked, answer):
    ran = []

    @kitaru.checkpoint
    def draft() -> str:
        ran.append("draft")
        return "text"

    @kitaru.flow(cache=False)
    def body() -> str:
        text = draft()
        return text + kitaru.wait(schema=str, timeout=0)

    handle = body.run()
    with pytest.raises(KitaruStateError, match=rf"waits for an answer.*kitaru executions input {handle.exec_id}"):
        handle.wait(60)
    parked(handle.exec_id)
    answer(handle.exec_id, "!")
    assert handle.wait(60) == "text!"
    assert ran == ["draft"]


def test_a_handle_can_be_waited_for_right_after_the_answer(parked, answer):
    @kitaru.flow(cache=False)
    def body() -> int:
        return step(kitaru.wait(schema=int, timeout=0))

    handles = [body.run() for _ in range(8)]
    for handle in handles:
        parked(handle.exec_id)
    for number, handle in enumerate(handles):
        answer(handle.exec_id, number)
        assert handle.wait(60) == number


def test_two_questions_in_a_loop_are_two_questions(asked, answer):
    @kitaru.flow(cache=False)
    def body() -> list[int]:
        return [kitaru.wait(schema=int) for _ in range(2)]

    handle = body.run()
    asked(handle.exec_id, "wait")
    answer(handle.exec_id, 1, "wait")
    asked(handle.exec_id, "wait_2")
    answer(handle.exec_id, 2, "wait_2")
    assert handle.wait(60) == [1, 2]


def test_a_named_question_in_a_loop_is_asked_each_time(asked, answer, parked):
    @kitaru.flow(cache=False)
    def body(stay: float) -> list[int]:
        return [kitaru.wait(schema=int, name="more", timeout=stay) for _ in range(3)]

    for stay, ready in ((60.0, asked), (0.0, lambda exec_id, _: parked(exec_id))):
        handle = body.run(stay)
        for number, name in enumerate(["more", "more_2", "more_3"]):
            ready(handle.exec_id, name)
            asked(handle.exec_id, name)
            answer(handle.exec_id, number, name)
        assert handle.wait(60) == [0, 1, 2]


def test_a_bare_except_cannot_run_on_after_the_flow_was_let_go(parked, answer):
    ran: list[str] = []

    @kitaru.checkpoint
    def charge() -> str:
        ran.append("charge")
        return "charged"

    @kitaru.flow(cache=False)
    def body() -> str:
        try:
            word = kitaru.wait(schema=str, timeout=0)
        except:  # noqa: E722
            word = "swallowed"
        return word + charge()

    handle = body.run()
    parked(handle.exec_id)
    assert ran == []
    answer(handle.exec_id, "paid and ")
    assert handle.wait(60) == "paid and charged"
    assert ran == ["charge"]


def test_except_exception_does_not_see_that_the_flow_is_let_go(parked, answer):
    swallowed: list[BaseException] = []

    @kitaru.flow(cache=False)
    def body() -> int:
        try:
            return kitaru.wait(schema=int, timeout=0)
        except Exception as error:
            swallowed.append(error)
            return -1

    handle = body.run()
    parked(handle.exec_id)
    answer(handle.exec_id, 5)
    assert handle.wait(60) == 5
    assert swallowed == []


def test_a_body_that_returns_after_swallowing_the_signal_has_not_completed(parked, answer):
    @kitaru.flow(cache=False)
    def body() -> str:
        try:
            return kitaru.wait(schema=str, timeout=0)
        except BaseException:
            return "swallowed"

    handle = body.run()
    parked(handle.exec_id)
    answer(handle.exec_id, "real")
    assert handle.wait(60) == "real"


def test_a_call_in_flight_when_the_flow_is_let_go_is_finished_and_kept(parked, answer, recorded):
    ran: list[int] = []
    gate = threading.Event()

    @kitaru.checkpoint
    def expensive(n):
        assert gate.wait(60)
        kitaru.save("notes", n)
        ran.append(n)
        return n

    @kitaru.flow(cache=False)
    def body() -> list[int]:
        futures = expensive.map([1, 2, 3])
        extra = kitaru.wait(schema=int, timeout=0)
        return [*futures.result(), extra]

    handle = body.run()
    until(lambda: recorded(handle.exec_id)["waits"])
    gate.set()
    parked(handle.exec_id)
    assert {call["status"] for call in recorded(handle.exec_id)["calls"]} == {"completed"}
    assert [item["name"] for item in recorded(handle.exec_id)["saved"]].count("notes") == 3
    answer(handle.exec_id, 4)
    assert handle.wait(60) == [1, 2, 3, 4]
    assert sorted(ran) == [1, 2, 3]


def test_async_calls_in_flight_when_the_flow_is_let_go_are_finished_and_kept(parked, answer, recorded):
    import asyncio

    ran: list[int] = []
    started = threading.Event()

    @kitaru.checkpoint
    async def expensive(n):
        started.set()
        await asyncio.sleep(0.2)
        ran.append(n)
        return n

    @kitaru.flow(cache=False)
    async def body() -> list[int]:
        async def ask() -> int:
            await asyncio.to_thread(started.wait, 60)
            return await kitaru.wait.aio(schema=int, timeout=0)

        return await asyncio.gather(expensive(1), expensive(2), ask())

    handle = body.run()
    parked(handle.exec_id)
    assert {call["status"] for call in recorded(handle.exec_id)["calls"]} == {"completed"}
    answer(handle.exec_id, 3)
    assert handle.wait(60) == [1, 2, 3]
    assert sorted(ran) == [1, 2]


def test_asking_while_submitted_calls_run(asked, answer):
    gate = threading.Event()

    @kitaru.checkpoint
    def held(n):
        assert gate.wait(60)
        return n

    @kitaru.flow(cache=False)
    def body() -> list[int]:
        futures = held.map([1, 2])
        value = kitaru.wait(schema=int)
        return [value, *futures.result()]

    handle = body.run()
    asked(handle.exec_id)
    answer(handle.exec_id, 9)
    gate.set()
    assert handle.wait(60) == [9, 1, 2]


def test_several_questions_are_open_at_once_in_async_code(asked, answer):
    import asyncio

    @kitaru.flow(cache=False)
    async def body() -> list[int]:
        return await asyncio.gather(*(kitaru.wait.aio(schema=int, name=name) for name in "ab"))

    handle = body.run()
    asked(handle.exec_id, "a")
    asked(handle.exec_id, "b")
    answer(handle.exec_id, 2, "b")
    assert handle.status == "waiting"
    answer(handle.exec_id, 1, "a")
    assert handle.wait(60) == [1, 2]


def test_an_exception_group_around_the_signal_parks_too(parked, answer):
    import asyncio

    @kitaru.flow(cache=False)
    async def body() -> int:
        async with asyncio.TaskGroup() as group:
            task = group.create_task(kitaru.wait.aio(schema=int, timeout=0))
            group.create_task(asyncio.sleep(0))
        return task.result()

    handle = body.run()
    parked(handle.exec_id)
    answer(handle.exec_id, 6)
    assert handle.wait(60) == 6


def test_an_answer_in_the_very_moment_of_the_question_is_not_lost():
    from kitaru.runtime.engine import engine

    running = engine()

    def answer_all() -> None:
        for event in running.store.watch(kinds=["wait.created"]):
            body = {"wait": event["body"]["wait"], "value": 1, "by": "robot", "source": "input"}
            running.store.append(
                [
                    {
                        "events": [
                            {"kind": "wait.answered", "at": time.time(), "exec_id": event["exec_id"], "body": body},
                        ]
                    }
                ]
            )

    threading.Thread(target=answer_all, daemon=True).start()

    @kitaru.flow(cache=False)
    def body() -> int:
        return sum(kitaru.wait(schema=int) for _ in range(30))

    handles = [body.run() for _ in range(4)]
    assert [handle.wait(60) for handle in handles] == [30] * 4


def test_a_deadline_answers_with_the_default_in_the_live_runner(recorded):
    @kitaru.flow(cache=False)
    def body() -> str:
        return kitaru.wait(schema=Literal["yes", "no"], deadline=0.1, default="no")

    handle = body.run()
    assert handle.wait(60) == "no"
    assert recorded(handle.exec_id)["waits"][0]["source"] == "deadline"


def test_a_deadline_answers_a_parked_flow():
    @kitaru.flow(cache=False)
    def body(seconds: float) -> dt.date:
        left = dt.timedelta(seconds=seconds)
        return kitaru.wait(schema=dt.date, timeout=0, deadline=left, default=dt.date(2026, 1, 2))

    def was_parked(handle) -> bool:
        return bool(engine().store.read("events", exec_id=handle.exec_id, kinds=["execution.suspended"]))

    for seconds in (0.3, 3, 20):  # on a slow machine it may pass before the flow is let go
        handle = body.run(seconds)
        until(lambda handle=handle: handle.status == "completed")
        assert handle.wait(60) == dt.date(2026, 1, 2)
        if was_parked(handle):
            break
    assert was_parked(handle)


def test_an_answer_before_the_deadline_wins(asked, answer):
    @kitaru.flow(cache=False)
    def body() -> int:
        return kitaru.wait(schema=int, deadline=dt.datetime.now(dt.UTC) + dt.timedelta(hours=1), default=0)

    handle = body.run()
    asked(handle.exec_id)
    answer(handle.exec_id, 5)
    assert handle.wait(60) == 5


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"deadline": 1}, "belong together"),
        ({"default": 1}, "belong together"),
        ({"deadline": -1, "default": 1, "schema": int}, "in the past"),
        ({"deadline": 1, "default": "x", "schema": int}, "does not fit"),
        ({"deadline": dt.datetime(2030, 1, 1), "default": 1, "schema": int}, "time zone"),
        ({"timeout": -1}, "timeout"),
    ],
)
def test_wrong_options_of_wait_say_what_is_wrong(options, problem):
    @kitaru.flow(cache=False)
    def body():
        with pytest.raises(KitaruUsageError, match=problem):
            kitaru.wait(**options)
        return "checked"

    assert body.run().wait(60) == "checked"


def test_aborting_a_question_cancels_the_execution(asked, tell):
    @kitaru.flow(cache=False)
    def body():
        return kitaru.wait()

    handle = body.run()
    asked(handle.exec_id)
    tell("wait.aborted", handle.exec_id, {"wait": "wait", "by": "me"}, wait_pending="wait")
    with pytest.raises(kitaru.errors.KitaruCancelledError):
        handle.wait(60)
    assert handle.status == "cancelled"


def test_cancelling_a_waiting_flow(asked):
    @kitaru.flow(cache=False)
    def body():
        return kitaru.wait()

    handle = body.run()
    asked(handle.exec_id)
    handle.cancel("changed my mind")
    with pytest.raises(kitaru.errors.KitaruCancelledError, match="changed my mind"):
        handle.wait(60)


@pytest.mark.parametrize("stay", [60.0, 0.0])
@pytest.mark.parametrize("end", ["cancel", "abort_wait"])
def test_a_retry_asks_again_what_was_refused_or_left_open(end, stay, client, asked, answer):
    @kitaru.flow(cache=False)
    def body(stay: float) -> int:
        return kitaru.wait(schema=int, timeout=stay)

    handle = body.run(stay)
    asked(handle.exec_id)
    getattr(client.executions, end)(handle.exec_id)
    with pytest.raises(KitaruCancelledError):
        handle.wait(60)
    again = engine().retry(handle.exec_id, body)
    asked(handle.exec_id)
    answer(handle.exec_id, 4)
    assert again.wait(60) == 4


def test_the_reason_why_a_question_was_refused_reaches_whoever_waits(client, asked):
    @kitaru.flow(cache=False)
    def body():
        kitaru.wait(name="ok")

    handles = [body.run() for _ in range(10)]
    for handle in handles:
        asked(handle.exec_id, "ok")
        client.executions.abort_wait(handle.exec_id, by="ada")
        with pytest.raises(KitaruCancelledError, match="'ok' was aborted by ada"):
            handle.wait(60)


def test_a_recorded_question_cannot_change_its_schema(parked, answer):
    schemas = [int]

    @kitaru.flow(cache=False)
    def body():
        return kitaru.wait(schema=schemas[0], timeout=0)

    handle = body.run()
    parked(handle.exec_id)
    schemas[0] = str
    answer(handle.exec_id, 3)
    with pytest.raises(KitaruExecutionError, match="asked with another schema"):
        handle.wait(60)


def test_waiting_outside_of_a_flow_or_inside_of_a_checkpoint_is_refused():
    with pytest.raises(KitaruContextError, match="outside of a flow"):
        kitaru.wait()

    @kitaru.checkpoint
    def inner():
        kitaru.wait()

    @kitaru.flow(cache=False)
    def body():
        with pytest.raises(KitaruContextError, match="inside of a checkpoint"):
            inner()

    body.run().wait(60)


def test_an_unfinished_question_of_a_flow_that_is_tried_again_is_not_asked_twice(asked, answer, recorded):
    attempts = []

    @kitaru.flow(cache=False, retries=2)
    def body() -> int:
        value = kitaru.wait(schema=int)
        attempts.append(value)
        if len(attempts) < 3:
            raise ValueError("again")
        return value

    handle = body.run()
    asked(handle.exec_id)
    answer(handle.exec_id, 8)
    assert handle.wait(60) == 8
    assert attempts == [8, 8, 8]
    assert len(recorded(handle.exec_id)["waits"]) == 1


def test_a_question_prints_how_to_answer_it(asked, capsys):
    @kitaru.flow(cache=False)
    def review():
        return kitaru.wait(schema=bool, name="ok", question="Publish?")

    handle = review.run()
    asked(handle.exec_id, "ok")
    printed = capsys.readouterr().err
    assert "Publish?" in printed
    assert f"kitaru executions input {handle.exec_id}" in printed
    handle.cancel()
