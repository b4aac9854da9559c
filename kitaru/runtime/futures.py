"""Calls that run at the same time as the body."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from kitaru.errors import KitaruTimeoutError, KitaruUsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Sequence

    from kitaru.runtime.execution import Execution
    from kitaru.runtime.pending import Pending

R = TypeVar("R")


class CallFuture(Generic[R]):
    """A call under way: ``.result()`` waits and returns the value; ``await`` works, too.

    Passing a future to another checkpoint passes its value; the body does not wait for it if that is submitted, too.

    Examples
    --------
    >>> import kitaru
    >>> @kitaru.checkpoint
    ... def fetch(url: str) -> str:
    ...     return url.upper()
    >>> @kitaru.flow
    ... def crawl(url: str) -> str:
    ...     page = fetch.submit(url)
    ...     return page.result()
    >>> crawl.run("a").wait()
    'A'
    """

    __slots__ = ("_execution", "_future", "call_name")

    def __init__(self, call_name: str, future: Pending[R], execution: Execution) -> None:
        self.call_name = call_name
        self._future = future
        self._execution = execution

    def __repr__(self) -> str:
        return f"<call {self.call_name} {'done' if self._future.done() else 'running'}>"

    def __bool__(self) -> bool:
        raise KitaruUsageError(f"{self!r} is a future, not a value yet: use .result()")

    def __await__(self) -> Generator[Any, Any, R]:
        return self._outcome().__await__()

    async def _outcome(self) -> R:
        try:
            return await self._future.wait()
        finally:
            self._seen()

    def _seen(self) -> None:
        """What the body makes of the outcome is its own business from now on."""
        if self._future.done():
            self._execution.futures.pop(self._future, None)

    def result(self, timeout: float | None = None) -> R:
        """Wait for the call and return its value.

        Parameters
        ----------
        timeout
            Seconds to wait at most.

        Raises
        ------
        KitaruTimeoutError
            If the call still runs after `timeout` seconds; it goes on.
        Exception
            Whatever the checkpoint's function raised.

        Examples
        --------
        >>> import kitaru
        >>> @kitaru.checkpoint
        ... def divide(n: int) -> float:
        ...     return 12 / n
        >>> @kitaru.flow
        ... def quotient(n: int) -> float:
        ...     return divide.submit(n).result(timeout=10)
        >>> quotient.run(4).wait()
        3.0
        """
        try:
            return self._future.result(timeout)
        except TimeoutError:
            if self._future.done():
                raise
            text = f"Call {self.call_name!r} still runs after {timeout:g} seconds; it goes on."
            raise KitaruTimeoutError(text, exec_id=self._execution.exec_id) from None
        finally:
            self._seen()
            self._execution.check()

    load = result

    def exception(self) -> BaseException | None:
        """Wait for the call; return what it raised, or None.

        Examples
        --------
        >>> import kitaru
        >>> @kitaru.checkpoint
        ... def divide(n: int) -> float:
        ...     return 12 / n
        >>> @kitaru.flow
        ... def trial(n: int) -> str:
        ...     return repr(divide.submit(n).exception())
        >>> trial.run(0).wait(), trial.run(1).wait()
        ("ZeroDivisionError('division by zero')", 'None')
        """
        try:
            return self._future.exception()
        finally:
            self._seen()

    def done(self) -> bool:
        """Whether the call has ended.

        Examples
        --------
        >>> import kitaru
        >>> @kitaru.checkpoint
        ... def divide(n: int) -> float:
        ...     return 12 / n
        >>> @kitaru.flow
        ... def ended() -> bool:
        ...     future = divide.submit(3)
        ...     future.wait()
        ...     return future.done()
        >>> ended.run().wait()
        True
        """
        return self._future.done()

    def running(self) -> bool:
        """Whether the call has not ended yet.

        Examples
        --------
        >>> import kitaru
        >>> @kitaru.checkpoint
        ... def divide(n: int) -> float:
        ...     return 12 / n
        >>> @kitaru.flow
        ... def under_way() -> bool:
        ...     future = divide.submit(3)
        ...     future.wait()
        ...     return future.running()
        >>> under_way.run().wait()
        False
        """
        return not self._future.done()

    def wait(self) -> None:
        """Wait until the call has ended, well or not.

        Examples
        --------
        >>> import kitaru
        >>> @kitaru.checkpoint
        ... def divide(n: int) -> float:
        ...     return 12 / n
        >>> @kitaru.flow
        ... def patient() -> float:
        ...     future = divide.submit(3)
        ...     future.wait()
        ...     return future.result()
        >>> patient.run().wait()
        4.0
        """
        self._future.exception()


class MapFuture(Generic[R]):
    """Calls under way, in the order of their items; ``.result()`` is the list of their values.

    Examples
    --------
    >>> import kitaru
    >>> @kitaru.checkpoint
    ... def fetch(url: str) -> str:
    ...     return url.upper()
    >>> @kitaru.flow
    ... def crawl(urls: list[str]) -> list[str]:
    ...     return fetch.map(urls).result()
    >>> crawl.run(["a", "b"]).wait()
    ['A', 'B']
    """

    def __init__(self, futures: Sequence[CallFuture[R]]) -> None:
        self.futures = list(futures)

    def __repr__(self) -> str:
        return f"<{len(self.futures)} calls, {sum(future.done() for future in self.futures)} done>"

    def __len__(self) -> int:
        return len(self.futures)

    def __iter__(self) -> Iterator[CallFuture[R]]:
        return iter(self.futures)

    def __getitem__(self, index: int) -> CallFuture[R]:
        return self.futures[index]

    def __await__(self) -> Generator[Any, Any, list[R]]:
        return self._gather().__await__()

    async def _gather(self) -> list[R]:
        return [await future for future in self.futures]

    def result(self, timeout: float | None = None) -> list[R]:
        """Wait for all calls and return their values in the order of the items; the first failure is raised.

        Examples
        --------
        >>> import kitaru
        >>> @kitaru.checkpoint
        ... def divide(n: int) -> float:
        ...     return 12 / n
        >>> @kitaru.flow
        ... def quotients() -> list[float]:
        ...     return divide.map([1, 2, 3]).result()
        >>> quotients.run().wait()
        [12.0, 6.0, 4.0]
        """
        import time

        end = None if timeout is None else time.monotonic() + timeout
        return [future.result(None if end is None else max(0.0, end - time.monotonic())) for future in self.futures]

    load = result

    def wait(self) -> None:
        """Wait until every call has ended, well or not.

        Examples
        --------
        >>> import kitaru
        >>> @kitaru.checkpoint
        ... def divide(n: int) -> float:
        ...     return 12 / n
        >>> @kitaru.flow
        ... def failures() -> int:
        ...     futures = divide.map([0, 1, 2])
        ...     futures.wait()
        ...     return sum(future.exception() is not None for future in futures)
        >>> failures.run().wait()
        1
        """
        for future in self.futures:
            future.wait()

    def running(self) -> bool:
        """Whether some call has not ended yet.

        Examples
        --------
        >>> import kitaru
        >>> @kitaru.checkpoint
        ... def divide(n: int) -> float:
        ...     return 12 / n
        >>> @kitaru.flow
        ... def all_ended() -> bool:
        ...     futures = divide.map([1, 2])
        ...     futures.wait()
        ...     return not futures.running()
        >>> all_ended.run().wait()
        True
        """
        return any(future.running() for future in self.futures)

    def unpack(self) -> tuple[list[Any], ...]:
        """Turn a list of tuples into a tuple of lists, for functions that return several values.

        Examples
        --------
        >>> import kitaru
        >>> @kitaru.checkpoint
        ... def parts(n: int) -> tuple[int, int]:
        ...     return divmod(n, 10)
        >>> @kitaru.flow
        ... def split() -> tuple[list[int], list[int]]:
        ...     tens, ones = parts.map([42, 17]).unpack()
        ...     return tens, ones
        >>> split.run().wait()
        ([4, 1], [2, 7])
        """
        return tuple(list(column) for column in zip(*self.result(), strict=True))


def resolved(value: Any) -> Any:
    """Replace futures by their values, in lists, tuples and dicts too; everything else stays the same object."""
    kind = type(value)
    if kind is CallFuture or kind is MapFuture:
        return value.result()
    if kind is tuple or kind is list:
        if any(_holds_future(item) for item in value):
            return kind(resolved(item) for item in value)
    elif kind is dict and any(_holds_future(item) for item in value.values()):
        return {key: resolved(item) for key, item in value.items()}
    return value


def _holds_future(value: Any) -> bool:
    return next(futures_in(value), None) is not None or type(value) is MapFuture


def futures_in(value: Any) -> Iterator[CallFuture[Any]]:
    """Give the futures in a value, in lists, tuples and dicts too."""
    kind = type(value)
    if kind is CallFuture:
        yield value
    elif kind is MapFuture:
        yield from value.futures
    elif kind is tuple or kind is list:
        for item in value:
            yield from futures_in(item)
    elif kind is dict:
        for item in value.values():
            yield from futures_in(item)


def items_of(column: Any) -> list[Any]:
    """Give the items of what a checkpoint is mapped over; the calls of another map are not waited for."""
    if type(column) is MapFuture:
        return list(column.futures)
    return list(column.result() if type(column) is CallFuture else column)


def when_done(futures: Sequence[CallFuture[Any]], then: Callable[[], object]) -> None:
    """Call `then` once, when all these calls have ended: at once, or on the thread that ends the last one."""
    left, lock = len(futures), threading.Lock()

    def count_down() -> None:
        nonlocal left
        with lock:
            left -= 1
            over = left == 0
        if over:
            then()

    for future in futures:
        future._future.when_done(count_down)  # noqa: SLF001 -- of this module


def unfold(after: Any) -> tuple[CallFuture[Any], ...]:
    """List the futures of an ``after=`` argument."""
    if after is None:
        return ()
    return tuple(after) if isinstance(after, list | tuple | MapFuture) else (after,)
