#!/usr/bin/env -S uv run --script
# /// script
# requires-python = ">=3.11"
# dependencies = [
#   "kitaru-jupyter==1.0",
# ]
# ///

# Flow run of recursive_checkpoint.ipynb, written by kitaru export.
# Change the notebook and export it again; the digest tells whether this file was changed by hand.
# Digest: c4dc3796d4a8efed

from kitaru import checkpoint, flow


# %% recursive_checkpoint.ipynb cell a
@checkpoint(outside="plain")
def fib(n):
    return n if n < 2 else fib(n - 1) + fib(n - 2)


@checkpoint
def doubled(n):
    return 2 * n


@flow
def run(n: int = 5):
    return sorted([fib(n), doubled(n)])


if __name__ == "__main__":
    from kitaru.cli import run_flows

    run_flows(run)
