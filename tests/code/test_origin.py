from __future__ import annotations

import json
import sys
import types
from importlib.metadata import version

import pytest

import kitaru.code
from kitaru.code.origin import find_module, is_user_class, is_user_function, is_user_module, library_version


@pytest.mark.parametrize("name", ["__main__", "__mp_main__", None, __name__, "not_imported_anywhere"])
def test_user_modules(name):
    assert is_user_module(name)


@pytest.mark.parametrize("name", ["json", "sys", "builtins", "numpy", "pytest", "kitaru", "kitaru.code", "xml.dom"])
def test_libraries(name):
    assert not is_user_module(name)


def test_a_local_module_and_a_package_without_init_are_the_users(import_module):
    import_module("local_package.local_module", "")
    assert is_user_module("local_package.local_module")
    assert is_user_module("local_package")


def test_a_module_made_by_hand_is_the_users(monkeypatch):
    monkeypatch.setitem(sys.modules, "made_by_hand", types.ModuleType("made_by_hand"))
    assert is_user_module("made_by_hand")


def test_functools_wraps_does_not_make_a_librarys_function_the_users(new_cells):
    cells = new_cells("import contextlib", "@contextlib.contextmanager\ndef step(): yield")
    assert cells["step"].__module__ == "__main__"
    assert not is_user_function(cells["step"])
    assert is_user_function(cells["step"].__wrapped__)


def test_a_class_made_by_exec_without_a_module_is_the_users():
    names: dict[str, object] = {}
    exec("class A: pass", names)
    assert is_user_class(names["A"])
    assert not is_user_class(json.JSONDecoder)


def test_versions_come_from_the_distribution_whatever_the_module_is_called():
    assert library_version("PIL.Image") == version("pillow")
    assert library_version("json") == library_version("kitaru.code") == library_version("no_such_module") == ""


def test_a_module_is_found_without_importing_it_or_its_package(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "unimported").mkdir()
    (tmp_path / "unimported" / "__init__.py").write_text("raise RuntimeError", encoding="utf-8")
    (tmp_path / "unimported" / "inner.py").write_text("", encoding="utf-8")
    assert find_module("unimported.inner").origin == str(tmp_path / "unimported" / "inner.py")
    assert find_module("unimported.other") is None
    assert "unimported" not in sys.modules


def test_the_package_imports_nothing_else_of_kitaru():
    import subprocess

    program = "import sys, kitaru.code; print(*sorted(n for n in sys.modules if n.startswith('kitaru.')))"
    root = str(types.SimpleNamespace(p=kitaru.code.__path__[0]).p).removesuffix("/kitaru/code")
    env = {"PYTHONPATH": root, "PATH": ""}
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, env=env)
    names = done.stdout.split()
    assert {name for name in names if not name.startswith("kitaru.code")} <= {"kitaru.errors", "kitaru.version"}
