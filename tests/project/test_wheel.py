from __future__ import annotations

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
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
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
