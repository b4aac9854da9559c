"""Runs a flow whose calls alternate between checkpoints, so that no view folds them; prints its id."""

import os
import sys

import kitaru


@kitaru.checkpoint(cache=False)
def search(n: int) -> str:
    return f"found {n}"


@kitaru.checkpoint(cache=False)
def weigh(found: str) -> int:
    return len(found)


@kitaru.flow
def varied(count: int) -> int:
    return sum(weigh(search(n)) for n in range(count // 2))


handle = varied.run(int(sys.argv[1]))
handle.wait()
os.write(1, f"{handle.exec_id}\n".encode())
