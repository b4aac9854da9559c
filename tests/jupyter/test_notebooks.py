"""Saved notebooks as scripts and as deployments, made by the Python of their kernel."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

import pytest

from kitaru import KitaruClient
from kitaru.jupyter.notebooks import _failure, _interpreter

if TYPE_CHECKING:
    from pathlib import Path

    from tests.jupyter.conftest import Ask

SOURCES = ["from kitaru import flow", '@flow\ndef greet(name: str = "you") -> str:\n    return f"Hello {name}"']


def written(path: Path, *sources: str, kernel: str = "python3") -> Path:
    cells = [{"cell_type": "code", "id": f"c{n}", "metadata": {}, "source": text} for n, text in enumerate(sources)]
    metadata = {"kernelspec": {"name": kernel, "language": "python", "display_name": "Python 3"}}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}))
    return path


@pytest.fixture
def notebook(kitaru_home: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, jp_root_dir: Path) -> Path:
    monkeypatch.setenv("KITARU_STORE", "service")
    (tmp_path / "user").mkdir()  # Jupyter's search for kernels asks IPython for its folder, which warns otherwise
    return written(jp_root_dir / "work" / "hello.ipynb", *SOURCES)


def test_the_flows_of_a_saved_notebook_are_named_without_running_it(ask: Ask, notebook: Path) -> None:
    told = ask("notebook/flows", path="work/hello.ipynb").json
    assert told == {"flows": ["greet"], "interpreter": sys.executable}


def test_a_notebook_that_is_not_there_or_not_here_is_refused(ask: Ask, notebook: Path) -> None:
    paths = {"work/none.ipynb": 404, "work": 404, "none/a.ipynb": 404, "../out.ipynb": 400, "a\0b": 400, "": 404}
    for path, status in paths.items():
        assert (path, ask("notebook/flows", path=path).status) == (path, status)
        assert (path, ask("notebook/export", "POST", {}, path=path).status) == (path, status)


def test_a_path_must_be_given(ask: Ask, notebook: Path) -> None:
    told = ask("notebook/flows")
    assert (told.status, told.json["places"][0]["place"]) == (400, "path")


def test_what_is_no_notebook_is_said_to_be_none(ask: Ask, notebook: Path) -> None:
    notebook.write_text("{")
    told = ask("notebook/flows", path="work/hello.ipynb")
    assert (told.status, told.json["reason"]) == (422, "KitaruExportError")


@pytest.mark.slow
def test_a_script_is_written_beside_the_notebook_and_not_over_what_was_edited(ask: Ask, notebook: Path) -> None:
    told = ask("notebook/export", "POST", {"flows": ["greet"]}, path="work/hello.ipynb")
    assert (told.status, told.json["path"]) == (200, "work/greet.py")
    script = notebook.with_name("greet.py")
    assert "def greet(name" in script.read_text()
    script.write_text(script.read_text() + "# mine\n")
    refused = ask("notebook/export", "POST", {"flows": ["greet"]}, path="work/hello.ipynb")
    assert (refused.status, "edited by hand" in refused.json["message"]) == (409, True)
    assert "# mine" in script.read_text()
    assert ask("notebook/export", "POST", {"flows": ["greet"], "force": True}, path="work/hello.ipynb").status == 200
    assert "# mine" not in script.read_text()


@pytest.mark.slow
def test_what_keeps_a_notebook_from_becoming_a_script_is_told_with_its_cell(ask: Ask, notebook: Path) -> None:
    written(notebook, *SOURCES[:1], "@flow\ndef greet():\n    return missing")
    told = ask("notebook/export", "POST", {}, path="work/hello.ipynb")
    assert (told.status, told.json["reason"]) == (422, "KitaruExportError")
    assert "cell 2" in told.json["message"]
    assert "missing" in told.json["message"]
    assert not notebook.with_name("hello.py").exists()


@pytest.mark.slow
def test_a_flow_of_a_notebook_is_deployed_into_the_home_of_its_folder(ask: Ask, served: Path, notebook: Path) -> None:
    body = {"flow": "greet", "tags": ["stable"], "exclusive": True}
    (told,) = ask("notebook/deploy", "POST", body, path="work/hello.ipynb").json
    assert (told["version"], told["tags"], told["source"]) == (1, {"default": True, "stable": True}, str(notebook))
    assert KitaruClient().deployments.get("greet").script
    written(notebook, *SOURCES, "raise OSError('no')", "@flow\ndef broken():\n    return 1 +")
    refused = ask("notebook/deploy", "POST", {"flow": "broken"}, path="work/hello.ipynb")
    assert (refused.status, "cell 4" in refused.json["message"]) == (422, True)
    assert len(KitaruClient().deployments.list()) == 1


class Specs:
    """Kernel specs whose Python is what a test says."""

    def __init__(self, *argv: str) -> None:
        self.argv = argv

    def get_kernel_spec(self, name: str) -> Any:
        return self


@pytest.mark.parametrize(
    ("argv", "expected"),
    [
        (("{other}", "-m", "ipykernel_launcher", "-f", "x"), "{other}"),
        (("python", "-m", "ipykernel_launcher"), sys.executable),
        (("{other}", "-m", "bash_kernel"), sys.executable),
        (("/no/such/python", "-m", "ipykernel_launcher"), sys.executable),
        ((), sys.executable),
    ],
)
def test_the_python_of_the_kernel_is_taken_where_it_can_be_run(
    tmp_path: Path, argv: tuple[str, ...], expected: str
) -> None:
    other = tmp_path / "python3"
    other.touch()
    request: Any = type("Request", (), {"kernel_specs": Specs(*(part.format(other=other) for part in argv))})()
    notebook = written(tmp_path / "a.ipynb")
    assert _interpreter(request, notebook) == expected.format(other=other)


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (b"/usr/bin/python3: No module named kitaru\n", "python3 -m pip install kitaru-jupyter"),
        (b"Note: x\nSegmentation fault", "ended with status 1: Segmentation fault"),
        (b"", "it said nothing"),
    ],
)
def test_a_kernel_that_cannot_do_it_says_why(said: bytes, told: str) -> None:
    import subprocess

    assert told in str(_failure("python3", subprocess.CompletedProcess([], 1, b"", said)))
