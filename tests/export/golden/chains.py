#!/usr/bin/env -S uv run --script
# /// script
# requires-python = ">=3.11"
# dependencies = [
#   "kitaru-jupyter==1.0",
#   "pandas==2.2.3",
# ]
# ///

# Flow run of chains.ipynb, written by kitaru export.
# Change the notebook and export it again; the digest tells whether this file was changed by hand.
# Digest: aa2f158cc07fa384


# %% chains.ipynb cell a
import pandas as pd
from kitaru import checkpoint, flow

df = pd.DataFrame({"a": [1, None]})
df["b"] = df.a * 2


# %% chains.ipynb cell first
before = len(df)


# %% chains.ipynb cell b
df = df.dropna()
df.columns = [name.upper() for name in df.columns]


# %% chains.ipynb cell c
@checkpoint
def total(frame):
    return float(frame.A.sum())


@flow
def run():
    return total(df), before


if __name__ == "__main__":
    from kitaru.cli import run_flows

    run_flows(run)
