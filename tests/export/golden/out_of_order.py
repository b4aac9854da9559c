#!/usr/bin/env -S uv run --script
# /// script
# requires-python = ">=3.11"
# dependencies = [
#   "kitaru-jupyter==1.0",
# ]
# ///

# Flow report of out_of_order.ipynb, written by kitaru export.
# Change the notebook and export it again; the digest tells whether this file was changed by hand.
# Digest: 88276e45dbb95b6e


# %% out_of_order.ipynb cell imports
from kitaru import checkpoint, flow


# %% out_of_order.ipynb cell flow
@flow
def report(name: str):
    return Page(load(name)).shown()


# %% out_of_order.ipynb cell base
class Base:
    def __init__(self, text):
        self.text = text[:LIMIT]

    def shown(self):
        return f"<{self.text}>"


# %% out_of_order.ipynb cell class
class Page(Base):
    pass


# %% out_of_order.ipynb cell helper
START = 2


def make_limit():
    return START + 1


# %% out_of_order.ipynb cell settings
LIMIT = make_limit()


# %% out_of_order.ipynb cell load
@checkpoint
def load(name):
    return name * 3


if __name__ == "__main__":
    from kitaru.cli import run_flows

    run_flows(report)
