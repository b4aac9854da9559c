"""Runs a flow of as many calls as asked for to its end, then prints its id."""

import os
import sys

import kitaru


@kitaru.checkpoint(cache=False)
def step(n: int) -> str:
    return f"result {n}"


@kitaru.flow
def wide(count: int) -> int:
    return len([step(n) for n in range(count)])


handle = wide.run(int(sys.argv[1]))
handle.wait()
os.write(1, f"{handle.exec_id}\n".encode())
