#!/usr/bin/env -S uv run --script
# /// script
# requires-python = ">=3.11"
# dependencies = [
#   "kitaru-jupyter==1.0",
# ]
# ///

# Flow run of builtin_redefined.ipynb, written by kitaru export.
# Change the notebook and export it again; the digest tells whether this file was changed by hand.
# Digest: 2e1703e6770408f2


# %% builtin_redefined.ipynb cell a
from kitaru import flow


def sum(values):
    return "mine"


# %% builtin_redefined.ipynb cell b
@flow
def run():
    return sum([1])


if __name__ == "__main__":
    from kitaru.cli import run_flows

    run_flows(run)
