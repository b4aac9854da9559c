#!/usr/bin/env -S uv run --script
# /// script
# requires-python = ">=3.11"
# dependencies = [
#   "kitaru-jupyter==1.0",
# ]
# ///

# Flows child, parent of child_flows.ipynb, written by kitaru export.
# Change the notebook and export it again; the digest tells whether this file was changed by hand.
# Digest: d0f18937697e8605

from kitaru import flow


# %% child_flows.ipynb cell a
@flow
def child(n: int = 1):
    return n + 1


# %% child_flows.ipynb cell b
@flow
def parent(times: int = 2):
    return child.run(n=times).wait()


if __name__ == "__main__":
    from kitaru.cli import run_flows

    run_flows(child, parent)
