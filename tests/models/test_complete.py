from __future__ import annotations

import asyncio
import logging
import os
import subprocess
import sys
import threading
import traceback
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import BaseModel

from kitaru.errors import KitaruBackendError, KitaruRuntimeError, KitaruUsageError
from kitaru.models.aliases import register_model_alias
from kitaru.models.complete import acomplete, complete
from kitaru.testing.llm_server import Answer, LLMServer, serve_llm

if TYPE_CHECKING:
    from collections.abc import Iterator

# LiteLLM warns about its own code; it mutes that at import, which pytest undoes for each test.
pytestmark = [
    pytest.mark.filterwarnings("ignore:.*ReadOnly.*:UserWarning"),
    pytest.mark.filterwarnings("ignore:Accessing the .* attribute on the instance is deprecated"),
]

KEY = "sk-test-0123456789abcdefghij"


@pytest.fixture(autouse=True)
def no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.endswith(("_API_KEY", "_BASE_URL", "_API_BASE"))]:
        monkeypatch.delenv(name)


@pytest.fixture(autouse=True)
def event_loop_of_the_thread() -> Iterator[None]:
    """LiteLLM asks the thread for its event loop, which makes one that nobody closes."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    yield
    asyncio.set_event_loop(None)
    loop.close()


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[LLMServer]:
    with serve_llm("A quiet answer, long enough to be streamed.") as running:
        monkeypatch.setenv("OPENAI_BASE_URL", running.url)
        monkeypatch.setenv("OPENAI_API_KEY", KEY)
        yield running


def test_an_answer_comes_with_its_usage(server: LLMServer) -> None:
    done = complete("Hello", model=server.model, system="Be brief.", temperature=0.5, max_tokens=50, name="greeting")
    assert done.text == "A quiet answer, long enough to be streamed."
    assert server.requests[0]["messages"] == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Hello"},
    ]
    assert (server.requests[0]["temperature"], server.requests[0]["max_tokens"]) == (0.5, 50)
    usage = done.usage
    assert (usage["name"], usage["provider"], usage["credential_source"]) == ("greeting", "openai", "environment")
    assert usage["total_tokens"] == (usage["input_tokens"] or 0) + (usage["output_tokens"] or 0) > 0
    assert usage["latency_ms"] > 0
    assert (done.finish_reason, done.raw["object"]) == ("stop", "chat.completion")


def test_a_model_with_a_known_price_has_a_cost_and_another_a_warning(server: LLMServer) -> None:
    known = complete("Hello", model="openai/gpt-4o-mini").usage
    assert known["cost_source"] == "calculator"
    assert 0 < (known["cost_usd"] or 0) < 0.01
    unknown = complete("Hello", model=server.model).usage
    assert (unknown["cost_usd"], unknown["cost_source"]) == (None, "none")
    assert "No price is known for offline-test-server" in unknown["warnings"][0]


def test_a_streamed_answer_arrives_in_pieces_and_whole(server: LLMServer) -> None:
    pieces: list[str] = []
    done = complete("Hello", model="openai/gpt-4o-mini", stream=pieces.append)
    assert len(pieces) > 3
    assert "".join(pieces) == done.text == "A quiet answer, long enough to be streamed."
    whole = complete("Hello", model="openai/gpt-4o-mini")
    for key in ("input_tokens", "output_tokens", "cost_usd"):
        assert done.usage[key] == whole.usage[key]  # type: ignore[literal-required]


def test_an_error_of_the_one_who_takes_the_pieces_is_not_the_providers(server: LLMServer) -> None:
    def refuse(text: str) -> None:
        raise LookupError("mine")

    with pytest.raises(LookupError, match="mine"):
        complete("Hello", model=server.model, stream=refuse)


@pytest.mark.parametrize("streamed", [False, True])
def test_tools_that_the_model_asks_for_are_read(monkeypatch: pytest.MonkeyPatch, *, streamed: bool) -> None:
    tool = {"type": "function", "function": {"name": "search", "parameters": {"type": "object", "properties": {}}}}
    with serve_llm(Answer(tool_calls=(("search", {"query": "rain"}), ("search", {"query": "snow"})))) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        done = complete("Weather?", model=server.model, tools=[tool], stream=(lambda text: None) if streamed else None)
        assert server.requests[0]["tools"] == [tool]
    assert [(call.name, call.arguments) for call in done.tool_calls] == [
        ("search", {"query": "rain"}),
        ("search", {"query": "snow"}),
    ]
    assert [call.id for call in done.tool_calls] == ["call_0", "call_1"]
    assert (done.text, done.finish_reason) == ("", "tool_calls")


class Poem(BaseModel):
    title: str
    lines: int


def test_an_answer_is_parsed_into_a_pydantic_model(monkeypatch: pytest.MonkeyPatch) -> None:
    with serve_llm('{"title": "Rain", "lines": 3}') as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        assert complete("Poem", model=server.model, response_schema=Poem).parsed == Poem(title="Rain", lines=3)
        assert server.requests[0]["response_format"]["json_schema"]["schema"]["required"] == ["title", "lines"]


def test_an_answer_is_checked_against_a_json_schema(monkeypatch: pytest.MonkeyPatch) -> None:
    schema = {"type": "object", "properties": {"lines": {"type": "integer"}}, "required": ["lines"]}
    answers = iter(['{"lines": 3}', '{"lines": "three"}', "no json"])
    with serve_llm(lambda request: next(answers)) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        assert complete("Poem", model=server.model, response_schema=schema).parsed == {"lines": 3}
        for words in ("is not of type 'integer'", "no json"):
            with pytest.raises(KitaruBackendError, match=words):
                complete("Poem", model=server.model, response_schema=schema)


@pytest.mark.parametrize(
    ("status", "words"), [(429, "RateLimitError.*try again"), (500, "InternalServerError"), (401, "Check the key")]
)
def test_a_provider_that_refuses_is_asked_once_and_named(
    monkeypatch: pytest.MonkeyPatch, status: int, words: str
) -> None:
    with serve_llm(failures=[status]) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        with pytest.raises(
            KitaruBackendError, match=rf"(?s)openai/offline-test-server failed with status {status}.*{words}"
        ):
            complete("Hello", model=server.model)
        assert len(server.requests) == 1


def test_a_provider_that_is_too_slow_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    with serve_llm(Answer("late", delay=30)) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        with pytest.raises(KitaruBackendError, match="Timeout"):
            complete("Hello", model=server.model, timeout=0.3)


def test_a_provider_that_is_not_there_is_a_backend_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
    with pytest.raises(KitaruBackendError, match="Check the network"):
        complete("Hello", model="openai/gpt-4o-mini")


@pytest.mark.parametrize("streamed", [False, True])
def test_a_key_that_the_provider_repeats_is_nowhere_in_the_error_or_the_logs(
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
    *,
    streamed: bool,
) -> None:
    caplog.set_level(logging.DEBUG)
    register_model_alias("mine", model="openai/gpt-4o-mini", secret="team")
    with serve_llm(Answer(f"Incorrect API key provided: {KEY}", status=401)) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        with pytest.raises(KitaruBackendError, match=r"Incorrect API key provided: \*\*\*") as caught:
            complete(
                "Hello", model="mine", secrets=lambda name: {"OPENAI_API_KEY": KEY}, stream=print if streamed else None
            )
        assert server.headers[0]["authorization"] == f"Bearer {KEY}"
    assert (caught.value.__cause__, caught.value.__context__) == (None, None)
    ours = [
        frame
        for frame, _ in traceback.walk_tb(caught.value.__traceback__)
        if "kitaru/models" in frame.f_code.co_filename
    ]
    lines = [str(caught.value), *(repr(frame.f_locals) for frame in ours)]
    assert len(ours) > 2
    printed = capfd.readouterr()
    for text in ("".join(lines), caplog.text, printed.out, printed.err):
        assert KEY not in text


def test_the_environment_wins_over_the_secret(server: LLMServer) -> None:
    register_model_alias("mine", model=server.model, secret="team")
    done = complete("Hello", model="mine", secrets=lambda name: {"OPENAI_API_KEY": "sk-of-the-secret"})
    assert done.usage["credential_source"] == "environment"
    assert server.headers[0]["authorization"] == f"Bearer {KEY}"


def test_the_secret_of_an_alias_is_looked_up_and_never_put_into_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with serve_llm("ok") as server:
        register_model_alias("mine", model=server.model, secret="team", api_base=server.url)
        asked: list[str] = []
        done = complete("Hello", model="mine", secrets=lambda name: asked.append(name) or {"OPENAI_API_KEY": KEY})  # type: ignore[func-returns-value]
        assert (asked, done.usage["credential_source"], done.usage["alias"]) == (["team"], "secret", "mine")
        assert server.headers[0]["authorization"] == f"Bearer {KEY}"
    assert "OPENAI_API_KEY" not in os.environ


@pytest.mark.parametrize(
    ("model", "variable"),
    [
        ("openai/gpt-5-nano", "OPENAI_API_KEY"),
        ("anthropic/claude-sonnet-4-5", "ANTHROPIC_API_KEY"),
        ("openrouter/x/y", "OPENROUTER_API_KEY"),
    ],
)
def test_a_missing_key_is_reported_with_the_variable_to_set(model: str, variable: str) -> None:
    with pytest.raises(KitaruRuntimeError, match=f"Set the environment variable {variable}"):
        complete("Hello", model=model)


def test_a_server_of_ones_own_needs_no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    with serve_llm("ok") as server:
        register_model_alias("own", model=server.model, api_base=server.url)
        done = complete("Hello", model="own")
    assert (done.text, done.usage["credential_source"]) == ("ok", None)


def test_a_model_without_a_known_provider_is_a_usage_error() -> None:
    with pytest.raises(KitaruUsageError, match="names no known provider"):
        complete("Hello", model="no-such-model-anywhere")


@pytest.mark.parametrize(("reason", "hint"), [("length", "Raise max_tokens"), ("stop", "change the prompt")])
def test_an_answer_without_text_and_tools_is_an_error(monkeypatch: pytest.MonkeyPatch, reason: str, hint: str) -> None:
    with serve_llm(Answer("", finish_reason=reason)) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        with pytest.raises(KitaruRuntimeError, match=f"no text and no call of a tool.*{hint}"):
            complete("Hello", model=server.model)


def test_awaited_calls_run_at_the_same_time_and_do_not_block_the_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    together = threading.Barrier(10)

    def reply(request: dict[str, Any]) -> str:
        together.wait(timeout=20)
        return request["messages"][-1]["content"].upper()

    async def main() -> list[str]:
        calls = [acomplete(f"word {number}", model=server.model) for number in range(10)]
        return [done.text for done in await asyncio.gather(*calls)]

    with serve_llm(reply) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        assert asyncio.run(main()) == [f"WORD {number}" for number in range(10)]


def test_awaited_errors_arrive_and_a_cancelled_call_is_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> None:
        with pytest.raises(KitaruUsageError, match="blank"):
            await acomplete(" ", model=server.model)
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(acomplete("Hello", model=server.model), 0.2)

    with serve_llm(Answer("late", delay=5)) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        asyncio.run(main())


def test_a_mock_answer_needs_no_key_and_no_library() -> None:
    program = """
import sys
from kitaru.models.complete import complete
pieces = []
done = complete("Hello", model="openai/gpt-5-nano", stream=pieces.append)
assert (done.text, pieces) == ("mocked", ["mocked"])
assert done.usage["total_tokens"] is None and done.usage["latency_ms"] == 0
assert "litellm" not in sys.modules
"""
    environment = os.environ | {"KITARU_LLM_MOCK_RESPONSE": "mocked"}
    subprocess.run([sys.executable, "-c", program], env=environment, check=True)


@pytest.mark.slow
def test_importing_the_library_changes_no_environment_variable_and_prints_nothing() -> None:
    program = """
import os
before = dict(os.environ)
from kitaru.models.provider import load
load()
assert dict(os.environ) == before
"""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("LITELLM")}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
