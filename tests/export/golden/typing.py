#!/usr/bin/env -S uv run --script
# /// script
# requires-python = ">=3.11"
# dependencies = [
#   "kitaru-jupyter==1.0",
#   "pydantic==2.10.0",
# ]
# ///

# Flow ask of typing.ipynb, written by kitaru export.
# Change the notebook and export it again; the digest tells whether this file was changed by hand.
# Digest: c6fa640557ba1bb8


# %% typing.ipynb cell a
from enum import Enum
from typing import Literal, NamedTuple

from pydantic import BaseModel


class Tone(Enum):
    KIND = "kind"
    STRICT = "strict"


class Request(BaseModel):
    topic: str
    tone: "Tone" = Tone.KIND


class Pair(NamedTuple):
    a: int
    b: int


# %% typing.ipynb cell b
from kitaru import checkpoint, flow


@checkpoint
def answer(request: Request) -> "Pair":
    return Pair(1, 2)


@flow
def ask(request: Request, mode: Literal["fast", "slow"] = "fast", tone: Tone | None = None):
    return answer(request).a


if __name__ == "__main__":
    from kitaru.cli import run_flows

    run_flows(ask)
