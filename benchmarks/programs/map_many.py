"""Maps a checkpoint over many items; prints seconds, memory and how far behind the database was, as JSON."""

import json
import resource
import sys
import time
from typing import Any

import psutil

import kitaru
from kitaru.store.connect import open_store


def peak() -> int:
    """Return the most memory that this process ever had, in bytes."""
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return used if sys.platform == "darwin" else used * 1024


@kitaru.checkpoint
def double(number: int) -> int:
    return 2 * number


@kitaru.flow
def many(first: int, count: int) -> dict[str, float]:
    before = psutil.Process().memory_info().rss
    start = time.perf_counter()
    values = double.map(range(first, first + count)).result()
    seconds = time.perf_counter() - start
    assert values == [2 * number for number in range(first, first + count)]
    return {"seconds": seconds, "memory": peak() - before}


def main(count: int) -> None:
    many.run(-1000, 200).wait()
    store = open_store()
    store.read("info")
    found: dict[str, Any] = many.run(0, count).wait()
    start = time.perf_counter()
    store.read("info")
    print(json.dumps(found | {"behind": time.perf_counter() - start}))


main(int(sys.argv[1]))
