"""Runs a flow that reports something for each line that it reads, and begins another call after some lines.

Arguments: lines for each call, and events for each line. Prints the id first; ends with its input.
"""

import os
import sys

import kitaru

LINES, EVENTS = map(int, sys.argv[1:])


def lines(n: int) -> bool:
    """Report until the call has had its lines; return whether there may be more."""
    for _ in range(LINES):
        line = sys.stdin.readline().strip()
        if not line:
            return False
        for number in range(1, EVENTS):
            kitaru.progress(f"{number} of {line}", percent=number / EVENTS)
        if EVENTS > 0:
            kitaru.progress(f"all of {line}.")
    return True


@kitaru.checkpoint(cache=False)
def search(n: int) -> bool:
    return lines(n)


@kitaru.checkpoint(cache=False)
def weigh(n: int) -> bool:
    return lines(n)


@kitaru.flow
def on_lines() -> int:
    n = 0
    while (search, weigh)[n % 2](n):
        n += 1
    return n


handle = on_lines.run()
os.write(1, f"{handle.exec_id}\n".encode())
handle.wait()
