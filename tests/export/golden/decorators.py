#!/usr/bin/env -S uv run --script
# /// script
# requires-python = ">=3.11"
# dependencies = [
#   "kitaru-jupyter==1.0",
# ]
# ///

# Flow research of decorators.ipynb, written by kitaru export.
# Change the notebook and export it again; the digest tells whether this file was changed by hand.
# Digest: 809c7748159f8fb3


# %% decorators.ipynb cell one
from kitaru import checkpoint, flow


@checkpoint(retries=2)
def load(topic: str) -> list[str]:
    return topic.split()


@flow(retries=1)
def research(topic: str = "cats", *, loud: bool = False) -> str:
    """Say what is known of a topic."""
    words = load(topic)
    return " ".join(words).upper() if loud else " ".join(words)


if __name__ == "__main__":
    from kitaru.cli import run_flows

    run_flows(research)
