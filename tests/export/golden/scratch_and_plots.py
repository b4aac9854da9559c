#!/usr/bin/env -S uv run --script
# /// script
# requires-python = ">=3.11"
# dependencies = [
#   "kitaru-jupyter==1.0",
#   "numpy==2.1.0",
# ]
# ///

# Flow report of scratch_and_plots.ipynb, written by kitaru export.
# Change the notebook and export it again; the digest tells whether this file was changed by hand.
# Digest: 7e9391932afb1c8e


# %% scratch_and_plots.ipynb cell imports
import numpy as np
from kitaru import checkpoint, flow


# %% scratch_and_plots.ipynb cell mean
@checkpoint
def mean(values: list[float]) -> float:
    return float(np.mean(values))


# %% scratch_and_plots.ipynb cell flow
@flow
def report(values: list[float]):
    return mean(values)


if __name__ == "__main__":
    from kitaru.cli import run_flows

    run_flows(report)
# Note: cell 4 (broken), line 1: the cell is left out: invalid syntax.
