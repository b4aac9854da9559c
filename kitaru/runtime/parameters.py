"""The arguments of a flow: bound to its signature and fitted to its annotations."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any, Final

from kitaru.errors import KitaruUsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from pydantic import TypeAdapter

    from kitaru.runtime.checkpoint import CheckpointSpec
    from kitaru.runtime.flow import Flow

VARIABLE: Final = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
PLAIN: Final = {kind.__name__: kind for kind in (int, float, str, bool, list, dict, tuple, set, bytes)}


def bind(flow: Flow[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
    """Name all arguments, defaults included, and fit them to their annotations.

    Raises
    ------
    KitaruUsageError
        If they do not fit; the message has the flow's signature.
    """
    try:
        bound = flow.signature.bind(*args, **kwargs)
    except TypeError as error:
        raise KitaruUsageError(f"{flow.name}.run(): {error}. The flow is {flow.name}{flow.signature}.") from None
    bound.apply_defaults()
    defaults = {name: parameter.default for name, parameter in flow.signature.parameters.items()}
    return {
        name: value if value is defaults[name] else fit(flow, name, value) for name, value in bound.arguments.items()
    }


def bind_some(flow: Flow[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
    """Name the arguments that are given, of those that have a name.

    Raises
    ------
    KitaruUsageError
        If they are too many, or the flow has no parameter of that name.
    """
    try:
        bound = flow.signature.bind_partial(*args, **kwargs)
    except TypeError as error:
        raise KitaruUsageError(f"{flow.name}.deploy(): {error}. The flow is {flow.name}{flow.signature}.") from None
    for name in bound.arguments:
        if flow.signature.parameters[name].kind in VARIABLE:
            raise KitaruUsageError(
                f"{flow.name}.deploy(): {name} of {flow.name}{flow.signature} takes any number of values and can have "
                "no default. Give them when the version is invoked."
            )
    return bound.arguments


def spread(flow: Flow[..., Any], arguments: dict[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Turn named arguments back into what the body is called with."""
    unknown = sorted(set(arguments) - set(flow.signature.parameters))
    missing = [
        name
        for name, parameter in flow.signature.parameters.items()
        if name not in arguments and parameter.default is parameter.empty and parameter.kind not in (2, 4)
    ]
    if unknown or missing:
        problems = [f"no longer takes {', '.join(unknown)}"] if unknown else []
        problems += [f"now needs {', '.join(missing)}"] if missing else []
        raise KitaruUsageError(
            f"Flow {flow.name} {' and '.join(problems)}: the recorded arguments do not fit {flow.name}{flow.signature}."
        )
    bound = inspect.BoundArguments(flow.signature, arguments)
    return bound.args, bound.kwargs


def fit(flow: Flow[..., Any], name: str, value: Any, given: str = "") -> Any:
    """Convert one argument to its annotation; `given` says how it was, if not to ``run()``.

    Raises
    ------
    KitaruUsageError
        If that cannot be done.
    """
    parameter = flow.signature.parameters[name]
    adapter = None if _is_already(parameter, value) else adapter_of(flow.function, name, parameter.annotation)
    if adapter is None:
        return value
    from pydantic import ValidationError

    try:
        return adapter.validate_python(value)
    except ValidationError as error:
        problem = error.errors()[0]
        where = "".join(f"[{part!r}]" for part in problem["loc"])
        raise KitaruUsageError(
            f"{given or f'{flow.name}.run(): '}{name}{where}={problem['input']!r} does not fit "
            f"{type_name(parameter.annotation)}: {problem['msg']}. "
            + ("Change the value or the type." if given else f"The flow is {flow.name}{flow.signature}.")
        ) from None


def type_name(annotation: Any) -> str:
    """Write a type as people do.

    Examples
    --------
    >>> type_name(int), type_name(list[int]), type_name("Report")
    ('int', 'list[int]', 'Report')
    """
    if isinstance(annotation, str | type):
        return annotation if isinstance(annotation, str) else annotation.__name__
    return inspect.formatannotation(annotation).replace("__main__.", "")


def converted(spec: CheckpointSpec, name: str, value: Any) -> Any:
    """Convert an argument of a checkpoint that was given as plain data, if it can be; Python would take it as it is."""
    parameter = spec.signature.parameters[name]
    adapter = None if _is_already(parameter, value) else adapter_of(spec.function, name, parameter.annotation)
    if adapter is None:
        return value
    from pydantic import ValidationError

    try:
        return adapter.validate_python(value)
    except ValidationError:
        return value


def _is_already(parameter: inspect.Parameter, value: Any) -> bool:
    """Whether there is nothing to convert."""
    annotation = parameter.annotation
    if annotation is parameter.empty or parameter.kind in VARIABLE:
        return True
    plain = PLAIN.get(annotation) if isinstance(annotation, str) else annotation
    return type(value) is plain or plain is Any


def adapter_of(function: Callable[..., Any], name: str, annotation: Any) -> TypeAdapter[Any] | None:
    """Return what converts to an annotation; None for a type that only the user's code understands."""
    from pydantic import PydanticSchemaGenerationError, PydanticUserError, TypeAdapter

    try:
        return TypeAdapter(evaluated(function, name, annotation) if isinstance(annotation, str) else annotation)
    except (NameError, KeyError, TypeError, PydanticSchemaGenerationError, PydanticUserError):
        return None


def evaluated(function: Callable[..., Any], name: str, annotation: str) -> Any:
    """Evaluate one annotation: that another one names a class of a function's own is no matter of this one."""
    from typing import get_type_hints

    def holder() -> None: ...

    holder.__annotations__ = {name: annotation}
    return get_type_hints(holder, globalns=getattr(function, "__globals__", {}), include_extras=True)[name]
