#!/usr/bin/env -S uv run --script
# /// script
# requires-python = ">=3.11"
# dependencies = [
#   "kitaru-jupyter==1.0",
#   "httpx[http2]>=0.27",
#   "inhouse-tools @ git+https://example.org/tools.git",
#   "PyYAML==6.0.1",
#   "rich",
#   "tabulate",
# ]
# ///

# Flow fetch of installs.ipynb, written by kitaru export.
# Change the notebook and export it again; the digest tells whether this file was changed by hand.
# Digest: 99560a605e906dc8


# %% installs.ipynb cell b
import httpx
import yaml
from kitaru import flow


# %% installs.ipynb cell c
@flow
def fetch(url: str):
    return yaml.safe_load(httpx.get(url).text)


if __name__ == "__main__":
    from kitaru.cli import run_flows

    run_flows(fetch)
