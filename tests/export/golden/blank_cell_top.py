#!/usr/bin/env -S uv run --script
# /// script
# requires-python = ">=3.11"
# dependencies = [
#   "kitaru-jupyter==1.0",
# ]
# ///

# Flow run of blank_cell_top.ipynb, written by kitaru export.
# Change the notebook and export it again; the digest tells whether this file was changed by hand.
# Digest: 767ff34f8d9f3ff7

from kitaru import flow


# %% blank_cell_top.ipynb cell a
@flow
def run(n: int = 1):
    # a comment first
    return n + 1


if __name__ == "__main__":
    from kitaru.cli import run_flows

    run_flows(run)
