"""Values that must not travel in the clear: API keys, tokens, passwords."""

from __future__ import annotations

import re
from functools import lru_cache

_NAME = re.compile(
    r"(?:^|_)(?:password|passwd|passphrase|secret|secrets|api_?key|apikey|access_?key|private_?key|secret_?key|"
    r"signing_?key|encryption_?key|client_?secret|credential|credentials|auth_?token|access_?token|refresh_?token|"
    r"bearer_?token|api_?token|session_?token|pwd)(?:_?\d+)?$|^(?:.+_)?token$"
)
_NOT_SECRET = re.compile(
    r"(?:^|_)(?:max|min|num|n|pad|eos|bos|sep|cls|mask|unk|next|prev|last|first|stop|start|end|special|page|count|"
    r"continuation|csrf_name|current|per)_token$"
)
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_SHAPES = re.compile(
    r"""(?x)
    \bsk-(?:ant-|proj-|or-|live-|svcacct-)?[A-Za-z0-9_-]{20,}      # OpenAI, Anthropic, OpenRouter
    | \b(?:sk|rk|pk)_(?:live|test)_[A-Za-z0-9]{16,}                # Stripe
    | \bgh[pousr]_[A-Za-z0-9]{36,} | \bgithub_pat_[A-Za-z0-9_]{22,}
    | \bglpat-[A-Za-z0-9_-]{20,}
    | \b(?:AKIA|ASIA)[A-Z0-9]{16}\b
    | \bAIza[A-Za-z0-9_-]{35}\b
    | \bhf_[A-Za-z0-9]{30,} | \bnpm_[A-Za-z0-9]{36}\b | \bpypi-[A-Za-z0-9_-]{50,}
    | \bxox[abeoprs]-[A-Za-z0-9-]{10,}
    | \beyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}   # JWT
    | -----BEGIN\ (?:[A-Z0-9]+\ )*PRIVATE\ KEY-----
    """
)
_BEFORE = re.compile(r"\s*(?:bearer\s+)?", re.IGNORECASE)
_LONGEST = 16_384
_VARIED = 8
"""Different characters that a key has at least; examples in texts often repeat one."""


def looks_secret(name: str, value: object) -> bool:
    """Whether a named value is probably a secret.

    Either its name says so and it is a non-empty string or bytes, or the text has the shape of a known kind of key.

    Parameters
    ----------
    name
        Name of a variable, a field or an environment variable.
    value
        Its value.

    Returns
    -------
    bool
        True if it should be kept out of snapshots, logs and digests.

    Examples
    --------
    >>> looks_secret("OPENAI_API_KEY", "abc"), looks_secret("max_tokens", 100), looks_secret("monkey", "abc")
    (True, False, False)
    """
    if hasattr(type(value), "get_secret_value"):
        return True
    if isinstance(value, bytes | bytearray):
        text = bytes(value[:_LONGEST]).decode("utf-8", "replace")
    elif isinstance(value, str):
        text = value[:_LONGEST]
    else:
        return False
    return bool(text) and (_secret_name(name) or _SHAPES.search(text) is not None)


def is_secret(name: str, value: object) -> bool:
    """Whether a named value is a secret as a whole: quick enough to ask for every argument of every call.

    Examples
    --------
    >>> is_secret("password", "abc"), is_secret("text", "our key is sk-0123456789abcdefghij"), is_secret("n", 1)
    (True, False, False)
    """
    if not isinstance(value, str):
        return isinstance(value, bytes | bytearray) and bool(value) and _secret_name(name)
    return bool(value) and (_secret_name(name) or _SHAPES.match(value) is not None)


def is_key(value: str | bytes) -> bool:
    """Whether a text as a whole is of a known kind of key, whatever it is called; quick also for long texts.

    Examples
    --------
    >>> is_key("Bearer sk-0123456789abcdefghij"), is_key("sk-xxxxxxxxxxxxxxxxxxxx"), is_key("a sk-0123456789abcdefghij")
    (True, False, False)
    """
    text = value[:512].decode("latin-1") if isinstance(value, bytes) else value[:512]
    start = _BEFORE.match(text)
    found = _SHAPES.match(text, start.end() if start else 0)
    return found is not None and len(set(found[0])) >= _VARIED


def blacked_out(text: str) -> str:
    """Put asterisks in the place of whatever has the shape of a key; length and lines stay.

    Examples
    --------
    >>> blacked_out("key = 'sk-0123456789abcdefghij'")
    "key = '***********************'"
    """
    return _SHAPES.sub(lambda found: "*" * len(found[0]), text)


@lru_cache(maxsize=4096)
def _secret_name(name: str) -> bool:
    words = _CAMEL.sub("_", name).replace("-", "_").lower().strip("_")
    return _NAME.search(words) is not None and _NOT_SECRET.search(words) is None
