"""``@flow``: a function whose executions are recorded, resumable and replayable."""

from __future__ import annotations

import functools
import inspect
import re
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final, Generic, ParamSpec, Protocol, TypeVar, overload

from kitaru.errors import KitaruUsageError
from kitaru.runtime.settings import KitaruConfig, resolve

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterable, Mapping
    from pathlib import Path

    from kitaru.runtime.handle import FlowHandle

defined: Final[dict[str, dict[str, Flow[..., Any]]]] = {}
"""What this process has defined: by the flow's name, then by its module, the newest last."""

P = ParamSpec("P")
R = TypeVar("R")


class Flow(Generic[P, R]):
    """A function decorated with `flow`. Start it with ``.run(...)``.

    Examples
    --------
    >>> import kitaru
    >>> @kitaru.flow
    ... def greet(name: str) -> str:
    ...     return f"Hello, {name}!"
    >>> greet.run("Ada").wait()
    'Hello, Ada!'
    """

    def __init__(self, function: Callable[P, R], name: str, config: KitaruConfig) -> None:
        self.function = function
        self.name = name
        self.config = config
        self.signature = inspect.signature(function)
        functools.update_wrapper(self, function)

    def __repr__(self) -> str:
        return f"<flow {self.name}{self.signature}>"

    def __reduce__(self) -> tuple[Any, ...]:
        from kitaru.runtime.snapshot import by_reference, imported

        reference = by_reference(self, self.function)
        if reference is not None:
            return imported, reference
        return Flow, (self.function, self.name, self.config)

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        raise KitaruUsageError(
            f"Flow {self.name} is not called like a function: {self.name}.run(...) starts an execution and returns a "
            f"handle, {self.name}.run(...).wait() its result."
        )

    @property
    def is_async(self) -> bool:
        """Whether the body is a coroutine function."""
        return inspect.iscoroutinefunction(self.function)

    def run(
        self,
        *args: Any,
        stack: str | None = None,
        cache: bool | None = None,
        retries: int | None = None,
        tags: list[str] | None = None,
        **kwargs: Any,
    ) -> FlowHandle[R]:
        """Start an execution in the background and return its handle at once.

        Parameters
        ----------
        *args, **kwargs
            The flow's own arguments; anything that can be stored.
        stack, cache, retries
            Settings of this execution; see `kitaru.configure`. ``cache=False`` wins over everything.
        tags
            Words to find the execution by.

        Returns
        -------
        FlowHandle
            Its ``wait()`` gives the result.

        Raises
        ------
        KitaruUsageError
            If an argument is missing, is too many, or does not fit its annotation.
        KitaruSerializationError
            If an argument cannot be stored.

        Examples
        --------
        >>> import kitaru
        >>> @kitaru.flow
        ... def area(width: int, height: int = 1) -> int:
        ...     return width * height
        >>> handle = area.run(3, height=4, tags=["garden"])
        >>> handle.wait()
        12
        """
        from kitaru.runtime.engine import engine
        from kitaru.runtime.parameters import bind

        given = KitaruConfig(stack=stack, cache=cache, retries=retries)
        return engine().start(
            self, bind(self, args, kwargs), resolve(given, self.config), forced=cache, tags=tags or []
        )

    def replay(
        self,
        execution: str,
        *,
        at: str | None = None,
        flow_overrides: Mapping[str, Any] | None = None,
        checkpoint_overrides: Mapping[str, Mapping[str, Any]] | None = None,
        invocation_overrides: Mapping[str, Mapping[str, Any]] | None = None,
        answers: Mapping[str, Any] | None = None,
        stack: str | None = None,
        cache: bool | None = None,
        retries: int | None = None,
    ) -> FlowHandle[R]:
        """Make a new execution from a recorded one, with this code and something changed.

        Parameters
        ----------
        execution
            Id of the recorded execution, or the beginning of it.
        at
            The call from which on everything runs. Calls that began before it ended are reused if their inputs are
            the recorded ones. None reuses every call whose inputs are the recorded ones.
        flow_overrides
            New values of the flow's arguments.
        checkpoint_overrides
            For all calls of a checkpoint: a dict with some of ``input`` (argument name to value), ``output``,
            ``code`` (a function or a dotted path) and ``model``.
        invocation_overrides
            The same for one call, by its name; wins over `checkpoint_overrides`.
        answers
            Answers by name of the question; others are asked anew from `at` on.
        stack, cache, retries
            Settings of the new execution. Results of further executions are reused only with ``cache=True``.

        Returns
        -------
        FlowHandle
            The new execution.

        Raises
        ------
        KitaruStateError
            If `at` or an override names nothing that is recorded.
        KitaruUsageError
            If an override says nothing meaningful.

        Examples
        --------
        >>> import kitaru
        >>> @kitaru.checkpoint
        ... def price(litres: int) -> int:
        ...     return 2 * litres
        >>> @kitaru.flow
        ... def bill(litres: int) -> int:
        ...     return price(litres) + 1
        >>> source = bill.run(10)
        >>> source.wait()
        21
        >>> bill.replay(source.exec_id, invocation_overrides={"price": {"output": 50}}).wait()
        51
        """
        from kitaru.runtime.engine import engine

        settings = resolve(KitaruConfig(stack=stack, cache=cache, retries=retries), self.config)
        return engine().replay(
            self,
            execution,
            settings,
            forced=cache,
            at=at,
            flow_overrides=flow_overrides,
            checkpoint_overrides=checkpoint_overrides,
            invocation_overrides=invocation_overrides,
            answers=answers,
        )

    def export(self, output: str | Path | None = None, *, notebook: str | Path | None = None) -> Path:
        """Write this flow of the running notebook as a script that runs by itself.

        The notebook is read as it is saved; see `kitaru.export.export_notebook`.

        Parameters
        ----------
        output
            A folder or a ``.py`` file; the notebook's folder if not given.
        notebook
            The notebook; found by itself in JupyterLab, Jupyter Notebook and VS Code.

        Returns
        -------
        pathlib.Path
            The script.

        Raises
        ------
        KitaruUsageError
            If the notebook cannot be found.
        KitaruStateError
            If the saved notebook defines the flow otherwise than this process, or the file was changed by hand.
        KitaruExportError
            If something keeps the notebook from becoming a script.
        """
        # The export stands above the runtime, and is not known here but by its name.
        made: Path = import_module("kitaru.export.live").export_flow(self, output, notebook=notebook)
        return made

    def deploy(
        self,
        *args: Any,
        tags: Mapping[str, bool] | Iterable[str] | str | None = None,
        stack: str | None = None,
        cache: bool | None = None,
        retries: int | None = None,
        publish_default_on_first_deploy: bool = True,
        **kwargs: Any,
    ) -> Any:
        """Make the next version of this flow, which workers run without this process.

        The code is frozen as it is here and now, with the modules of your own that it imports. In a notebook the
        version also gets the script that an export of the saved notebook writes.

        Parameters
        ----------
        *args, **kwargs
            Arguments of the flow that the version has as defaults, so that an invocation can leave them out; what JSON
            can hold.
        tags
            Tags of the new version: a mapping says whether each is exclusive, else they are shared. ``default`` is
            always exclusive.
        stack, cache, retries
            Settings of its executions; see `kitaru.configure`. Results of other executions are reused only where
            ``cache=True`` says so, here, at the flow or at a checkpoint.
        publish_default_on_first_deploy
            Whether a flow's first version gets the tag ``default``.

        Returns
        -------
        kitaru.client.deployment.Deployment
            The new version; ``.invoke(...)`` runs it.

        Raises
        ------
        KitaruRuntimeError
            If the flow's code cannot be frozen.
        KitaruUsageError
            If a tag is none, or an argument does not fit or cannot be a default.

        Examples
        --------
        >>> import kitaru
        >>> @kitaru.flow
        ... def shout(text: str, times: int = 1) -> str:
        ...     return text.upper() * times
        >>> shout.deploy(tags=["canary"], times=2)
        <deployment shout version 1: canary, default>
        """
        from kitaru.runtime.parameters import bind_some

        return _deployments().deploy(
            self,
            inputs=bind_some(self, args, kwargs),
            tags=tags,
            stack=stack,
            cache=cache,
            retries=retries,
            publish_default_on_first_deploy=publish_default_on_first_deploy,
        )

    def deployments(self) -> list[Any]:
        """Return the deployed versions of this flow, the newest first.

        Returns
        -------
        list of kitaru.client.deployment.Deployment
            Without their scripts.

        Examples
        --------
        >>> import kitaru
        >>> @kitaru.flow
        ... def never_deployed() -> None: ...
        >>> never_deployed.deployments()
        []
        """
        found: list[Any] = _deployments().list(self.name)
        return found

    def deployment(self, *, version: int | None = None, tag: str | None = None) -> Any:
        """Return one deployed version: that of a number, or the one that has a tag; ``default`` if neither is given.

        Raises
        ------
        KitaruNotFoundError
            If there is none; the message has those that there are.
        KitaruStateError
            If several versions share the tag.
        KitaruUsageError
            If both are given.

        Examples
        --------
        >>> import kitaru
        >>> @kitaru.flow
        ... def whisper(text: str) -> str:
        ...     return text.lower()
        >>> whisper.deploy().version == whisper.deployment().version
        True
        """
        return _deployments().get(self.name, version=version, tag=tag)

    def invoke(
        self,
        *,
        version: int | None = None,
        tag: str | None = None,
        idempotency_key: str | None = None,
        **inputs: Any,
    ) -> FlowHandle[R]:
        """Run a deployed version in a worker process, whatever becomes of this one.

        What runs is the version, not the code of this process; see `run` for that.

        Parameters
        ----------
        version, tag
            Which version; see `deployment`.
        idempotency_key
            A second invocation with the same key gives the execution of the first one.
        **inputs
            The flow's arguments by name.

        Returns
        -------
        FlowHandle
            The execution, which is recorded and waits for a worker.

        Raises
        ------
        KitaruUsageError
            If the inputs do not fit the version's parameters.
        KitaruNotFoundError, KitaruStateError
            If there is no such version, or several share the tag.
        KitaruConflictError
            If the key was used with other inputs.
        KitaruFeatureNotAvailableError
            If the database is open in this process, where no worker reaches it.

        Examples
        --------
        >>> import kitaru
        >>> @kitaru.flow
        ... def report() -> None: ...
        >>> report.invoke(tag="stable")
        Traceback (most recent call last):
        kitaru.errors.KitaruNotFoundError: Flow report has no deployment...
        """
        handle: FlowHandle[R] = _deployments().invoke(
            self.name, version=version, tag=tag, inputs=inputs, idempotency_key=idempotency_key
        )
        return handle


def _deployments() -> Any:
    # As with the export: the client stands above the runtime.
    return import_module("kitaru.client").KitaruClient().deployments


class FlowDecorator(Protocol):
    """What ``@flow(...)`` with options gives; an async body's result is what it returns when awaited."""

    @overload
    def __call__(self, function: Callable[P, Coroutine[Any, Any, R]], /) -> Flow[P, R]: ...
    @overload
    def __call__(self, function: Callable[P, R], /) -> Flow[P, R]: ...


@overload
def flow(function: Callable[P, Coroutine[Any, Any, R]], /) -> Flow[P, R]: ...
@overload
def flow(function: Callable[P, R], /) -> Flow[P, R]: ...
@overload
def flow(
    *, name: str | None = ..., stack: str | None = ..., cache: bool | None = ..., retries: int | None = ...
) -> FlowDecorator: ...
def flow(
    function: Callable[..., Any] | None = None,
    /,
    *,
    name: str | None = None,
    stack: str | None = None,
    cache: bool | None = None,
    retries: int | None = None,
) -> Any:
    """Make a function a flow: its executions are recorded, and go on where they stopped.

    Parameters
    ----------
    function
        The body, sync or async; ordinary Python. When an execution is resumed the body runs again from its top,
        and each checkpoint takes what is recorded for it.
    name
        What the flow is called in the record; the function's name if not given.
    stack, cache, retries
        Defaults for its executions; see `kitaru.configure`.

    Returns
    -------
    Flow
        Start it with ``.run(...)``.

    Raises
    ------
    KitaruUsageError
        If an option has no meaning.

    Examples
    --------
    >>> import kitaru
    >>> @kitaru.flow(retries=1)
    ... def total(numbers: list[int]) -> int:
    ...     return sum(numbers)
    >>> total.run([1, 2, 3]).wait()
    6
    """
    if retries is not None and (isinstance(retries, bool) or retries < 0):
        raise KitaruUsageError(f"@flow(retries={retries!r}): give a number of retries, 0 or more")

    def decorate(function: Callable[..., Any]) -> Flow[..., Any]:
        config = KitaruConfig(stack=stack, cache=cache, retries=retries)
        made = Flow(function, flow_name(function.__name__ if name is None else name), config)
        _define(made)
        return made

    return decorate if function is None else decorate(function)


def _define(flow: Flow[..., Any]) -> None:
    by_module = defined.setdefault(flow.name, {})
    by_module.pop(flow.function.__module__, None)
    by_module[flow.function.__module__] = flow


def flow_name(name: str) -> str:
    """Make a name that is safe in files, addresses and SQL."""
    safe = re.sub(r"\W", "_", name)
    return f"flow_{safe}" if safe[:1].isdigit() else safe
