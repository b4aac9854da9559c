"""The work, on joblib.Memory: ``steps N``, ``fan_out N`` or ``first 1``; prints the seconds as JSON."""

import json
import sys
import time

from joblib import Memory, Parallel, delayed

memory = Memory("work", verbose=0)


@memory.cache
def increment(number: int) -> int:
    return number + 1


def chain(first: int, count: int) -> float:
    start = time.perf_counter()
    for number in range(first, first + count):
        increment(number)
    return time.perf_counter() - start


def spread(first: int, count: int) -> float:
    start = time.perf_counter()
    Parallel(n_jobs=2, prefer="threads")(delayed(increment)(number) for number in range(first, first + count))
    return time.perf_counter() - start


task, count = sys.argv[1], int(sys.argv[2])
work = spread if task == "fan_out" else chain
if task != "first":
    work(-1000, 10)
print(json.dumps({"seconds": work(10**6 if task == "fan_out" else 0, count)}), flush=True)
