"""The stream of changes, from the store to the page."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from typing import TYPE_CHECKING, Any

from kitaru.store.service.process import stop_service
from kitaru.store.service.record import read_record
from tests.conftest import close_everything
from tests.jupyter import flows

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.jupyter.conftest import Ask
    from tests.jupyter.following import Pages


async def run(flow: Any, *args: Any) -> str:
    handle = await asyncio.to_thread(flow.run, *args)
    return str(handle.exec_id)


async def test_what_happens_in_an_execution_reaches_the_page(pages: Pages, served: Path) -> None:
    page = await pages.open()
    assert (await page.event("ready")).data["problem"] is None
    exec_id = await run(flows.report)
    ended = await page.status(exec_id, "completed")
    assert (ended.event, ended.data["flow"], ended.data["kind"]) == ("change", "report", "execution.completed")
    assert ended.data["position"] > 0


async def test_the_first_recording_in_a_home_that_had_none_reaches_the_page(pages: Pages, served: Path) -> None:
    page = await pages.open()
    await page.event("ready")
    assert not await asyncio.to_thread(served.exists), "who looks at an empty home starts no service"
    exec_id = await run(flows.report)
    await page.status(exec_id, "completed")


async def test_a_question_is_told_by_name(pages: Pages, served: Path) -> None:
    page = await pages.open()
    await page.event("ready")
    exec_id = await run(flows.approval)
    asked = await page.status(exec_id, "waiting")
    assert (asked.data["wait"], "wait.created" in asked.data["kinds"]) == ("review", True)


async def test_many_quick_events_are_few_messages_and_the_last_state_is_told(pages: Pages, served: Path) -> None:
    page = await pages.open()
    await page.event("ready")
    exec_id = await run(flows.many, 300)
    seen = []

    def is_last(message: Any) -> bool:
        seen.append(message)
        return bool(message.data.get("status") == "completed")

    last = await page.until(is_last)
    own = [message.data for message in seen if message.data.get("exec_id") == exec_id]
    events = sum(message["count"] for message in own)
    assert events >= 600
    assert len(own) < events / 2  # how few they are depends on how long it takes
    assert last.data["kind"] == "execution.completed"
    assert max(len(message["calls"]) for message in own) <= 50


async def test_hundreds_of_pages_cost_the_store_one_subscription(
    pages: Pages, served: Path, stream: Callable[[], Any]
) -> None:
    exec_id = await run(flows.report)
    opened = [await pages.open() for _ in range(200)]
    for page in opened:
        await page.event("ready")
    assert (stream().followers, stream().subscriptions) == (200, 1)
    exec_id = await run(flows.report)
    await asyncio.gather(*(page.status(exec_id, "completed") for page in opened))


async def test_a_page_that_comes_back_gets_what_it_missed(pages: Pages, served: Path) -> None:
    staying, page = await pages.open(), await pages.open()
    await page.event("ready")
    first = await run(flows.report)
    known = await page.status(first, "completed")
    missed = await run(flows.report)
    await staying.status(missed, "completed")
    for back in (await pages.open(after=known.id), await pages.open(**{"Last-Event-ID": str(known.id)})):
        await back.until(lambda message: message.data.get("exec_id") == missed)


async def test_a_page_that_had_no_message_yet_is_told_what_it_missed_too(pages: Pages, served: Path) -> None:
    staying, page = await pages.open(), await pages.open()
    ready = await page.event("ready")
    missed = await run(flows.report)
    await staying.status(missed, "completed")
    back = await pages.open(after=ready.id)
    await back.event("gap")
    ready = await (await pages.open()).event("ready")
    later = await run(flows.report)
    await staying.status(later, "completed")
    back = await pages.open(after=ready.id)
    await back.until(lambda message: message.data.get("exec_id") == later)


async def test_a_page_that_comes_back_too_late_is_told_to_read_anew(pages: Pages, served: Path) -> None:
    page = await pages.open(after=7)
    await page.event("gap")
    exec_id = await run(flows.report)
    await page.status(exec_id, "completed")


async def test_a_page_that_reads_too_slowly_is_told_to_read_anew(
    pages: Pages, served: Path, stream: Callable[[], Any]
) -> None:
    page = await pages.open()
    await page.event("ready")
    followed = stream()
    (subscriber,) = followed._subscribers
    for _ in range(3000):
        followed.tell_state("stream.ready")
    subscriber._number = 0
    assert [frame.split(b"\n")[1] for frame in subscriber._take()] == [b"event: gap"]


async def test_the_stream_goes_on_when_the_service_was_stopped(pages: Pages, served: Path) -> None:
    await run(flows.report)
    page = await pages.open()
    await page.event("ready")
    await asyncio.to_thread(stop_service, served)
    exec_id = await run(flows.report)
    await page.status(exec_id, "completed")


async def test_the_stream_goes_on_when_the_service_was_killed(pages: Pages, served: Path) -> None:
    import psutil

    await run(flows.report)
    page = await pages.open()
    await page.event("ready")
    record = read_record(served)
    assert record is not None
    process = psutil.Process(record.pid)
    process.send_signal(signal.SIGKILL)
    await asyncio.to_thread(process.wait, 60)
    exec_id = await run(flows.report)
    await page.status(exec_id, "completed")


HOLDER = """
import sys
from kitaru.store.connect import open_store
open_store().read("executions")
print("open", flush=True)
sys.stdin.read()
"""


async def test_a_store_that_is_away_is_told_and_told_again_when_it_is_back(pages: Pages, served: Path) -> None:
    await run(flows.report)
    close_everything()
    await asyncio.to_thread(stop_service, served)
    holder = await asyncio.create_subprocess_exec(
        sys.executable, "-c", HOLDER, env=os.environ | {"KITARU_STORE": "embedded"},
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert holder.stdin is not None
    assert holder.stdout is not None
    await holder.stdout.readline()
    page = await pages.open()
    told = await page.until(lambda message: message.data["problem"] is not None)
    assert told.data["problem"]["reason"] == "KitaruStoreBusyError"
    holder.stdin.close()
    await holder.wait()
    assert (await page.event("gap")).data["problem"] is None
    exec_id = await run(flows.report)
    await page.status(exec_id, "completed")


async def test_the_stream_ends_when_the_server_stops(pages: Pages, served: Path, jp_serverapp: Any) -> None:
    page = await pages.open()
    await page.event("ready")
    await jp_serverapp.extension_manager.stop_all_extensions()
    async with asyncio.timeout(60):
        while not page.ended:
            page._came.clear()
            await page._came.wait()


async def test_an_execution_that_is_deleted_is_told_as_deleted(pages: Pages, served: Path) -> None:
    from kitaru import KitaruClient

    exec_id = await run(flows.report)
    await asyncio.to_thread(KitaruClient().executions.list)
    page = await pages.open()
    await page.event("ready")
    await asyncio.to_thread(KitaruClient().engine.end_of(exec_id).result, 60)
    await asyncio.to_thread(KitaruClient().executions.delete, exec_id)
    await page.status(exec_id, "deleted")


def test_a_stream_may_be_asked_for_with_the_position_of_a_message_only(ask: Ask, served: Path) -> None:
    told = ask("events", after="yesterday")
    assert (told.status, told.json["places"][0]["place"]) == (400, "after")
