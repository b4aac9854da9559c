"""Deploying on the command line: deploy, build, and the versions of flows."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from kitaru.cli.deploy import split_target
from kitaru.client.answers import user_name

SCRIPT = """\
from kitaru import flow

@flow
def command_greeting(name: str, words: int = 2) -> str:
    "Greet somebody."
    print("greeting", name)
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
    assert "7 lines" in result.stdout
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


def test_a_version_is_invoked_and_its_result_printed(
    kitaru: Any, item: Any, script: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KITARU_STORE", "service")
    item("deploy", script, "--tag", "stable", "--exclusive")
    # For a text 42 is a text.
    result = kitaru(
        "invoke", "command_greeting", "--tag", "stable", "--param", "name=42", "--param", "words=1", "--wait"
    )
    assert result.exit_code == 0, result.stderr
    assert "is completed: 'Hello 42'" in result.stdout
    (script.parent / "inputs.json").write_text('{"name": "Ada", "words": 1}')
    queued = item("invoke", "command_greeting", "--inputs", f"@{script.parent / 'inputs.json'}")
    assert (queued["flow_name"], queued["deployment_version"]) == ("command_greeting", 1)
    assert (queued["invoked_by"], queued["invoked_via"]) == (user_name(), "cli")
    monkeypatch.setenv("COLUMNS", "160")
    assert f"{user_name()}, on the command line" in kitaru("flow", "deployments", "show", "command_greeting").stdout
    logs = kitaru("flow", "deployments", "logs", "command_greeting", "--follow")
    assert "greeting Ada" in logs.stdout, logs.stderr
    told = item("flow", "deployments", "curl", "command_greeting", "--tag", "stable")
    assert told["url"].endswith("/deployments/command_greeting/invoke?tag=stable")
    assert told["body"] == {"name": "...", "words": 2}
    token = kitaru("service", "token").stdout.strip()
    command = kitaru("flow", "deployments", "curl", "command_greeting").stdout
    assert token not in command
    ran = subprocess.run(
        ["sh", "-c", command],
        env={**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"},
        capture_output=True,
        check=True,
    )
    assert json.loads(ran.stdout)["flow"] == "command_greeting"


def test_a_schedule_is_made_listed_and_given_up(kitaru: Any, item: Any, script: Path) -> None:
    item("deploy", script)
    words = ("--cron", "0 3 * * *", "--timezone", "Asia/Tokyo", "--param", "name=42")
    made = kitaru("schedule", "create", "nightly", "command_greeting", *words)
    assert (made.exit_code, "03:00:00 JST" in made.stdout) == (0, True), made.stderr
    assert item("schedule", "list")[0]["inputs"] == {"name": "42"}
    assert item("schedule", "pause", "nightly")["next_runs"] == []
    assert len(item("schedule", "resume", "nightly")["next_runs"]) == 3
    assert "0 3 * * * Asia/Tokyo" in kitaru("schedule", "show", "nightly").stdout
    assert kitaru("schedule", "delete", "nightly").exit_code == 0
    assert kitaru("schedule", "show", "nightly").exit_code == 3


WRONG = [
    (("--param", "name"), 2, "write NAME=JSON"),
    (("--inputs", "@none.json"), 2, "cannot be read"),
    (("--inputs", "[1]"), 2, "takes a JSON object"),
    (("--param", "other=1"), 2, "Its parameters are: name, words"),
    (("--tag", "none"), 3, "has the tag none"),
]


def test_an_invocation_that_is_wrong_is_told(kitaru: Any, item: Any, script: Path) -> None:
    item("deploy", script)
    results = [kitaru("invoke", "command_greeting", *words) for words, _, _ in WRONG]
    assert [result.exit_code for result in results] == [status for _, status, _ in WRONG]
    assert [told in result.stderr for result, (_, _, told) in zip(results, WRONG, strict=True)] == [True] * len(WRONG)


def test_a_target_is_a_file_and_perhaps_a_flow() -> None:
    assert split_target("a.ipynb:f") == ("a.ipynb", ["f"])
    assert split_target("a.py") == ("a.py", [])
