"""Flows that several tests of the client and the command line run."""

from __future__ import annotations

from pydantic import BaseModel

from kitaru.runtime.artifacts import save
from kitaru.runtime.checkpoint import checkpoint
from kitaru.runtime.flow import flow
from kitaru.runtime.waiting import wait


class Review(BaseModel):
    approved: bool
    score: int = 0


@checkpoint(cache=False)
def research(topic: str) -> str:
    print(f"looking for {topic}")
    return f"notes about {topic}"


@checkpoint(cache=False)
def write(notes: str, style: str) -> str:
    return f"{style} text from {notes}"


@flow
def report(topic: str = "cats", style: str = "short") -> str:
    return write(research(topic), style)


@flow
def approval(topic: str = "cats") -> str:
    notes = research(topic)
    if wait(schema=bool, name="approve", question=f"Publish {notes}?"):
        return f"published {notes}"
    return "rejected"


@flow
def review(topic: str = "cats", timeout: float = 600) -> str:
    asked = wait(schema=Review, name="review", timeout=timeout)
    return f"{topic}: {asked.approved} {asked.score}"


@flow
def broken(topic: str = "cats") -> str:
    research(topic)
    raise KeyError(topic)


tries: list[int] = []


@checkpoint(cache=False, retries=1)
def flaky(number: int) -> str:
    tries.append(number)
    save("tried", len(tries))
    if len(tries) % 2:
        raise OSError("try again")
    return str(number)


@flow
def unsteady(number: int = 12) -> str:
    return flaky(number)


@flow
def fan_out(width: int = 5) -> list[str]:
    return [research(str(number)) for number in range(width)]
