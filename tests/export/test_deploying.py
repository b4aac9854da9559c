"""Deploying notebooks and scripts: exported, imported by a process of its own, frozen."""

from __future__ import annotations

import linecache
import sys
from typing import TYPE_CHECKING, Any

import pytest

from kitaru.errors import KitaruExportError, KitaruNotFoundError, KitaruUsageError
from kitaru.export.deploying import deploy_file, source_of_flow
from tests.export.notebooks import write

if TYPE_CHECKING:
    from pathlib import Path

    from kitaru.client.client import KitaruClient

CELL = """\
from dataclasses import dataclass
from kitaru import checkpoint, flow

@dataclass
class Report:
    topic: str
    text: str

@checkpoint
def look_up(topic: str) -> str:
    return f"notes about {topic}"

@flow
def deployed_research(topic: str = "cats", depth: int = 1) -> Report:
    return Report(topic, look_up(topic) * depth)
"""


@pytest.fixture
def client(kitaru_home: object) -> KitaruClient:
    from kitaru.client import KitaruClient

    return KitaruClient()


def defined(source: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Run a cell as a kernel does; return its flow."""
    from types import ModuleType

    module = ModuleType("__main__")
    monkeypatch.setitem(sys.modules, "__main__", module)
    file = f"<cell {hash(source)}>"
    linecache.cache[file] = (len(source), None, source.splitlines(keepends=True), file)
    exec(compile(source, file, "exec"), module.__dict__)
    return module.__dict__["deployed_research"]


def test_a_notebook_is_deployed_without_running_it_here(tmp_path: Path, client: KitaruClient) -> None:
    scratch = "raise RuntimeError('scratch that no flow needs')"
    notebook = write(tmp_path, f"# --- a\n{CELL}\n# --- b\n{scratch}\n")
    (deployed,) = deploy_file(notebook, tags={"stable": True})
    assert (deployed["flow"], deployed["version"]) == ("deployed_research", 1)
    found = client.deployments.get("deployed_research", tag="stable")
    assert found.script is not None
    assert "def deployed_research(topic: str = " in found.script
    assert "scratch" not in found.script
    assert found.source == str(notebook)
    assert found.schema["properties"]["depth"] == {"type": "integer", "title": "Depth", "default": 1}


def test_the_frozen_code_is_the_versions_own_whatever_happens_to_the_files(
    tmp_path: Path, client: KitaruClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = tmp_path / "work.py"
    script.write_text(CELL)
    deploy_file(script)
    script.unlink()
    found = client.deployments.get("deployed_research")
    from kitaru.runtime.snapshot import load_flow, snapshot_id_of

    flow = load_flow(client.store.read("snapshot", snapshot_id=found.snapshot_id), client.store.payloads)
    assert snapshot_id_of(flow) == found.snapshot_id
    handle = flow.run("dogs", depth=2)
    assert handle.wait(30).text == "notes about dogsnotes about dogs"


def test_notebook_kernel_and_script_give_the_same_code(
    tmp_path: Path, client: KitaruClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    notebook = write(tmp_path, f"# --- a\n{CELL}")
    (by_file,) = deploy_file(notebook)
    monkeypatch.setenv("JPY_SESSION_NAME", str(notebook))
    by_kernel = defined(CELL, monkeypatch).deploy()
    assert by_kernel.version == 2
    assert by_kernel.snapshot_id == by_file["snapshot_id"]
    assert by_kernel.script == by_file["script"]
    assert by_kernel.schema == by_file["schema"]
    assert by_kernel.requirements == by_file["requirements"]


def test_the_main_part_of_a_script_is_not_run(tmp_path: Path, client: KitaruClient) -> None:
    script = tmp_path / "work.py"
    script.write_text(f"{CELL}\nif __name__ == '__main__':\n    raise SystemExit(7)\n")
    (deployed,) = deploy_file(script)
    assert deployed["version"] == 1


def test_a_dry_run_makes_nothing(tmp_path: Path, client: KitaruClient) -> None:
    script = tmp_path / "work.py"
    script.write_text(CELL)
    (shown,) = deploy_file(script, dry_run=True)
    assert (shown["version"], shown["tags"]) == (1, {})
    assert client.deployments.list() == []


def test_modules_beside_the_script_are_found(tmp_path: Path, client: KitaruClient) -> None:
    (tmp_path / "beside.py").write_text("WORD = 'kept'\n")
    script = tmp_path / "work.py"
    script.write_text(f"from beside import WORD\n{CELL}")
    assert deploy_file(script)[0]["version"] == 1


@pytest.mark.parametrize(
    ("text", "error", "told"),
    [
        ("def broken(:\n", KitaruUsageError, r"work.py, line 1: invalid syntax"),
        (
            "import no_such_module_here\n",
            KitaruUsageError,
            r"<work.py>, line 1: ModuleNotFoundError: .*cannot be imported",
        ),
        ("raise SystemExit(3)\n", KitaruUsageError, r"<work.py>, line 1: SystemExit: 3"),
        ("x = 1\n", KitaruNotFoundError, r"<work.py> defines no flow. Decorate one"),
    ],
    ids=["syntax", "import", "exit", "no flow"],
)
def test_a_script_that_cannot_be_deployed_is_told_why(
    tmp_path: Path, client: KitaruClient, text: str, error: type[Exception], told: str
) -> None:
    script = tmp_path / "work.py"
    script.write_text(text)
    with pytest.raises(error, match=told):
        deploy_file(script)
    assert client.deployments.list() == []


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(KitaruUsageError, match="cannot be read"):
        deploy_file(tmp_path / "none.py")


def test_an_unknown_flow_is_told_with_those_that_there_are(tmp_path: Path, client: KitaruClient) -> None:
    script = tmp_path / "work.py"
    script.write_text(CELL)
    with pytest.raises(KitaruNotFoundError, match=r"defines no flow other\. Its flows are deployed_research"):
        deploy_file(script, ["other"])


def test_a_notebook_that_cannot_be_exported_is_not_deployed(tmp_path: Path, client: KitaruClient) -> None:
    notebook = write(tmp_path, f"# --- a\n{CELL.replace('* depth', '* missing_name')}")
    with pytest.raises(KitaruExportError, match="missing_name"):
        deploy_file(notebook)


def test_a_flow_that_no_notebook_defines_says_why_there_is_no_script(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("JPY_SESSION_NAME", raising=False)
    source = source_of_flow(defined(CELL, monkeypatch))
    assert source.script is None
    assert source.script_note == "Nothing tells which notebook the flow was defined in."
    assert any(one.startswith("kitaru-jupyter==") for one in source.requirements)


def test_a_notebook_that_was_not_saved_gives_no_script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    notebook = write(tmp_path, f"# --- a\n{CELL}")
    monkeypatch.setenv("JPY_SESSION_NAME", str(notebook))
    source = source_of_flow(defined(CELL.replace("depth: int = 1", "depth: int = 3"), monkeypatch))
    assert source.script is None
    assert source.script_note is not None
    assert "The saved notebook defines deployed_research otherwise" in source.script_note
    assert source.path == str(notebook)
