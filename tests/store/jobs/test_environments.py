"""Environments that are built for jobs whose locked requirements an interpreter does not have."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import zipfile
from base64 import urlsafe_b64encode
from importlib import metadata
from typing import TYPE_CHECKING

import pytest

from kitaru.errors import KitaruFeatureNotAvailableError, KitaruRuntimeError
from kitaru.store.jobs import environments
from kitaru.store.jobs.environments import Interpreters, interpreter_for
from tests.conftest import until

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

HERE = f"orjson=={metadata.version('orjson')}"


def wheel(folder: Path, beside: Sequence[str] = ()) -> str:
    """Make a distribution that no index has, and that brings along what is in these folders; return its requirement."""
    folder.mkdir(exist_ok=True)
    path, info = folder / "tinykit-1.0-py3-none-any.whl", "tinykit-1.0.dist-info"
    files = {
        "tinykit.py": "answer = 42\n",
        "tinykit_beside.pth": "\n".join(beside) + "\n",
        f"{info}/METADATA": "Metadata-Version: 2.1\nName: tinykit\nVersion: 1.0\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    lines = [f"{info}/RECORD,,"]
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
            digest = urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
            lines.append(f"{name},sha256={digest},{len(text)}")
        archive.writestr(f"{info}/RECORD", "\n".join(lines) + "\n")
    return f"tinykit @ {path.as_uri()}"


def test_an_interpreter_that_has_what_is_asked_for_is_taken(tmp_path: Path) -> None:
    assert interpreter_for(sys.executable, [HERE, "kitaru-jupyter==0.0.0"], tmp_path) == sys.executable
    assert list(tmp_path.iterdir()) == []


def test_another_environment_is_built_once_and_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    needed = [wheel(tmp_path / "wheels")]
    python = interpreter_for(sys.executable, needed, tmp_path)
    said = subprocess.run(
        [python, "-c", "import tinykit; print(tinykit.answer)"], capture_output=True, text=True, check=True
    )
    assert said.stdout == "42\n"
    monkeypatch.setattr(environments, "_run", pytest.fail)
    assert interpreter_for(sys.executable, needed, tmp_path) == python
    assert interpreter_for(python, needed, tmp_path) == python


def test_what_was_left_half_built_is_built_anew(tmp_path: Path) -> None:
    needed = [wheel(tmp_path / "wheels")]
    python = interpreter_for(sys.executable, needed, tmp_path)
    (ready,) = tmp_path.glob("environments/*/ready")
    ready.unlink()
    (ready.parent / "pyvenv.cfg").unlink()
    assert interpreter_for(sys.executable, needed, tmp_path) == python
    assert ready.exists()


def test_where_uv_is_not_installed_it_is_said_what_differs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environments, "_find_uv", lambda: None)
    with pytest.raises(KitaruFeatureNotAvailableError, match=r"orjson==0.0.1 \(it has .*pip install uv"):
        interpreter_for(sys.executable, ["orjson==0.0.1"], tmp_path)


def test_what_cannot_be_installed_is_said_in_the_words_of_uv(tmp_path: Path) -> None:
    missing = f"tinykit @ {(tmp_path / 'no-such-1.0-py3-none-any.whl').as_uri()}"
    with pytest.raises(KitaruRuntimeError, match=r"cannot be built.*tinykit"):
        interpreter_for(sys.executable, [missing], tmp_path)
    assert list(tmp_path.glob("environments/*/ready")) == []


def test_an_interpreter_is_found_in_the_background_and_what_is_wrong_is_told_then(tmp_path: Path) -> None:
    found = Interpreters(tmp_path, lambda: None)
    assert found.of("/any/python", None) == "/any/python"
    assert until(lambda: found.of(sys.executable, HERE)) == sys.executable

    def told() -> str:
        try:
            found.of(str(tmp_path / "gone"), HERE)
        except KitaruRuntimeError as error:
            return str(error)
        return ""

    assert "does not say what is installed" in until(told)
