"""Where the key of a provider comes from, and how it is kept out of everything that people read."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal

from kitaru.code.secret import looks_secret
from kitaru.errors import KitaruRuntimeError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

SHORTEST: Final = 6
MASK: Final = "***"

_KEYLESS: Final = {"ollama", "ollama_chat", "lm_studio", "hosted_vllm", "vllm", "llamafile", "xinference"}
_BASE_VARIABLES: Final = {
    "openai": ("OPENAI_BASE_URL", "OPENAI_API_BASE"),
    "anthropic": ("ANTHROPIC_BASE_URL", "ANTHROPIC_API_BASE"),
    "ollama": ("OLLAMA_API_BASE", "OLLAMA_HOST"),
    "ollama_chat": ("OLLAMA_API_BASE", "OLLAMA_HOST"),
}
_PARAMETERS: Final = {"vertexai_project": "vertex_project", "vertexai_location": "vertex_location"}
_PLACEHOLDER: Final = "no-key-needed"


class Hidden(str):
    """Text that is sent as it is and shown as ``***``, also where a debugger shows local variables."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"'{MASK}'"


def hidden(values: Mapping[str, str]) -> dict[str, str]:
    """Return a secret's values in the form that no traceback shows."""
    return {name: Hidden(value) for name, value in values.items()}


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a provider is called with.

    Parameters
    ----------
    source
        ``"environment"`` or ``"secret"``; None where no key is needed.
    parameters
        Arguments for LiteLLM.

    Examples
    --------
    >>> Credentials("secret", {"api_key": "sk-1234567"})
    Credentials(source='secret')
    """

    source: Literal["environment", "secret"] | None
    parameters: dict[str, Any] = field(default_factory=dict, repr=False)


def find_credentials(
    provider: str,
    missing: Iterable[str],
    *,
    secret: str | None,
    values: Mapping[str, str] | None,
    api_base: str | None,
) -> Credentials:
    """Choose the credentials of a call: the environment wins, then the alias' secret.

    Parameters
    ----------
    provider
        LiteLLM's name of the provider.
    missing
        The environment variables that the provider needs and that are not set.
    secret, values
        Name of the alias' secret and what it holds, if it has one.
    api_base
        The address that the alias names.

    Raises
    ------
    KitaruRuntimeError
        If there is no key; the message names the variable to set.

    Examples
    --------
    >>> find_credentials("openai", ["OPENAI_API_KEY"], secret="team", values={"OPENAI_API_KEY": "k"}, api_base=None)
    Credentials(source='secret')
    """
    base = api_base or _base_from_environment(provider)
    parameters: dict[str, Any] = {"api_base": base} if base else {}
    needed = list(missing)
    if not needed or provider in _KEYLESS:
        return Credentials(None if provider in _KEYLESS else "environment", parameters)
    if values:
        return Credentials("secret", parameters | _as_parameters(values))
    if base:
        # A server of one's own often takes no key, but the client insists on sending one.
        return Credentials(None, parameters | {"api_key": _PLACEHOLDER})
    hint = f", or put it into the secret {secret!r} of the alias" if secret else ""
    raise KitaruRuntimeError(
        f"There is no key for {provider}. Set the environment variable {' and '.join(needed)}{hint}."
    )


def redact(text: str, values: Iterable[str]) -> str:
    """Replace credentials in a text by ``***``.

    Examples
    --------
    >>> redact("Incorrect key sk-abc123 given", ["sk-abc123"])
    'Incorrect key *** given'
    """
    for value in sorted({value for value in values if len(value) >= SHORTEST}, key=len, reverse=True):
        text = text.replace(value, MASK)
    return text


def known_secrets(parameters: Mapping[str, Any]) -> list[str]:
    """Return every credential that a message of a provider could repeat: those of the call and of the environment."""
    given = [str(value) for name, value in parameters.items() if isinstance(value, Hidden) or looks_secret(name, value)]
    return given + [value for name, value in os.environ.items() if looks_secret(name, value)]


def _base_from_environment(provider: str) -> str | None:
    for name in _BASE_VARIABLES.get(provider, ()):
        value = os.environ.get(name, "").strip()
        if value:
            return value if "://" in value else f"http://{value}"
    return None


def _as_parameters(values: Mapping[str, str]) -> dict[str, Any]:
    """Hand over a secret's entries as arguments, so that calls at the same time cannot see each other's keys."""
    parameters: dict[str, Any] = {}
    for name, value in values.items():
        lower = name.lower()
        if lower.endswith(("_api_key", "_api_token", "_auth_token")) or lower in ("api_key", "token"):
            parameters["api_key"] = Hidden(value)
        elif lower.endswith(("_api_base", "_base_url")) or lower == "api_base":
            parameters["api_base"] = value
        elif lower.endswith("_api_version"):
            parameters["api_version"] = value
        else:
            parameters[_PARAMETERS.get(lower, lower)] = Hidden(value)
    return parameters
