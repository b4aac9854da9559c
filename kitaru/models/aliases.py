"""Short names for models, kept in the home, and the choice of the model of a call."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from kitaru.errors import KitaruCorruptionError, KitaruUsageError

if TYPE_CHECKING:
    from pathlib import Path

FILE: Final = "models.json"
DEFAULT_VARIABLE: Final = "KITARU_DEFAULT_MODEL"
REGISTRY_VARIABLE: Final = "KITARU_MODEL_REGISTRY"
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9_-]*")
_LOCK_SECONDS: Final = 10


@dataclass(frozen=True, slots=True)
class ModelAlias:
    """A short name for a model.

    Parameters
    ----------
    alias
        The name, in lower case.
    model
        ``provider/model``, for example ``"openai/gpt-5-nano"``.
    secret
        Name of the secret that holds the provider's key; None where the environment holds it.
    api_base
        Address of the provider, for example of a server of your own; None for the usual one.
    is_default
        Whether calls that name no model use it.

    Examples
    --------
    >>> ModelAlias("fast", "openai/gpt-5-nano").model
    'openai/gpt-5-nano'
    """

    alias: str
    model: str
    secret: str | None = None
    api_base: str | None = None
    is_default: bool = False


@dataclass(frozen=True, slots=True)
class ModelSelection:
    """The model of a call, and how it came to be chosen.

    Parameters
    ----------
    requested_model
        What the call, the environment or the default asked for.
    resolved_model
        ``provider/model``.
    alias, secret, api_base
        Those of the alias, where one was used.

    Examples
    --------
    >>> resolve_model_selection("openai/gpt-5-nano").resolved_model
    'openai/gpt-5-nano'
    """

    requested_model: str
    resolved_model: str
    alias: str | None = None
    secret: str | None = None
    api_base: str | None = None


class _Registry(NamedTuple):
    aliases: dict[str, ModelAlias]
    default: str | None


def register_model_alias(
    alias: str, *, model: str, secret: str | None = None, api_base: str | None = None, default: bool = False
) -> ModelAlias:
    """Give a model a short name in this home; the first one becomes the default.

    Parameters
    ----------
    alias
        Letters, digits, ``_`` and ``-``; case does not matter. A name that exists is replaced.
    model
        ``provider/model``; any provider of LiteLLM.
    secret
        Name of the secret that holds the provider's key.
    api_base
        Address of the provider, where it is not the usual one.
    default
        Make it the model of calls that name none.

    Raises
    ------
    KitaruUsageError
        If the alias or the model is blank or malformed.

    Examples
    --------
    >>> register_model_alias("Quick", model="openai/gpt-5-nano").alias
    'quick'
    """
    name = _checked_alias(alias)
    if not model.strip():
        raise KitaruUsageError(f"The alias {name!r} needs a model, for example model='openai/gpt-5-nano'.")
    entry = ModelAlias(name, model.strip(), secret, api_base)
    from filelock import FileLock

    from kitaru.store.home import ensure_home

    path = _path()
    ensure_home(path.parent)
    with FileLock(path.with_suffix(".lock"), timeout=_LOCK_SECONDS, mode=0o600):
        stored = _stored()
        chosen = name if default or stored.default is None else stored.default
        _write(_Registry({**stored.aliases, name: entry}, chosen))
    return replace(entry, is_default=chosen == name)


def list_model_aliases() -> list[ModelAlias]:
    """Return the aliases of this home and of ``KITARU_MODEL_REGISTRY``, which wins, by name.

    Examples
    --------
    >>> _ = register_model_alias("listed", model="openai/gpt-5-nano")
    >>> "listed" in [entry.alias for entry in list_model_aliases()]
    True
    """
    registry = _merged()
    return [replace(registry.aliases[name], is_default=name == registry.default) for name in sorted(registry.aliases)]


def resolve_model_selection(model: str | None = None) -> ModelSelection:
    """Choose the model of a call: the argument, else ``KITARU_DEFAULT_MODEL``, else the default alias.

    Parameters
    ----------
    model
        An alias or ``provider/model``.

    Raises
    ------
    KitaruUsageError
        If there is nothing to choose.

    Examples
    --------
    >>> _ = register_model_alias("careful", model="anthropic/claude-sonnet-4-5", secret="team-key")
    >>> resolve_model_selection("Careful").secret
    'team-key'
    """
    registry = _merged()
    requested = (model or "").strip() or os.environ.get(DEFAULT_VARIABLE, "").strip() or registry.default
    if not requested:
        raise KitaruUsageError(
            f"No model is chosen. Pass model='provider/model', set {DEFAULT_VARIABLE}, or register an alias: "
            "kitaru model register fast --model openai/gpt-5-nano"
        )
    found = registry.aliases.get(requested.lower())
    if found is None:
        return ModelSelection(requested, requested)
    return ModelSelection(requested, found.model, found.alias, found.secret, found.api_base)


def _merged() -> _Registry:
    stored, given = _stored(), _from_environment()
    aliases = {**stored.aliases, **given.aliases}
    default = given.default or stored.default
    if default not in aliases:
        default = next(iter(aliases)) if len(aliases) == 1 else None
    return _Registry(aliases, default)


def _from_environment() -> _Registry:
    text = os.environ.get(REGISTRY_VARIABLE, "").strip()
    if not text:
        return _Registry({}, None)
    import orjson

    try:
        return _parsed(orjson.loads(text))
    except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError, KitaruUsageError) as error:
        example = '{"aliases": {"fast": {"model": "openai/gpt-5-nano"}}, "default": "fast"}'
        raise KitaruUsageError(
            f"{REGISTRY_VARIABLE} is not a registry of models ({error}). Example: {example}"
        ) from error


def _stored() -> _Registry:
    path = _path()
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return _Registry({}, None)
    import orjson

    try:
        return _parsed(orjson.loads(data))
    except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError, KitaruUsageError) as error:
        raise KitaruCorruptionError(
            f"{path} is not what Kitaru wrote ({error}). Mend it, or remove it to start without aliases."
        ) from error


def _parsed(content: Any) -> _Registry:
    """Read ``{"aliases": {name: {"model": ...} or "provider/model"}, "default": name}``."""
    aliases = {}
    for name, value in content.get("aliases", {}).items():
        entry = {"model": value} if isinstance(value, str) else value
        alias = _checked_alias(name)
        aliases[alias] = ModelAlias(alias, entry["model"], entry.get("secret"), entry.get("api_base"))
    default = content.get("default")
    return _Registry(aliases, default.lower() if default else None)


def _write(registry: _Registry) -> None:
    import orjson

    from kitaru.store.home import write_private

    entries = {
        name: {"model": entry.model, "secret": entry.secret, "api_base": entry.api_base}
        for name, entry in registry.aliases.items()
    }
    write_private(_path(), orjson.dumps({"aliases": entries, "default": registry.default}, option=orjson.OPT_INDENT_2))


def _checked_alias(alias: str) -> str:
    name = alias.strip().lower()
    if not _NAME.fullmatch(name):
        raise KitaruUsageError(f"{alias!r} cannot be an alias: use letters, digits, '_' and '-', not '_' or '-' first.")
    return name


def _path() -> Path:
    from kitaru.store.home import find_home

    return find_home() / FILE
