#!/usr/bin/env -S uv run --script
# /// script
# requires-python = ">=3.11"
# dependencies = [
#   "kitaru-jupyter==1.0",
#   "in-house",
#   "pydantic==2.10.0",
# ]
#
# [tool.uv.sources]
# in-house = { path = "/srv/in-house", editable = true }
# ///

# Flow run of sources.ipynb, written by kitaru export.
# Change the notebook and export it again; the digest tells whether this file was changed by hand.
# Digest: 38d6a0ce97827712


# %% sources.ipynb cell a
import inhouse
from kitaru import flow


@flow
def run():
    import pydantic

    return inhouse.work(pydantic)


if __name__ == "__main__":
    from kitaru.cli import run_flows

    run_flows(run)
