"""Model calls in flows: what is recorded, what is not asked twice, and where the model comes from."""

from __future__ import annotations

import asyncio
import os

import pytest
from pydantic import BaseModel

import kitaru
from kitaru.errors import KitaruContextError, KitaruExecutionError, KitaruUsageError
from kitaru.models.aliases import register_model_alias
from kitaru.runtime.engine import engine
from kitaru.testing.llm_server import Answer, serve_llm
from tests.conftest import close_everything

# LiteLLM warns about its own code; it mutes that at import, which pytest undoes for each test.
pytestmark = [
    pytest.mark.filterwarnings("ignore:.*ReadOnly.*:UserWarning"),
    pytest.mark.filterwarnings("ignore:Accessing the .* attribute on the instance is deprecated"),
]

KEY = "sk-test-0123456789abcdefghij"


class City(BaseModel):
    name: str
    people: int


@pytest.fixture
def answers():
    """What the server says to whom; by default what it was asked last, in capitals."""
    return {}


@pytest.fixture
def server(answers, monkeypatch):
    for name in [name for name in os.environ if name.endswith(("_API_KEY", "_BASE_URL", "_API_BASE"))]:
        monkeypatch.delenv(name)

    def reply(request):
        asked = request["messages"][-1]["content"]
        return answers.get(asked, asked.upper())

    with serve_llm(reply) as running:
        monkeypatch.setenv("OPENAI_BASE_URL", running.url)
        monkeypatch.setenv("OPENAI_API_KEY", KEY)
        monkeypatch.setenv("KITARU_DEFAULT_MODEL", running.model)
        yield running


def run(body, *args):
    return kitaru.flow(cache=False)(body).run(*args)


def test_a_call_of_the_body_is_a_checkpoint_with_prompt_answer_tokens_and_time(server, calls_of, client):
    def body():
        return kitaru.llm("rain", system="Be loud.", temperature=0.5, max_tokens=9)

    handle = run(body)
    assert handle.wait(60) == "RAIN"
    call = calls_of(handle.exec_id)["llm"]
    assert (call["type"], call["status"]) == ("llm_call", "completed")
    (request,) = server.requests
    assert request["messages"] == [{"role": "system", "content": "Be loud."}, {"role": "user", "content": "rain"}]
    assert (request["temperature"], request["max_tokens"]) == (0.5, 9)
    (row,) = client.sql("FROM llm_calls").to_dict("records")
    assert (row["name"], row["model"], row["status"]) == ("llm", server.model, "completed")
    assert row["tokens"] == call["total_tokens"] > 0
    assert row["latency_ms"] > 0
    saved = {item["name"]: kitaru.load(handle.exec_id, item["name"]) for item in saved_in(handle)}
    assert saved == {"llm_prompt": "rain", "llm_response": "RAIN"}


def saved_in(handle):
    return engine().store.read("execution", exec_id=handle.exec_id)["saved"]


def test_L10_an_answer_is_text_that_a_further_prompt_can_hold(server):
    def body():
        outline = kitaru.llm("rain", name="outline")
        return kitaru.llm(f"from {outline}", name="haiku")

    assert run(body).wait(60) == "FROM RAIN"
    assert [request["messages"][-1]["content"] for request in server.requests] == ["rain", "from RAIN"]


def test_L15_calls_are_numbered_and_a_name_that_is_used_twice_is_an_error_that_names_it(server, calls_of):
    handle = run(lambda: [kitaru.llm("a"), kitaru.llm("b"), kitaru.llm("c", name="1st word!")])
    assert handle.wait(60) == ["A", "B", "C"]
    assert list(calls_of(handle.exec_id)) == ["llm", "llm_2", "llm_1st_word"]
    with pytest.raises(KitaruExecutionError, match="'x' is used twice"):
        run(lambda: [kitaru.llm("a", name="x"), kitaru.llm("b", name="x")]).wait(60)


def test_a_call_in_a_checkpoint_belongs_to_it(server, calls_of):
    @kitaru.checkpoint
    def both():
        return kitaru.llm("one") + kitaru.llm("two")

    handle = run(lambda: both())
    assert handle.wait(60) == "ONETWO"
    assert list(calls_of(handle.exec_id)) == ["both"]
    assert calls_of(handle.exec_id)["both"]["llm_calls"] == 2
    assert {item["name"] for item in saved_in(handle)} == {
        "llm_prompt", "llm_response", "llm_2_prompt", "llm_2_response",
    }  # fmt: skip


def test_what_was_answered_is_not_paid_for_again(server):
    broken = [True]

    @kitaru.flow(cache=False)
    def body() -> str:
        text = kitaru.llm("rain")
        if broken[0]:
            raise OSError("after the answer")
        return text

    handle = body.run()
    with pytest.raises(KitaruExecutionError):
        handle.wait(60)
    broken[0] = False
    assert engine().retry(handle.exec_id, body).wait(60) == "RAIN"
    assert len(server.requests) == 1


def test_a_replay_asks_another_model_and_the_first_is_left_alone(server):
    @kitaru.flow(cache=False)
    def body() -> list[str]:
        return [kitaru.llm("rain"), kitaru.llm("snow", name="second")]

    source = body.run()
    source.wait(60)
    other = f"{server.model}-large"
    replayed = body.replay(source.exec_id, invocation_overrides={"second": {"model": other}})
    assert replayed.wait(60) == ["RAIN", "SNOW"]
    models = [request["model"] for request in server.requests]
    assert [f"openai/{model}" for model in models] == [server.model, server.model, other]


def test_the_model_is_the_argument_or_configured_or_of_the_environment_or_the_default_alias(server, monkeypatch):
    def asked(**options):
        run(lambda: kitaru.llm("x", **options)).wait(60)
        return server.requests[-1]["model"]

    register_model_alias("fast", model="openai/of-the-alias")
    assert asked(model="openai/of-the-argument") == "of-the-argument"
    assert asked(model="fast") == "of-the-alias"
    assert asked() == server.model.removeprefix("openai/")
    kitaru.configure(model="openai/configured")
    assert asked() == "configured"
    kitaru.configure(model=None)
    monkeypatch.delenv("KITARU_DEFAULT_MODEL")
    assert asked() == "of-the-alias"


def test_an_answer_fits_its_schema_and_comes_back_as_its_type(server, answers):
    answers["where?"] = '{"name": "Bern", "people": 134000}'

    def body():
        return kitaru.llm("where?", schema=City)

    assert run(body).wait(60) == City(name="Bern", people=134_000)


def test_tools_are_passed_through_and_what_the_model_asks_for_comes_back(server, answers):
    answers["weather?"] = Answer(tool_calls=(("weather", {"city": "Bern"}),))
    tool = {"type": "function", "function": {"name": "weather", "parameters": {"type": "object", "properties": {}}}}
    message = run(lambda: kitaru.llm("weather?", tools=[tool])).wait(60)
    (asked,) = message["tool_calls"]
    assert (asked.name, asked.arguments) == ("weather", {"city": "Bern"})
    assert server.requests[0]["tools"] == [tool]


def test_streamed_text_is_told_while_it_arrives(server, client):
    handle = run(lambda: kitaru.llm("a rather long rain", stream=True))
    assert handle.wait(60) == "A RATHER LONG RAIN"
    published = list(client.executions.events(handle.exec_id, kinds="event.published"))
    assert {event.payload["kind"] for event in published} == {"kitaru.llm.chunk"}
    assert len(published) > 1
    assert "".join(event.payload["payload"]["text"] for event in published) == "A RATHER LONG RAIN"


def test_calls_are_awaited_at_the_same_time(server, calls_of):
    async def body():
        return await asyncio.gather(*(kitaru.llm.aio(word) for word in ("rain", "snow", "hail")))

    handle = run(body)
    assert handle.wait(60) == ["RAIN", "SNOW", "HAIL"]
    assert len(calls_of(handle.exec_id)) == 3


def test_calls_of_an_async_checkpoint_belong_to_it(server, calls_of):
    @kitaru.checkpoint
    async def both():
        return await asyncio.gather(kitaru.llm.aio("one"), kitaru.llm.aio("two"))

    async def body():
        return await both()

    handle = run(body)
    assert handle.wait(60) == ["ONE", "TWO"]
    assert calls_of(handle.exec_id)["both"]["llm_calls"] == 2


def test_a_key_is_in_no_record_even_if_the_provider_repeats_it(server, answers, kitaru_home):
    answers["leak"] = Answer(f"Incorrect API key provided: {KEY}", status=401)
    handle = run(lambda: kitaru.llm("leak"))
    with pytest.raises(KitaruExecutionError) as caught:
        handle.wait(60)
    assert KEY not in str(caught.value)
    run(lambda: kitaru.llm("rain")).wait(60)
    assert KEY not in str(engine().store.read("execution", exec_id=handle.exec_id))
    close_everything()
    assert [path for path in kitaru_home.rglob("*") if path.is_file() and KEY.encode() in path.read_bytes()] == []


def test_with_a_mock_answer_nobody_is_asked(monkeypatch):
    monkeypatch.setenv("KITARU_LLM_MOCK_RESPONSE", "a mock")
    assert run(lambda: kitaru.llm("x", model="openai/any")).wait(60) == "a mock"


def test_what_makes_no_sense_is_refused(monkeypatch):
    with pytest.raises(KitaruContextError, match="outside of a flow"):
        kitaru.llm("x")
    monkeypatch.setenv("KITARU_LLM_MOCK_RESPONSE", "a mock")

    def body():
        with pytest.raises(KitaruUsageError, match="letters or digits"):
            kitaru.llm("x", model="openai/any", name="!")
        with pytest.raises(KitaruUsageError, match="kitaru model register"):
            kitaru.llm("x")

    run(body).wait(60)
