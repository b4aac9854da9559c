#!/usr/bin/env -S uv run --script
# /// script
# requires-python = ">=3.11"
# dependencies = [
#   "kitaru-jupyter==1.0",
#   "httpx>=0.27; python_version > \"3\"",
#   "rich",
# ]
# ///

# Flow fetch of own_metadata.ipynb, written by kitaru export.
# Change the notebook and export it again; the digest tells whether this file was changed by hand.
# Digest: 6969414491ec0e30


# %% own_metadata.ipynb cell a
# Fetches pages.
import httpx
from kitaru import flow


# %% own_metadata.ipynb cell b
@flow
def fetch(url: str):
    return httpx.get(url).text


if __name__ == "__main__":
    from kitaru.cli import run_flows

    run_flows(fetch)
