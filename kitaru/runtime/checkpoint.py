"""``@checkpoint``: a function whose result is on disk before the flow goes on."""

from __future__ import annotations

import functools
import inspect
from contextvars import copy_context
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Generic, Literal, ParamSpec, TypeVar, overload

from kitaru.errors import KitaruContextError, KitaruUsageError
from kitaru.runtime.calls import Call, Place, open_call, perform, reserve
from kitaru.runtime.effects import Spread, block, run_async
from kitaru.runtime.execution import current_execution
from kitaru.runtime.futures import CallFuture, MapFuture, futures_in, items_of, resolved, unfold, when_done
from kitaru.runtime.lineage import calls_behind
from kitaru.runtime.pending import Pending
from kitaru.runtime.retry import Retry, as_policy
from kitaru.runtime.workplace import threads
from kitaru.stacks.scope import current_call

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterable
    from contextvars import Context

    from kitaru.runtime.execution import Execution

P = ParamSpec("P")
R = TypeVar("R")
T = TypeVar("T")
Runtime = Literal["inline", "isolated"]
OnInterrupted = Literal["rerun", "ask"]
Outside = Literal["refuse", "plain"]


@dataclass(frozen=True, slots=True)
class CheckpointSpec:
    """What a checkpoint is: its function and its options."""

    function: Callable[..., Any]
    name: str
    signature: inspect.Signature
    type: str | None = None
    runtime: Runtime | None = None
    cache: bool | None = None
    ttl: float | None = None
    depends_on: tuple[Any, ...] = ()
    retry: Retry = Retry(attempts=1)
    timeout: float | None = None
    memory: int | None = None
    on_interrupted: OnInterrupted = "rerun"
    magic: bool = False
    is_async: bool = field(init=False)
    plain_names: tuple[str, ...] | None = field(init=False)
    """Names of the parameters, if all can be given by position: then binding needs no `inspect`."""

    def __post_init__(self) -> None:
        kinds = {parameter.kind for parameter in self.signature.parameters.values()}
        plain = kinds <= {inspect.Parameter.POSITIONAL_OR_KEYWORD}
        object.__setattr__(self, "is_async", inspect.iscoroutinefunction(self.function))
        object.__setattr__(self, "plain_names", tuple(self.signature.parameters) if plain else None)

    def bind(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
        """Name all arguments, defaults included; a call that does not fit raises `TypeError`, as Python does."""
        names = self.plain_names
        if names is not None and not kwargs and len(args) == len(names):
            return dict(zip(names, args, strict=True))
        try:
            bound = self.signature.bind(*args, **kwargs)
        except TypeError as error:
            raise TypeError(f"{self.name}(): {error}") from None
        bound.apply_defaults()
        return bound.arguments

    def spread(self, arguments: dict[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Turn named arguments back into what the function is called with."""
        if self.plain_names is not None:
            return tuple(arguments.values()), {}
        bound = inspect.BoundArguments(self.signature, arguments)
        return bound.args, bound.kwargs

    @staticmethod
    def function_digest(function: Any) -> str | None:
        """Digest a function that is passed as an argument: by its code."""
        from kitaru.code import code_identity

        return code_identity(function)


class Checkpoint(Generic[P, R]):
    """A function decorated with `checkpoint`. Call it in the body of a flow; it returns the function's value.

    Every way to call it takes two more keyword arguments, unless the function has parameters of these names:
    ``id``, the name of the call in the record (unique in its execution; without it calls are named ``name``,
    ``name_2``, … in the order of the body), and ``after``, one or more futures that must be done first.

    Examples
    --------
    >>> from kitaru import checkpoint
    >>> @checkpoint(retries=2)
    ... def fetch(url: str) -> str:
    ...     return url.upper()
    >>> fetch.__name__
    'fetch'
    """

    def __init__(self, spec: CheckpointSpec) -> None:
        self.spec = spec
        functools.update_wrapper(self, spec.function)

    def __repr__(self) -> str:
        return f"<checkpoint {self.spec.name}{self.spec.signature}>"

    def __reduce__(self) -> tuple[Any, ...]:
        from kitaru.runtime.snapshot import by_reference, imported

        reference = by_reference(self, self.spec.function)
        return (imported, reference) if reference is not None else (Checkpoint, (self.spec,))

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """Run the checkpoint, or take what is recorded for this call; return the function's value."""
        result: R = self._call(args, kwargs)
        return result

    @overload
    def submit(self: Checkpoint[P, Coroutine[Any, Any, T]], *args: P.args, **kwargs: P.kwargs) -> CallFuture[T]: ...
    @overload
    def submit(self, *args: P.args, **kwargs: P.kwargs) -> CallFuture[R]: ...
    def submit(self, *args: P.args, **kwargs: P.kwargs) -> CallFuture[Any]:
        """Run the checkpoint at the same time as the body; ``.result()`` of the future is the function's value.

        Examples
        --------
        >>> import kitaru
        >>> @kitaru.checkpoint
        ... def fetch(url: str) -> str:
        ...     return url.upper()
        >>> @kitaru.flow
        ... def both(first: str, second: str) -> str:
        ...     one, two = fetch.submit(first), fetch.submit(second)
        ...     return one.result() + two.result()
        >>> both.run("a", "b").wait()
        'AB'
        """
        return self._submit(self._execution(), copy_context(), args, kwargs)

    @overload
    def map(
        self: Checkpoint[P, Coroutine[Any, Any, T]], *iterables: Iterable[Any], **constants: Any
    ) -> MapFuture[T]: ...
    @overload
    def map(self, *iterables: Iterable[Any], **constants: Any) -> MapFuture[R]: ...
    def map(self, *iterables: Iterable[Any], **constants: Any) -> MapFuture[Any]:
        """Run the checkpoint once for each item, all at the same time.

        Several iterables are walked side by side and must be of equal length; keyword arguments are the same in
        every call. No items are no error: the result is an empty list.

        Examples
        --------
        >>> import kitaru
        >>> @kitaru.checkpoint
        ... def greet(name: str, word: str) -> str:
        ...     return f"{word}, {name}"
        >>> @kitaru.flow
        ... def welcome(names: list[str]) -> list[str]:
        ...     return greet.map(names, word="Hello").result()
        >>> welcome.run(["Ada", "Grace"]).wait()
        ['Hello, Ada', 'Hello, Grace']
        """
        columns = [items_of(column) for column in iterables]
        if len({len(column) for column in columns}) > 1:
            lengths = ", ".join(str(len(column)) for column in columns)
            raise KitaruUsageError(f"{self.spec.name}.map(): the iterables have different lengths ({lengths})")
        execution = self._execution()
        context = copy_context()
        rows = zip(*columns, strict=True)
        return MapFuture([self._submit(execution, context, row, dict(constants)) for row in rows])

    @overload
    def product(
        self: Checkpoint[P, Coroutine[Any, Any, T]], *iterables: Iterable[Any], **constants: Any
    ) -> MapFuture[T]: ...
    @overload
    def product(self, *iterables: Iterable[Any], **constants: Any) -> MapFuture[R]: ...
    def product(self, *iterables: Iterable[Any], **constants: Any) -> MapFuture[Any]:
        """Run the checkpoint for every combination of items, all at the same time.

        Examples
        --------
        >>> import kitaru
        >>> @kitaru.checkpoint
        ... def score(model: str, temperature: float) -> str:
        ...     return f"{model} at {temperature}"
        >>> @kitaru.flow
        ... def grid() -> list[str]:
        ...     return score.product(["small", "large"], [0.0, 1.0]).result()
        >>> grid.run().wait()
        ['small at 0.0', 'small at 1.0', 'large at 0.0', 'large at 1.0']
        """
        import itertools

        execution = self._execution()
        rows = itertools.product(*map(items_of, iterables))
        context = copy_context()
        return MapFuture([self._submit(execution, context, row, dict(constants)) for row in rows])

    def __get__(self, instance: object, owner: type | None = None) -> Any:
        """Bind to an instance, as functions do."""
        if instance is None:
            return self
        return functools.partial(self._call_bound, instance)

    def _call_bound(self, instance: object, *args: Any, **kwargs: Any) -> Any:
        return self._call((instance, *args), kwargs)

    def _call(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if self.spec.magic and (current_execution.get() is None or current_call.get() is not None):
            return self.spec.function(*args, **kwargs)
        call = self._open(self._execution(), args, kwargs, concurrent=False)
        if self.spec.is_async and running_loop(call.execution):
            return _awaited(call)
        return block(perform(call))

    def _submit(
        self, execution: Execution, context: Context, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> CallFuture[Any]:
        awaited = [future for future in futures_in((args, kwargs)) if not future.done()]
        if awaited:
            return self._submit_later(awaited, execution, context, args, kwargs)
        call = self._open(execution, args, kwargs, concurrent=True)
        future = Spread(partial(perform, call), threads().start, context).done
        execution.futures[future] = None
        return CallFuture(call.name, future, execution)

    def _submit_later(
        self,
        awaited: list[CallFuture[Any]],
        execution: Execution,
        context: Context,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
    ) -> CallFuture[Any]:
        """Make a call when the calls have ended whose values it gets; inputs that are not there have no digest yet."""
        self.spec.bind(args, {key: value for key, value in kwargs.items() if key not in self._own_options()})
        done: Pending[Any] = Pending()
        place = reserve(execution, self.spec, kwargs.get("id") if "id" in self._own_options() else None)
        future = CallFuture(place.position, done, execution)
        execution.futures[done] = None

        def make() -> None:
            try:
                call = self._open(execution, args, dict(kwargs), concurrent=True, place=place)
            except BaseException as error:
                done.set_exception(error)
            else:
                future.call_name = call.name
                running = Spread(partial(perform, call), threads().start, context).done
                running.when_done(lambda: done.take_over(running))

        when_done(awaited, lambda: threads().start(lambda: context.copy().run(make)))
        return future

    def _own_options(self) -> set[str]:
        return {"id", "after"} - self.spec.signature.parameters.keys()

    def _open(
        self,
        execution: Execution,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        *,
        concurrent: bool,
        place: Place | None = None,
    ) -> Call:
        own = self._own_options()
        name = kwargs.pop("id", None) if "id" in own else None
        after = unfold(kwargs.pop("after", None)) if "after" in own else ()
        for future in after:
            future.result()
        given = (after, args, kwargs)
        args, kwargs = resolved(args), resolved(kwargs)
        parents = calls_behind(*given)  # which have their names by now
        return open_call(
            execution, self.spec, args, kwargs, name=name, parents=parents, concurrent=concurrent, place=place
        )

    def _execution(self) -> Execution:
        execution = current_execution.get()
        if execution is None:
            raise KitaruContextError(
                f"Checkpoint {self.spec.name}() is called outside of a flow. Call it in the body of a @flow and start "
                f"that with .run(); to run the plain function, call {self.spec.name}.__wrapped__(...)."
            )
        scope = current_call.get()
        if scope is not None:
            raise KitaruContextError(
                f"Checkpoint {self.spec.name}() is called inside of checkpoint {scope.info.call!r}. Checkpoints do not "
                f"nest: call it in the flow's body, or call the plain function, {self.spec.name}.__wrapped__(...)."
            )
        return execution


async def _awaited(call: Call) -> Any:
    """Await a call of an async flow; it outlives the cancellation that letting go of the flow brings to the body."""
    import asyncio

    execution = call.execution
    task = asyncio.ensure_future(run_async(perform(call)))
    execution.tasks.add(task)
    task.add_done_callback(execution.tasks.discard)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        if execution.unwinding is None or execution.stopped:
            task.cancel()
        raise


def running_loop(execution: Execution) -> bool:
    """Whether this thread runs an event loop, so that an async checkpoint is to be awaited."""
    if execution.loop is None:
        return False
    import asyncio

    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


@overload
def checkpoint(function: Callable[P, R], /) -> Checkpoint[P, R]: ...
@overload
def checkpoint(
    *,
    name: str | None = ...,
    retries: int | Retry | None = ...,
    type: str | None = ...,
    runtime: Runtime | None = ...,
    cache: bool | None = ...,
    ttl: float | None = ...,
    depends_on: Iterable[Any] = ...,
    timeout: float | None = ...,
    memory: int | str | None = ...,
    on_interrupted: OnInterrupted = ...,
    outside: Outside = ...,
) -> Callable[[Callable[P, R]], Checkpoint[P, R]]: ...
def checkpoint(
    function: Callable[P, R] | None = None,
    /,
    *,
    name: str | None = None,
    retries: int | Retry | None = None,
    type: str | None = None,  # noqa: A002 -- the contract's name
    runtime: Runtime | None = None,
    cache: bool | None = None,
    ttl: float | None = None,
    depends_on: Iterable[Any] = (),
    timeout: float | None = None,
    memory: int | str | None = None,
    on_interrupted: OnInterrupted = "rerun",
    outside: Outside = "refuse",
) -> Checkpoint[P, R] | Callable[[Callable[P, R]], Checkpoint[P, R]]:
    """Make a function a checkpoint: in a flow, its result is on disk before the body goes on.

    Parameters
    ----------
    function
        The function, sync or async.
    name
        What it is called in the record; the function's own name if not given.
    retries
        How often it is tried again when it raises, or a `Retry` policy. Attempts belong to one call.
    type
        A label; ``"llm_call"`` and ``"tool_call"`` have a meaning for replays and views.
    runtime
        ``"inline"`` runs in this process, ``"isolated"`` in one of its own, so that a crash or an ``os._exit`` ends
        only this call.
    cache
        Whether a recorded result of another execution may be taken when code and inputs are the same. None: as
        the flow says.
    ttl
        Seconds for which a recorded result may be reused.
    depends_on
        Further values that results depend on, for example a version string or the path of a model.
    timeout
        Seconds that one attempt may take.
    memory
        What one isolated attempt may take: bytes, or text such as ``"2 GiB"``.
    on_interrupted
        What happens to a call that was in flight when its runner died: ``"rerun"`` runs it again;
        ``"ask"`` stops the resumed execution with a question, where a second execution would hurt.
    outside
        What a call outside of a flow, or inside of another checkpoint, does: ``"refuse"`` raises, ``"plain"`` calls
        the function as it is.

    Returns
    -------
    Checkpoint
        Has the signature of `function`.

    Raises
    ------
    KitaruUsageError
        If an option has no meaning.

    Examples
    --------
    >>> from kitaru import checkpoint
    >>> @checkpoint(retries=3, timeout=60)
    ... def summarise(text: str) -> str:
    ...     return text[:80]
    >>> summarise.spec.retry.attempts
    4
    """
    options: dict[str, Any] = {"type": type, "runtime": runtime, "cache": cache, "ttl": ttl, "timeout": timeout}
    options |= {"depends_on": tuple(depends_on), "retry": as_policy(retries), "on_interrupted": on_interrupted}
    options |= {"memory": _bytes(memory), "magic": _is_plain(outside)}
    _check(options)

    def decorate(function: Callable[P, R]) -> Checkpoint[P, R]:
        return Checkpoint(replace(spec_of(function, name), **options))

    return decorate if function is None else decorate(function)


def _is_plain(outside: str) -> bool:
    if outside not in ("refuse", "plain"):
        raise KitaruUsageError(f"outside={outside!r}: give 'refuse' or 'plain'")
    return outside == "plain"


def _bytes(memory: int | str | None) -> int | None:
    if memory is None:
        return None
    from kitaru.stacks.memory import parse_size

    return parse_size(memory)


def _check(options: dict[str, Any]) -> None:
    if options["runtime"] not in (None, "inline", "isolated"):
        raise KitaruUsageError(f"runtime={options['runtime']!r}: give 'inline' or 'isolated'")
    if options["on_interrupted"] not in ("rerun", "ask"):
        raise KitaruUsageError(f"on_interrupted={options['on_interrupted']!r}: give 'rerun' or 'ask'")
    if options["timeout"] is not None and options["timeout"] <= 0:
        raise KitaruUsageError(f"timeout={options['timeout']!r}: give seconds above 0, or None")
    if options["ttl"] is not None and options["ttl"] < 0:
        raise KitaruUsageError(f"ttl={options['ttl']!r}: give seconds, 0 or more, or None")


def spec_of(function: Callable[..., Any], name: str | None = None) -> CheckpointSpec:
    """Describe a function as a checkpoint with default options."""
    if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
        raise KitaruUsageError(
            f"{function.__name__}() is a generator: a checkpoint's result must be a value that can be stored. "
            "Return a list, or make each item a checkpoint and use .map()."
        )
    label = name or getattr(function, "__name__", None) or type(function).__name__
    return CheckpointSpec(function, label, inspect.signature(function))


__all__ = ["Call", "Checkpoint", "CheckpointSpec", "checkpoint"]
