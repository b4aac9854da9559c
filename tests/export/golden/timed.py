#!/usr/bin/env -S uv run --script
# /// script
# requires-python = ">=3.11"
# dependencies = [
#   "kitaru-jupyter==1.0",
#   "tabulate",
# ]
# ///

# Flow run of timed.ipynb, written by kitaru export.
# Change the notebook and export it again; the digest tells whether this file was changed by hand.
# Digest: b374386e98a50041

from kitaru import flow


# %% timed.ipynb cell a
LIMIT = 3
TABLE = {"a": LIMIT}


# %% timed.ipynb cell b
def look(name):
    return TABLE[name]


# %% timed.ipynb cell e
@flow
def run(name: str = "a"):
    return look(name)


if __name__ == "__main__":
    from kitaru.cli import run_flows

    run_flows(run)
