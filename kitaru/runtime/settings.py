"""What an execution runs with, and where each setting comes from."""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from kitaru.errors import KitaruUsageError
from kitaru.runtime.retry import Retry

if TYPE_CHECKING:
    from collections.abc import Mapping

TRUE: Final = frozenset({"1", "true", "t", "yes", "y", "on"})
FALSE: Final = frozenset({"0", "false", "f", "no", "n", "off"})


@dataclass(frozen=True, slots=True)
class KitaruConfig:
    """One layer of settings; None leaves a setting to the layer below.

    Parameters
    ----------
    stack
        Name of the stack that runs checkpoints.
    cache
        Whether recorded results of other executions are reused.
    retries
        How often a failed flow body runs again.
    model
        The model, or alias, that `kitaru.llm` uses if a call names none.

    Examples
    --------
    >>> KitaruConfig(stack="local", retries=1).stack
    'local'
    """

    stack: str | None = None
    cache: bool | None = None
    retries: int | None = None
    model: str | None = None


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of one execution, all decided."""

    stack: str = "local"
    cache: bool = True
    retries: int = 0
    on_divergence: str = "error"

    def record(self) -> dict[str, Any]:
        """Turn them into what is recorded with the execution."""
        return asdict(self)


_UNSET: Any = object()
_configured = KitaruConfig()


def configure(
    *, stack: str | None = _UNSET, cache: bool | None = _UNSET, retries: int | None = _UNSET, model: str | None = _UNSET
) -> KitaruConfig:
    """Set defaults for this process; what is left out stays, None clears a setting.

    A setting is looked up in this order: arguments of ``.run()``, arguments of ``@flow``, `configure`, the
    environment (``KITARU_STACK``, ``KITARU_CACHE``, ``KITARU_RETRIES``, ``KITARU_DEFAULT_MODEL``),
    ``[tool.kitaru]`` of the nearest ``pyproject.toml``, the active stack, built-in defaults.

    Parameters
    ----------
    stack, cache, retries, model
        See `KitaruConfig`.

    Returns
    -------
    KitaruConfig
        The layer as it is now.

    Raises
    ------
    KitaruUsageError
        If a value is of the wrong type.

    Examples
    --------
    >>> import kitaru
    >>> kitaru.configure(retries=2).retries
    2
    >>> kitaru.configure(retries=None).retries is None
    True
    """
    global _configured
    given = {"stack": stack, "cache": cache, "retries": retries, "model": model}
    changes: dict[str, Any] = {key: value for key, value in given.items() if value is not _UNSET}
    _check(changes, "configure()")
    _configured = replace(_configured, **changes)
    return _configured


def configured() -> KitaruConfig:
    """The layer that `configure` made."""
    return _configured


def resolve(run: KitaruConfig, flow: KitaruConfig) -> Settings:
    """Decide every setting of one execution."""
    _check(asdict(run), ".run()")
    layers = [run, flow, _configured, from_environment(), from_project()]
    merged: dict[str, Any] = {}
    for name in ("stack", "cache", "retries"):
        merged[name] = next((value for layer in layers if (value := getattr(layer, name)) is not None), None)
    if merged["stack"] is None:
        from kitaru.stacks.registry import current_stack

        merged["stack"] = current_stack().name
    return Settings(**{name: value for name, value in merged.items() if value is not None})


def default_model() -> str | None:
    """The model of the highest layer that names one."""
    layers = [_configured, from_environment(), from_project()]
    return next((layer.model for layer in layers if layer.model is not None), None)


def from_environment(environ: Mapping[str, str] = os.environ) -> KitaruConfig:
    """Read the settings that environment variables give."""
    values: dict[str, Any] = {
        "stack": environ.get("KITARU_STACK", "").strip() or None,
        "model": environ.get("KITARU_DEFAULT_MODEL", "").strip() or None,
    }
    if text := environ.get("KITARU_CACHE", "").strip().lower():
        if text not in TRUE | FALSE:
            raise KitaruUsageError(f"KITARU_CACHE={text!r} is neither true nor false: set it to 1 or 0")
        values["cache"] = text in TRUE
    if text := environ.get("KITARU_RETRIES", "").strip():
        if not text.isdigit():
            raise KitaruUsageError(f"KITARU_RETRIES={text!r} is no number of retries: set it to 0 or more")
        values["retries"] = int(text)
    return KitaruConfig(**values)


def from_project(start: Path | None = None) -> KitaruConfig:
    """Read ``[tool.kitaru]`` of the nearest ``pyproject.toml`` above the working directory."""
    folder = start or Path.cwd()
    for candidate in (folder, *folder.parents):
        path = candidate / "pyproject.toml"
        if path.is_file():
            return _read_project(path)
    return KitaruConfig()


def _read_project(path: Path) -> KitaruConfig:
    import tomllib

    try:
        table = tomllib.loads(path.read_text(encoding="utf-8")).get("tool", {}).get("kitaru", {})
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise KitaruUsageError(f"{path} cannot be read: {error}") from error
    known = {field.name for field in fields(KitaruConfig)}
    if unknown := sorted(set(table) - known):
        raise KitaruUsageError(
            f"[tool.kitaru] of {path} has unknown keys: {', '.join(unknown)}. Known are: {', '.join(sorted(known))}."
        )
    _check(table, f"[tool.kitaru] of {path}")
    return KitaruConfig(**table)


def _check(values: Mapping[str, Any], where: str) -> None:
    for name in ("stack", "model"):
        value = values.get(name)
        if value is not None and (not isinstance(value, str) or not value.strip()):
            raise KitaruUsageError(f"{where}: {name}={value!r} must be a name")
    cache, retries = values.get("cache"), values.get("retries")
    if cache is not None and not isinstance(cache, bool):
        raise KitaruUsageError(f"{where}: cache={cache!r} must be True or False")
    if retries is not None and (isinstance(retries, bool) or not isinstance(retries, int) or retries < 0):
        extra = " A Retry policy belongs to a @checkpoint." if isinstance(retries, Retry) else ""
        raise KitaruUsageError(f"{where}: retries={retries!r} must be a number of retries, 0 or more.{extra}")
