"""The value behind a name that a function reads."""

from __future__ import annotations

from types import ModuleType
from typing import TYPE_CHECKING, Final

from kitaru.code.origin import is_user_module
from kitaru.code.values import encode, is_code

if TYPE_CHECKING:
    from types import FunctionType

MISSING: Final = object()


def look_up(fn: FunctionType, chain: tuple[str, ...]) -> tuple[str, object]:
    """Follow a chain of names from a function's closure and globals.

    Parameters
    ----------
    fn
        Where the names are read.
    chain
        A name, and attributes that are followed through the user's own modules and plain instances.

    Returns
    -------
    tuple of str and object
        The part of the chain that was followed, and the value there or `MISSING`.

    Examples
    --------
    >>> look_up(look_up, ("no_such_name",))[1] is MISSING
    True
    """
    label = chain[0]
    value = root_value(fn, label)
    for attribute in chain[1:]:
        inner = _attribute(value, attribute)
        if inner is None:
            break
        value = inner[0]
        label += "." + attribute
    return label, value


def root_value(fn: FunctionType, name: str) -> object:
    """Value of one name in a function's closure or globals.

    Parameters
    ----------
    fn
        Where the name is read.
    name
        The name.

    Returns
    -------
    object
        The value, or `MISSING`; builtins are not looked at.

    Examples
    --------
    >>> root_value(look_up, "len") is MISSING
    True
    """
    free = fn.__code__.co_freevars
    if name in free and fn.__closure__ is not None:
        try:
            return fn.__closure__[free.index(name)].cell_contents
        except ValueError:
            return MISSING
    return fn.__globals__.get(name, MISSING)


def _attribute(value: object, attribute: str) -> tuple[object] | None:
    if isinstance(value, ModuleType):
        return (vars(value).get(attribute, MISSING),) if is_user_module(value.__name__) else None
    if value is MISSING or isinstance(value, type) or is_code(value):
        return None
    # Settings are often read from an object that is opaque as a whole: `settings.limit`.
    inner = getattr(value, "__dict__", {}).get(attribute, MISSING)
    return (inner,) if inner is not MISSING and not encode(inner).refs else None
