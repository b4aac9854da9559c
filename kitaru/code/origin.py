"""Whose code it is: the user's, or a library's; and which version of which distribution."""

from __future__ import annotations

import functools
import importlib.machinery
import sys
import sysconfig
from pathlib import Path
from types import FunctionType, ModuleType

_MAIN = frozenset({"__main__", "__mp_main__"})
_OWN = "kitaru"
_modules: dict[tuple[str, str | None], bool] = {}


def is_user_module(name: str | None) -> bool:
    """Whether a module is the user's own code.

    Notebooks and scripts (``__main__``), local modules and editable installs are; the standard library, what is
    installed in ``site-packages``, and Kitaru itself are not.

    Parameters
    ----------
    name
        Name in `sys.modules`; None for code that was made by ``exec`` without a module name.

    Returns
    -------
    bool
        True for user code.

    Examples
    --------
    >>> is_user_module("__main__"), is_user_module("json")
    (True, False)
    """
    if name is None or name in _MAIN:
        return True
    if name == _OWN or name.startswith(_OWN + "."):
        return False
    module = sys.modules.get(name)
    file = getattr(module, "__file__", None)
    known = _modules.get((name, file))
    if known is None:
        known = _modules[name, file] = _is_user(name, module, file)
    return known


def is_user_function(fn: FunctionType) -> bool:
    """Whether a function was written by the user.

    Parameters
    ----------
    fn
        A function; `functools.wraps` around it does not mislead.

    Returns
    -------
    bool
        True for user code.

    Examples
    --------
    >>> import textwrap
    >>> is_user_function(textwrap.dedent)
    False
    """
    # __module__ is copied by functools.wraps, so a library's wrapper would claim to be the user's.
    return is_user_module(fn.__globals__.get("__name__"))


def is_user_class(cls: type) -> bool:
    """Whether a class was written by the user.

    Parameters
    ----------
    cls
        A class.

    Returns
    -------
    bool
        True for user code.

    Examples
    --------
    >>> is_user_class(dict)
    False
    """
    name = cls.__module__
    if name == "builtins":
        # A class made by exec without a module name claims to be a builtin.
        return cls.__flags__ & (1 << 9) != 0
    return is_user_module(name)


def is_own(obj: object) -> bool:
    """Whether an object is an instance of one of Kitaru's own classes, or a function of Kitaru's.

    Parameters
    ----------
    obj
        Any object.

    Returns
    -------
    bool
        True for Kitaru's wrappers.

    Examples
    --------
    >>> is_own(is_own), is_own(3)
    (True, False)
    """
    name = obj.__globals__.get("__name__") if isinstance(obj, FunctionType) else type(obj).__module__
    return isinstance(name, str) and (name == _OWN or name.startswith(_OWN + "."))


@functools.cache
def library_version(module: str) -> str:
    """Version of the distribution that a module belongs to.

    Parameters
    ----------
    module
        Name of a module, for example ``"numpy.linalg"``.

    Returns
    -------
    str
        The version, or ``""`` for the standard library, for Kitaru and for what has none.

    Examples
    --------
    >>> library_version("json")
    ''
    """
    top = module.partition(".")[0]
    if top == _OWN or top in sys.stdlib_module_names or top == "builtins":
        return ""
    # Imported late: it takes longer to import than all of this package.
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(top)
    except PackageNotFoundError:
        return ",".join(sorted({version(name) for name in _distributions().get(top, ())}))


def find_module(name: str) -> importlib.machinery.ModuleSpec | None:
    """Find a module without importing it or its parents.

    Parameters
    ----------
    name
        Dotted name.

    Returns
    -------
    ModuleSpec or None
        None if there is no such module.

    Examples
    --------
    >>> find_module("email.mime.text").name
    'email.mime.text'
    """
    loaded = getattr(sys.modules.get(name), "__spec__", None)
    if isinstance(loaded, importlib.machinery.ModuleSpec):
        return loaded
    path: list[str] | None = None
    spec = None
    parts = name.split(".")
    for end in range(1, len(parts) + 1):
        spec = importlib.machinery.PathFinder.find_spec(".".join(parts[:end]), path)
        if spec is None:
            return None
        path = list(spec.submodule_search_locations or ())
    return spec


def is_library_file(file: str) -> bool:
    """Whether a file belongs to the standard library or to an installed distribution.

    Parameters
    ----------
    file
        Path of a module.

    Returns
    -------
    bool
        True for library code.

    Examples
    --------
    >>> import json
    >>> is_library_file(json.__file__)
    True
    """
    path = Path(file)
    for candidate in {path, path.resolve()}:
        if not {"site-packages", "dist-packages"}.isdisjoint(candidate.parts):
            return True
        if any(candidate.is_relative_to(root) for root in _library_roots()):
            return True
    return False


def _is_user(name: str, module: ModuleType | None, file: str | None) -> bool:
    if file:
        return not is_library_file(file)
    if module is None:
        return name.partition(".")[0] not in sys.stdlib_module_names
    locations = list(getattr(module, "__path__", ()))
    if locations:
        return not all(is_library_file(location) for location in locations)
    return getattr(module, "__spec__", None) is None


@functools.cache
def _distributions() -> dict[str, list[str]]:
    from importlib.metadata import packages_distributions

    return dict(packages_distributions())


@functools.cache
def _library_roots() -> tuple[Path, ...]:
    names = ("stdlib", "platstdlib", "purelib", "platlib")
    roots = {Path(sysconfig.get_path(name)) for name in names}
    return tuple(roots | {root.resolve() for root in roots})
