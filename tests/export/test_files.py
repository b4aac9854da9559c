from __future__ import annotations

import json
import os
import stat
import sys
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner

from kitaru.cli import app
from kitaru.errors import KitaruExportError, KitaruStateError, KitaruUsageError
from kitaru.export.export import export_notebook, module_name
from kitaru.export.files import write_whole
from tests.export.notebooks import notebook, write

if TYPE_CHECKING:
    from pathlib import Path

    from click.testing import Result

TEXT = """
# --- a
from kitaru import checkpoint, flow

@checkpoint
def load(topic):
    return topic.upper()

@flow
def research(topic: str = "cats"):
    return load(topic)
"""


def run(*words: str | Path) -> Result:
    return CliRunner().invoke(app, ["export", *map(str, words)])


def test_the_script_is_named_after_the_notebook_or_the_one_flow_that_is_asked_for(tmp_path: Path) -> None:
    path = write(tmp_path, TEXT, "01 my-notebook.ipynb")
    assert export_notebook(path).path == tmp_path / "notebook_01_my_notebook.py"
    assert export_notebook(path, ["research"], output=tmp_path / "out").path == tmp_path / "out" / "research.py"
    assert export_notebook(path, output=tmp_path / "any.py").path == tmp_path / "any.py"
    assert module_name("class") == "notebook_class"


def test_a_notebook_is_exported_without_running_or_importing_anything_of_it(tmp_path: Path) -> None:
    (tmp_path / "steps.py").write_text("raise RuntimeError('this module was imported')\n")
    scratch = f"\n# --- s\nimport steps\nopen('{tmp_path}/ran', 'w')\n!touch {tmp_path}/ran\n"
    made = run(write(tmp_path, TEXT.replace("topic.upper()", "steps.shout(topic)") + scratch))
    assert made.exit_code == 0, made.stderr
    assert "import steps" in (tmp_path / "work.py").read_text()
    assert "steps" not in sys.modules
    assert not (tmp_path / "ran").exists()


def test_the_script_may_be_executed(tmp_path: Path) -> None:
    made = export_notebook(write(tmp_path, TEXT))
    assert made.path.read_text().startswith("#!/usr/bin/env -S uv run --script\n")
    assert os.access(made.path, os.X_OK)


def test_exporting_again_writes_the_same_bytes(tmp_path: Path) -> None:
    path = write(tmp_path, TEXT)
    first = export_notebook(path).path.read_bytes()
    assert export_notebook(path).path.read_bytes() == first


def test_a_file_that_was_edited_by_hand_is_kept_unless_force_is_given(tmp_path: Path) -> None:
    path = write(tmp_path, TEXT)
    script = export_notebook(path).path
    edited = script.read_text().replace("upper", "lower")
    script.write_text(edited)
    with pytest.raises(
        KitaruStateError, match=r"was edited by hand: .* Move your changes to the notebook, or .*--force"
    ):
        export_notebook(path)
    assert script.read_text() == edited
    assert "upper" in export_notebook(path, force=True).path.read_text()


def test_a_file_that_no_export_wrote_is_kept(tmp_path: Path) -> None:
    (tmp_path / "work.py").write_text("print('mine')\n")
    with pytest.raises(KitaruStateError, match="was written by somebody else"):
        export_notebook(write(tmp_path, TEXT))
    assert (tmp_path / "work.py").read_text() == "print('mine')\n"


def test_line_ends_of_windows_are_no_edit(tmp_path: Path) -> None:
    path = write(tmp_path, TEXT)
    script = export_notebook(path).path
    script.write_bytes(script.read_bytes().replace(b"\n", b"\r\n"))
    export_notebook(path)


def test_a_notebook_that_cannot_be_exported_leaves_the_old_script(tmp_path: Path) -> None:
    path = write(tmp_path, TEXT)
    script = export_notebook(path).path
    before = script.read_bytes()
    write(tmp_path, TEXT.replace("topic.upper()", "missing(topic)"))
    with pytest.raises(KitaruExportError):
        export_notebook(path)
    assert script.read_bytes() == before


def test_nothing_half_written_stays_when_the_disk_refuses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "a.py"
    target.write_text("old")

    def refuse(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(KitaruUsageError, match=r"a.py cannot be written: No space left on device. Give another folder"):
        write_whole(target, "new")
    assert [file.name for file in tmp_path.iterdir() if file.is_file()] == ["a.py"]
    assert target.read_text() == "old"


def test_the_mode_of_a_file_is_kept(tmp_path: Path) -> None:
    target = tmp_path / "a.py"
    target.write_text("old")
    target.chmod(0o640)
    write_whole(target, "new", executable=True)
    assert stat.S_IMODE(target.stat().st_mode) == 0o640


def test_the_command_writes_prints_compares_and_checks(tmp_path: Path) -> None:
    path = write(tmp_path, TEXT)
    script = tmp_path / "out" / "work.py"
    shown = run(path, "--stdout")
    assert (shown.exit_code, script.exists()) == (0, False)
    assert run(path, "-o", tmp_path / "out", "--check").exit_code == 4

    written = run(path, "-o", tmp_path / "out")
    assert (written.exit_code, written.stdout.split(":")[0]) == (0, str(script))
    assert script.read_text() == shown.stdout
    assert run(path, "-o", tmp_path / "out", "--diff").stdout == ""
    checked = run(path, "-o", tmp_path / "out", "--check")
    assert (checked.exit_code, checked.stderr) == (0, "")
    assert "is up to date" in checked.stdout

    write(tmp_path, TEXT.replace("cats", "dogs"))
    changed = run(path, "-o", tmp_path / "out", "--diff")
    assert '-def research(topic: str = "cats"):' in changed.stdout
    assert '+def research(topic: str = "dogs"):' in changed.stdout
    stale = run(path, "-o", tmp_path / "out", "--check")
    assert (stale.exit_code, "is not what the notebook gives now" in stale.stderr) == (4, True)


def test_the_command_answers_in_json_and_in_exit_codes(tmp_path: Path) -> None:
    path = write(tmp_path, TEXT)
    item = json.loads(run(path, "--output", "json").stdout)["item"]
    assert (item["flows"], item["notes"]) == (["research"], [])
    assert any(requirement.startswith("kitaru-jupyter") for requirement in item["requirements"])
    assert run(path, "other").exit_code == 3
    assert run(tmp_path / "none.ipynb").exit_code == 3
    assert run(path, "--check", "--diff").exit_code == 2
    write(tmp_path, TEXT.replace("topic.upper()", "missing"))
    failed = run(path, "--output", "json")
    assert (failed.exit_code, json.loads(failed.stderr)["error"]["type"]) == (1, "KitaruExportError")


def test_nbconvert_knows_the_exporter(tmp_path: Path) -> None:
    import nbformat
    from nbconvert.exporters import get_exporter

    node = nbformat.from_dict(notebook(TEXT))
    exporter = get_exporter("kitaru")()
    text, resources = exporter.from_notebook_node(node, {"metadata": {"name": "work", "path": str(tmp_path)}})
    assert text == export_notebook(write(tmp_path, TEXT)).text
    assert resources["output_extension"] == ".py"
    assert exporter.output_mimetype == "text/x-python"
