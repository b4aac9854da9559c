from __future__ import annotations

from datetime import date

import pytest

import kitaru
from kitaru.errors import KitaruExecutionError, KitaruStateError, KitaruUsageError
from kitaru.runtime.engine import engine
from kitaru.runtime.flow import defined

ran: list[str] = []


@pytest.fixture(autouse=True)
def nothing_ran() -> None:
    ran.clear()


@kitaru.checkpoint
def research(topic):
    ran.append("research")
    return f"notes on {topic}"


@kitaru.checkpoint
def draft(notes, style="plain"):
    ran.append("draft")
    return f"{style} draft of {notes}"


@kitaru.checkpoint
def publish(text):
    ran.append("publish")
    return text.upper()


@kitaru.flow(cache=False)
def pipeline(topic: str) -> str:
    return publish(draft(research(topic)))


@kitaru.flow(cache=False)
def thrice(numbers: list[int]) -> list[str]:
    return [research(number) for number in numbers]


def finished(flow, *args):
    handle = flow.run(*args)
    handle.wait(60)
    ran.clear()
    return handle


def reasons(calls) -> dict[str, str | None]:
    return {name: " ".join(filter(None, [call["status"], call["reason"]])) for name, call in calls.items()}


def test_a_plain_replay_reuses_every_call(calls_of):
    source = finished(pipeline, "cats")
    again = pipeline.replay(source.exec_id)
    assert again.wait(60) == "PLAIN DRAFT OF NOTES ON CATS"
    assert again.exec_id != source.exec_id
    assert ran == []
    assert set(reasons(calls_of(again.exec_id)).values()) == {"reused replay"}


def test_a_replay_runs_from_the_given_call_on(calls_of):
    source = finished(pipeline, "cats")
    again = pipeline.replay(source.exec_id, at="draft")
    assert again.wait(60) == "PLAIN DRAFT OF NOTES ON CATS"
    assert ran == ["draft", "publish"]
    found = calls_of(again.exec_id)
    assert reasons(found) == {"research": "reused replay", "draft": "completed", "publish": "completed"}
    assert found["research"]["source_exec_id"] == source.exec_id


def test_a_changed_flow_argument_runs_what_it_reaches():
    source = finished(pipeline, "cats")
    assert pipeline.replay(source.exec_id, flow_overrides={"topic": "dogs"}).wait(60).endswith("DOGS")
    assert ran == ["research", "draft", "publish"]


def test_an_unknown_flow_argument_is_refused():
    source = finished(pipeline, "cats")
    with pytest.raises(KitaruUsageError, match="subject"):
        pipeline.replay(source.exec_id, flow_overrides={"subject": "dogs"})


def test_an_output_given_in_place_of_a_call_flows_on(calls_of):
    source = finished(pipeline, "cats")
    again = pipeline.replay(source.exec_id, invocation_overrides={"research": {"output": "edited notes"}})
    assert again.wait(60) == "PLAIN DRAFT OF EDITED NOTES"
    assert ran == ["draft", "publish"]
    assert reasons(calls_of(again.exec_id))["research"] == "reused override"


def test_the_output_of_the_last_call_can_be_given():
    source = finished(pipeline, "cats")
    again = pipeline.replay(source.exec_id, checkpoint_overrides={"publish": {"output": ("a", {1})}})
    assert again.wait(60) == ("a", {1})
    assert ran == []


def test_a_literal_parameter_can_be_given():
    source = finished(pipeline, "cats")
    again = pipeline.replay(source.exec_id, checkpoint_overrides={"draft": {"input": {"style": "grand"}}})
    assert again.wait(60) == "GRAND DRAFT OF NOTES ON CATS"
    assert ran == ["draft", "publish"]


def test_the_only_parameter_can_be_given_without_its_name():
    source = finished(pipeline, "cats")
    birds = pipeline.replay(source.exec_id, checkpoint_overrides={"research": {"input": "birds"}})
    assert birds.wait(60).endswith("BIRDS")


@kitaru.checkpoint
def due(day: date, days: list[int] | None = None) -> str:
    return f"{day:%d %B} {days}"


@kitaru.flow(cache=False)
def planned() -> str:
    return due(date(2026, 1, 2))


def test_an_input_override_that_comes_as_plain_data_becomes_what_the_checkpoint_takes():
    execution = planned.run()
    execution.wait()
    changed = planned.replay(execution.exec_id, invocation_overrides={"due": {"input": {"day": "2026-02-03"}}})
    assert changed.wait() == "03 February None"
    odd = planned.replay(execution.exec_id, invocation_overrides={"due": {"input": {"days": "none of ours"}}})
    assert odd.wait() == "02 January none of ours"


def test_an_override_that_gives_the_recorded_input_changes_nothing():
    source = finished(pipeline, "cats")
    pipeline.replay(source.exec_id, checkpoint_overrides={"draft": {"input": {"style": "plain"}}}).wait(60)
    assert ran == []


def test_an_override_of_a_checkpoint_applies_to_all_of_its_calls():
    source = finished(thrice, [1, 2, 3])
    again = thrice.replay(source.exec_id, checkpoint_overrides={"research": {"output": "same"}})
    assert again.wait(60) == ["same"] * 3
    again = thrice.replay(source.exec_id, checkpoint_overrides={"research": {"input": {"topic": 9}}})
    assert again.wait(60) == ["notes on 9"] * 3


def test_an_override_of_one_call_applies_to_it_alone_and_wins():
    source = finished(thrice, [1, 2, 3])
    again = thrice.replay(
        source.exec_id,
        checkpoint_overrides={"research": {"output": "all"}},
        invocation_overrides={"research_2": {"output": "two"}},
    )
    assert again.wait(60) == ["all", "two", "all"]
    again = thrice.replay(source.exec_id, invocation_overrides={"research_3": {"input": {"topic": "z"}}})
    assert again.wait(60) == ["notes on 1", "notes on 2", "notes on z"]


def test_an_override_names_the_call_of_the_source_even_if_the_order_changes():
    source = finished(thrice, [1, 2, 3])
    again = thrice.replay(
        source.exec_id, flow_overrides={"numbers": [3, 1, 2]}, invocation_overrides={"research": {"output": "one"}}
    )
    assert again.wait(60) == ["notes on 3", "one", "notes on 2"]
    assert ran == []


def test_other_code_runs_in_place_of_a_checkpoint(calls_of):
    source = finished(pipeline, "cats")

    def better(notes, style="plain"):
        return f"better {style} {notes}"

    again = pipeline.replay(source.exec_id, checkpoint_overrides={"draft": {"code": better}})
    assert again.wait(60) == "BETTER PLAIN NOTES ON CATS"
    assert ran == ["publish"]
    again = pipeline.replay(source.exec_id, checkpoint_overrides={"publish": {"code": "textwrap.dedent"}})
    assert again.wait(60) == "plain draft of notes on cats"


def test_another_model_is_handed_to_the_call_that_it_is_for(monkeypatch):
    monkeypatch.setenv("KITARU_LLM_MOCK_RESPONSE", "hello")
    seen = []

    @kitaru.checkpoint
    def ask(question):
        from kitaru.stacks.scope import current_call

        seen.append(current_call.get().info.model)
        return question

    @kitaru.flow(cache=False)
    def body() -> str:
        return ask("a") + ask("b")

    source = finished(body)
    body.replay(source.exec_id, invocation_overrides={"ask_2": {"model": "openai/other"}}).wait(60)
    assert seen == [None, None, "openai/other"]


@pytest.mark.parametrize(
    ("options", "error", "problem"),
    [
        ({"at": "nope"}, KitaruStateError, "recorded calls are: research, draft, publish"),
        ({"at": " "}, KitaruUsageError, "at= is empty"),
        ({"checkpoint_overrides": {"nope": {"output": 1}}}, KitaruStateError, "No call of checkpoint 'nope'"),
        ({"invocation_overrides": {"draft_2": {"output": 1}}}, KitaruStateError, "No call 'draft_2'"),
        ({"checkpoint_overrides": {"draft": {}}}, KitaruUsageError, "give a dict"),
        ({"checkpoint_overrides": {"draft": "text"}}, KitaruUsageError, "give a dict"),
        ({"checkpoint_overrides": {"draft": {"result": 1}}}, KitaruUsageError, "unknown result"),
        ({"checkpoint_overrides": {"draft": {"output": 1, "input": {}}}}, KitaruUsageError, "does not run"),
        ({"checkpoint_overrides": {"draft": {"code": 5}}}, KitaruUsageError, "must be a function"),
        ({"checkpoint_overrides": {"draft": {"code": "no.such.module"}}}, KitaruUsageError, "cannot be imported"),
    ],
)
def test_an_override_that_means_nothing_is_refused(options, error, problem):
    source = finished(pipeline, "cats")
    with pytest.raises(error, match=problem):
        pipeline.replay(source.exec_id, **options)


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"checkpoint_overrides": {"draft": {"input": {"wrong": 1}}}}, "the arguments are notes, style"),
        ({"invocation_overrides": {"draft": {"input": {"notes": "x", "wrong": 1}}}}, "the arguments are notes, style"),
        ({"checkpoint_overrides": {"draft": {"input": "both?"}}}, "the arguments are notes, style"),
        ({"invocation_overrides": {"research": {"input": {"subject": "x"}}}}, "the arguments are topic"),
    ],
)
def test_an_input_override_of_an_argument_that_there_is_not_starts_nothing(options, problem):
    source = finished(pipeline, "cats")
    before = engine().store.read("executions")["total"]
    with pytest.raises(KitaruUsageError, match=problem):
        pipeline.replay(source.exec_id, **options)
    assert engine().store.read("executions")["total"] == before
    assert ran == []


def test_an_input_override_of_an_argument_that_the_code_has_only_now_is_taken(calls_of):
    def define(*, edited: bool):
        if edited:

            @kitaru.checkpoint
            def write(topic, tone="plain"):
                return f"{tone} {topic}"
        else:

            @kitaru.checkpoint
            def write(topic):
                return topic

        @kitaru.flow(name="edited", cache=False)
        def body() -> str:
            return write("cats")

        return body

    source = finished(define(edited=False))
    given = {"write": {"input": {"tone": "grand"}}}
    assert define(edited=True).replay(source.exec_id, checkpoint_overrides=given).wait(60) == "grand cats"
    defined.pop("edited")


def test_recorded_answers_are_taken_and_others_asked_again(asked, answer, recorded):
    @kitaru.flow(cache=False)
    def review() -> list[str]:
        text = draft("x")
        first = kitaru.wait(schema=str, name="first")
        text = publish(text)
        return [text, first, kitaru.wait(schema=str, name="second")]

    source = review.run()
    for name in ("first", "second"):
        asked(source.exec_id, name)
        answer(source.exec_id, f"{name}!", name)
    assert source.wait(60) == ["PLAIN DRAFT OF X", "first!", "second!"]
    assert review.replay(source.exec_id).wait(60) == ["PLAIN DRAFT OF X", "first!", "second!"]
    given = review.replay(source.exec_id, answers={"first": "other"})
    assert given.wait(60) == ["PLAIN DRAFT OF X", "other", "second!"]
    sources = {row["name"]: row["source"] for row in recorded(given.exec_id)["waits"]}
    assert sources == {"first": "replay", "second": "replay"}
    again = review.replay(source.exec_id, at="publish")
    asked(again.exec_id, "second")
    answer(again.exec_id, "new", "second")
    assert again.wait(60) == ["PLAIN DRAFT OF X", "first!", "new"]


def test_an_answer_for_a_replay_must_fit_the_schema(asked, answer):
    @kitaru.flow(cache=False)
    def body() -> int:
        return kitaru.wait(schema=int)

    source = body.run()
    asked(source.exec_id)
    answer(source.exec_id, 1)
    source.wait(60)
    with pytest.raises((KitaruUsageError, KitaruExecutionError), match="does not fit"):
        body.replay(source.exec_id, answers={"wait": "many"}).wait(60)


def test_a_replay_does_not_take_results_of_other_executions_unless_asked():
    @kitaru.flow
    def body(n: int) -> str:
        return research(n)

    source = finished(body, 1)
    finished(body, 2)
    body.replay(source.exec_id, flow_overrides={"n": 2}).wait(60)
    assert ran == ["research"]
    ran.clear()
    body.replay(source.exec_id, flow_overrides={"n": 2}, cache=True).wait(60)
    assert ran == []


def test_is_replay_is_true_in_the_replay_alone():
    seen = []

    @kitaru.checkpoint
    def look():
        return kitaru.is_replay()

    @kitaru.flow(cache=False)
    def body() -> bool:
        seen.append(kitaru.is_replay())
        return look()

    source = finished(body)
    handles = [body.replay(source.exec_id, at="look"), body.run()]
    assert [handle.wait(60) for handle in handles] == [True, False]
    assert sorted(seen) == [False, False, True]


def test_a_replay_of_a_failed_execution_with_mended_code():
    broken = [True]

    @kitaru.checkpoint
    def last(text):
        if broken[0]:
            raise ValueError("boom")
        return text

    @kitaru.flow(cache=False)
    def body() -> str:
        return last(research("x"))

    source = body.run()
    with pytest.raises(KitaruExecutionError):
        source.wait(60)
    ran.clear()
    broken[0] = False
    assert body.replay(source.exec_id).wait(60) == "notes on x"
    assert ran == []
    assert source.status == "failed"


def test_a_replay_with_an_input_override_can_park_and_go_on(parked, answer, calls_of):
    @kitaru.flow(cache=False)
    def body(n: int) -> list:
        return [research(n), kitaru.wait(schema=int, timeout=0), research(n)]

    source = body.run(1)
    parked(source.exec_id)
    answer(source.exec_id, 1)
    source.wait(60)
    ran.clear()
    again = body.replay(source.exec_id, at="research", checkpoint_overrides={"research": {"input": {"topic": "new"}}})
    parked(again.exec_id)
    answer(again.exec_id, 2)
    assert again.wait(60) == ["notes on new", 2, "notes on new"]
    assert ran == ["research", "research"]
    assert sorted(calls_of(again.exec_id)) == ["research", "research_2"]


def test_a_failed_replay_is_retried_with_its_overrides(calls_of):
    broken = [True]

    @kitaru.checkpoint
    def last(text):
        if broken[0]:
            raise ValueError("boom")
        return text

    @kitaru.flow(cache=False)
    def body() -> str:
        return last(research("x"))

    broken[0] = False
    source = finished(body)
    broken[0] = True
    again = body.replay(source.exec_id, invocation_overrides={"research": {"input": {"topic": "y"}}})
    with pytest.raises(KitaruExecutionError):
        again.wait(60)
    ran.clear()
    broken[0] = False
    assert engine().retry(again.exec_id, body).wait(60) == "notes on y"
    assert ran == []
    assert sorted(calls_of(again.exec_id)) == ["last", "research"]


def test_a_replay_whose_body_is_tried_again_keeps_names_and_overrides(calls_of):
    bodies = []

    @kitaru.flow(cache=False, retries=1)
    def body(fail: bool) -> list[str]:
        first = research(1)
        bodies.append(1)
        if fail and len(bodies) == 1:
            raise OSError("again")
        return [first, research(2), research(3)]

    source = finished(body, False)
    bodies.clear()
    given = {"research_3": {"output": "three"}}
    again = body.replay(source.exec_id, flow_overrides={"fail": True}, invocation_overrides=given)
    assert again.wait(60) == ["notes on 1", "notes on 2", "three"]
    assert ran == []
    assert sorted(calls_of(again.exec_id)) == ["research", "research_2", "research_3"]


def test_a_replay_of_a_replay_works():
    source = finished(pipeline, "cats")
    second = pipeline.replay(source.exec_id, invocation_overrides={"research": {"output": "edited"}})
    second.wait(60)
    ran.clear()
    third = pipeline.replay(second.exec_id, at="publish")
    assert third.wait(60) == "PLAIN DRAFT OF EDITED"
    assert ran == ["publish"]


def test_what_began_in_a_fan_out_before_the_call_ended_is_reused_by_journal_order():
    @kitaru.flow(cache=False)
    def body() -> list[str]:
        left = research.map([1, 2, 3]).result()
        return [publish(draft(text)) for text in left]

    source = finished(body)
    body.replay(source.exec_id, at="draft_2").wait(60)
    assert ran == ["draft", "publish", "draft", "publish"]


def test_two_modules_may_have_a_flow_of_the_same_name():
    """Each replay runs the flow of its own module; one that moved elsewhere is still the flow of its name."""

    def made_in(module: str, answer: int):
        def namesake() -> int:
            return answer

        namesake.__module__ = module
        return kitaru.flow(namesake)

    first = made_in("reports", 1).run()
    second = made_in("audits", 2).run()
    assert (first.wait(60), second.wait(60)) == (1, 2)
    made_in("reports", 11)
    made_in("audits", 22)
    client = kitaru.KitaruClient()
    assert client.executions.replay(first.exec_id).wait(60) == 11
    assert client.executions.replay(second.exec_id).wait(60) == 22
    del defined["namesake"]["reports"]
    assert client.executions.replay(first.exec_id).wait(60) == 22
    defined.pop("namesake")
