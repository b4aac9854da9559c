"""What is installed here: which distribution gives which module, in which version, from where."""

from __future__ import annotations

import functools
import importlib.machinery
import json
import re
import sys
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit
from urllib.request import url2pathname

if TYPE_CHECKING:
    from collections.abc import Mapping

OWN = "kitaru-jupyter"
UNRELATED = "kitaru"


@dataclass(frozen=True, slots=True)
class Environment:
    """An environment that scripts are written for.

    Attributes
    ----------
    python
        Version of Python, as in ``3.12``.
    modules
        Distributions by the top-level modules that they give.
    versions
        Versions of distributions, by normalised name.
    sources
        For distributions that were installed from a file, a folder or a repository: the entry of
        ``[tool.uv.sources]``.

    Examples
    --------
    >>> Environment("3.11", {"yaml": ("PyYAML",)}, {"pyyaml": "6.0"}).distributions("yaml.nodes")
    ('PyYAML',)
    """

    python: str
    modules: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    sources: Mapping[str, dict[str, Any]] = field(default_factory=dict)

    def distributions(self, module: str) -> tuple[str, ...]:
        """Names of the distributions that a module may come from."""
        return tuple(dict.fromkeys(self.modules.get(module.partition(".")[0], ())))

    def version(self, distribution: str) -> str | None:
        """Version of a distribution, or None if it is not installed."""
        return self.versions.get(normal(distribution))

    def source(self, distribution: str) -> dict[str, Any] | None:
        """Where a distribution was installed from, if not from an index."""
        return self.sources.get(normal(distribution))


@functools.cache
def running_environment() -> Environment:
    """Describe the environment of this process.

    Returns
    -------
    Environment
        As `importlib.metadata` knows it.

    Examples
    --------
    >>> running_environment().distributions("pytest")
    ('pytest',)
    """
    versions: dict[str, str] = {}
    sources: dict[str, dict[str, Any]] = {}
    for distribution in metadata.distributions():
        name = str(distribution.metadata["Name"] or "")
        if not name or normal(name) in versions:
            continue  # the first on the path is the one that is imported
        versions[normal(name)] = distribution.version
        source = source_of_direct_url(distribution.read_text("direct_url.json"))
        if source is not None:
            sources[normal(name)] = source
    modules = {module: tuple(names) for module, names in metadata.packages_distributions().items()}
    modules.setdefault("kitaru", (OWN,))
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    return Environment(version, modules, versions, sources)


def source_of_direct_url(text: str | None) -> dict[str, Any] | None:
    """Turn a PEP 610 record into an entry of ``[tool.uv.sources]``.

    Parameters
    ----------
    text
        Content of ``direct_url.json``.

    Returns
    -------
    dict or None
        None if there is no record, or it is unreadable.

    Examples
    --------
    >>> source_of_direct_url('{"url": "file:///srv/kitaru", "dir_info": {"editable": true}}')
    {'path': '/srv/kitaru', 'editable': True}
    """
    try:
        record: dict[str, Any] = json.loads(text or "{}")
        url = str(record["url"])
    except (ValueError, TypeError, KeyError):
        return None
    parts = urlsplit(url)
    version = record.get("vcs_info")
    if isinstance(version, dict) and version.get("vcs") == "git":
        return {"git": _without_login(url), "rev": version.get("commit_id") or version.get("requested_revision")}
    if parts.scheme != "file":
        return {"url": _without_login(url)}
    source: dict[str, Any] = {"path": url2pathname(unquote(parts.path)) if "%" in parts.path else parts.path}
    if record.get("dir_info", {}).get("editable"):
        source["editable"] = True
    return source


def local_module(name: str, folder: Path | None) -> Path | None:
    """Find a module beside a notebook.

    Parameters
    ----------
    name
        Name of a top-level module.
    folder
        Folder of the notebook.

    Returns
    -------
    Path or None
        Its file, or the folder of a package.

    Examples
    --------
    >>> _ = Path("steps.py").write_text("x = 1")
    >>> local_module("steps", Path()).name
    'steps.py'
    """
    if folder is None:
        return None
    spec = importlib.machinery.PathFinder.find_spec(name, [str(folder)])
    if spec is None:
        return None
    if spec.origin and spec.has_location:
        file = Path(spec.origin)
        return file.parent if file.name == "__init__.py" else file
    locations = list(spec.submodule_search_locations or ())
    # A folder without any Python is data, and no namespace package.
    return Path(locations[0]) if locations and any(Path(locations[0]).glob("*.py")) else None


def normal(name: str) -> str:
    """Normalise the name of a distribution.

    Examples
    --------
    >>> normal("Typing_Extensions")
    'typing-extensions'
    """
    return re.sub(r"[-_.]+", "-", name).lower()


def _without_login(url: str) -> str:
    """A token in an address belongs in no script."""
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
