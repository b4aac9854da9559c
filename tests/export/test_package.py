from __future__ import annotations

import json
import os
import shlex
import shutil
import site
import subprocess
import sys
import tomllib
import venv
from importlib import metadata
from pathlib import Path

import pytest

import kitaru
from kitaru.errors import KitaruStateError
from kitaru.export.environment import Environment
from kitaru.export.export import render_notebook
from kitaru.export.package import container_text, write_container, write_package
from tests.export.notebooks import ENVIRONMENT, write

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


class Container:
    """Follows a recipe as a builder of images does, in folders of this machine and a new environment of Python.

    The environment sees what is installed here, so that nothing is fetched; of the system's users nothing is made.
    """

    def __init__(self, context: Path, root: Path) -> None:
        self.context, self.root = context, root
        self.folder = root
        self.environment = {"HOME": str(root), "PIP_NO_INDEX": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
        self.followed: list[str] = []
        self.entry: list[str] = []
        self._steps = {
            "FROM": self._from,
            "ENV": self._env,
            "WORKDIR": self._workdir,
            "COPY": self._copy,
            "RUN": self._run,
            "USER": self._user,
            "VOLUME": self._volume,
            "ENTRYPOINT": self._entrypoint,
        }
        venv.create(root / "python", with_pip=True)
        (found,) = (root / "python").glob("lib/python*/site-packages")
        here = [*site.getsitepackages(), str(Path(kitaru.__file__).parents[1])]
        (found / "here.pth").write_text("\n".join(here))

    def follow(self, recipe: str) -> None:
        for line in recipe.replace("\\\n", " ").splitlines():
            word, _, rest = line.partition(" ")
            if word and not word.startswith("#"):
                self.followed.append(word)
                self._steps[word](rest)

    def start(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return self._shell(shlex.join([*self.entry, *arguments]))

    def _from(self, rest: str) -> None:
        assert rest.endswith(f":3.{sys.version_info.minor}-slim")

    def _env(self, rest: str) -> None:
        self.environment |= dict(pair.split("=", 1) for pair in shlex.split(rest))

    def _workdir(self, rest: str) -> None:
        self.folder = self._inside(rest)
        self.folder.mkdir()

    def _copy(self, rest: str) -> None:
        *sources, target = shlex.split(rest)
        for source in sources:
            if source.endswith("/"):
                shutil.copytree(self.context / source, self._inside(target))
            else:
                shutil.copy(self.context / source, self._inside(target))

    def _run(self, rest: str) -> None:
        command = rest.replace(" /wheels", f" {self.root}/wheels").replace("/data", f"{self.root}/data")
        done = self._shell(f'useradd() {{ test "$1" = --create-home; }}; chown() {{ test -d "$2"; }}; {command}')
        assert done.returncode == 0, done.stdout + done.stderr

    def _user(self, rest: str) -> None:
        assert rest == "app"

    def _volume(self, rest: str) -> None:
        assert self._inside(rest).is_dir()

    def _entrypoint(self, rest: str) -> None:
        self.entry = json.loads(rest)

    def _inside(self, place: str) -> Path:
        return self.root / place.lstrip("/") if place.startswith("/") else self.folder / place

    def _shell(self, command: str) -> subprocess.CompletedProcess[str]:
        environment = {**self.environment, "PATH": f"{self.root}/python/bin{os.pathsep}{os.environ['PATH']}"}
        environment["KITARU_HOME"] = str(self._inside(environment["KITARU_HOME"]))
        return subprocess.run(
            ["/bin/sh", "-c", command],
            cwd=self.folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )


IN_CONTAINER = """
# --- a
import inhouse
import steps
from kitaru import checkpoint, flow

@checkpoint
def load(topic):
    return steps.shout(topic) + "!" * inhouse.TIMES

@flow
def research(topic: str = "cats"):
    return load(topic)
"""
PROJECT = """
[project]
name = "in-house"
version = "1"
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"
[tool.hatch.build.targets.wheel]
packages = ["inhouse"]
"""


@pytest.mark.slow
def test_the_steps_of_a_container_recipe_lead_to_a_script_that_runs(tmp_path: Path) -> None:
    files = {
        "context/steps.py": "from words import upper\n\ndef shout(text):\n    return upper(text)\n",
        "context/words/__init__.py": "import yaml\n\ndef upper(text):\n    return yaml.safe_load(text.upper())\n",
        "in-house/inhouse/__init__.py": "TIMES = 2\n",
        "in-house/pyproject.toml": PROJECT,
    }
    for place, text in files.items():
        (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / place).write_text(text)
    environment = Environment(
        f"3.{sys.version_info.minor}",
        ENVIRONMENT.modules,
        {name: metadata.version(name) for name in ("kitaru-jupyter", "pyyaml")} | {"in-house": "1"},
        {"in-house": {"path": str(tmp_path / "in-house")}},
    )
    made = render_notebook(write(tmp_path / "context", IN_CONTAINER), environment=environment)
    made.path.write_text(made.text)
    recipe, notes = write_container(made, environment)
    for note in notes:
        wheel = shlex.split(note.partition("for the recipe, ")[2])
        subprocess.run([sys.executable, "-m", *wheel, "--no-build-isolation", "--no-index"], check=True, timeout=300)
    container = Container(tmp_path / "context", tmp_path / "root")
    container.follow(recipe.read_text())
    assert container.followed[0] == "FROM"
    ended = container.start("--topic", "dogs")
    assert (ended.returncode, ended.stdout) == (0, "DOGS!!\n"), ended.stderr


def test_what_modules_beside_the_notebook_need_is_needed_too(tmp_path: Path) -> None:
    (tmp_path / "steps.py").write_text(
        "import helpers\ntry:\n    import nothing_that_must_be\nexcept ImportError: pass\n"
    )
    (tmp_path / "helpers").mkdir()
    (tmp_path / "helpers" / "__init__.py").write_text("from . import frames\n")
    (tmp_path / "helpers" / "frames.py").write_text("def load():\n    import pandas\n    return pandas\n")
    needed = render_notebook(write(tmp_path, PLAIN), environment=ENVIRONMENT).dependencies
    assert set(needed.local) == {"steps", "helpers"}
    assert needed.requirements["pandas"] == "pandas==2.2.3"
    assert needed.problems == []
