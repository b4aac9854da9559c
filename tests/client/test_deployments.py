"""Deployments from Python: made from flows of this process, found, tagged, deleted."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from kitaru.client.deployments import tags_of
from kitaru.client.provenance import Source, commit_of
from kitaru.errors import (
    KitaruConflictError,
    KitaruNotFoundError,
    KitaruRuntimeError,
    KitaruStateError,
    KitaruUsageError,
)
from kitaru.runtime.flow import flow
from kitaru.store.service.spawning import with_package

if TYPE_CHECKING:
    from kitaru.client.client import KitaruClient

HERE = Source("# the script", None, __file__)


@flow
def greeting(name: str, words: int = 2) -> str:
    """Greet somebody."""
    return f"Hello {name}" * words


@flow
def holds_lock() -> str:
    return str(_lock)


_lock = threading.Lock()


def test_the_first_version_gets_the_tag_default(client: KitaruClient) -> None:
    first = greeting.deploy()
    second = greeting.deploy(tags=["canary"])
    assert (first.version, first.tags) == (1, {"default": True})
    assert (second.version, second.tags) == (2, {"canary": False})
    assert client.deployments.get("greeting").version == 1
    assert client.deployments.get("greeting", tag="canary").deployment_id == "greeting@2"
    assert [one.version for one in client.deployments.list("greeting")] == [2, 1]


def test_the_first_version_can_do_without_it(client: KitaruClient) -> None:
    assert greeting.deploy(publish_default_on_first_deploy=False).tags == {}
    with pytest.raises(KitaruNotFoundError, match="has the tag default"):
        client.deployments.get("greeting")


def test_a_version_holds_what_it_was_made_from(client: KitaruClient) -> None:
    deployed = greeting.deploy()
    assert deployed.schema["required"] == ["name"]
    assert deployed.schema["properties"]["words"]["default"] == 2
    assert deployed.script == Path(__file__).read_text()
    assert deployed.source == __file__
    assert deployed.source_digest == hashlib.sha256(Path(__file__).read_bytes()).hexdigest()
    assert deployed.interpreter == sys.executable
    assert any(one.startswith("pytest==") for one in deployed.requirements)
    assert any(one.startswith("kitaru-jupyter==") for one in deployed.requirements)
    assert client.store.read("snapshot", snapshot_id=deployed.snapshot_id)["flow"] == "greeting"
    assert deployed.stack == "local"


def test_lists_have_no_scripts(client: KitaruClient) -> None:
    client.deployments.deploy(greeting, source=HERE)
    (listed,) = client.deployments.list()
    assert listed.has_script
    assert listed.script is None
    assert client.deployments.get("greeting").script == "# the script"


def test_a_preview_makes_nothing(client: KitaruClient) -> None:
    preview = client.deployments.preview(greeting, source=HERE)
    assert (preview.version, preview.tags) == (1, {})
    assert client.deployments.list() == []
    assert client.deployments.deploy(greeting, source=HERE).snapshot_id == preview.snapshot_id


def test_code_that_cannot_be_frozen_is_not_deployed(client: KitaruClient) -> None:
    with pytest.raises(KitaruRuntimeError, match=r"holds_lock cannot be deployed: .*_lock cannot be frozen"):
        # By reference it could be loaded; as code of a notebook it cannot.
        client.deployments.deploy(_as_of_a_notebook(holds_lock), source=HERE)
    assert client.deployments.list() == []


def _as_of_a_notebook(defined: Any) -> Any:
    import types

    function = defined.function
    copied = types.FunctionType(function.__code__, {**function.__globals__, "__name__": "__main__"}, function.__name__)
    copied.__module__ = "__main__"
    return flow(copied)


def test_tags_move_are_shared_and_are_removed(client: KitaruClient) -> None:
    first, second = (client.deployments.deploy(greeting, source=HERE) for _ in range(2))
    assert first.add_tag("stable", exclusive=True).tags == {"default": True, "stable": True}
    assert second.add_tag("stable", exclusive=True).tags == {"stable": True}
    assert client.deployments.get("greeting", version=1).tags == {"default": True}
    assert second.remove_tag("stable").tags == {}
    first.add_tag("canary")
    second.add_tag("canary")
    with pytest.raises(KitaruStateError, match="share the tag canary: 1, 2"):
        client.deployments.get("greeting", tag="canary")


def test_default_moves_and_is_not_removed(client: KitaruClient) -> None:
    first, second = (client.deployments.deploy(greeting, source=HERE) for _ in range(2))
    with pytest.raises(KitaruConflictError, match="only moved"):
        first.remove_tag("default")
    assert second.add_tag("default").tags == {"default": True}
    assert client.deployments.get("greeting").version == 2


def test_a_version_with_an_exclusive_tag_is_not_deleted_until_the_tag_is_moved(client: KitaruClient) -> None:
    first, second = (client.deployments.deploy(greeting, source=HERE) for _ in range(2))
    with pytest.raises(KitaruConflictError, match=r"exclusive tag default\. Move the tag"):
        first.delete()
    second.add_tag("default")
    first.delete()
    with pytest.raises(KitaruNotFoundError, match="Version 1 of flow greeting was deleted"):
        client.deployments.get("greeting", version=1)
    assert client.deployments.deploy(greeting, source=HERE).version == 3


def test_a_shared_tag_does_not_join_an_exclusive_one(client: KitaruClient) -> None:
    client.deployments.deploy(greeting, tags={"stable": True}, source=HERE)
    with pytest.raises(KitaruConflictError, match="has the tag stable exclusively"):
        client.deployments.deploy(greeting, tags=["stable"], source=HERE)
    assert [one.version for one in client.deployments.list()] == [1]


@pytest.mark.parametrize("tag", ["", " ", "two words", "kitaru:deployment:x"])
def test_what_is_no_tag_is_refused(tag: str) -> None:
    with pytest.raises(KitaruUsageError, match="is no tag of a deployment"):
        tags_of([tag])


@pytest.mark.parametrize("version", [0, -1, True, "1", 1.0])
def test_what_is_no_version_is_refused(client: KitaruClient, version: Any) -> None:
    with pytest.raises(KitaruUsageError, match="whole number"):
        client.deployments.delete("greeting", version)


def test_an_unknown_flow_is_told_how_to_get_one(client: KitaruClient) -> None:
    with pytest.raises(KitaruNotFoundError, match="Make one: kitaru deploy NOTEBOOK"):
        client.deployments.get("nothing")


def test_the_commit_of_a_checkout_is_recorded(tmp_path: Path) -> None:
    def git(*words: str) -> str:
        told = ["git", "-c", "user.name=a", "-c", "user.email=a@example.org", "-C", str(tmp_path), *words]
        return subprocess.run(told, check=True, capture_output=True, text=True).stdout.strip()

    file = tmp_path / "work.py"
    file.write_text("x = 1\n")
    assert commit_of(str(file)) == (None, None)
    git("init", "-q")
    assert commit_of(str(file)) == (None, None)
    git("add", ".")
    git("commit", "-qm", "first")
    assert commit_of(str(file)) == (git("rev-parse", "HEAD"), False)
    file.write_text("x = 2\n")
    assert commit_of(str(file)) == (git("rev-parse", "HEAD"), True)


DEPLOYER = """
import sys
from tests.client.test_deployments import HERE, greeting
from kitaru.client import KitaruClient
client = KitaruClient()
client.deployments.list()
print("ready", flush=True)
sys.stdin.readline()
print(client.deployments.deploy(greeting, source=HERE).version, flush=True)
"""


@pytest.mark.slow
def test_eight_deployers_at_once_get_eight_versions(monkeypatch: pytest.MonkeyPatch, kitaru_home: Path) -> None:
    import os

    monkeypatch.setenv("KITARU_STORE", "service")
    deployers = [
        subprocess.Popen(
            [sys.executable, "-c", DEPLOYER],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=with_package(os.environ),
        )
        for _ in range(8)
    ]
    for deployer in deployers:
        assert deployer.stdout is not None
        assert deployer.stdout.readline() == "ready\n"
    for deployer in deployers:
        assert deployer.stdin is not None
        deployer.stdin.write("\n")
        deployer.stdin.flush()
    versions = sorted(int(deployer.communicate(timeout=60)[0]) for deployer in deployers)
    assert versions == [1, 2, 3, 4, 5, 6, 7, 8]
