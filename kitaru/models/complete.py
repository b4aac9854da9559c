"""One call of a language model, by any provider of LiteLLM."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from contextvars import copy_context
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from kitaru.errors import KitaruRuntimeError
from kitaru.models.aliases import ModelSelection, resolve_model_selection
from kitaru.models.answers import Completion, parse, read_tool_calls, response_format
from kitaru.models.credentials import find_credentials, hidden
from kitaru.models.messages import build_messages
from kitaru.models.provider import find_provider, guarded, guarded_chunks, load, tool_options
from kitaru.models.usage import add_cost, add_tokens, empty_usage
from kitaru.stacks.threads import Threads

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    SecretValues = Callable[[str], Mapping[str, str]]
    """Returns what the secret of a name holds."""

MOCK_VARIABLE: Final = "KITARU_LLM_MOCK_RESPONSE"
# Waiting for a provider takes no processor, so many more calls than processors may be under way.
_threads: Final = Threads(max_workers=256, name="kitaru-llm", idle_seconds=5)


def complete(
    messages: str | Sequence[Mapping[str, Any]],
    *,
    model: str | None = None,
    system: str | None = None,
    temperature: float | None = None,
    max_tokens: int | None = None,
    tools: Sequence[Mapping[str, Any]] | None = None,
    response_schema: type | Mapping[str, Any] | None = None,
    stream: Callable[[str], None] | None = None,
    timeout: float | None = None,
    secrets: SecretValues | None = None,
    options: Mapping[str, Any] | None = None,
    name: str = "",
) -> Completion:
    """Call a language model once.

    With ``KITARU_LLM_MOCK_RESPONSE`` set, that text is the answer, and nothing is called.

    Parameters
    ----------
    messages
        Text, or messages with ``role`` and ``content``.
    model
        An alias or ``provider/model``; see `resolve_model_selection` for what happens without one.
    system
        A system message to put first.
    temperature, max_tokens
        Handed to the provider; its own defaults if None.
    tools
        Tools that the model may ask for, as OpenAI describes them.
    response_schema
        A Pydantic model or a JSON schema that the answer has to fit.
    stream
        Called with each piece of text as it arrives, on the thread that runs the call.
    timeout
        Seconds to wait for the provider.
    secrets
        Looks up the secret that the alias names.
    options
        More arguments for ``litellm.completion``.
    name
        Goes into the usage.

    Returns
    -------
    Completion
        Text, calls of tools, parsed value, usage.

    Raises
    ------
    KitaruUsageError
        If the messages, the model or an option is wrong.
    KitaruBackendError
        If the provider cannot be reached, refuses, or does not keep to the schema.
    KitaruRuntimeError
        If there is no key, or no text and no call of a tool in the answer.

    Examples
    --------
    >>> complete("Name a river", model="openai/gpt-5-nano").text
    'A mock answer.'
    """
    request = _Request(
        messages=build_messages(messages, system),
        selection=resolve_model_selection(model),
        settings=_settings(temperature, max_tokens, tools, response_schema, timeout) | dict(options or {}),
        schema=response_schema,
        stream=stream,
        secrets=secrets,
        name=name,
    )
    mock = os.environ.get(MOCK_VARIABLE)
    return _mock(request, mock) if mock else _call(request)


async def acomplete(
    messages: str | Sequence[Mapping[str, Any]], *, stream: Callable[[str], None] | None = None, **arguments: Any
) -> Completion:
    """Call a language model once without blocking the event loop; takes what `complete` takes.

    The call runs on a thread. Cancelling stops a streamed call at its next piece of text; of another
    call the answer is dropped.

    Parameters
    ----------
    messages, stream, **arguments
        As for `complete`.

    Returns
    -------
    Completion
        As for `complete`.

    Examples
    --------
    >>> import asyncio
    >>> asyncio.run(acomplete("Name a river", model="openai/gpt-5-nano")).text
    'A mock answer.'
    """
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[Completion] = loop.create_future()
    context = copy_context()
    given_up = threading.Event()

    def pass_on(text: str) -> None:
        if given_up.is_set():
            raise _GivenUpError
        if stream is not None:
            stream(text)

    def job() -> None:
        try:
            result = context.run(complete, messages, stream=pass_on if stream else None, **arguments)
        except BaseException as error:
            # Whatever it is, it belongs to who awaits the answer.
            _deliver(loop, answer, error)
        else:
            _deliver(loop, answer, result)

    _threads.start(job)
    try:
        return await answer
    finally:
        given_up.set()


class _GivenUpError(Exception):
    """Nobody waits for the answer any more."""


def _deliver(loop: asyncio.AbstractEventLoop, answer: asyncio.Future[Completion], outcome: object) -> None:
    def settle() -> None:
        if answer.done():
            return
        if isinstance(outcome, BaseException):
            answer.set_exception(outcome)
        else:
            assert isinstance(outcome, Completion)
            answer.set_result(outcome)

    if not loop.is_closed():
        loop.call_soon_threadsafe(settle)


@dataclass(frozen=True, slots=True)
class _Request:
    messages: list[dict[str, Any]]
    selection: ModelSelection
    settings: dict[str, Any]
    schema: type | Mapping[str, Any] | None
    stream: Callable[[str], None] | None
    secrets: SecretValues | None
    name: str
    began: float = field(default_factory=time.perf_counter)

    @property
    def latency_ms(self) -> float:
        return round((time.perf_counter() - self.began) * 1000, 3)


def _settings(
    temperature: float | None,
    max_tokens: int | None,
    tools: Sequence[Mapping[str, Any]] | None,
    schema: type | Mapping[str, Any] | None,
    timeout: float | None,
) -> dict[str, Any]:
    given = {
        "temperature": temperature,
        "max_tokens": max_tokens,
        "tools": [dict(tool) for tool in tools] if tools else None,
        "response_format": response_format(schema) if schema is not None else None,
        "timeout": timeout,
    }
    return {name: value for name, value in given.items() if value is not None}


def _mock(request: _Request, text: str) -> Completion:
    if request.stream is not None:
        request.stream(text)
    parsed = parse(text, request.schema) if request.schema is not None else None
    return Completion(text, empty_usage(request.selection, request.name), parsed=parsed, finish_reason="stop")


def _call(request: _Request) -> Completion:
    selection = request.selection
    litellm = load()
    provider = find_provider(selection.resolved_model, selection.api_base)
    missing = [] if "api_key" in request.settings else provider.missing
    values = hidden(request.secrets(selection.secret)) if selection.secret and request.secrets and missing else None
    base = request.settings.get("api_base", selection.api_base)
    credentials = find_credentials(provider.name, missing, secret=selection.secret, values=values, api_base=base)
    # The checkpoint's own policy retries; the clients below must not do it unseen.
    arguments = {"max_retries": 0, **credentials.parameters, **request.settings}
    arguments |= {"model": selection.resolved_model, "messages": request.messages}
    if "tools" in arguments:
        arguments |= tool_options()
    response = _streamed(litellm, request, arguments) if request.stream else _whole(litellm, request, arguments)
    usage = empty_usage(selection, request.name)
    usage["latency_ms"] = request.latency_ms
    usage["provider"] = provider.name
    usage["credential_source"] = credentials.source
    raw: dict[str, Any] = response.model_dump()
    add_tokens(usage, raw.get("usage"))
    add_cost(usage, response, provider.model, provider.name)
    return _completion(request, raw, usage)


def _whole(litellm: Any, request: _Request, arguments: dict[str, Any]) -> Any:
    return guarded(lambda: litellm.completion(**arguments), request.selection.resolved_model, arguments)


def _streamed(litellm: Any, request: _Request, arguments: dict[str, Any]) -> Any:
    model = request.selection.resolved_model
    assert request.stream is not None
    arguments = {"stream": True, "stream_options": {"include_usage": True}, **arguments}
    response = guarded(lambda: litellm.completion(**arguments), model, arguments)
    chunks = []
    try:
        for chunk in guarded_chunks(iter(response), model, arguments):
            chunks.append(chunk)
            text = chunk.choices[0].delta.content if chunk.choices else None
            if text:
                request.stream(text)
    finally:
        close = getattr(getattr(response, "completion_stream", None), "close", None)
        if callable(close):
            close()
    if not chunks:
        raise KitaruRuntimeError(f"{model} sent an empty stream. Try again, or take another model.")
    return guarded(lambda: litellm.stream_chunk_builder(chunks, messages=request.messages), model, arguments)


def _completion(request: _Request, raw: dict[str, Any], usage: Any) -> Completion:
    choice = (raw.get("choices") or [{}])[0]
    message = choice.get("message") or {}
    text = message.get("content") or ""
    tool_calls = read_tool_calls(message)
    reason = choice.get("finish_reason")
    if not text.strip() and not tool_calls:
        hint = "Raise max_tokens." if reason == "length" else "Try again, or change the prompt."
        raise KitaruRuntimeError(
            f"{usage['resolved_model']} answered with no text and no call of a tool (finish reason: {reason}). {hint}"
        )
    wants_value = request.schema is not None and not tool_calls
    parsed = parse(text, request.schema) if wants_value and request.schema is not None else None
    return Completion(text, usage, tool_calls, parsed, reason, raw)
