#!/usr/bin/env -S uv run --script
# /// script
# requires-python = ">=3.11"
# dependencies = [
#   "kitaru-jupyter==1.0",
# ]
# ///

# Flow run of names_taken.ipynb, written by kitaru export.
# Change the notebook and export it again; the digest tells whether this file was changed by hand.
# Digest: 9124acf9ea3a96f2

import kitaru


# %% names_taken.ipynb cell a
flow = [1, 2]


# %% names_taken.ipynb cell b
@kitaru.checkpoint
def load():
    return flow


@kitaru.flow
def run():
    return load()


if __name__ == "__main__":
    from kitaru.cli import run_flows

    run_flows(run)
