from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import Any

import pytest

from kitaru.testing.llm_server import Answer, LLMServer, serve_llm


def ask(server: LLMServer, content: str = "Hello", **body: Any) -> bytes:
    data = json.dumps({"model": "m", "messages": [{"role": "user", "content": content}], **body}).encode()
    with urllib.request.urlopen(f"{server.url}/chat/completions", data, timeout=10) as response:
        return response.read()


def test_the_server_says_that_it_is_no_provider() -> None:
    with serve_llm() as server:
        assert server.model == "openai/offline-test-server"
        assert json.loads(ask(server))["system_fingerprint"] == "offline-test-server"
        with urllib.request.urlopen(f"{server.url}/models", timeout=10) as response:
            assert json.load(response)["data"][0]["id"] == "offline-test-server"


def test_the_reply_may_depend_on_the_request() -> None:
    with serve_llm(
        lambda request: Answer(request["messages"][0]["content"][::-1], prompt_tokens=3, completion_tokens=4)
    ) as server:
        answer = json.loads(ask(server, "abc"))
    assert answer["choices"][0]["message"]["content"] == "cba"
    assert answer["usage"] == {"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7}


def test_a_streamed_answer_ends_with_its_usage_where_it_is_asked_for() -> None:
    with serve_llm("a longer answer in pieces") as server:
        lines = ask(server, stream=True, stream_options={"include_usage": True}).decode().split("\n\n")
        without = ask(server, stream=True).decode()
    events = [json.loads(line.removeprefix("data: ")) for line in lines if line and "[DONE]" not in line]
    pieces = [event["choices"][0]["delta"].get("content", "") for event in events if event["choices"]]
    assert "".join(pieces) == "a longer answer in pieces"
    assert events[-1]["usage"]["completion_tokens"] > 0
    assert lines[-2] == "data: [DONE]"
    assert "usage" not in without


def test_failures_come_first_and_each_once() -> None:
    with serve_llm("fine", failures=[429, 500]) as server:
        for status in (429, 500):
            with pytest.raises(urllib.error.HTTPError) as caught:
                ask(server)
            assert caught.value.code == status
            caught.value.close()
        assert json.loads(ask(server))["choices"][0]["message"]["content"] == "fine"
        assert len(server.requests) == 3


def test_a_reply_function_that_raises_is_an_answer_with_status_500() -> None:
    with serve_llm(lambda request: request["nothing"]) as server, pytest.raises(urllib.error.HTTPError) as caught:
        ask(server)
    assert b"KeyError" in caught.value.read()
    caught.value.close()


def test_an_answer_that_is_still_delayed_does_not_keep_the_block_from_ending() -> None:
    with serve_llm(Answer("late", delay=60)) as server, pytest.raises(TimeoutError):
        urllib.request.urlopen(f"{server.url}/chat/completions", b"{}", timeout=0.2)
