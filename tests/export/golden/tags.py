#!/usr/bin/env -S uv run --script
# /// script
# requires-python = ">=3.11"
# dependencies = [
#   "kitaru-jupyter==1.0",
# ]
# ///

# Flow run of tags.ipynb, written by kitaru export.
# Change the notebook and export it again; the digest tells whether this file was changed by hand.
# Digest: a32a4f3324303e8a


# %% tags.ipynb cell new
LIMIT = 2


# %% tags.ipynb cell setup
import logging

logging.basicConfig(level=logging.INFO)


# %% tags.ipynb cell flow
from kitaru import flow


@flow
def run(x: int):
    return min(x, LIMIT)


if __name__ == "__main__":
    from kitaru.cli import run_flows

    run_flows(run)
