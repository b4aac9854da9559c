"""Classes by reference: ``module:qualname``, and whether another process could import it."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Any

from kitaru.errors import KitaruSerializationError


def type_name(cls: type) -> str:
    """Qualified name of `cls` as a record shows it.

    Examples
    --------
    >>> type_name(tuple)
    'builtins.tuple'
    """
    return f"{cls.__module__}.{cls.__qualname__}"


def reference(cls: type) -> str | None:
    """``module:qualname`` of a class that other processes can import, else None (a notebook's classes, local ones).

    Examples
    --------
    >>> import decimal
    >>> reference(decimal.Decimal)
    'decimal:Decimal'
    >>> reference(type("Local", (), {})) is None
    True
    """
    module = cls.__module__
    if module == "__main__" or _goes_by_value(module) or _lookup(sys.modules.get(module), cls.__qualname__) is not cls:
        return None
    return f"{module}:{cls.__qualname__}"


def resolve(name: str) -> Any:
    """Import what `name` (``module:qualname``) refers to.

    Raises
    ------
    KitaruSerializationError
        If the module or the attribute is not there any more.

    Examples
    --------
    >>> resolve("fractions:Fraction").__name__
    'Fraction'
    """
    module, _, qualname = name.partition(":")
    try:
        found = _lookup(import_module(module), qualname)
    except ImportError as error:
        raise _unresolved(name, str(error)) from error
    if found is None:
        raise _unresolved(name, f"module {module!r} has no {qualname!r}")
    return found


def _unresolved(name: str, reason: str) -> KitaruSerializationError:
    return KitaruSerializationError(
        f"A stored value is an instance of {name.replace(':', '.')}, which cannot be imported here: {reason}. "
        "Install or restore that class under this name (an alias is enough), then read the value again."
    )


def _lookup(owner: Any, qualname: str) -> Any:
    for part in qualname.split("."):
        owner = getattr(owner, part, None)
    return owner


def _goes_by_value(module: str) -> bool:
    cloudpickle = sys.modules.get("cloudpickle")
    if cloudpickle is None:
        return False
    registered = cloudpickle.list_registry_pickle_by_value()
    return any(module == name or module.startswith(f"{name}.") for name in registered)
