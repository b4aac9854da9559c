from __future__ import annotations

import subprocess
import sys
import tomllib
from typing import TYPE_CHECKING

import pytest

from kitaru.errors import KitaruStateError
from kitaru.export.export import render_notebook
from kitaru.export.package import container_text, write_package
from tests.export.notebooks import ENVIRONMENT, write

if TYPE_CHECKING:
    from pathlib import Path

TEXT = """
# --- a
import inhouse
import yaml
import steps
from kitaru import checkpoint, flow

@checkpoint
def load(topic):
    return steps.shout(topic), inhouse, yaml

@flow
def research(topic: str = "cats"):
    return load(topic)
"""
PLAIN = TEXT.replace("import inhouse\nimport yaml\n", "").replace(", inhouse, yaml", "")


def written(folder: Path, text: str) -> Path:
    (folder / "steps.py").write_text("def shout(text):\n    return text.upper()\n")
    made = render_notebook(
        write(folder, text, "My work.ipynb"), output=folder / "out", environment=ENVIRONMENT, takes_modules=True
    )
    return write_package(made, folder / "out", ENVIRONMENT)


def test_a_package_names_what_it_needs_and_takes_modules_beside_the_notebook_along(tmp_path: Path) -> None:
    root = written(tmp_path, TEXT)
    assert root == tmp_path / "out" / "my-work"
    project = tomllib.loads((root / "pyproject.toml").read_text())
    assert project["project"]["name"] == "my-work"
    assert project["project"]["dependencies"] == ["in-house", "kitaru-jupyter==1.0", "PyYAML==6.0.2"]
    assert project["project"]["scripts"] == {"my-work": "My_work_command:main"}
    assert project["tool"]["uv"]["sources"] == {"in-house": {"path": "/srv/in-house", "editable": True}}
    assert sorted(file.name for file in (root / "src").iterdir()) == ["My_work.py", "My_work_command.py", "steps.py"]


def test_a_package_that_was_edited_by_hand_is_kept(tmp_path: Path) -> None:
    project = written(tmp_path, TEXT) / "pyproject.toml"
    written(tmp_path, TEXT)
    project.write_text(project.read_text().replace('version = "0"', 'version = "1"'))
    with pytest.raises(KitaruStateError, match="was edited by hand"):
        written(tmp_path, TEXT)


@pytest.mark.slow
def test_a_package_is_installed_by_pip_and_its_command_runs_the_flow(tmp_path: Path) -> None:
    root = written(tmp_path, PLAIN)
    target = tmp_path / "installed"
    command = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--no-build-isolation", "--no-index"]
    subprocess.run([*command, "--target", target, root], check=True, timeout=100, capture_output=True)
    program = f"import sys; sys.path.insert(0, {str(target)!r}); from My_work_command import main; main()"
    ended = subprocess.run(
        [sys.executable, "-c", program, "--topic", "dogs"], capture_output=True, text=True, timeout=60, check=False
    )
    assert (ended.returncode, ended.stdout) == (0, "DOGS\n"), ended.stderr


def test_a_container_recipe_installs_what_the_script_needs_and_runs_it(tmp_path: Path) -> None:
    (tmp_path / "steps.py").write_text("def shout(text): return text")
    made = render_notebook(write(tmp_path, TEXT), environment=ENVIRONMENT)
    text, notes = container_text(made, ENVIRONMENT)
    assert text.splitlines()[2:] == [
        "FROM docker.io/library/python:3.11-slim",
        "ENV PYTHONUNBUFFERED=1 KITARU_HOME=/data",
        "WORKDIR /app",
        "COPY wheels/ /wheels/",
        "RUN pip install --no-cache-dir /wheels/*.whl",
        "RUN pip install --no-cache-dir \\",
        '    "kitaru-jupyter==1.0" \\',
        '    "PyYAML==6.0.2"',
        "COPY work.py steps.py ./",
        "RUN useradd --create-home app && mkdir -p /data && chown app /data",
        "USER app",
        "VOLUME /data",
        'ENTRYPOINT ["python", "work.py"]',
    ]
    assert notes == [
        (
            f"in-house was installed from /srv/in-house: make its wheel for the recipe, pip wheel --no-deps -w "
            f"{tmp_path / 'wheels'} /srv/in-house"
        )
    ]
