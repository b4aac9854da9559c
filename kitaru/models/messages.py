"""The messages of a model call, checked before anything is sent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from kitaru.errors import KitaruUsageError


def build_messages(prompt: str | Sequence[Mapping[str, Any]], system: str | None = None) -> list[dict[str, Any]]:
    """Turn a prompt into the list of messages that is sent.

    Parameters
    ----------
    prompt
        Text, or messages that each have a ``role`` and a ``content``; an assistant's message may have
        ``tool_calls`` instead.
    system
        A system message to put first.

    Raises
    ------
    KitaruUsageError
        If there is nothing to send, or a message is malformed.

    Examples
    --------
    >>> build_messages("Hello", system="Be brief.")
    [{'role': 'system', 'content': 'Be brief.'}, {'role': 'user', 'content': 'Hello'}]
    """
    first: list[dict[str, Any]] = []
    if system is not None:
        first = [{"role": "system", "content": _text(system, "system")}]
    if isinstance(prompt, str):
        return [*first, {"role": "user", "content": _text(prompt, "prompt")}]
    if not isinstance(prompt, Sequence):
        raise KitaruUsageError(f"A prompt is text or a list of messages, not {type(prompt).__name__}.")
    if not prompt:
        raise KitaruUsageError("The list of messages is empty. Give at least one, with a role and a content.")
    return first + [_checked(number, message) for number, message in enumerate(prompt, 1)]


def _text(text: str, what: str) -> str:
    stripped = text.strip()
    if not stripped:
        raise KitaruUsageError(f"The {what} is blank.")
    return stripped


def _checked(number: int, message: object) -> dict[str, Any]:
    if not isinstance(message, Mapping):
        raise KitaruUsageError(f"Message {number} is of type {type(message).__name__}; it must be a mapping.")
    if not isinstance(message.get("role"), str) or not message["role"].strip():
        raise KitaruUsageError(f"Message {number} has no role. Give one, such as 'user' or 'assistant'.")
    if message.get("content") is None and not message.get("tool_calls"):
        raise KitaruUsageError(f"Message {number} ({message['role']}) has no content.")
    return dict(message)
