from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
import zipfile
from email.parser import Parser
from pathlib import Path

import pytest

from tests.project.source_tree import ROOT, modules, relative


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    # What `make lab` built is taken as it is: a test installs nothing.
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, env={**os.environ, "SKIP_JUPYTER_BUILDER": "1"})
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def contents(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def test_the_wheel_has_every_module_and_the_marker_of_its_types(contents: set[str]) -> None:
    assert {relative(path) for path in modules()} - contents == set()
    assert "kitaru/py.typed" in contents


def test_the_wheel_has_nothing_but_the_package_and_its_metadata(contents: set[str]) -> None:
    tops = {Path(name).parts[0] for name in contents}
    assert {top for top in tops if top != "kitaru" and not top.startswith("kitaru_jupyter-")} == set()
    assert [name for name in contents if "test" in Path(name).parts or "tests" in Path(name).parts] == []


def test_the_metadata_names_the_distribution_its_licence_and_its_command(wheel: Path, contents: set[str]) -> None:
    (metadata,) = [name for name in contents if name.endswith(".dist-info/METADATA")]
    with zipfile.ZipFile(wheel) as archive:
        fields = Parser().parsestr(archive.read(metadata).decode())
        entry_points = archive.read(metadata.replace("METADATA", "entry_points.txt")).decode()
    assert (fields["Name"], fields["License-Expression"]) == ("kitaru-jupyter", "Apache-2.0")
    assert "kitaru = kitaru.cli:main" in entry_points
    assert any(name.endswith("licenses/LICENSE") for name in contents)


def test_the_wheel_enables_the_server_extension(wheel: Path, contents: set[str]) -> None:
    (config,) = [
        name for name in contents if name.endswith(".data/data/etc/jupyter/jupyter_server_config.d/kitaru.json")
    ]
    with zipfile.ZipFile(wheel) as archive:
        settings = json.loads(archive.read(config))
    assert settings == {"ServerApp": {"jpserver_extensions": {"kitaru": True}}}


@pytest.mark.slow  # needs what `make lab` builds
def test_the_wheel_has_the_front_end_once_and_where_jupyterlab_looks_for_it(wheel: Path, contents: set[str]) -> None:
    folder = (
        next(name for name in contents if ".data/" in name).partition("/")[0]
        + "/data/share/jupyter/labextensions/kitaru"
    )
    assert f"{folder}/static/style.js" in contents, "run `make lab` first"
    with zipfile.ZipFile(wheel) as archive:
        package = json.loads(archive.read(f"{folder}/package.json"))
        installed = json.loads(archive.read(f"{folder}/install.json"))
    assert f"{folder}/{package['jupyterlab']['_build']['load']}" in contents
    assert installed["packageName"] == package["jupyterlab"]["discovery"]["server"]["base"]["name"] == "kitaru-jupyter"
    assert not [name for name in contents if name.startswith("kitaru/labextension/")]


@pytest.mark.slow  # needs what `make lab` builds
def test_the_front_end_is_small(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        scripts = [
            name for name in archive.namelist() if "/labextensions/kitaru/static/" in name and name.endswith(".js")
        ]
        sizes = {Path(name).name: len(gzip.compress(archive.read(name))) for name in scripts}
    assert sizes, "run `make lab` first"
    assert sum(sizes.values()) < 300_000, sizes
