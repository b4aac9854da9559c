"""Runs flows of many calls and makes their views; prints seconds and bytes, as JSON."""

import json
import sys
import time

import kitaru
from kitaru import KitaruClient
from kitaru.views.build import execution_view
from kitaru.views.bundle import mime_bundle, size_of


@kitaru.checkpoint(cache=False)
def search(n: int) -> str:
    return f"result {n}"


@kitaru.checkpoint(cache=False)
def rank(n: int) -> str:
    return f"result {n}"


@kitaru.flow
def folded(count: int) -> int:
    return len(search.map(range(count)).result())


@kitaru.flow
def windowed(count: int) -> int:
    calls = [step.submit(n) for n in range(count // 2) for step in (search, rank)]
    return len([call.result() for call in calls])


def main(count: int, times: int) -> None:
    found: dict[str, list[float]] = {}
    client = KitaruClient()
    for flow in (folded, windowed):
        handle = flow.run(count)
        handle.wait()
        seconds = []
        for _ in range(times + 1):
            start = time.perf_counter()
            bundle = mime_bundle(execution_view(client, handle.exec_id))
            seconds.append(time.perf_counter() - start)
        found |= {flow.name: seconds[1:], f"{flow.name} size": [size_of(bundle) / 1000]}
    print(json.dumps(found))


main(int(sys.argv[1]), int(sys.argv[2]))
