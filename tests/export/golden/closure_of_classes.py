#!/usr/bin/env -S uv run --script
# /// script
# requires-python = ">=3.11"
# dependencies = [
#   "kitaru-jupyter==1.0",
# ]
# ///

# Flow pick of closure_of_classes.ipynb, written by kitaru export.
# Change the notebook and export it again; the digest tells whether this file was changed by hand.
# Digest: 538e9208c5e7d7c3


# %% closure_of_classes.ipynb cell a
from kitaru import checkpoint, flow
from functools import partial, total_ordering


@total_ordering
class Version:
    sep = SEP = "."

    def __init__(self, text):
        self.parts = parse(text)

    def __eq__(self, other):
        return self.parts == other.parts

    def __lt__(self, other):
        return self.parts < other.parts


def parse(text, sep="."):
    return [int(part) for part in text.split(sep)]


dashed = partial(parse, sep="-")


# %% closure_of_classes.ipynb cell b
@checkpoint
def newest(texts):
    return max(texts, key=Version)


@flow
def pick(texts: list[str], date: str = "2024-01-02"):
    return newest(texts), dashed(date)


if __name__ == "__main__":
    from kitaru.cli import run_flows

    run_flows(pick)
