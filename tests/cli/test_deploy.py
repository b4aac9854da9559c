"""Deploying on the command line: deploy, build, and the versions of flows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from kitaru.cli.deploy import split_target

if TYPE_CHECKING:
    from pathlib import Path

SCRIPT = """\
from kitaru import flow

@flow
def command_greeting(name: str, words: int = 2) -> str:
    "Greet somebody."
    return f"Hello {name}" * words
"""


@pytest.fixture
def script(tmp_path: Path) -> Path:
    file = tmp_path / "greeting.py"
    file.write_text(SCRIPT)
    return file


def test_a_deployment_says_how_it_is_run(kitaru: Any, script: Path) -> None:
    result = kitaru("deploy", script)
    assert result.exit_code == 0, result.stderr
    assert result.stdout == (
        "command_greeting: version 1, tagged default. Run it: kitaru invoke command_greeting --param name=...\n"
    )


def test_a_build_shows_what_a_deployment_would_contain(kitaru: Any, script: Path) -> None:
    result = kitaru("build", f"{script}:command_greeting")
    assert result.exit_code == 0, result.stderr
    assert "name: string, words: integer = 2" in " ".join(result.stdout.split())
    assert "6 lines" in result.stdout
    assert "No flow has" in kitaru("flow", "deployments", "list").stdout


def test_versions_are_listed_shown_tagged_and_deleted(kitaru: Any, item: Any, script: Path) -> None:
    item("deploy", script)
    item("deploy", script, "--tag", "stable", "--exclusive")
    assert [(one["version"], one["tags"]) for one in item("flow", "deployments", "list", "command_greeting")] == [
        (2, {"stable": True}),
        (1, {"default": True}),
    ]
    assert item("flow", "tag", "command_greeting", "default", "--version", "2")["tags"] == {
        "default": True,
        "stable": True,
    }
    assert item("flow", "deployments", "show", "command_greeting")["version"] == 2
    assert item("flow", "untag", "command_greeting", "stable", "--version", 2)["tags"] == {"default": True}
    assert item("flow", "deployments", "delete", "command_greeting", "--version", 1) == {
        "flow": "command_greeting",
        "version": 1,
    }
    refused = kitaru("flow", "deployments", "delete", "command_greeting", "--version", 2)
    assert refused.exit_code == 4
    assert "Move the tag to another version first" in refused.stderr


def test_a_flow_is_shown_with_its_versions_and_runs(kitaru: Any, item: Any, script: Path) -> None:
    item("deploy", script)
    shown = kitaru("flow", "show", "command_greeting").stdout
    assert "Greet somebody." in shown
    assert "name: string" in shown
    (listed,) = item("flow", "list")
    assert listed == {"flow": "command_greeting", "executions": 0, "failed": 0, "versions": 1, "tags": ["default"]}


def test_a_versions_script_and_requirements_are_printed(kitaru: Any, item: Any, script: Path) -> None:
    item("deploy", script)
    assert kitaru("flow", "deployments", "show", "command_greeting", "--script").stdout == SCRIPT
    assert "kitaru-jupyter==" in kitaru("flow", "deployments", "show", "command_greeting", "--requirements").stdout


@pytest.mark.parametrize(
    ("words", "status", "told"),
    [
        (("flow", "show", "none"), 3, "No flow none ran here"),
        (("flow", "deployments", "show", "none"), 3, "Flow none has no deployment"),
        (("deploy", "none.ipynb"), 3, "none.ipynb"),
        (("deploy", "none.py"), 2, "cannot be read"),
        (("deploy", "x.py", "--tag", "two words"), 2, "is no tag"),
    ],
    ids=["flow", "deployment", "notebook", "script", "tag"],
)
def test_what_is_wrong_is_told_with_the_exit_status_for_it(kitaru: Any, words: Any, status: int, told: str) -> None:
    result = kitaru(*words)
    assert (result.exit_code, told in result.stderr) == (status, True), result.stderr


def test_a_target_is_a_file_and_perhaps_a_flow() -> None:
    assert split_target("a.ipynb:f") == ("a.ipynb", ["f"])
    assert split_target("a.py") == ("a.py", [])
