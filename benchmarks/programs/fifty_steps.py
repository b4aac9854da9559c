"""A flow of fifty steps that write down when they begin and what they take; told to a file and to its reader."""

import os
import sys
import time
from pathlib import Path

import kitaru


@kitaru.checkpoint
def step(number: int, log: str) -> int:
    start = time.perf_counter()
    os.write(1, f"{number}\n".encode())
    time.sleep(0.01)
    with Path(log).open("a", encoding="ascii") as file:
        file.write(f"{number} {time.perf_counter() - start}\n")
    return number


@kitaru.flow
def fifty(log: str) -> int:
    total = 0
    for number in range(1, 51):
        total += step(number, log)
    return total


handle = fifty.run(sys.argv[1])
os.write(1, f"{handle.exec_id}\n".encode())
handle.wait()
