#!/usr/bin/env -S uv run --script
# /// script
# requires-python = ">=3.11"
# dependencies = [
#   "kitaru-jupyter==1.0",
# ]
# ///

# Flow report of checkpoint_cells.ipynb, written by kitaru export.
# Change the notebook and export it again; the digest tells whether this file was changed by hand.
# Digest: bc2e61bf54ac0737

from kitaru import checkpoint, flow


# %% checkpoint_cells.ipynb cell settings
rows = ["b", "", "a"]


# %% checkpoint_cells.ipynb cell clean
@checkpoint(retries=2, cache=False)
def clean(*, rows=rows):
    # Empty ones go.
    kept = [row for row in rows if row]
    count = len(kept)
    return dict(kept=kept, count=count)


# %% checkpoint_cells.ipynb cell flow
@checkpoint
def shown(found):
    return f"{found['count']} rows"


@flow
def report():
    return shown(clean())


if __name__ == "__main__":
    from kitaru.cli import run_flows

    run_flows(report)
