#!/usr/bin/env -S uv run --script
# /// script
# requires-python = ">=3.11"
# dependencies = [
#   "kitaru-jupyter==1.0",
# ]
# ///

# Flows first, second, third of several_flows.ipynb, written by kitaru export.
# Change the notebook and export it again; the digest tells whether this file was changed by hand.
# Digest: 96eeb896480b9d55


# %% several_flows.ipynb cell a
from kitaru import checkpoint, flow


@checkpoint
def load(name):
    return name


@flow
def first(name: str):
    return load(name)


# %% several_flows.ipynb cell b
@flow(retries=2, cache=False, stack="local")
def second(n: int = 1):
    return load(str(n))


# %% several_flows.ipynb cell c
third = flow(name="third_flow")(lambda: second.run().wait())


if __name__ == "__main__":
    from kitaru.cli import run_flows

    run_flows(first, second, third)
