#!/usr/bin/env -S uv run --script
# /// script
# requires-python = ">=3.11"
# dependencies = [
#   "kitaru-jupyter==1.0",
# ]
# ///

# Flow total of captured.ipynb, written by kitaru export.
# Change the notebook and export it again; the digest tells whether this file was changed by hand.
# Digest: 07e17ce675f726e3

from kitaru import checkpoint, flow


# %% captured.ipynb cell settings
style = "bold"
rows = [1, 2, 3]
rows.append(4)


# %% captured.ipynb cell shape
scale = lambda value: value * 2


# %% captured.ipynb cell flow
@checkpoint
def add(values):
    return sum(values)


@flow
def total(factor: int = 2, *, rows=rows, style=style):
    return add([scale(row) * factor for row in rows]), style


if __name__ == "__main__":
    from kitaru.cli import run_flows

    run_flows(total)
