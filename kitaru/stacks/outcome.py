"""How an isolated call ended, as it travels from its process to the one that asked for it."""

from __future__ import annotations

import pickle
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from kitaru.errors import FailureOrigin, KitaruExecutionError, KitaruSerializationError
from kitaru.stacks.memory import format_size

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_OURS: Final = str(Path(__file__).parent.parent)
_PLUMBING: Final = ("asyncio", "contextlib.py", "concurrent")


class RemoteTraceback(Exception):  # noqa: N818 - it is the traceback of an error, no error itself
    """Where an error was raised in another process; the ``__cause__`` of that error.

    Parameters
    ----------
    text
        The traceback as Python prints it, from the user's first frame on.

    Examples
    --------
    >>> print(RemoteTraceback("Traceback (most recent call last): ..."))
    <BLANKLINE>
    Traceback (most recent call last): ...
    """

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text

    def __str__(self) -> str:
        return f"\n{self.text}"


def remote_traceback(error: BaseException) -> str | None:
    """Return the traceback of an error that was raised in another process, else None.

    Examples
    --------
    >>> remote_traceback(ValueError("of this process")) is None
    True
    """
    cause = error.__cause__
    return cause.text if isinstance(cause, RemoteTraceback) else None


@dataclass(frozen=True, slots=True)
class Raised:
    """An error in the form in which it travels."""

    error: bytes | None
    type_name: str
    message: str
    trace: bytes | str
    why_not: str = ""


def encode_error(error: BaseException, memory: int | None, call: str) -> Raised:
    """Prepare an error for its way to the other process; its traceback keeps the user's frames."""
    trace = _trace(error)
    if isinstance(error, MemoryError) and memory is not None:
        message = str(error)
        error = KitaruExecutionError(
            f"Call {call!r} went over its memory limit of {format_size(memory)}"
            f"{f' ({message})' if message else ''}. Raise memory= of its checkpoint, or let it hold less at a time.",
            failure_origin=FailureOrigin.USER_CODE,
        )
    name, text = type(error).__qualname__, _text(error)
    try:
        data = _dumps(error)
        # Errors with an __init__ of their own often pickle well and then fail to come back.
        pickle.loads(data)  # noqa: S301 - written on the line above
    except Exception as problem:  # __reduce__ of the user's class may raise anything
        return Raised(None, name, text, trace, f"{type(problem).__name__}: {problem}")
    return Raised(data, name, text, trace)


def decode_error(raised: Raised, call: str) -> BaseException:
    """Return the error itself, with the traceback of the other process as its ``__cause__``."""
    error: BaseException | None = None
    why_not = raised.why_not
    if raised.error is not None:
        try:
            error = pickle.loads(raised.error)  # noqa: S301 - from a process of this user
        except Exception as problem:  # __setstate__ of the user's class may raise anything
            why_not = f"{type(problem).__name__}: {problem}"
    if error is None:
        error = KitaruSerializationError(
            f"Call {call!r} raised {raised.type_name}: {raised.message}\nThe error object itself cannot leave its "
            f"process, because it cannot be pickled ({why_not}). Raise an error that pickle can copy."
        )
    error.__cause__ = RemoteTraceback(_format(raised.trace))
    return error


def encode_task(parts: Mapping[str, object], call: str) -> bytes:
    """Pickle a call's function and arguments, functions of a notebook by value."""
    try:
        return _dumps(tuple(parts.values()))
    except Exception as problem:  # __reduce__ of the user's class may raise anything
        name, value, reason = next(_unpicklable(parts), ("one of them", None, problem))
        raise KitaruSerializationError(
            f"Call {call!r} cannot run in another process: {name} ({_kind(value)}) cannot be pickled "
            f"({type(reason).__name__}: {reason}). Make it inside the checkpoint, or pass what it is made from."
        ) from problem


def encode_value(value: object, what: str) -> bytes:
    """Pickle what a call hands out.

    Raises
    ------
    KitaruSerializationError
        If it cannot be pickled; the message names `what` and its type.
    """
    try:
        return _dumps(value)
    except Exception as problem:
        raise KitaruSerializationError(
            f"{what} ({_kind(value)}) cannot leave its process, because it cannot be pickled "
            f"({type(problem).__name__}: {problem}). Hand out plain data instead."
        ) from problem


def argument_names(args: Sequence[Any], kwargs: Mapping[str, Any]) -> dict[str, object]:
    """Name each argument as a message should."""
    positional = {f"argument {number}": value for number, value in enumerate(args, 1)}
    return positional | {f"argument {name!r}": value for name, value in kwargs.items()}


def _unpicklable(parts: Mapping[str, object]) -> Iterator[tuple[str, object, Exception]]:
    named: dict[str, object] = {"the function": parts["function"]}
    named |= argument_names(parts["args"], parts["kwargs"])  # type: ignore[arg-type]
    for name, value in named.items():
        try:
            _dumps(value)
        except Exception as problem:  # __reduce__ of the user's class may raise anything
            yield name, value, problem


def _dumps(value: object) -> bytes:
    import cloudpickle

    data: bytes = cloudpickle.dumps(value)
    return data


def _kind(value: object) -> str:
    return f"{type(value).__module__}.{type(value).__qualname__}"


def _text(error: BaseException) -> str:
    try:
        return str(error)
    except Exception as problem:  # __str__ of the user's class may raise anything
        return f"(its message cannot be read: {problem})"


def _trace(error: BaseException) -> bytes | str:
    """Keep the traceback without source lines: those of notebook cells are known to the asking process only."""
    found = traceback.TracebackException(type(error), error, error.__traceback__, lookup_lines=False, compact=True)
    kept = next((index for index, frame in enumerate(found.stack) if not _is_plumbing(frame.filename)), 0)
    del found.stack[:kept]
    try:
        return _dumps(found)
    except Exception:  # The class of the error may not be picklable; its text always is
        return "".join(found.format())


def _format(trace: bytes | str) -> str:
    if isinstance(trace, str):
        return trace
    found: traceback.TracebackException = pickle.loads(trace)  # noqa: S301 - from a process of this user
    return "".join(found.format())


def _is_plumbing(filename: str) -> bool:
    library = str(Path(traceback.__file__).parent)
    if filename.startswith(library) and "site-packages" not in filename:
        return Path(filename).relative_to(library).parts[0] in _PLUMBING
    return filename.startswith(_OURS)
