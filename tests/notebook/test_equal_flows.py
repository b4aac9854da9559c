"""A flow that a cell makes is equal in every respect to one that is made by decorators."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import cloudpickle
import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from kitaru import KitaruClient
from kitaru.code import code_identity
from kitaru.runtime.snapshot import load_flow, snapshot_id_of

if TYPE_CHECKING:
    from pathlib import Path

CELL = """%%kitaru_flow article -p topic="Tea" --no-run
def research(topic: str) -> list[str]:
    return [f"{topic} is old", f"{topic} is loved"]

def draft(facts: list[str], end: str = ".") -> str:
    return ". ".join(facts) + end

facts = research(topic)
shortest = min(facts, key=lambda fact: (len(fact), topic))
draft([shortest, *facts])
"""
DECORATED = """import kitaru

@kitaru.checkpoint
def research(topic: str) -> list[str]:
    return [f"{topic} is old", f"{topic} is loved"]

@kitaru.checkpoint
def draft(facts: list[str], end: str = ".") -> str:
    return ". ".join(facts) + end

@kitaru.flow
def article(topic: str = "Tea"):
    facts = research(topic)
    shortest = min(facts, key=lambda fact: (len(fact), topic))
    return draft([shortest, *facts])
"""
RESULT = "Tea is old. Tea is old. Tea is loved."


@pytest.fixture
def made(run: Any, shell: Any) -> dict[str, Any]:
    """The flow of the cell and the decorated one, each with its checkpoints."""
    found = {}
    for name, text in (("cell", CELL), ("decorated", DECORATED)):
        run(text)
        found[name] = {key: shell.user_ns[key] for key in ("article", "research", "draft")}
    return found


def both(made: dict[str, Any]) -> list[tuple[Any, Any]]:
    """Each of the two flows with the other one."""
    flows = made["cell"]["article"], made["decorated"]["article"]
    return [flows, flows[::-1]]


def calls(exec_id: str) -> dict[str, str | None]:
    return {call.name: call.reused for call in KitaruClient().executions.get(exec_id).checkpoints}


def test_name_parameters_code_and_snapshot_are_the_same(made: dict[str, Any]) -> None:
    cell, decorated = made["cell"], made["decorated"]
    assert cell["article"].name == decorated["article"].name
    assert cell["article"].signature == decorated["article"].signature
    assert type(cell["article"]) is type(decorated["article"])
    assert code_identity(cell["article"].function) == code_identity(decorated["article"].function)
    assert snapshot_id_of(cell["article"]) == snapshot_id_of(decorated["article"])


def test_each_finds_the_others_work_in_the_cache(made: dict[str, Any]) -> None:
    for first, second in both(made):
        KitaruClient().purge_cache()
        assert first.run().wait() == RESULT
        handle = second.run()
        assert handle.wait() == RESULT
        assert calls(handle.exec_id) == {"research": "cache", "draft": "cache"}


def test_each_replays_what_the_other_recorded(made: dict[str, Any]) -> None:
    for first, second in both(made):
        recorded = first.run()
        recorded.wait()
        handle = second.replay(recorded.exec_id, at="draft", checkpoint_overrides={"draft": {"input": {"end": "!"}}})
        assert handle.wait() == RESULT[:-1] + "!"
        assert calls(handle.exec_id)["research"] is not None


def test_both_are_pickled_and_work_in_another_process(made: dict[str, Any], tmp_path: Path) -> None:
    program = "import pickle, sys; print(pickle.load(open(sys.argv[1], 'rb')).run('Rain').wait())"
    for flows in made.values():
        (tmp_path / "flow.pickle").write_bytes(cloudpickle.dumps(flows["article"]))
        done = subprocess.run(
            [sys.executable, "-c", program, str(tmp_path / "flow.pickle")],
            env=_environment(tmp_path), capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip
        assert done.stdout.strip() == "Rain is old. Rain is old. Rain is loved.", done.stderr


def _environment(folder: Path) -> dict[str, str]:
    return {**os.environ, "KITARU_HOME": str(folder / "another-home")}


def test_both_come_back_from_their_snapshots_as_they_were(made: dict[str, Any]) -> None:
    client = KitaruClient()
    for flows in made.values():
        handle = flows["article"].run("Snow")
        handle.wait()
        row = client.store.read("snapshot", snapshot_id=client.executions.get(handle.exec_id).snapshot_id)
        again = load_flow(row, client.store.payloads)
        assert snapshot_id_of(again) == snapshot_id_of(flows["article"])
        assert again.run("Snow").wait() == handle.wait()


def test_both_become_scripts_with_the_same_code(
    made: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    identities = []
    for name, text in (("cell", CELL), ("decorated", DECORATED)):
        notebook = tmp_path / f"{name}.ipynb"
        nbformat.write(new_notebook(cells=[new_code_cell(text)]), notebook)
        monkeypatch.setenv("JPY_SESSION_NAME", str(notebook))
        script = _imported(made[name]["article"].export())
        identities.append([code_identity(_function(getattr(script, one))) for one in ("article", "research", "draft")])
        assert script.article.signature.parameters["topic"].default == "Tea"
    in_notebook = [code_identity(_function(made["cell"][one])) for one in ("article", "research", "draft")]
    assert identities == [in_notebook, in_notebook]


def test_both_deploy_the_same_version_of_the_same_flow(
    made: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deployed = []
    for name, text in (("cell", CELL), ("decorated", DECORATED)):
        notebook = tmp_path / name / "work.ipynb"
        notebook.parent.mkdir()
        nbformat.write(new_notebook(cells=[new_code_cell(text)]), notebook)
        monkeypatch.setenv("JPY_SESSION_NAME", str(notebook))
        deployed.append(made[name]["article"].deploy(tags={"stable": True}))
    cell, decorated = deployed
    assert [(one.flow, one.version) for one in deployed] == [("article", 1), ("article", 2)]
    same = ("snapshot_id", "schema", "requirements", "stack", "script_note", "notes", "python", "kitaru")
    assert {name: getattr(cell, name) for name in same} == {name: getattr(decorated, name) for name in same}
    assert cell.has_script
    assert decorated.has_script
    held = KitaruClient().deployments.get
    assert (held("article").version, held("article", tag="stable").version) == (1, 2)


def _function(made: Any) -> Any:
    return getattr(made, "function", None) or made.__wrapped__


def _imported(script: Path) -> Any:
    spec = importlib.util.spec_from_file_location(f"script_of_{script.stem}", script)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module
