#!/usr/bin/env -S uv run --script
# /// script
# requires-python = ">=3.11"
# dependencies = [
#   "kitaru-jupyter==1.0",
# ]
# ///

# Flow run of optional_imports.ipynb, written by kitaru export.
# Change the notebook and export it again; the digest tells whether this file was changed by hand.
# Digest: 3147284708b1e7c3


# %% optional_imports.ipynb cell a
import sys
from kitaru import flow

try:
    import orjson as json
except ImportError:
    import json

if sys.version_info >= (3, 12):
    from typing import override
else:
    def override(function):
        return function


# %% optional_imports.ipynb cell b
@flow
@override
def run():
    return json.dumps({})


if __name__ == "__main__":
    from kitaru.cli import run_flows

    run_flows(run)
