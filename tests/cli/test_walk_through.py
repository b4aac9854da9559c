"""The walk-through of the page about deployments, line by line, with the notebook that people start with."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest

from kitaru.client import KitaruClient
from kitaru.store.service.process import ensure_service, stop_service
from tests.conftest import close_everything
from tests.project.source_tree import ROOT
from tests.project.test_docs import blocks

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE = ROOT / "docs" / "concepts" / "deployments.md"


@pytest.fixture
def folder(tmp_path: Path, kitaru_home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    folder = tmp_path / "work"
    folder.mkdir()
    shutil.copy(ROOT / "notebooks" / "start.ipynb", folder)
    monkeypatch.setenv("KITARU_STORE", "service")
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    yield folder
    close_everything()
    stop_service(kitaru_home)


def run(folder: Path, script: str) -> str:
    done = subprocess.run(["sh", "-e", "-c", script], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{script}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.mark.slow
def test_the_walk_through_leads_from_the_notebook_to_an_answer_over_http(folder: Path, kitaru_home: Path) -> None:
    parts = [block.source for block in blocks(PAGE) if block.note == "walk-through"]
    assert len(parts) == 3
    deployed = run(folder, parts[0])
    assert "article: version 1, tagged default" in deployed
    assert (folder / "article.py").is_file()
    tried = run(folder, parts[1])
    assert "article: version 2, tagged canary" in tried
    assert "Publish this? Coffee is old. Coffee is loved. Coffee is warm." in tried
    # Nothing but the deployment is left.
    (folder / "start.ipynb").unlink()
    told = json.loads(run(folder, parts[2]).splitlines()[-1])
    assert (told["flow"], told["version"]) == ("article", 2)
    client = KitaruClient()
    next(client.executions.events(told["exec_id"], kinds=["wait.created"]))
    client.executions.input(told["exec_id"], True)
    next(client.executions.events(told["exec_id"], kinds=["execution.completed"]))
    service = ensure_service(kitaru_home)
    headers = {"Authorization": f"Bearer {service.token}"}
    ended = httpx.get(f"{service.url}/executions/{told['exec_id']}", headers=headers).json()
    assert (ended["status"], ended["result"]) == ("completed", "PUBLISHED: Tea is old. Tea is loved. Tea is warm.")
