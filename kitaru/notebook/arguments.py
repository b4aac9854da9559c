"""Reading the line of a magic: words, options, values, and a sentence where they make no sense."""

from __future__ import annotations

import ast
import re
from difflib import get_close_matches
from typing import Any, Final

from kitaru.code.flow_line import split_line
from kitaru.errors import KitaruUsageError

PLACE: Final = r"""[^\W\d]\w*(?:\.[^\W\d]\w*|\[(?:-?\d+|'[^'\n]*'|"[^"\n]*")\])*"""
"""A variable, an attribute or an item of one: ``rows``, ``run.exec_id``, ``runs[0].flow_name``, ``prices["tea"]``."""
_STEP: Final = re.compile(r"""\.(?P<attribute>\w+)|\[(?P<item>'[^']*'|"[^"]*"|-?\d+)\]""")


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
    """Look a variable of the notebook up, or an attribute or an item of one.

    Parameters
    ----------
    namespace
        Of the notebook.
    path
        Text that fits `PLACE`.
    where
        What stands at the beginning of the message.

    Returns
    -------
    object
        Its value; of an execution or of a handle its id.

    Raises
    ------
    KitaruUsageError
        If there is no such variable, attribute or item.

    Examples
    --------
    >>> variable({"n": 1 + 2j}, "n.real", "%kitaru show"), variable({"prices": {"tea": [3]}}, "prices['tea'][0]", "")
    (1.0, 3)
    """
    name = re.match(r"\w*", path)[0]  # type: ignore[index]  # it fits PLACE
    if name not in namespace:
        near = get_close_matches(name, [known for known in namespace if not known.startswith("_")], 1)
        hint = f"Did you mean {near[0]}?" if near else "Run the cell that sets it first."
        raise KitaruUsageError(f"{where}: no variable {name} is defined in this notebook. {hint}")
    value = namespace[name]
    for step in _STEP.finditer(path, len(name)):
        owner = f"{where}: {path[: step.start()]} ({type(value).__name__})"
        value = _attribute(value, step["attribute"], owner) if step["attribute"] else _item(value, step["item"], owner)
    return getattr(value, "exec_id", value)


def _attribute(value: Any, name: str, owner: str) -> Any:
    if not hasattr(value, name):
        near = get_close_matches(name, [known for known in dir(value) if not known.startswith("_")], 1)
        hint = f" Did you mean {near[0]}?" if near else ""
        raise KitaruUsageError(f"{owner} has no {name}.{hint}")
    return getattr(value, name)


def _item(value: Any, key: str, owner: str) -> Any:
    try:
        return value[ast.literal_eval(key)]
    except Exception as error:  # whatever the user's own object raises
        why = "" if isinstance(error, LookupError) else f": {error}"
        raise KitaruUsageError(f"{owner} has no item {key}{why}") from None


def named(namespace: dict[str, Any], word: str) -> str:
    """Put the text of a variable, of an attribute or of an item in place of its name in braces, if that is the word.

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
    if word[:1] + word[-1:] != "{}" or not re.fullmatch(PLACE, path):
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
