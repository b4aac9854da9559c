#!/usr/bin/env -S uv run --script
# /// script
# requires-python = ">=3.11"
# dependencies = [
#   "kitaru-jupyter==1.0",
# ]
# ///

# Flow report of renamed_imports.ipynb, written by kitaru export.
# Change the notebook and export it again; the digest tells whether this file was changed by hand.
# Digest: 5085edb3633d5ebb


# %% renamed_imports.ipynb cell one
import kitaru as k
from kitaru import flow as durable


# %% renamed_imports.ipynb cell two
@k.checkpoint
def load():
    return 1


# %% renamed_imports.ipynb cell three
@durable
def report():
    return load()


if __name__ == "__main__":
    from kitaru.cli import run_flows

    run_flows(report)
