#!/usr/bin/env -S uv run --script
# /// script
# requires-python = ">=3.11"
# dependencies = [
#   "kitaru-jupyter==1.0",
# ]
# ///

# Flow clean_flow of checkpoint_alone.ipynb, written by kitaru export.
# Change the notebook and export it again; the digest tells whether this file was changed by hand.
# Digest: 4767760a07d346cc

from kitaru import checkpoint, flow


# %% checkpoint_alone.ipynb cell settings
rows = ["b", "", "a"]


# %% checkpoint_alone.ipynb cell clean
@checkpoint
def clean(*, rows=rows):
    kept = sorted(rows)
    return dict(kept=kept)


@flow(name="clean")
def clean_flow(*, rows=rows):
    return clean(rows=rows)


if __name__ == "__main__":
    from kitaru.cli import run_flows

    run_flows(clean_flow)
