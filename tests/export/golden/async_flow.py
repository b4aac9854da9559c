#!/usr/bin/env -S uv run --script
# /// script
# requires-python = ">=3.11"
# dependencies = [
#   "kitaru-jupyter==1.0",
# ]
# ///

# Flow crawl of async_flow.ipynb, written by kitaru export.
# Change the notebook and export it again; the digest tells whether this file was changed by hand.
# Digest: 054992505c6c2ff3


# %% async_flow.ipynb cell all
import asyncio

from kitaru import checkpoint, flow


@checkpoint
async def fetch(url: str) -> str:
    await asyncio.sleep(0)
    return url.upper()


@flow
async def crawl(urls: list[str]) -> list[str]:
    return list(await asyncio.gather(*(fetch(url) for url in urls)))


if __name__ == "__main__":
    from kitaru.cli import run_flows

    run_flows(crawl)
