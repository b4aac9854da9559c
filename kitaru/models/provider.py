"""The way to the providers: LiteLLM, imported when the first call needs it, and kept quiet."""

from __future__ import annotations

import importlib.util
import os
import sys
import threading
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from kitaru.errors import KitaruBackendError, KitaruUsageError
from kitaru.models.credentials import known_secrets, redact

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import TypeVar

    T = TypeVar("T")

# At import LiteLLM would fetch a price list and load a .env file of the working directory into this process.
_AT_IMPORT: Final = {"LITELLM_LOCAL_MODEL_COST_MAP": "True", "LITELLM_MODE": "PRODUCTION"}
_import_lock: Final = threading.Lock()

_HINTS: Final = {
    "AuthenticationError": "Check the key of the provider.",
    "PermissionDeniedError": "The key may not use this model.",
    "NotFoundError": "Check the name of the model and the address of the provider.",
    "RateLimitError": "Wait and try again: retries= of the checkpoint can do that.",
    "ContextWindowExceededError": "Send less text, or take a model with a larger context.",
    "Timeout": "Try again, or allow more time.",
    "APIConnectionError": "Check the network and the address of the provider.",
}
_USAGE_ERRORS: Final = ("UnsupportedParamsError", "LiteLLMUnknownProvider")


class Provider(NamedTuple):
    """What LiteLLM makes of ``provider/model``."""

    name: str
    model: str
    missing: list[str]


def load() -> Any:
    """Import LiteLLM, without what it would do besides."""
    module = sys.modules.get("litellm")
    if module is not None and getattr(module, "completion", None) is not None:
        return module
    with _import_lock:
        before = {name: os.environ.get(name) for name in _AT_IMPORT}
        os.environ.update({name: value for name, value in _AT_IMPORT.items() if before[name] is None})
        try:
            import litellm
        finally:
            for name, value in before.items():
                if value is None:
                    os.environ.pop(name, None)
    litellm.suppress_debug_info = True
    return litellm


def tool_options() -> dict[str, Any]:
    """Return what a call with tools needs besides: LiteLLM imports an optional package for them otherwise."""
    return {} if importlib.util.find_spec("mcp") else {"_skip_mcp_handler": True}


def find_provider(model: str, api_base: str | None) -> Provider:
    """Find the provider of a model.

    Raises
    ------
    KitaruUsageError
        If the model names none that LiteLLM knows.
    """
    litellm = load()
    try:
        name, provider, _, _ = litellm.get_llm_provider(model=model, api_base=api_base)
    except litellm.exceptions.BadRequestError:
        provider = None
    if provider is None:
        raise KitaruUsageError(
            f"{model!r} names no known provider. Write provider/model, for example 'openai/gpt-5-nano', "
            "'anthropic/claude-sonnet-4-5' or 'ollama/llama3.2'; or register an alias for it."
        )
    missing = litellm.validate_environment(model=model)["missing_keys"]
    return Provider(provider, name, list(missing))


def guarded(call: Callable[[], T], model: str, parameters: Mapping[str, Any]) -> T:
    """Call a provider; what it raises becomes an error of Kitaru, with no credential in it.

    Raises
    ------
    KitaruUsageError
        If the provider does not take a parameter.
    KitaruBackendError
        If the provider cannot be reached, or refuses.
    """
    try:
        return call()
    except Exception as error:
        translated = _translated(error, model, parameters)
    # Outside of the handler: as a context the provider's error would go along, with what it holds.
    raise translated


def guarded_chunks(chunks: Iterator[Any], model: str, parameters: Mapping[str, Any]) -> Iterator[Any]:
    """Yield the parts of a streamed answer, with errors translated as in `guarded`."""
    end = object()
    while (chunk := guarded(lambda: next(chunks, end), model, parameters)) is not end:
        yield chunk


def _translated(error: Exception, model: str, parameters: Mapping[str, Any]) -> Exception:
    kind = type(error).__name__
    text = redact(_messages(error), known_secrets(parameters))
    if kind in _USAGE_ERRORS:
        return KitaruUsageError(f"{model} does not take this call: {text}")
    status = getattr(error, "status_code", None)
    if _is_unreachable(error, text):
        # LiteLLM gives a connection that failed the status 500, which no server sent.
        kind, status = "APIConnectionError", None
    code = f" with status {status}" if isinstance(status, int) else ""
    hint = f" {_HINTS[kind]}" if kind in _HINTS else ""
    return KitaruBackendError(f"The call of {model} failed{code}: {kind}: {text}{hint}")


def _is_unreachable(error: BaseException, text: str) -> bool:
    return type(error).__name__ == "InternalServerError" and text.endswith("Connection error.")


def _messages(error: BaseException) -> str:
    """Return the message of an error; of a wrapper that says nothing, that of what it wraps."""
    seen: BaseException | None = error
    while seen is not None:
        text = str(seen).strip()
        if text:
            return text
        seen = seen.__cause__ or seen.__context__
    return "(no message)"
