"""One core for sync and async code: a primitive is a coroutine that yields *effects*.

An effect says what the primitive needs from the outside: an event written, the user's function
run, a pause. Three drivers carry effects out: `block` on the calling thread, `run_async` on an
event loop, and `spread` on a pool, where no thread waits for the disk.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import Future
from contextvars import Context, copy_context
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Generator

T = TypeVar("T")


class Effect(Protocol):
    """Something that a primitive waits for."""

    def block(self) -> Any:
        """Carry it out on this thread and return its result."""
        ...

    def start(self) -> Future[Any]:
        """Begin it elsewhere; the future gets its result."""
        ...

    async def wait(self) -> Any:
        """Carry it out on the running event loop."""
        ...


class Awaitable:
    """Base of the effects: ``await effect`` hands it to the driver."""

    __slots__ = ()

    def __await__(self) -> Generator[Any, Any, Any]:
        """Yield this effect; the driver sends its result back."""
        return (yield self)

    def start(self) -> Future[Any]:
        """Carry it out at once; effects that take time override this."""
        done: Future[Any] = Future()
        try:
            done.set_result(self.block())  # type: ignore[attr-defined]
        except BaseException as error:
            done.set_exception(error)
        return done

    async def wait(self) -> Any:
        """Wait for `start` without blocking the event loop."""
        return await asyncio.wrap_future(self.start())


def block(core: Coroutine[Any, Any, T]) -> T:
    """Drive `core` to its end on the calling thread."""
    result: Any = None
    error: BaseException | None = None
    while True:
        try:
            effect = core.send(result) if error is None else core.throw(error)
        except StopIteration as stop:
            value: T = stop.value
            return value
        try:
            result, error = effect.block(), None
        except BaseException as raised:
            error = raised


async def run_async(core: Coroutine[Any, Any, T]) -> T:
    """Drive `core` to its end on the running event loop."""
    result: Any = None
    error: BaseException | None = None
    while True:
        try:
            effect = core.send(result) if error is None else core.throw(error)
        except StopIteration as stop:
            value: T = stop.value
            return value
        try:
            result, error = await effect.wait(), None
        except BaseException as raised:
            error = raised


def spread(core: Coroutine[Any, Any, T], start: Callable[[Callable[[], None]], None]) -> Future[T]:
    """Drive `core` in steps on a pool: `start` runs a step there. No thread is held while an effect is under way.

    The steps run in a copy of the calling thread's context.
    """
    done: Future[T] = Future()
    context = copy_context()

    def step(result: Any = None, error: BaseException | None = None) -> None:
        try:
            effect = core.send(result) if error is None else core.throw(error)
        except StopIteration as stop:
            done.set_result(stop.value)
        except BaseException as raised:
            done.set_exception(raised)
        else:
            _when_done(effect.start(), step, start, context)

    start(lambda: context.run(step))
    return done


def _when_done(
    future: Future[Any],
    step: Callable[..., None],
    start: Callable[[Callable[[], None]], None],
    context: Context,
) -> None:
    def go_on() -> None:
        error = future.exception()
        context.run(step, None if error else future.result(), error)

    if future.done():
        # Already on a worker: a function that ran inline, for example.
        step_error = future.exception()
        step(None if step_error else future.result(), step_error)
    else:
        future.add_done_callback(lambda _: start(go_on))
