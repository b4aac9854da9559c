#!/usr/bin/env -S uv run --script
# /// script
# requires-python = ">=3.11"
# dependencies = [
#   "kitaru-jupyter==1.0",
#   "numpy==2.1.0",
# ]
# ///

# Flow report of same_import_twice.ipynb, written by kitaru export.
# Change the notebook and export it again; the digest tells whether this file was changed by hand.
# Digest: 60c638c80ed7776a


# %% same_import_twice.ipynb cell a
import numpy as np
from kitaru import flow


# %% same_import_twice.ipynb cell c
@flow
def report(x: float):
    return np.sqrt(x)


if __name__ == "__main__":
    from kitaru.cli import run_flows

    run_flows(report)
