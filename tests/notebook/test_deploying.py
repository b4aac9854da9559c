"""Deploying from a notebook: a real kernel makes the versions, is gone, and they run."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest

from kitaru import KitaruClient
from kitaru.errors import KitaruUsageError
from kitaru.store.service.process import stop_service
from tests.notebook.kernels import Kernel

if TYPE_CHECKING:
    from pathlib import Path

FLOW = """%%kitaru_flow article -p topic="cats" -p times:int=1 --no-run
def research(topic):
    return f"{topic} are old. "

research(topic) * times
"""


def test_a_flow_is_deployed_with_tags_and_defaults(run: Any, capsys: Any) -> None:
    run(FLOW)
    first = run("%kitaru deploy article -t canary -p topic='big dogs'")
    assert (first.version, first.tags) == (1, {"canary": False, "default": True})
    assert first.schema["properties"]["topic"]["default"] == "big dogs"
    assert "Run it in a worker: %kitaru invoke article\n" in capsys.readouterr().out
    second = run("%kitaru deploy article -t stable --exclusive")
    assert (second.version, second.tags) == (2, {"stable": True})
    assert "%kitaru invoke article -v 2" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("%kitaru deploy articl", r"has no flow articl\. Did you mean article\?"),
        ("%kitaru deploy article -p topic", "write -p NAME=VALUE"),
        ("%kitaru invoke article -p topic=1 --key a", "has no deployment"),
    ],
)
def test_what_is_wrong_is_told(run: Any, line: str, told: str) -> None:
    run(FLOW)
    with pytest.raises((KitaruUsageError, LookupError), match=told):
        run(line)


def test_flows_tags_versions_and_parameters_are_completed(run: Any, shell: Any) -> None:
    from IPython.core.completer import provisionalcompleter

    def complete(line: str) -> list[str]:
        with provisionalcompleter():
            return [found.text for found in shell.Completer.completions(line, len(line))]

    run(FLOW)
    assert complete("%kitaru deploy art") == ["article"]
    assert complete("%kitaru invoke art") == []
    run("%kitaru deploy article -t canary")
    run("%kitaru deploy article -t stable --exclusive")
    assert complete("%kitaru invoke art") == ["article"]
    assert complete("%kitaru invoke article -t ") == ["canary", "default", "stable"]
    assert complete("%kitaru invoke article -v ") == ["1", "2"]
    assert complete("%kitaru invoke article -t canary -p t") == ["times=", "topic="]
    assert "--exclusive" in complete("%kitaru deploy article --")


@pytest.mark.slow
def test_a_version_runs_when_the_kernel_that_made_it_is_gone(
    kitaru_home: Path, tmp_path: Path, monkeypatch: Any
) -> None:
    """And it keeps the module beside the notebook as it was; another kernel follows it by the magic."""
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "beside_notebook.py").write_text("WORD = 'old'\n")
    monkeypatch.setenv("KITARU_STORE", "service")
    environment = {**os.environ, "JPY_SESSION_NAME": str(folder / "analysis.ipynb")}
    kernel = Kernel(environment, folder)
    try:
        kernel.run_cell("%load_ext kitaru")
        kernel.run_cell("import beside_notebook")
        kernel.run_cell(FLOW.replace("are old", "are {beside_notebook.WORD}"))
        shown = kernel.run("print(article.deploy(tags={'stable': True}))")
        assert "deployment article version 1: default, stable" in shown
    finally:
        kernel.close()
    (folder / "beside_notebook.py").write_text("WORD = 'new'\n")
    client = KitaruClient()
    try:
        assert client.deployments.invoke("article", tag="stable").wait(60) == "cats are old. "
        other = Kernel(environment, folder)
        try:
            other.run_cell("%load_ext kitaru")
            other.run_cell("%kitaru invoke article -t stable -p topic=dogs -p times=2 -o told")
            assert "dogs are old. dogs are old. " in other.run("told")
        finally:
            other.close()
    finally:
        client.close()
        stop_service(kitaru_home)
