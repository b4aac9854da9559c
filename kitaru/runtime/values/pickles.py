"""The last resort: cloudpickle, by value for what a notebook defines; and the search for the part that refuses."""

from __future__ import annotations

import io
import pickle
from types import AsyncGeneratorType, CoroutineType, FunctionType, GeneratorType, MethodType
from typing import TYPE_CHECKING, Any

import cloudpickle

from kitaru.errors import KitaruSerializationError
from kitaru.runtime.values.references import type_name

if TYPE_CHECKING:
    from collections.abc import Iterator

_VERIFIED_BYTES = 1_000_000
_MAX_STEPS = 20
_MAX_PARTS = 1_000


def encode(value: Any, where: str) -> memoryview:
    """Pickle `value`.

    Raises
    ------
    KitaruSerializationError
        If it cannot be pickled, or its pickle cannot be read back; the message names the part that is at fault.
    """
    buffer = io.BytesIO()
    try:
        cloudpickle.dump(value, buffer, protocol=5)
    except Exception as error:
        raise _refused(value, where, error) from error
    data = buffer.getbuffer()
    if data.nbytes <= _VERIFIED_BYTES:
        try:
            _verify(data, value, where)
        except BaseException:
            data.release()  # the traceback holds it beside its buffer, which could not be closed otherwise
            raise
    return data


def decode(data: bytes, name: str) -> Any:
    """Unpickle `data`, a value of the type `name`.

    Raises
    ------
    KitaruSerializationError
        If a module or a class that the pickle refers to is missing or has changed.
    """
    try:
        return pickle.loads(data)  # noqa: S301 -- runs in the user's own kernel or worker only
    except Exception as error:
        raise KitaruSerializationError(
            f"A stored value of type {name} cannot be read back: {type(error).__name__}: {error}. {_missing(error)}"
        ) from error


def _missing(error: Exception) -> str:
    if isinstance(error, ModuleNotFoundError):
        return f"Install the package that has the module {error.name!r}, or put it on the path, and read it again."
    return "Restore the class as it was when the value was saved, or replay from the checkpoint that produced it."


def _verify(data: memoryview, value: Any, where: str) -> None:
    # Some objects pickle and cannot be unpickled (exceptions with own parameters): better known now than after a crash.
    try:
        pickle.loads(data)  # noqa: S301 -- these are the bytes of the line above
    except Exception as error:
        path, part = _culprit(value, where, _round_trips)
        raise KitaruSerializationError(
            f"Cannot store {where}: {path} is a {type_name(type(part))}, which can be pickled but not read back "
            f"({type(error).__name__}: {error}). Return plain data instead, give the class a __reduce__ that matches "
            "its __init__, or register a codec with kitaru.register_codec."
        ) from error


def _refused(value: Any, where: str, error: Exception) -> KitaruSerializationError:
    path, part = _culprit(value, where, _pickles)
    return KitaruSerializationError(
        f"Cannot store {where}: {path} is a {type_name(type(part))}, which has no stored form "
        f"({type(error).__name__}: {error}). {_remedy(part, error)}"
    )


def _remedy(part: Any, error: Exception) -> str:
    if isinstance(error, RecursionError) or "recursion" in str(error):
        return "The value is nested too deep: return a flat form of it, such as a list of its nodes."
    if isinstance(part, (GeneratorType, AsyncGeneratorType)):
        return "A generator can be read only once: return list(...) of it."
    if isinstance(part, CoroutineType):
        return "It was never awaited: await it and return what it gives."
    return (
        "Return plain data instead (numbers, text, lists, dicts, dataclasses, frames), create the object inside the "
        "checkpoint that needs it and keep it out of the value, or register a codec for it with kitaru.register_codec."
    )


def _pickles(value: Any) -> bool:
    try:
        cloudpickle.dumps(value, protocol=5)
    # Any error at all means that this part does not pickle.
    except Exception:
        return False
    return True


def _round_trips(value: Any) -> bool:
    try:
        pickle.loads(cloudpickle.dumps(value, protocol=5))  # noqa: S301 -- bytes written by the same line
    except Exception:
        return False
    return True


def _culprit(value: Any, where: str, is_fine: Any) -> tuple[str, Any]:
    seen = {id(value)}
    for _ in range(_MAX_STEPS):
        bad = next((part for part in _parts(value, where) if id(part[1]) not in seen and not is_fine(part[1])), None)
        if bad is None:
            break
        where, value = bad
        seen.add(id(value))
    return where, value


def _parts(value: Any, where: str) -> Iterator[tuple[str, Any]]:
    for count, part in enumerate(_all_parts(value, where)):
        if count == _MAX_PARTS:
            return
        yield part


def _all_parts(value: Any, where: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for key, item in list(value.items()):
            yield f"{where}[{key!r:.80}]", item
            yield f"key {key!r:.80} of {where}", key
    elif isinstance(value, (list, tuple)):
        for index, item in enumerate(value):
            yield f"{where}[{index}]", item
    elif isinstance(value, (set, frozenset)):
        for item in list(value):
            yield f"an element of {where}", item
    elif isinstance(value, MethodType):
        yield f"{where}.__self__", value.__self__
    elif isinstance(value, FunctionType):
        yield from _function_parts(value, where)
    yield from _attributes(value, where)


def _function_parts(function: FunctionType, where: str) -> Iterator[tuple[str, Any]]:
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=False):
        yield f"{name!r}, which {where} closes over,", cell.cell_contents
    for name in function.__code__.co_names:
        if name in function.__globals__:
            yield f"the global {name!r}, which {where} uses,", function.__globals__[name]


def _attributes(value: Any, where: str) -> Iterator[tuple[str, Any]]:
    for name, item in list(getattr(value, "__dict__", {}).items()):
        yield f"{where}.{name}", item
    cls = type(value)
    for base in cls.__mro__:
        slots = base.__dict__.get("__slots__", ())
        for name in (slots,) if isinstance(slots, str) else slots:
            if hasattr(value, name) and not name.startswith("__"):
                yield f"{where}.{name}", getattr(value, name)
    if cls.__module__ == "__main__" and not isinstance(value, type):
        # A notebook's class travels by value, and so do the globals that its methods use.
        yield f"the class {cls.__qualname__} of {where}", cls
