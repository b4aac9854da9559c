#!/usr/bin/env -S uv run --script
# /// script
# requires-python = ">=3.11"
# dependencies = [
#   "kitaru-jupyter==1.0",
#   "numpy==2.1.0",
# ]
# ///

# Flow first of only_one_flow.ipynb, written by kitaru export.
# Change the notebook and export it again; the digest tells whether this file was changed by hand.
# Digest: 6108fe7bea8319a2


# %% only_one_flow.ipynb cell a
from kitaru import checkpoint, flow
import numpy


@checkpoint
def load(name):
    return numpy.array([name])


@flow
def first(name: str):
    return load(name)


if __name__ == "__main__":
    from kitaru.cli import run_flows

    run_flows(first)
