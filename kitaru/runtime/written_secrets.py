"""Secrets that are written into the code of a flow: as nothing can stand in for them, the user is told of them."""

from __future__ import annotations

from pathlib import Path
from types import CodeType, FunctionType
from typing import TYPE_CHECKING

from kitaru.code import definition_of, secret_literals, variable_of

if TYPE_CHECKING:
    from collections.abc import Iterator


class FrozenFunctions:
    """Looks at all that is pickled, and knows the functions of which the code is pickled too."""

    def __init__(self) -> None:
        self._functions: dict[int, FunctionType] = {}
        self._codes: set[int] = set()

    def __call__(self, value: object) -> None:
        """Look at one object; of functions that are only referred to, the code never comes by."""
        if isinstance(value, FunctionType):
            self._functions[id(value.__code__)] = value
        elif isinstance(value, CodeType):
            self._codes.add(id(value))

    def __iter__(self) -> Iterator[FunctionType]:
        return (function for code, function in self._functions.items() if code in self._codes)


def secrets_written_in(functions: FrozenFunctions, flow: str) -> list[str]:
    """Say where functions have a secret as a literal, and what to do about it."""
    told = []
    for function in functions:
        definition = definition_of(function)
        if definition is None:
            continue
        node = definition.node
        first = min([node.lineno, *(decorator.lineno for decorator in getattr(node, "decorator_list", ()))])
        for name, number in secret_literals(node):
            line = function.__code__.co_firstlineno + number - first
            told.append(
                f"{name or 'a text'} in {function.__qualname__} ({_place(function, line)}) looks like a secret and is "
                f"stored with the code of flow {flow}. Take it from the environment instead: "
                f'os.environ["{variable_of(name)}"].'
            )
    return told


def _place(function: FunctionType, line: int) -> str:
    file = Path(function.__code__.co_filename)
    return f"{file.name}, line {line}" if file.is_file() else f"line {line} of its cell"
