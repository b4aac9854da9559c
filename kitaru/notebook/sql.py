"""``%%kitaru_sql`` and ``%kitaru_sql``: a question to the recorded history, with variables of the notebook."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from kitaru.code.flow_line import LineParser
from kitaru.errors import KitaruUsageError
from kitaru.notebook.arguments import PLACE, variable, words

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

# Text, quoted names and comments are passed over; a {name} inside of quotes is no variable. With a colon in them
# braces are a struct of SQL, and without anything an empty map.
_PIECES: Final = re.compile(
    r"""
    '(?:[^']|'')*' | "(?:[^"]|"")*" | \$(?P<tag>\w*)\$.*?\$(?P=tag)\$
    | --[^\n]* | /\*.*?\*/
    | \{\s*(?P<place>PLACE)\s*\}
    | \{(?P<other>\s*[^\s{}:'"][^{}:'"]*)\}
    """.replace("PLACE", PLACE),
    re.DOTALL | re.VERBOSE,
)
_ASSIGNMENT: Final = re.compile(r"\s*([A-Za-z_]\w*)\s*<<\s*(.*)", re.DOTALL)


def run_sql(shell: InteractiveShell, line: str, cell: str | None = None) -> Any:
    """Ask, and return the answer or set the variable that takes it."""
    target, rest = _target(line)
    if cell is None:
        options, query = _options_before(rest)
    else:
        options, query = words("%%kitaru_sql", rest), cell
        if target is None:
            target, query = _target(query)
    answer = ask(shell.user_ns, query, polars=_wants_polars(options))
    if target is None:
        return answer
    shell.user_ns[target] = answer
    return None


def ask(namespace: dict[str, Any], query: str, *, polars: bool = False) -> Any:
    """Ask the recorded history, with the variables that stand in braces as bound parameters.

    Raises
    ------
    KitaruUsageError
        If a variable is not defined, or the query is wrong.
    """
    from kitaru.client import KitaruClient

    text, parameters = bound(query, namespace)
    if not text.strip():
        raise KitaruUsageError("%%kitaru_sql: there is no query. Write for example SELECT * FROM executions")
    return KitaruClient().sql(text, parameters or None, as_="polars" if polars else "pandas")


def bound(query: str, namespace: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """Replace each ``{name}``, ``{name.attribute}`` and ``{name[0]}`` by a parameter of the query.

    Parameters
    ----------
    query
        SQL.
    namespace
        Where the variables are.

    Returns
    -------
    str
        SQL with ``$v1``, ``$v2``.
    dict
        The values.

    Raises
    ------
    KitaruUsageError
        If a variable is not defined, or something else stands in braces: nothing is computed there.

    Examples
    --------
    >>> bound("SELECT * FROM executions WHERE flow = {flow} AND status <> '{flow}'", {"flow": "research"})
    ("SELECT * FROM executions WHERE flow = $v1 AND status <> '{flow}'", {'v1': 'research'})
    """
    names: dict[str, str] = {}
    parameters: dict[str, Any] = {}

    def replaced(found: re.Match[str]) -> str:
        path = found["place"]
        if found["other"]:
            raise KitaruUsageError(
                f"%%kitaru_sql: {found[0]} is no variable. Braces take a name, its attributes and its items, as in "
                "{run.exec_id} or {rows[0]}; give what is computed a name first."
            )
        if path is None:
            return found[0]
        name = names.setdefault(path, f"v{len(names) + 1}")
        parameters[name] = _plain(variable(namespace, path, f"%%kitaru_sql: {{{path}}}"))
        return f"${name}"

    return _PIECES.sub(replaced, query), parameters


def _plain(value: Any) -> Any:
    """Take a number out of its array type, which DuckDB does not take: ``frame["n"].iloc[0]`` is one of those."""
    return value.item() if type(value).__module__ == "numpy" and getattr(value, "shape", None) == () else value


def _target(text: str) -> tuple[str | None, str]:
    found = _ASSIGNMENT.fullmatch(text)
    return (found[1], found[2]) if found else (None, text)


def _options_before(text: str) -> tuple[list[str], str]:
    options = []
    while text.lstrip().startswith("--"):
        option, _, text = text.lstrip().partition(" ")
        options.append(option)
    return options, text


def _wants_polars(options: list[str]) -> bool:
    parser = LineParser(prog="%%kitaru_sql", add_help=False)
    parser.add_argument("--polars", action="store_true")
    return bool(parser.parse_args(options).polars)
