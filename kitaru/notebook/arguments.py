"""Reading the line of a magic: words, options, values, and a sentence where they make no sense."""

from __future__ import annotations

import re
from difflib import get_close_matches
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


def variable(namespace: dict[str, Any], path: str, where: str) -> Any:
    """Look a variable of the notebook up, or an attribute of one.

    Parameters
    ----------
    namespace
        Of the notebook.
    path
        ``name``, or ``name.attribute``.
    where
        What stands at the beginning of the message.

    Returns
    -------
    object
        Its value; of an execution or of a handle its id.

    Raises
    ------
    KitaruUsageError
        If there is no such variable or attribute.

    Examples
    --------
    >>> variable({"n": 1 + 2j}, "n.real", "%kitaru show")
    1.0
    """
    name, *attributes = path.split(".")
    if name not in namespace:
        near = get_close_matches(name, [known for known in namespace if not known.startswith("_")], 1)
        hint = f"Did you mean {near[0]}?" if near else "Run the cell that sets it first."
        raise KitaruUsageError(f"{where}: no variable {name} is defined in this notebook. {hint}")
    value = namespace[name]
    for attribute in attributes:
        if not hasattr(value, attribute):
            near = get_close_matches(attribute, [known for known in dir(value) if not known.startswith("_")], 1)
            hint = f" Did you mean {near[0]}?" if near else ""
            raise KitaruUsageError(f"{where}: {name} ({type(value).__name__}) has no {attribute}.{hint}")
        value = getattr(value, attribute)
    return getattr(value, "exec_id", value)


def named(namespace: dict[str, Any], word: str) -> str:
    """Put the text of a variable in place of ``{name}`` or ``{name.attribute}``, where that is the whole word.

    Raises
    ------
    KitaruUsageError
        If there is no such variable.

    Examples
    --------
    >>> named({"first": "kr-1"}, "{first}"), named({}, "{1, 2}")
    ('kr-1', '{1, 2}')
    """
    path = word[1:-1].strip()
    if word[:1] + word[-1:] != "{}" or not all(name.isidentifier() for name in path.split(".")):
        return word
    return str(variable(namespace, path, word))


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
