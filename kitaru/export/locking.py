"""The distributions that a piece of code needs, down to the last one, in the versions that are installed here."""

from __future__ import annotations

import ast
import sys
from importlib import metadata
from typing import TYPE_CHECKING

from packaging.requirements import InvalidRequirement, Requirement

from kitaru.export.dependencies import import_nodes, imports_of
from kitaru.export.environment import OWN, local_module, normal, running_environment
from kitaru.export.inline_metadata import requirements_in

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


def locked(requirements: Iterable[str]) -> tuple[str, ...]:
    """Name everything that some requirements come to, in the installed versions.

    Parameters
    ----------
    requirements
        Requirements as in a project file.

    Returns
    -------
    tuple of str
        ``name==version``, sorted; what is not installed stays as it was asked for.

    Examples
    --------
    >>> any(one.startswith("pydantic-core==") for one in locked(["pydantic"]))
    True
    """
    found: dict[str, str] = {}
    seen: set[tuple[str, str]] = set()
    queue = [(text, "") for text in requirements]
    while queue:
        text, extra = queue.pop()
        requirement = _parsed(text)
        if requirement is None or not _applies(requirement, extra):
            continue
        name = normal(requirement.name)
        for wanted in requirement.extras or {""}:
            if (name, wanted) not in seen:
                seen.add((name, wanted))
                queue += [(needed, wanted) for needed in _add(found, name, text)]
    return tuple(found[name] for name in sorted(found))


def required_by(text: str, folder: Path | None = None) -> list[str]:
    """Name the distributions that a script asks for: in its header, or else by what it imports.

    Parameters
    ----------
    text
        The script.
    folder
        Where modules beside it are, whose imports count too.

    Returns
    -------
    list of str
        Requirements, with Kitaru's own.

    Raises
    ------
    SyntaxError
        If it is no Python.

    Examples
    --------
    >>> required_by("import pydantic")
    ['kitaru-jupyter', 'pydantic']
    """
    _, stated = requirements_in(text)
    if stated:
        return [OWN, *stated]
    modules: list[str] = []
    for node, _ in import_nodes(ast.parse(text)):
        if isinstance(node, ast.Import):
            modules += [alias.name for alias in node.names]
        elif not node.level:
            modules.append(node.module or "")
    beside: set[str] = set()
    for module in modules:  # which grows
        top = module.partition(".")[0]
        place = local_module(top, folder)
        if place is not None and top not in beside:
            beside.add(top)
            modules += [needed for needed, _ in imports_of(place)]
    return distributions_of(module for module in modules if module.partition(".")[0] not in beside)


def distributions_of(modules: Iterable[str]) -> list[str]:
    """Name the distributions that some modules come from, with Kitaru's own.

    Parameters
    ----------
    modules
        Names of modules; those of the standard library and those that nothing installed count for nothing.

    Examples
    --------
    >>> distributions_of(["json", "pydantic.fields"])
    ['kitaru-jupyter', 'pydantic']
    """
    environment = running_environment()
    tops = {module.partition(".")[0] for module in modules} - {"kitaru"}
    names = {name for top in tops if top not in sys.stdlib_module_names for name in environment.distributions(top)}
    return [OWN, *sorted(names - {OWN})]


def _add(found: dict[str, str], name: str, text: str) -> list[str]:
    """Note a distribution; return what it needs itself."""
    try:
        distribution = metadata.distribution(name)
    except metadata.PackageNotFoundError:
        found.setdefault(name, text)
        return []
    found[name] = f"{name}=={distribution.version}"
    return distribution.requires or []


def _parsed(text: str) -> Requirement | None:
    try:
        return Requirement(text)
    except InvalidRequirement:  # of another packager's making, and installed all the same
        return None


def _applies(requirement: Requirement, extra: str) -> bool:
    return requirement.marker is None or requirement.marker.evaluate({"extra": extra})
