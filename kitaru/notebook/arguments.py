"""Reading the line of a magic: words, options, values, and a sentence where they make no sense."""

from __future__ import annotations

import re
from typing import Any

from kitaru.code.flow_line import split_line
from kitaru.errors import KitaruUsageError


def words(magic: str, line: str) -> list[str]:
    """Split a line at blanks outside of quotes and brackets; quotes around a whole word are taken away.

    Raises
    ------
    KitaruUsageError
        If a quote or a bracket is not closed.

    Examples
    --------
    >>> words("%kitaru", "cancel kr-1 'wrong topic' --set ids=[1, 2]")
    ['cancel', 'kr-1', 'wrong topic', '--set', 'ids=[1, 2]']
    """
    try:
        return [_unquoted(word) for word in split_line(line)]
    except KitaruUsageError as error:
        raise KitaruUsageError(f"{magic}: {re.sub(r'^%%kitaru_flow: ', '', str(error))}") from None


def named(namespace: dict[str, Any], word: str) -> str:
    """Put the text of a variable in place of ``{name}``, where that is the whole word.

    Raises
    ------
    KitaruUsageError
        If there is no such variable.

    Examples
    --------
    >>> named({"first": "kr-1"}, "{first}"), named({}, "{1, 2}")
    ('kr-1', '{1, 2}')
    """
    name = word[1:-1].strip()
    if word[:1] + word[-1:] != "{}" or not name.isidentifier():
        return word
    if name not in namespace:
        raise KitaruUsageError(f"{word}: no variable {name} is defined in this notebook.")
    return str(getattr(namespace[name], "exec_id", namespace[name]))


def value_of(text: str, namespace: dict[str, Any]) -> Any:
    """Read a value: a Python expression over the notebook's variables; what is none stands for itself.

    Parameters
    ----------
    text
        As it was typed.
    namespace
        Of the notebook.

    Examples
    --------
    >>> value_of("[1, top]", {"top": 2}), value_of("two words", {}), value_of("true", {})
    ([1, 2], 'two words', True)
    """
    try:
        return eval(text, dict(namespace))  # noqa: S307 -- the user's own words in the user's own notebook
    except Exception:  # whatever the expression raises: then it is meant as text
        return {"true": True, "false": False, "null": None}.get(text.strip(), text)


def _unquoted(word: str) -> str:
    return word[1:-1] if len(word) > 1 and word[0] == word[-1] and word[0] in "'\"" else word
