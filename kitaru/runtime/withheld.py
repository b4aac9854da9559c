"""Secrets that stay out of a snapshot: found by name, type and shape, and taken from the environment again."""

from __future__ import annotations

import dataclasses
import os
import re
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType
from typing import TYPE_CHECKING, Any, Final

from kitaru.code import blacked_out, function_file, is_key, looks_secret
from kitaru.errors import KitaruRuntimeError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from types import CodeType

_DEEPEST: Final = 8
_MOST_ITEMS: Final = 20_000
_SHORTEST: Final = 6
"""Characters of a text inside of another value from which on its name alone makes it a secret."""
_NUMBERS: Final = (int, float, complex)
_CODE: Final = (type, FunctionType, BuiltinFunctionType, MethodType, ModuleType)
_ASSIGNED: Final = re.compile(r"(\w+)\s*(?::[^=]*)?=\s*(['\"])([^'\"]+)\2\s*(?:#.*)?$")


class LooseSecretError(Exception):
    """A text that looks like a key is part of the code itself, where nothing can stand in for it."""


@dataclasses.dataclass(frozen=True, slots=True)
class Secret:
    """A value that is withheld: where it was, and the environment variable that has it instead."""

    path: str
    variable: str
    value: Any = dataclasses.field(repr=False)


def secrets_in(reached: Mapping[str, object]) -> list[Secret]:
    """Find the secrets in named values and in what they hold: dicts, lists, and attributes of objects.

    Examples
    --------
    >>> [(found.path, found.variable) for found in secrets_in({"CONFIG": {"api_key": "open sesame", "size": 3}})]
    [("CONFIG['api_key']", 'API_KEY')]
    """
    search, found = _Search(), []
    for name, value in reached.items():
        if looks_secret(name, value):
            found.append(Secret(name, name, value))
        else:
            found += search.inside(name, name, value, _DEEPEST)
    return _with_own_variables(found)


class _Search:
    """One search through values: it looks at each container once, and at so many items in all."""

    def __init__(self) -> None:
        self._seen: dict[int, object] = {}
        self._left = _MOST_ITEMS

    def inside(self, path: str, name: str, value: object, depth: int) -> Iterator[Secret]:
        if depth == 0 or id(value) in self._seen or isinstance(value, _CODE):
            return
        self._seen[id(value)] = value  # held, as an id is only good while its object lives
        for place, key, item in _parts(name, value):
            self._left -= 1
            if self._left < 0:
                return
            if item is None or isinstance(item, _NUMBERS):
                continue
            if _is_withheld(key, item):
                yield Secret(path + place.format(key), key.upper(), item)
            elif not isinstance(item, str | bytes):
                yield from self.inside(path + place.format(key), key, item, depth - 1)


def _is_withheld(key: str, item: object) -> bool:
    if hasattr(type(item), "get_secret_value"):
        return True
    return isinstance(item, str | bytes) and len(item) >= _SHORTEST and looks_secret(key, item)


def _parts(name: str, value: object) -> Iterator[tuple[str, str, object]]:
    """Give the places, names and items that a value holds; items of a list go by its own name."""
    if isinstance(value, dict):
        yield from (("[{0!r}]", key, item) for key, item in value.items() if isinstance(key, str))
    elif isinstance(value, list | tuple):
        yield from ((f"[{number}]", name, item) for number, item in enumerate(value))
    elif isinstance(value, set | frozenset):
        yield from (("", name, item) for item in value)
    else:
        held = dict(getattr(value, "__dict__", None) or {})
        slots = getattr(type(value), "__dataclass_fields__", ())
        held |= {slot: getattr(value, slot) for slot in slots if slot not in held and hasattr(value, slot)}
        yield from ((".{0}", key, item) for key, item in held.items())


def _with_own_variables(found: list[Secret]) -> list[Secret]:
    """Give different secrets variables of different names."""
    taken: dict[str, Any] = {}
    told = []
    for secret in found:
        variable, number = secret.variable, 2
        while variable in taken and taken[variable] != secret.value:
            variable, number = f"{secret.variable}_{number}", number + 1
        taken[variable] = secret.value
        told.append(dataclasses.replace(secret, variable=variable))
    return told


class Withheld:
    """Tells a pickler what stands in for secrets.

    Parameters
    ----------
    secrets
        What `secrets_in` found.
    """

    def __init__(self, secrets: Iterable[Secret]) -> None:
        self._references = {id(secret.value): (secret.variable, type(secret.value)) for secret in secrets}

    def reference(self, value: Any) -> tuple[str, type] | None:
        """Return what a pickle has in place of a secret; None for any other value.

        Raises
        ------
        LooseSecretError
            If it is a secret of which nobody knows the name.
        """
        reference = self._references.get(id(value))
        if reference is not None:
            return reference
        if is_key(value) if isinstance(value, str | bytes) else hasattr(type(value), "get_secret_value"):
            raise LooseSecretError
        return None


def given_back(reference: Any, flow: str) -> Any:
    """Take from the environment what a reference stands for.

    Raises
    ------
    KitaruRuntimeError
        If the variable is not set; the message names it.
    """
    variable, kind = (reference, str) if isinstance(reference, str) else reference
    text = os.environ.get(variable)
    if text is None:
        raise KitaruRuntimeError(
            f"Flow {flow} uses {variable}, which looks like a secret and is not stored: set the environment variable "
            f"{variable} and try again."
        )
    if kind is bytes:
        return text.encode()
    return text if kind is str else kind(text)


def without_secrets(text: str, file: str = "", functions: Iterable[object] = ()) -> str:
    """Black out what looks like a secret in a text, but for the lines of functions of a file: they are what they say.

    The text keeps its length and its lines, so functions in it keep their places.
    """
    kept = {line for function in functions for line in _lines_of(getattr(function, "__code__", None), file)}
    lines = text.splitlines(keepends=True)
    return "".join(line if number in kept else _hidden(line) for number, line in enumerate(lines, 1))


def _hidden(line: str) -> str:
    found = _ASSIGNED.match(line)
    if found is None or not looks_secret(found[1], found[3]):
        return blacked_out(line)
    return f"{line[: found.start(3)]}{'*' * len(found[3])}{line[found.end(3) :]}"


def _lines_of(code: CodeType | None, file: str) -> Iterator[int]:
    if code is None or file not in (code.co_filename, function_file(code.co_filename)):
        return
    yield from (line for _, _, line in code.co_lines() if line is not None)
    for constant in code.co_consts:
        if hasattr(constant, "co_lines"):
            yield from _lines_of(constant, file)
