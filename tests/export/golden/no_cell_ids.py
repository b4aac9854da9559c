#!/usr/bin/env -S uv run --script
# /// script
# requires-python = ">=3.11"
# dependencies = [
#   "kitaru-jupyter==1.0",
# ]
# ///

# Flow run of no_cell_ids.ipynb, written by kitaru export.
# Change the notebook and export it again; the digest tells whether this file was changed by hand.
# Digest: e6f3d655683031a5


# %% no_cell_ids.ipynb cell 1
from kitaru import flow


# %% no_cell_ids.ipynb cell 3
@flow
def run():
    return 1


if __name__ == "__main__":
    from kitaru.cli import run_flows

    run_flows(run)
