#!/usr/bin/env -S uv run --script
# /// script
# requires-python = ">=3.11"
# dependencies = [
#   "kitaru-jupyter==1.0",
# ]
# ///

# Flow crawl of async_cell.ipynb, written by kitaru export.
# Change the notebook and export it again; the digest tells whether this file was changed by hand.
# Digest: fab51828c31248ca

from kitaru import checkpoint, flow


# %% async_cell.ipynb cell flow
import asyncio


@checkpoint
async def fetch(url):
    await asyncio.sleep(0)
    return url.upper()


@flow
async def crawl(urls: list = ["a", "b"]):
    return await asyncio.gather(*(fetch(url) for url in urls))


if __name__ == "__main__":
    from kitaru.cli import run_flows

    run_flows(crawl)
