from __future__ import annotations

import enum
import pickle
import sys
import threading

import cloudpickle
import pytest

import kitaru
from kitaru.errors import KitaruRuntimeError
from kitaru.runtime.engine import engine
from kitaru.runtime.snapshot import load_flow, snapshot_id_of

MODULE = """
import kitaru

TABLE = list(range(10_000))

@kitaru.checkpoint
def sized(n):
    return n + len(TABLE)

@kitaru.flow(cache=False)
def whole(n: int):
    return sized(n)
"""


@pytest.fixture
def importable(tmp_path, monkeypatch):
    (tmp_path / "importable_flows.py").write_text(MODULE)
    monkeypatch.syspath_prepend(str(tmp_path))
    import importable_flows

    yield importable_flows
    sys.modules.pop("importable_flows")


def frozen(flow):
    handle = flow.run()
    handle.wait(60)
    head = engine().store.read("history", exec_id=handle.exec_id)["execution"]
    return engine().store.read("snapshot", snapshot_id=head["snapshot_id"])


def test_code_of_importable_modules_is_kept_by_reference(importable):
    @kitaru.flow(cache=False)
    def local():
        return importable.sized(1), importable.whole.run(2).wait()

    assert len(cloudpickle.dumps(importable.sized)) < 200
    assert len(cloudpickle.dumps(importable.whole)) < 200
    assert pickle.loads(pickle.dumps(importable.sized)) is importable.sized
    row = frozen(local)
    loaded = load_flow(row, engine().store.payloads)
    assert loaded.run().wait(60) == (10_001, 10_002)


def test_code_of_a_notebook_is_kept_by_value():
    factor = 3

    @kitaru.checkpoint(retries=2, timeout=5)
    def times(n):
        return n * factor

    @kitaru.flow(cache=False, retries=1)
    def body(n: int = 2):
        return times(n)

    loaded = load_flow(frozen(body), engine().store.payloads)
    assert loaded is not body
    assert loaded.run(4).wait(60) == 12
    assert loaded.config == body.config


def test_a_flow_that_runs_itself_can_be_frozen():
    @kitaru.flow(cache=False)
    def countdown(n: int = 2):
        return [n, *(countdown.run(n - 1).wait() if n else [])]

    loaded = load_flow(frozen(countdown), engine().store.payloads)
    assert loaded.run(3).wait(60) == [3, 2, 1, 0]


def test_a_global_that_cannot_be_frozen_is_named_and_the_run_goes_on():
    gate = threading.Lock()

    @kitaru.flow(cache=False)
    def tied():
        with gate:
            return 1

    row = frozen(tied)
    assert row["code"] is None
    assert any("gate" in note for note in row["notes"])
    with pytest.raises(KitaruRuntimeError, match="gate"):
        load_flow(row, engine().store.payloads)


def test_the_same_code_has_one_snapshot_and_other_code_or_data_another():
    def define(step, size):
        @kitaru.flow(name="same", cache=False)
        def body():
            return step(size)

        return body

    assert snapshot_id_of(define(abs, 1)) == snapshot_id_of(define(abs, 1))
    assert snapshot_id_of(define(abs, 1)) != snapshot_id_of(define(abs, 2))
    assert snapshot_id_of(define(abs, 1)) != snapshot_id_of(define(str, 1))


def test_the_parameters_of_a_flow_are_recorded():
    @kitaru.flow(cache=False)
    def body(topic: str = "cats", n: int = 3):
        return topic * n

    row = frozen(body)
    assert [(item["name"], item["annotation"], item["required"]) for item in row["signature"]] == [
        ("topic", "str", False),
        ("n", "int", False),
    ]
    assert "def body" in row["source"]


class Size(enum.Enum):
    SMALL = "small"
    LARGE = "large"


def test_the_parameters_of_reached_checkpoints_are_recorded_and_described_where_only_the_users_classes_tell():
    @kitaru.checkpoint
    def draw(size: Size, at: list[int], label="x"):
        return size

    @kitaru.flow(cache=False)
    def body(n: int = 1):
        return draw(Size.SMALL, [n])

    rows = {(row["of"], row["name"]): row for row in frozen(body)["signature"]}
    assert list(rows) == [(None, "n"), ("draw", "size"), ("draw", "at"), ("draw", "label")]
    assert rows["draw", "size"]["schema"]["enum"] == ["small", "large"]
    assert "schema" not in rows["draw", "at"]
    assert rows["draw", "at"]["annotation"] == "list[int]"
    assert (rows["draw", "label"]["annotation"], rows["draw", "label"]["default"]["text"]) == (None, "'x'")
