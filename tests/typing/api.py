"""Never executed: type checkers must accept this file, which proves that the decorators keep signatures.

`make check` runs mypy over it with every strict option on. A line with ``type: ignore`` proves the opposite: an ignored
error that is none is itself an error, so each of these lines is one that the type checker finds.
"""

from __future__ import annotations

import asyncio
from typing import Any, assert_type

import kitaru
from kitaru import CallFuture, Checkpoint, Flow, FlowHandle, KitaruClient, MapFuture, Retry, checkpoint, flow


@checkpoint
def count(text: str, *, minimum: int = 1) -> int:
    return len(text.split()) + minimum


@checkpoint(retries=Retry(attempts=3), timeout=5.0, runtime="isolated", cache=False, depends_on=["v1"])
def shorten(text: str, size: int = 80) -> str:
    return text[:size]


@checkpoint
async def fetch(page: int) -> bytes:
    await asyncio.sleep(0)
    return bytes(page)


@checkpoint(type="tool_call", on_interrupted="ask", memory="1 GiB", ttl=60.0)
async def search(query: str) -> list[str]:
    return [query]


@flow
def report(text: str, *, times: int = 2) -> dict[str, int]:
    assert_type(count(text), int)
    assert_type(count(text, minimum=2), int)
    assert_type(shorten(text, 10), str)
    return {text: count(text) * times}


@flow(name="crawl", retries=1, cache=False, stack="local")
async def crawl(pages: int) -> list[bytes]:
    assert_type(await fetch(1), bytes)
    assert_type(await search("tea"), list[str])
    assert_type(await asyncio.gather(fetch(1), fetch(2)), tuple[bytes, bytes])
    return list(await asyncio.gather(*(fetch(page) for page in range(pages))))


@flow
async def plain_async() -> str:
    return "done"


@flow(retries=1)
def with_options(number: int) -> str:
    return str(number)


def takes_text(checkpoint: Checkpoint[..., str], flow: Flow[[int], str]) -> None:
    assert_type(checkpoint.map(["a"]), MapFuture[str])
    assert_type(flow.run(1), FlowHandle[str])


def decorated_objects_know_signature_and_result() -> None:
    takes_text(shorten, with_options)
    takes_text(count, with_options)  # type: ignore[arg-type]
    takes_text(shorten, report)  # type: ignore[arg-type]
    assert_type(plain_async, Flow[[], str])


def calls_are_checked_against_the_signature() -> None:
    count(3)  # type: ignore[arg-type]
    count()  # type: ignore[call-arg]
    count("a", minimum="b")  # type: ignore[arg-type]
    count("a", maximum=1)  # type: ignore[call-arg]
    shorten("a", size=None)  # type: ignore[arg-type]
    count("a", id="first")  # type: ignore[call-arg]  # it works, but no signature can say so beside a ParamSpec
    assert_type(count("a"), str)  # type: ignore[assert-type]


def futures_know_what_they_hold() -> None:
    assert_type(count.submit("a b"), CallFuture[int])
    assert_type(count.submit("a b", minimum=2).result(), int)
    assert_type(shorten.submit("a b").exception(), BaseException | None)
    assert_type(count.map(["a", "b"]), MapFuture[int])
    assert_type(count.map(["a", "b"], minimum=2).result(), list[int])
    assert_type(shorten.product(["a", "b"], [1, 2]).result(timeout=1.0), list[str])
    assert_type(count.map(["a"])[0], CallFuture[int])
    count.submit(3)  # type: ignore[arg-type]
    count.submit("a", maximum=1)  # type: ignore[call-arg]
    count.map(3)  # type: ignore[arg-type]


async def futures_of_async_checkpoints_hold_what_is_awaited() -> None:
    assert_type(fetch.submit(1), CallFuture[bytes])
    assert_type(fetch.submit(1).result(), bytes)
    assert_type(await fetch.submit(1), bytes)
    assert_type(fetch.map([1, 2]).result(), list[bytes])
    assert_type(await search.map(["a"]), list[list[str]])
    assert_type(await count.submit("a b"), int)
    await fetch("one")  # type: ignore[arg-type]
    fetch.submit("one")  # type: ignore[call-overload]


async def handles_give_what_the_flow_returns() -> None:
    handle = report.run("a b", times=3, cache=False, tags=["typed"])
    assert_type(handle, FlowHandle[dict[str, int]])
    assert_type(handle.wait(timeout=1.0), dict[str, int])
    assert_type(handle.get(), dict[str, int])
    assert_type(await handle, dict[str, int])
    assert_type(handle.exec_id, str)
    assert_type(crawl.run(3), FlowHandle[list[bytes]])
    assert_type(crawl.run(3).wait(), list[bytes])
    assert_type(await plain_async.run(), str)
    assert_type(with_options.run(1).wait(), str)
    assert_type(report.replay("kr-1", at="count", answers={"go": True}), FlowHandle[dict[str, int]])
    report.run("a b", stack=1)  # type: ignore[arg-type]
    report.run("a b").wait("soon")  # type: ignore[arg-type]
    report.replay(1)  # type: ignore[arg-type]


def options_are_checked() -> None:
    checkpoint(runtime="remote")  # type: ignore[call-overload]
    checkpoint(retries="often")  # type: ignore[call-overload]
    checkpoint(retry=1)  # type: ignore[call-overload]
    flow(retries="often")  # type: ignore[call-overload]
    Retry(attempts="3")  # type: ignore[arg-type]


async def primitives_are_typed() -> None:
    answer = kitaru.wait(schema=bool, question="Go on?", deadline=60.0, default=False)
    assert_type(answer, Any)
    assert_type(await kitaru.wait.aio(schema=int), Any)
    assert_type(await kitaru.sleep.aio(1.0), None)
    assert_type(kitaru.random(), float)
    assert_type(kitaru.is_replay(), bool)
    assert_type(kitaru.idempotency_key(), str)
    assert_type(kitaru.current_execution_id(), str | None)
    kitaru.wait(bool)  # type: ignore[call-arg]
    kitaru.wait(question=3)  # type: ignore[arg-type]
    kitaru.sleep("long")  # type: ignore[arg-type]
    kitaru.progress("half", percent="50")  # type: ignore[arg-type]
    kitaru.load(1, "notes")  # type: ignore[arg-type]


def records_are_typed() -> None:
    client = KitaruClient()
    execution = client.executions.get("kr-1")
    assert_type(execution.exec_id, str)
    assert_type(execution.checkpoints[0].duration, float | None)
    assert_type([one.flow_name for one in client.executions.list(limit=5)], list[str])
    assert_type(client.executions.statistics(group_by="flow").groups[0].duration.p90, float | None)
    assert_type(client.executions.retry("kr-1"), FlowHandle[Any])
    client.executions.get(1)  # type: ignore[arg-type]
    client.sql("SELECT 1", as_="dataframe")  # type: ignore[arg-type]
