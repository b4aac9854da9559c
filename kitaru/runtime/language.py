"""``llm``: a model call that is recorded: prompt, response, tokens, cost and time."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from kitaru.errors import KitaruContextError, KitaruUsageError
from kitaru.runtime.execution import current_execution
from kitaru.runtime.primitive import Primitive
from kitaru.runtime.reporting import publish
from kitaru.runtime.settings import default_model
from kitaru.runtime.values import preview
from kitaru.stacks.scope import current_call
from kitaru.store import events as kinds

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from kitaru.models.answers import Completion
    from kitaru.runtime.checkpoint import CheckpointSpec
    from kitaru.stacks.scope import CallScope

CHUNK = "kitaru.llm.chunk"
"""Kind of the live event that carries a piece of streamed text."""


@Primitive
async def llm(
    prompt: str | Sequence[Mapping[str, Any]],
    *,
    model: str | None = None,
    system: str | None = None,
    temperature: float | None = None,
    max_tokens: int | None = None,
    tools: Sequence[Mapping[str, Any]] | None = None,
    schema: Any = None,
    stream: bool = False,
    name: str | None = None,
) -> Any:
    """Call a language model and record the call.

    In the body of a flow the call is a checkpoint of its own, of type ``llm_call``: it is reused on resume and
    replay. In a checkpoint it runs as a part of it.

    Parameters
    ----------
    prompt
        A text, or a list of messages with ``role`` and ``content``.
    model
        ``"provider/model"`` or an alias; if not given, see `kitaru.configure` and ``KITARU_DEFAULT_MODEL``.
    system
        Put before the messages.
    temperature, max_tokens, tools
        Passed through to the provider.
    schema
        A Pydantic model or a JSON schema that the response must fit; then the parsed value is returned.
    stream
        Publish the text as live events while it arrives.
    name
        What the call is called in the record; ``"llm"``, ``"llm_2"``, … if not given.

    Returns
    -------
    Any
        The text (str); the parsed value if `schema` is given; a message dict with ``content`` and ``tool_calls`` if
        the model asks for tools.

    Raises
    ------
    KitaruContextError
        Outside of a flow.
    KitaruUsageError
        If no model is named anywhere, or the messages make no sense.
    KitaruBackendError
        If the provider fails; credentials are cut out of its message.

    Notes
    -----
    In async code: ``await kitaru.llm.aio(...)``.

    Examples
    --------
    >>> import os, kitaru
    >>> os.environ["KITARU_LLM_MOCK_RESPONSE"] = "Paris"
    >>> @kitaru.flow
    ... def ask(country: str) -> str:
    ...     return kitaru.llm(f"The capital of {country}?", model="openai/gpt-4o-mini")
    >>> ask.run("France").wait()
    'Paris'
    """
    options = {"system": system, "temperature": temperature, "max_tokens": max_tokens, "tools": tools, "schema": schema}
    given = {key: value for key, value in options.items() if value is not None}
    scope = current_call.get()
    if scope is not None:
        return await _Complete(scope, _label(scope, name), prompt, model, given, stream)
    execution = current_execution.get()
    if execution is None:
        raise KitaruContextError(
            "kitaru.llm() is called outside of a flow. Call it in a flow or in a checkpoint: there it is recorded."
        )
    from kitaru.runtime.calls import open_call, perform

    chosen = model or default_model()
    call = open_call(execution, _spec(), (prompt, chosen, given, stream), {}, name=name and clean_name(name))
    return await perform(call)


class _Complete:
    """The effect of a model call inside of a running checkpoint."""

    def __init__(
        self, scope: CallScope, name: str, prompt: Any, model: str | None, options: dict[str, Any], stream: bool
    ) -> None:
        self._arguments = (scope, name, prompt, model, options, stream)

    def __await__(self) -> Any:
        return (yield self)

    def block(self) -> Any:
        from kitaru.models.complete import complete

        scope, name, prompt, model, options, stream = self._arguments
        completion = complete(prompt, **request(scope, model, options), stream=_chunks(scope, name, stream))
        return _record(scope, name, prompt, completion)

    async def wait(self) -> Any:
        from kitaru.models.complete import acomplete

        scope, name, prompt, model, options, stream = self._arguments
        completion = await acomplete(prompt, **request(scope, model, options), stream=_chunks(scope, name, stream))
        return _record(scope, name, prompt, completion)


def llm_call(prompt: Any, model: str | None, options: dict[str, Any], stream: bool) -> Any:
    """Run a model call of the body as a checkpoint; `model` may be replaced by a replay."""
    scope = current_call.get()
    assert scope is not None
    return _Complete(scope, scope.info.call, prompt, model, options, stream).block()


def _spec() -> CheckpointSpec:
    from dataclasses import replace

    from kitaru.runtime.checkpoint import spec_of

    return replace(spec_of(llm_call, "llm"), type="llm_call")


def request(scope: CallScope, model: str | None, options: dict[str, Any]) -> dict[str, Any]:
    """Decide the model (a replay's override wins) and name the options as the provider's side does."""
    chosen = scope.info.model or model or default_model()
    renamed = {("response_schema" if key == "schema" else key): value for key, value in options.items()}
    return {"model": chosen} | renamed


def _chunks(scope: CallScope, name: str, stream: bool) -> Callable[[str], None] | None:
    if not stream:
        return None

    def send(text: str) -> None:
        publish(CHUNK, {"call": name, "text": text})

    return send


def _record(scope: CallScope, name: str, prompt: Any, completion: Completion) -> Any:
    message: Any = completion.text
    if completion.parsed is not None:
        message = completion.parsed
    elif completion.tool_calls:
        message = {"content": completion.text, "tool_calls": completion.tool_calls}
    usage = {**completion.usage, "name": name, "prompt": preview(prompt), "response": preview(message)}
    scope.emit(kinds.ARTIFACT_SAVED, _artifact(f"{name}_prompt", "prompt", prompt))
    scope.emit(kinds.ARTIFACT_SAVED, _artifact(f"{name}_response", "response", message))
    scope.emit(kinds.LLM_CALLED, usage)
    return message


def _artifact(name: str, kind: str, value: Any) -> dict[str, Any]:
    return {"name": name, "kind": kind, "tags": [], "live_value": value}


def _label(scope: CallScope, name: str | None) -> str:
    if name is not None:
        return clean_name(name)
    scope.llm_calls += 1
    return "llm" if scope.llm_calls == 1 else f"llm_{scope.llm_calls}"


def clean_name(name: str) -> str:
    """Make a name of word characters; refuse an empty one."""
    safe = re.sub(r"\W+", "_", name).strip("_")
    if not safe:
        raise KitaruUsageError(f"llm(name={name!r}): give a name with letters or digits")
    return f"llm_{safe}" if safe[0].isdigit() else safe
