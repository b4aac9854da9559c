#!/usr/bin/env -S uv run --script
# /// script
# requires-python = ">=3.11"
# dependencies = [
#   "kitaru-jupyter==1.0",
# ]
# ///

# Flow count of flow_cell.ipynb, written by kitaru export.
# Change the notebook and export it again; the digest tells whether this file was changed by hand.
# Digest: fc2ffca4652a81de

from kitaru import checkpoint, flow


# %% flow_cell.ipynb cell read
import re


# %% flow_cell.ipynb cell words
STOP = {"the", "a"}  # not counted


def tidy(text):
    """Keep letters."""
    return re.sub(r"\W", "", text).lower()


# %% flow_cell.ipynb cell run
from collections import Counter


@checkpoint
def words(text):
    return [tidy(word) for word in text.split() if tidy(word) not in STOP]


@checkpoint
def most(words, top):
    # Ties stay in order.
    return Counter(words).most_common(top)


@flow
def count(text: str = "The deep sea", top: int = 3):
    found = words(text)

    # One line, one value.
    return most(found, top)


if __name__ == "__main__":
    from kitaru.cli import run_flows

    run_flows(count)
