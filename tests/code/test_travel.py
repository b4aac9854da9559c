from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import cloudpickle

import kitaru
from kitaru.code import cell_sources, code_identity, source_of

_RUNNER = """
import pickle, sys
from kitaru.code import code_identity, remember_sources, source_of
data, sources = pickle.load(open(sys.argv[1], "rb"))
remember_sources(sources)
step = pickle.loads(data)
print(code_identity(step), len(source_of(step)))
"""


def test_a_pickled_cell_has_the_same_identity_in_another_process(new_cells, tmp_path):
    cells = new_cells(
        "LIMIT = 2\nclass Model:\n    def fit(self, x): return x * LIMIT",
        "def helper(x):\n    # note\n    return Model().fit(x)",
        "unused = 1",
        "def step(x):\n    return helper(x) + 1",
    )
    sources = cell_sources(cells["step"])
    assert len(sources) == 3
    file = tmp_path / "step.pickle"
    file.write_bytes(cloudpickle.dumps((cloudpickle.dumps(cells["step"]), sources)))
    env = {**os.environ, "PYTHONPATH": str(Path(kitaru.__file__).parent.parent)}
    done = subprocess.run(
        [sys.executable, "-c", _RUNNER, str(file)], env=env, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == [code_identity(cells["step"]), str(len(source_of(cells["step"])))]


def test_modules_need_no_sources(import_module):
    assert cell_sources(import_module("travelling", "def step(x): return x\n").step) == {}
