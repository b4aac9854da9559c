"""A primitive is one coroutine of effects: called, it blocks; with ``.aio``, it is awaited."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, Generic, ParamSpec, TypeVar

from kitaru.runtime.effects import block, run_async

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

P = ParamSpec("P")
T = TypeVar("T")


class Primitive(Generic[P, T]):
    """Wraps a coroutine function so that sync and async code call the same thing.

    Examples
    --------
    ``kitaru.wait(schema=bool)`` blocks; ``await kitaru.wait.aio(schema=bool)`` does not.
    """

    def __init__(self, core: Callable[P, Coroutine[Any, Any, T]]) -> None:
        self.core = core
        functools.update_wrapper(self, core)

    def __reduce__(self) -> str:
        # By its module's name for it: as an object with a core it would be taken apart, down to what cannot be pickled.
        return self.core.__qualname__

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> T:
        """Carry it out and return its result."""
        return block(self.core(*args, **kwargs))

    async def aio(self, *args: P.args, **kwargs: P.kwargs) -> T:
        """Carry it out on the running event loop."""
        return await run_async(self.core(*args, **kwargs))
