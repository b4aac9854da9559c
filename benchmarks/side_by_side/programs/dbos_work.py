"""The work, on DBOS with SQLite: ``steps N``, ``fan_out N`` or ``first 1``; prints the seconds as JSON."""

import asyncio
import json
import sys
import time

from dbos import DBOS

DBOS(
    config={
        "name": "work",
        "system_database_url": "sqlite:///work.sqlite",
        "log_level": "ERROR",
        "run_admin_server": False,
    }
)


@DBOS.step()
def increment(number: int) -> int:
    return number + 1


@DBOS.step()
async def increment_async(number: int) -> int:
    return number + 1


@DBOS.workflow()
def chain(count: int) -> float:
    start = time.perf_counter()
    for number in range(count):
        increment(number)
    return time.perf_counter() - start


@DBOS.workflow()
async def spread(count: int) -> float:
    start = time.perf_counter()
    await asyncio.gather(*(increment_async(number) for number in range(count)))
    return time.perf_counter() - start


async def warm_and_spread(count: int) -> float:
    await spread(10)
    return await spread(count)


task, count = sys.argv[1], int(sys.argv[2])
DBOS.launch()
if task == "steps":
    chain(10)
seconds = asyncio.run(warm_and_spread(count)) if task == "fan_out" else chain(count)
print(json.dumps({"seconds": seconds}), flush=True)
DBOS.destroy()
