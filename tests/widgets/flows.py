"""Flows that the tests of widgets run."""

from __future__ import annotations

import threading
from typing import Any, Literal

import pandas as pd
from PIL import Image
from pydantic import BaseModel, Field

import kitaru


class Address(BaseModel):
    city: str = Field(min_length=1)


class Order(BaseModel):
    count: int = Field(ge=1, le=5, description="how many")
    size: Literal["small", "large"]
    address: Address
    note: str | None = None
    tags: list[str] = []


@kitaru.checkpoint(cache=False)
def research(topic: str) -> str:
    return f"notes about {topic}"


@kitaru.flow
def approval(topic: str = "cats") -> str:
    notes = research(topic)
    if kitaru.wait(schema=bool, name="approve", question=f"Publish {notes}?"):
        return f"published {notes}"
    return "rejected"


@kitaru.flow
def ordering() -> dict[str, Any]:
    return kitaru.wait(schema=Order, name="order", question="What should it be?").model_dump()


@kitaru.flow
def gate() -> str:
    kitaru.wait(question="Ready?")
    return "went on"


@kitaru.flow
def report(topic: str = "cats") -> str:
    return research(topic)


@kitaru.flow
def broken(topic: str = "cats") -> str:
    research(topic)
    raise KeyError(topic)


@kitaru.checkpoint(cache=False)
def measure() -> dict[str, Any]:
    kitaru.save("notes", "# Result\n\n<script>alert(1)</script> it *works*", tags=["markdown"])
    kitaru.save("table", pd.DataFrame({"name": ["a", "<b>"], "size": [1, 2]}))
    kitaru.save("picture", Image.new("RGB", (30, 20), "red"))
    return {"deep": {"er": [1, 2, {"deepest": "<i>"}]}}


@kitaru.flow
def measuring() -> Any:
    return measure()


HOLD = threading.Event()
REACHED = threading.Event()


@kitaru.flow
def holding(topic: str = "cats") -> str:
    notes = research(topic)
    REACHED.set()
    HOLD.wait(300)
    return research(f"more than {notes}")
