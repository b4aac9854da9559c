"""The smallest program: one flow, one checkpoint, one result."""

import sys

import kitaru


@kitaru.checkpoint
def shout(text: str) -> str:
    return text.upper()


@kitaru.flow
def greet(name: str) -> str:
    return shout(f"hello, {name}")


print(greet.run(sys.argv[1]).wait(), flush=True)
