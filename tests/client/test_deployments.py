"""Deployments from Python: made from flows of this process, found, tagged, deleted."""

from __future__ import annotations

import hashlib
import importlib
import subprocess
import sys
import threading
import types
from datetime import date  # noqa: TC003 -- the flow's types are looked up when it runs
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from kitaru.client.answers import user_name
from kitaru.client.client import KitaruClient
from kitaru.client.deployments import tags_of
from kitaru.client.provenance import Source, commit_of
from kitaru.errors import (
    KitaruConflictError,
    KitaruExecutionError,
    KitaruNotFoundError,
    KitaruRuntimeError,
    KitaruStateError,
    KitaruUsageError,
)
from kitaru.runtime import snapshot
from kitaru.runtime.engine import close_engines
from kitaru.runtime.flow import flow
from kitaru.store.connect import close_store
from kitaru.store.service.process import stop_service
from kitaru.store.service.spawning import with_package

if TYPE_CHECKING:
    from collections.abc import Iterator

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


def _as_of_a_notebook(defined: Any, name: str | None = None) -> Any:
    function = defined.function
    copied = types.FunctionType(function.__code__, {**function.__globals__, "__name__": "__main__"}, function.__name__)
    copied.__module__ = "__main__"
    return flow(name=name)(copied)


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


@flow
def invoked(name: str, day: date | None = None, parts: dict[str, Any] | None = None) -> str:
    print(f"invoked for {name}")
    return f"{name} {type(day).__name__} {sorted(parts or {})}"


@pytest.fixture
def served(kitaru_home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[KitaruClient]:
    """A client of a home's own service, which has a worker."""
    monkeypatch.delenv("KITARU_STORE")
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).resolve().parents[2]))
    yield KitaruClient()
    close_engines()
    close_store()
    stop_service(kitaru_home)


def test_a_worker_runs_what_is_invoked_with_the_types_of_the_flow(served: KitaruClient) -> None:
    deployed = served.deployments.deploy(invoked, source=HERE)
    handle = deployed.invoke(name="Ada", day="2026-01-02")
    assert served.executions.get(handle.exec_id).deployment_version == 1
    assert handle.wait(60) == "Ada date []"
    by_tag = served.deployments.invoke("invoked", tag="default", inputs={"name": "Bob", "parts": {"x": 1}})
    assert by_tag.wait(60) == "Bob NoneType ['x']"
    assert [entry.message for entry in served.executions.logs(handle.exec_id)] == ["invoked for Ada"]
    log = Path(served.store.location) / "runners" / f"{handle.exec_id}.log"
    assert "invoked for Ada" in log.read_text()
    assert served.executions.list(flow="invoked", deployment_version=1).total == 2
    assert served.executions.list(flow="invoked", deployment_version=2).total == 0
    (job,) = served.jobs.list(execution=handle.exec_id)
    assert job.kind == "invoke"
    by_me = served.executions.list(flow="invoked", text=user_name())
    assert {(one.invoked_by, one.invoked_via) for one in by_me} == {(user_name(), "python")}
    assert set(served.sql("SELECT invoked_via FROM executions")["invoked_via"]) == {"python"}


def test_a_tag_decides_which_version_runs(served: KitaruClient) -> None:
    @flow(name="routed")
    def first() -> str:
        return "first"

    @flow(name="routed")
    def second() -> str:
        return "second"

    served.deployments.deploy(_as_of_a_notebook(first, "routed"), source=HERE)
    served.deployments.deploy(_as_of_a_notebook(second, "routed"), tags={"stable": True}, source=HERE)
    assert served.deployments.invoke("routed").wait(60) == "first"
    assert served.deployments.invoke("routed", tag="stable").wait(60) == "second"
    assert served.deployments.invoke("routed", version=1).wait(60) == "first"


def test_who_invokes_by_a_tag_is_told_once_that_it_leads_to_a_version_that_this_process_does_not_know(
    served: KitaruClient,
) -> None:
    served.deployments.deploy(invoked, source=HERE)
    invoked.invoke(name="Ada")
    somebody = KitaruClient.of_home(Path(served.store.location))
    for version in (2, 3):
        somebody.deployments.deploy(invoked, source=HERE).add_tag("default")
        # Whoever names it knows it.
        served.deployments.invoke("invoked", version=version - 1, inputs={"name": "Ada"})
    somebody.close()
    with pytest.warns(UserWarning, match=r"The tag default of flow invoked leads to version 3 now, deployed") as told:
        invoked.invoke(name="Ada")
    assert told[0].filename == __file__
    invoked.invoke(name="Ada")


def test_the_same_key_is_the_same_execution(served: KitaruClient) -> None:
    deployed = served.deployments.deploy(invoked, source=HERE)
    first = deployed.invoke(name="Ada", idempotency_key="k")
    again = deployed.invoke(name="Ada", idempotency_key="k")
    assert first.exec_id == again.exec_id
    with pytest.raises(KitaruConflictError, match=r"The idempotency key 'k' .* with other inputs"):
        deployed.invoke(name="Bob", idempotency_key="k")
    assert first.wait(60) == again.wait(60)
    assert served.executions.list(flow="invoked").total == 1


@pytest.mark.parametrize(
    ("inputs", "told"),
    [
        ({}, "'name' is missing"),
        ({"name": 1}, r"\$.name: 1 is not of type 'string'"),
        ({"name": "x", "other": 1}, "there is no 'other'. Its parameters are: name, day, parts"),
        ({"name": object()}, "name is a object, which does not fit its type"),
    ],
    ids=["missing", "wrong", "unknown", "no JSON"],
)
def test_inputs_that_do_not_fit_are_refused_before_anything_is_recorded(
    client: KitaruClient, inputs: Any, told: str
) -> None:
    client.deployments.deploy(invoked, source=HERE)
    with pytest.raises(KitaruUsageError, match=told):
        client.deployments.invoke("invoked", inputs=inputs)
    assert client.executions.list(flow="invoked").total == 0


@flow
def secretive() -> int:
    return len(SOME_API_KEY)


SOME_API_KEY = "sk-0123456789abcdef0123456789abcdef"


def test_a_flow_that_cannot_begin_fails_with_the_reason(served: KitaruClient) -> None:
    served.deployments.deploy(_as_of_a_notebook(secretive), source=HERE)
    handle = served.deployments.invoke("secretive")
    with pytest.raises(KitaruExecutionError, match="looks like a secret and is not stored: set the environment"):
        handle.wait(60)
    assert handle.status == "failed"


HELPER = "def price(item: str) -> int:\n    return 10\n"
SHOP = """
from kitaru.runtime.checkpoint import checkpoint
from kitaru.runtime.flow import flow
import versioned_helper

@checkpoint
def look_up(item: str) -> int:
    print("looking up", item)
    return versioned_helper.price(item)

@flow
def versioned(item: str = "tea") -> int:
    from versioned_late import TAX
    print("billing", item)
    return look_up(item) + TAX
"""


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder with modules of the user's own, from which a flow is imported."""
    folder = tmp_path / "shop"
    folder.mkdir()
    files = {"versioned_helper.py": HELPER, "versioned_shop.py": SHOP, "versioned_late.py": "TAX = 1\n"}
    for name, text in files.items():
        (folder / name).write_text(text)
    monkeypatch.syspath_prepend(str(folder))
    importlib.invalidate_caches()
    yield folder
    for name in [name for name in sys.modules if name.startswith("versioned_")]:
        del sys.modules[name]


def test_a_version_keeps_the_modules_that_it_was_deployed_with(served: KitaruClient, shop: Path) -> None:
    versioned: Any = importlib.import_module("versioned_shop").versioned
    first = versioned.deploy()
    assert any("versioned_helper, versioned_late, versioned_shop" in note for note in first.notes)
    (shop / "versioned_helper.py").write_text(HELPER.replace("10", "2000"))
    (shop / "versioned_late.py").unlink()
    handle = first.invoke()
    assert handle.wait(60) == 11
    told = [str(line).partition(" ")[2] for line in served.executions.logs(handle.exec_id)]
    assert told == ["flow: billing tea", "look_up: looking up tea"]
    (shop / "versioned_late.py").write_text("TAX = 5\n")
    importlib.reload(sys.modules["versioned_helper"])
    second = versioned.deploy()
    assert second.snapshot_id != first.snapshot_id
    assert second.invoke().wait(60) == 2005
    assert versioned.invoke(version=1).wait(60) == 11
    assert [one.version for one in versioned.deployments()] == [2, 1]
    assert versioned.deployment().version == 1


def test_what_was_changed_since_the_import_is_not_deployed(client: KitaruClient, shop: Path) -> None:
    versioned: Any = importlib.import_module("versioned_shop").versioned
    (shop / "versioned_helper.py").write_text(HELPER.replace("10", "2000"))
    with pytest.raises(KitaruRuntimeError, match=r"file of versioned_helper\.price of .* was changed\. Restart"):
        versioned.deploy()


def test_modules_that_are_too_large_are_named(
    client: KitaruClient, shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(snapshot, "FILES_LIMIT", 100)
    with pytest.raises(KitaruRuntimeError, match=r"takes 100 at most\. The largest file is .*versioned_shop\.py"):
        importlib.import_module("versioned_shop").versioned.deploy()


def test_a_version_goes_on_in_this_process_only_with_its_own_modules(client: KitaruClient, shop: Path) -> None:
    versioned: Any = importlib.import_module("versioned_shop").versioned
    row = client.store.read("snapshot", snapshot_id=versioned.deploy().snapshot_id)
    assert snapshot.load_flow(row, client.store.payloads) is versioned
    (shop / "versioned_helper.py").write_text(HELPER.replace("10", "2000"))
    with pytest.raises(
        KitaruRuntimeError, match=r"deployed with another versioned_helper\.py than this process has in"
    ):
        snapshot.load_flow(row, client.store.payloads)


def test_what_a_version_is_deployed_with_need_not_be_given(served: KitaruClient) -> None:
    deployed = invoked.deploy("Ada", day="2026-01-02")
    assert deployed.schema["required"] == []
    assert deployed.schema["properties"]["day"]["default"] == "2026-01-02"
    assert deployed.invoke().wait(60) == "Ada date []"
    assert invoked.invoke(name="Bob", parts={"x": 1}).wait(60) == "Bob date ['x']"


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"title": 1}, "unexpected keyword argument 'title'"),
        ({"name": []}, r"name=\[\] does not fit"),
        ({"parts": {"x": object()}}, "parts is a dict that JSON cannot hold"),
        ({"name": SOME_API_KEY}, "name looks like a secret"),
    ],
    ids=["unknown", "wrong", "no JSON", "secret"],
)
def test_what_is_no_default_is_refused(client: KitaruClient, given: Any, told: str) -> None:
    with pytest.raises(KitaruUsageError, match=told):
        invoked.deploy(**given)
    assert client.deployments.list() == []


def test_results_of_others_are_reused_only_where_that_is_declared(client: KitaruClient) -> None:
    @flow(cache=True)
    def reusing() -> int:
        return 1

    kept = [greeting.deploy(), greeting.deploy(cache=True), reusing.deploy(), reusing.deploy(cache=False, retries=2)]
    rows = [client.store.read("deployment", flow=one.flow, version=one.version, tag=None) for one in kept]
    assert [row["settings"]["cache"] for row in rows] == [False, True, True, False]
    assert rows[-1]["settings"]["retries"] == 2


DEPLOYER = """
import sys
from tests.client.test_deployments import HERE, greeting
from kitaru.client import KitaruClient
client = KitaruClient()
client.deployments.list()
print("ready", flush=True)
sys.stdin.readline()
print(client.deployments.deploy(greeting, source=HERE, tags={"stable": True}).version, flush=True)
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
    found = KitaruClient().deployments.list("greeting")
    assert sorted(tag for one in found for tag in one.tags) == ["default", "stable"]
