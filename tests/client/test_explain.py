from __future__ import annotations

from typing import Any

import pytest

import kitaru
from kitaru import KitaruClient
from kitaru.errors import KitaruNotFoundError

LIMIT = 3


@kitaru.checkpoint
def cut(text: str) -> str:
    return text[:LIMIT]


@kitaru.flow
def cutting(text: str) -> str:
    return cut(text)


def run(text: str, **options: Any) -> str:
    handle = cutting.run(text, **options)
    handle.wait(timeout=60)
    return handle.exec_id


def test_L17_a_miss_names_what_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    explain = KitaruClient().executions.explain
    first = run("abcdef")
    assert explain(first, "cut") == "cut ran: no earlier result of cut is recorded."
    assert f"cut was reused: same code and inputs as call 'cut' of execution {first}" in explain(run("abcdef"), "cut")
    assert "argument 'text' was 'abcdef' and is 'uvwxyz'" in explain(run("uvwxyz"), "cut")
    monkeypatch.setitem(globals(), "LIMIT", 4)
    assert "constant `LIMIT` changed" in explain(run("abcdef"), "cut")
    assert "reuse of results was off" in explain(run("abcdef", cache=False), "cut")
    with pytest.raises(KitaruNotFoundError, match="its calls are: cut"):
        explain(first, "paste")


def test_a_purged_result_is_not_reused() -> None:
    client = KitaruClient()
    run("abcdef")
    client.purge_cache("cut")
    second = run("abcdef")
    assert client.executions.get(second).checkpoints[0].status == "completed"
    assert "was not to be had" in client.executions.explain(second, "cut")
    assert client.executions.get(run("abcdef")).checkpoints[0].status == "reused"


def test_a_retry_runs_the_flow_as_it_is_defined_now() -> None:
    @kitaru.checkpoint
    def first() -> int:
        return 1

    def body() -> int:
        return first() // 0

    flow = kitaru.flow(name="mended")(body)
    handle = flow.run()
    with pytest.raises(kitaru.errors.KitaruUserCodeError):
        handle.wait(timeout=60)

    kitaru.flow(name="mended")(lambda: first() + 1)
    assert KitaruClient().executions.retry(handle.exec_id).wait(timeout=60) == 2
