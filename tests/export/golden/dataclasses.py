#!/usr/bin/env -S uv run --script
# /// script
# requires-python = ">=3.11"
# dependencies = [
#   "kitaru-jupyter==1.0",
# ]
# ///

# Flow publish of dataclasses.ipynb, written by kitaru export.
# Change the notebook and export it again; the digest tells whether this file was changed by hand.
# Digest: 5d5e78365d4a1419

from __future__ import annotations


# %% dataclasses.ipynb cell model
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pandas import DataFrame


# %% dataclasses.ipynb cell page
@dataclass
class Page:
    title: str
    links: list[Link] = field(default_factory=list)


# %% dataclasses.ipynb cell link
@dataclass(frozen=True)
class Link:
    target: str


# %% dataclasses.ipynb cell flow
from kitaru import checkpoint, flow


@checkpoint
def link(page: Page, frame: DataFrame | None = None) -> Page:
    return Page(page.title, [Link("a")])


@flow
def publish(title: str) -> int:
    return len(link(Page(title)).links)


if __name__ == "__main__":
    from kitaru.cli import run_flows

    run_flows(publish)
