"""The work, on Kitaru: ``steps N``, ``fan_out N`` or ``first 1``; prints the seconds as JSON."""

import json
import sys
import time

import kitaru


@kitaru.checkpoint
def increment(number: int) -> int:
    return number + 1


@kitaru.flow
def chain(first: int, count: int) -> float:
    start = time.perf_counter()
    for number in range(first, first + count):
        increment(number)
    return time.perf_counter() - start


@kitaru.flow
def spread(first: int, count: int) -> float:
    start = time.perf_counter()
    increment.map(range(first, first + count)).result()
    return time.perf_counter() - start


task, count = sys.argv[1], int(sys.argv[2])
work = spread if task == "fan_out" else chain
if task != "first":
    work.run(-1000, 10).wait()
print(json.dumps({"seconds": work.run(10**6 if task == "fan_out" else 0, count).wait()}), flush=True)
