"""A script as a small package that can be installed, and as a container recipe."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any, Final

from kitaru.export.environment import Environment, normal
from kitaru.export.files import check_overwriting, write_whole
from kitaru.export.script import EMPTY_DIGEST, inline_table, signed

if TYPE_CHECKING:
    from pathlib import Path

    from kitaru.export.export import Export

_ABOUT: Final = "written by kitaru export; change the notebook and export it again."
_BUILD: Final = """\
[build-system]
requires = ["hatchling>=1.27"]
build-backend = "hatchling.build"
"""


def write_package(made: Export, folder: Path, environment: Environment, *, force: bool = False) -> Path:
    """Write a script as a package: a project file, the module, and the modules beside the notebook.

    Parameters
    ----------
    made
        The script; its name is that of the module.
    folder
        Where the package's folder is made.
    environment
        For the version of Python.
    force
        Whether files are overwritten although somebody changed them.

    Returns
    -------
    pathlib.Path
        The package's folder: ``pip install`` takes it.

    Raises
    ------
    KitaruStateError
        If a file that is there was changed by hand, and `force` is not given.
    """
    name = made.path.stem
    root = folder / normal(name)
    files = {
        root / "pyproject.toml": project_text(made, environment),
        root / "src" / f"{name}.py": made.text,
        root / "src" / f"{name}_command.py": _command_text(made),
    }
    if not force:
        for file in files:
            check_overwriting(file)
    for module in made.dependencies.local.values():
        _copy(module, root / "src" / module.name)
    for file, text in files.items():
        write_whole(file, text)
    return root


def project_text(made: Export, environment: Environment) -> str:
    """Write the project file of a package.

    Parameters
    ----------
    made
        The script.
    environment
        For the version of Python.

    Returns
    -------
    str
        TOML.
    """
    name = made.path.stem
    needed = [made.dependencies.requirements[key] for key in sorted(made.dependencies.requirements)]
    # A requirement that names an address needs hatchling's leave.
    direct = any(" @ " in requirement for requirement in needed)
    modules = [name, f"{name}_command", *sorted(made.dependencies.local)]
    included = [f"src/{module}{'' if _is_folder(made, module) else '.py'}" for module in modules]
    lines = [
        f"# {_ABOUT[0].upper()}{_ABOUT[1:]}",
        f"# Digest: {EMPTY_DIGEST}",
        "",
        "[project]",
        f"name = {_text(normal(name))}",
        'version = "0"',
        f"description = {_text(f'Flows {chr(44).join(made.flows)}.')}",
        f'requires-python = ">={environment.python}"',
        f"dependencies = {_list(needed)}",
        "",
        "[project.scripts]",
        f'{normal(name)} = "{name}_command:main"',
        "",
        _BUILD,
        "[tool.hatch.build.targets.wheel]",
        f"only-include = {_list(included)}",
        'sources = ["src"]',
    ]
    if direct:
        lines += ["", "[tool.hatch.metadata]", "allow-direct-references = true"]
    if made.dependencies.sources:
        lines += ["", "[tool.uv.sources]"]
        lines += [f"{key} = {inline_table(source)}" for key, source in sorted(made.dependencies.sources.items())]
    return signed("\n".join(lines) + "\n")


def write_container(made: Export, environment: Environment, *, force: bool = False) -> tuple[Path, list[str]]:
    """Write a container recipe beside a script.

    Parameters
    ----------
    made
        The script, which is in its place already.
    environment
        For the version of Python.
    force
        Whether a recipe is overwritten although somebody changed it.

    Returns
    -------
    pathlib.Path
        The recipe.
    list of str
        What has to be done before it can be built.

    Raises
    ------
    KitaruStateError
        If the recipe that is there was changed by hand, and `force` is not given.
    """
    file = made.path.with_name("Dockerfile")
    if not force:
        check_overwriting(file)
    text, notes = container_text(made, environment)
    write_whole(file, text)
    return file, notes


def container_text(made: Export, environment: Environment) -> tuple[str, list[str]]:
    """Write the text of a container recipe; see `write_container`."""
    local = {key: source for key, source in made.dependencies.sources.items() if "path" in source}
    wanted = []
    for key, requirement in sorted(made.dependencies.requirements.items()):
        source = made.dependencies.sources.get(key)
        if key not in local:
            wanted.append(_direct(requirement, source))
    lines = [
        f"# Container recipe for {made.path.name}, {_ABOUT}",
        f"# Digest: {EMPTY_DIGEST}",
        f"FROM docker.io/library/python:{environment.python}-slim",
        "ENV PYTHONUNBUFFERED=1 KITARU_HOME=/data",
        "WORKDIR /app",
    ]
    if local:
        lines += ["COPY wheels/ /wheels/", "RUN pip install --no-cache-dir /wheels/*.whl"]
    if wanted:
        lines += ["RUN pip install --no-cache-dir \\"]
        lines += [f"    {json.dumps(word)}{'' if word is wanted[-1] else ' ' + chr(92)}" for word in wanted]
    names = [made.path.name, *(path.name for path in made.dependencies.local.values() if path.suffix == ".py")]
    lines += [f"COPY {' '.join(names)} ./"]
    lines += [f"COPY {path.name}/ ./{path.name}/" for path in made.dependencies.local.values() if path.suffix != ".py"]
    lines += ["RUN useradd --create-home app && mkdir -p /data && chown app /data", "USER app", "VOLUME /data"]
    lines += [f'ENTRYPOINT ["python", "{made.path.name}"]']
    notes = [
        f"{made.dependencies.requirements[key]} was installed from {source['path']}: make its wheel for the recipe, "
        f"pip wheel --no-deps -w {made.path.parent / 'wheels'} {source['path']}"
        for key, source in sorted(local.items())
    ]
    return signed("\n".join(lines) + "\n"), notes


def _command_text(made: Export) -> str:
    lines = [
        f"# The command of {made.path.stem}, {_ABOUT}",
        f"# Digest: {EMPTY_DIGEST}",
        "from kitaru.cli import run_flows",
        f"from {made.path.stem} import {', '.join(made.flows)}",
        "",
        "",
        "def main() -> None:",
        f"    run_flows({', '.join(made.flows)})",
    ]
    return signed("\n".join(lines) + "\n")


def _direct(requirement: str, source: dict[str, Any] | None) -> str:
    if source is None:
        return requirement
    address = f"git+{source['git']}@{source['rev']}" if "git" in source else source["url"]
    return f"{requirement} @ {address}"


def _copy(module: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if module.is_dir():
        shutil.copytree(module, target, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__", ".*"))
    else:
        write_whole(target, module.read_text(encoding="utf-8"))


def _is_folder(made: Export, module: str) -> bool:
    path = made.dependencies.local.get(module)
    return path is not None and path.is_dir()


def _list(words: list[str]) -> str:
    return "[\n" + "".join(f"  {_text(word)},\n" for word in words) + "]"


def _text(word: str) -> str:
    return json.dumps(word, ensure_ascii=False)
