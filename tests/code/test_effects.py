from __future__ import annotations

import pytest

from kitaru.code.effects import only_written


@pytest.mark.parametrize(
    "body",
    [
        "log.append(x)",
        "log[x] = 1",
        "log[x] += 1",
        "log.last = x",
        "global log; log += 1",
        "a = log[x] = 1",
        "[x]; log.add(x); log.update({x})",
        "def inner(): log.append(x)\n    return inner()",
    ],
)
def test_names_that_are_only_written_into(new_cells, body):
    assert only_written(new_cells(f"def step(x):\n    {body}")["step"]) == {"log"}


@pytest.mark.parametrize(
    "body",
    [
        "return log.append(x)",
        "y = log.pop()",
        "log.pop()",
        "log.remove(x)",
        "log.send(x)",
        "log.append(x); return log",
        "log.append(len(log))",
        "log[log] = 1",
        "global log; log += len(log)",
        "log[x]",
        "for y in log: log.append(y)",
        "log.items.append(x)",
        "log.append(x); return lambda: log",
        "return f'{log}'",
    ],
)
def test_names_that_are_read_in_any_way(new_cells, body):
    assert only_written(new_cells(f"def step(x):\n    {body}")["step"]) == set()


def test_without_source_every_name_counts_as_read():
    names: dict[str, object] = {}
    exec("def step(x): log.append(x)", names)
    assert only_written(names["step"]) == set()
