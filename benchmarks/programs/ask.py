"""Asks questions whose answers are the times at which they were given; prints how long each took to arrive."""

import json
import os
import sys
import time

import kitaru


@kitaru.flow
def interview(count: int) -> list[float]:
    lags = []
    for number in range(count):
        asked = kitaru.wait(schema=float, name=f"question_{number}")
        lags.append(time.time() - asked)
    return lags


handle = interview.run(int(sys.argv[1]))
os.write(1, f"{handle.exec_id}\n".encode())
print(json.dumps(handle.wait()), flush=True)
