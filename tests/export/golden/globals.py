#!/usr/bin/env -S uv run --script
# /// script
# requires-python = ">=3.11"
# dependencies = [
#   "kitaru-jupyter==1.0",
# ]
# ///

# Flow report of globals.ipynb, written by kitaru export.
# Change the notebook and export it again; the digest tells whether this file was changed by hand.
# Digest: 5b201c423bbfda25


# %% globals.ipynb cell a
import re
from pathlib import Path
from kitaru import checkpoint, flow

PATTERN = re.compile(r"[a-z]+")
FOLDER = Path("texts")
LIMITS: dict[str, int] = {}
LIMITS["words"] = 10
LIMITS |= {"lines": 3}
TOTAL = 0


# %% globals.ipynb cell b
def counter(step):
    total = TOTAL

    def count(text):
        nonlocal total
        total += step
        return PATTERN.findall(text)[: LIMITS["words"]]

    return count


count = counter(2)


# %% globals.ipynb cell c
@checkpoint
def words(name):
    return count((FOLDER / name).name)


@flow
def report(name: str = "a.txt"):
    return words(name)


if __name__ == "__main__":
    from kitaru.cli import run_flows

    run_flows(report)
