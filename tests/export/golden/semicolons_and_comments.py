#!/usr/bin/env -S uv run --script
# /// script
# requires-python = ">=3.11"
# dependencies = [
#   "kitaru-jupyter==1.0",
# ]
# ///

# Flow run of semicolons_and_comments.ipynb, written by kitaru export.
# Change the notebook and export it again; the digest tells whether this file was changed by hand.
# Digest: 12e77d839e15cd77


# %% semicolons_and_comments.ipynb cell a
# What follows is needed.
import re
a = 1


# %% semicolons_and_comments.ipynb cell b
from kitaru import flow


# Above the flow,
# in two lines.
@flow
def run():  # here
    # inside
    return re.escape(str(a))
    # after

# left over


if __name__ == "__main__":
    from kitaru.cli import run_flows

    run_flows(run)
