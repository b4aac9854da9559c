"""Flows whose executions the routes show."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import BaseModel

import kitaru


class Review(BaseModel):
    approved: bool
    score: int = 0


class Bomb:
    """A value that tells on whoever unpickles it."""

    def __init__(self, mark: str) -> None:
        self.mark = mark

    def __reduce__(self) -> Any:
        return Path.touch, (Path(self.mark),)


@kitaru.checkpoint(cache=False)
def research(topic: str) -> str:
    print(f"looking for {topic}")
    kitaru.log(sources=3)
    return f"notes about {topic}\nin two lines"


@kitaru.checkpoint(cache=False)
def write(notes: str, style: str) -> dict[str, str]:
    return {"style": style, "text": notes.upper()}


@kitaru.flow
def report(topic: str = "cats", style: str = "short") -> dict[str, str]:
    return write(research(topic), style)


@kitaru.checkpoint(cache=False)
def fail(message: str) -> None:
    raise ValueError(message)


@kitaru.flow
def failing(message: str = "<b>no</b>") -> None:
    fail(message)


@kitaru.flow
def approval(topic: str = "cats") -> str:
    review = kitaru.wait(schema=Review, name="review", question=f"Publish {topic}?")
    return f"{review.approved} {review.score}"


@kitaru.checkpoint(cache=False)
def keep(mark: str, size: int) -> str:
    import numpy as np
    import pandas as pd
    from PIL import Image

    frame = pd.DataFrame({"n": range(2500), "word": [f"w{n}" for n in range(2500)], "f": [float("nan")] * 2500})
    kitaru.save("table", frame)
    kitaru.save("image", Image.new("RGB", (4, 3), "red"))
    kitaru.save("array", np.arange(6))
    kitaru.save("bytes", b"\x00\x01")
    kitaru.save("bomb", Bomb(mark))
    kitaru.save("long", 'ä\n"\\u\x01' * size)
    kitaru.save('..\\evil\r\n"name; ☠', {"a": [1, 2]})
    return "kept"


@kitaru.flow
def keeping(mark: str, size: int = 400_000) -> str:
    return keep(mark, size)


@kitaru.checkpoint(cache=False)
def square(n: int) -> int:
    return n * n


@kitaru.flow
def many(n: int = 30) -> int:
    return sum(square.map(range(n)).result())
