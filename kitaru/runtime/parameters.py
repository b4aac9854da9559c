"""The arguments of a flow: bound to its signature and fitted to its annotations."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any, Final

from kitaru.errors import KitaruUsageError

if TYPE_CHECKING:
    from pydantic import TypeAdapter

    from kitaru.runtime.flow import Flow

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


def fit(flow: Flow[..., Any], name: str, value: Any) -> Any:
    """Convert one argument to its annotation.

    Raises
    ------
    KitaruUsageError
        If that cannot be done.
    """
    parameter = flow.signature.parameters[name]
    annotation = parameter.annotation
    if annotation is parameter.empty or parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
        return value
    plain = PLAIN.get(annotation) if isinstance(annotation, str) else annotation
    if type(value) is plain or plain is Any:
        return value
    return _validate(flow, name, annotation, value)


def _validate(flow: Flow[..., Any], name: str, annotation: Any, value: Any) -> Any:
    """Let Pydantic convert what is not of the annotated type already."""
    from pydantic import ValidationError

    adapter = adapter_of(flow, name, annotation)
    if adapter is None:
        return value
    try:
        return adapter.validate_python(value)
    except ValidationError as error:
        problem = error.errors()[0]
        where = "".join(f"[{part!r}]" for part in problem["loc"])
        raise KitaruUsageError(
            f"{flow.name}.run(): {name}{where}={problem['input']!r} does not fit {annotation!r}: {problem['msg']}. "
            f"The flow is {flow.name}{flow.signature}."
        ) from None


def adapter_of(flow: Flow[..., Any], name: str, annotation: Any) -> TypeAdapter[Any] | None:
    """Return what converts to an annotation; None for a type that only the user's code understands."""
    from pydantic import PydanticSchemaGenerationError, PydanticUserError, TypeAdapter

    try:
        return TypeAdapter(_evaluated(flow, name, annotation) if isinstance(annotation, str) else annotation)
    except (NameError, KeyError, TypeError, PydanticSchemaGenerationError, PydanticUserError):
        return None


def _evaluated(flow: Flow[..., Any], name: str, annotation: str) -> Any:
    """Evaluate one annotation: that another one names a class of a function's own is no matter of this one."""
    from typing import get_type_hints

    def holder() -> None: ...

    holder.__annotations__ = {name: annotation}
    return get_type_hints(holder, globalns=flow.function.__globals__, include_extras=True)[name]
