"""``%kitaru VERB …``: the verbs, their options, and what each does with the client."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, Final

from kitaru.code.flow_line import LineParser
from kitaru.errors import KitaruUsageError
from kitaru.notebook import deploying, looking, steering
from kitaru.notebook.arguments import named, words

if TYPE_CHECKING:
    from collections.abc import Callable

    from IPython.core.interactiveshell import InteractiveShell


def run_verb(shell: InteractiveShell, line: str) -> Any:
    """Do what the line says; return what the cell shows.

    Raises
    ------
    KitaruUsageError
        If the verb or an option is unknown.
    """
    verb, _, rest = line.strip().partition(" ")
    if verb in ("", "help", "--help", "-h"):
        return looking.overview()
    if verb not in VERBS:
        near = get_close_matches(verb, VERBS, 1)
        hint = f"Did you mean {near[0]}?" if near else f"There are: {', '.join(VERBS)}."
        raise KitaruUsageError(f"%kitaru has no verb {verb}. {hint}")
    if verb == "sql":
        from kitaru.notebook.sql import run_sql

        return run_sql(shell, rest)
    given = [named(shell.user_ns, word) for word in words(f"%kitaru {verb}", rest)]
    return VERBS[verb](shell, parser_of(verb).parse_args(given))


def parser_of(verb: str) -> LineParser:
    """Make the parser of a verb's options."""
    parser = LineParser(prog=f"%kitaru {verb}", add_help=False)
    for names, options in _OPTIONS.get(verb, ()):
        parser.add_argument(*names, **options)
    return parser


_ID: Final = (("execution",), {"metavar": "ID"})
_MAYBE_ID: Final = (("execution",), {"metavar": "ID", "nargs": "?"})
_CALL: Final = (("-c", "--checkpoint"), {"metavar": "CALL"})
_DRY_RUN: Final = (("--dry-run",), {"action": "store_true"})
_PARAM: Final = (("-p", "--param"), {"metavar": "NAME=VALUE", "action": "append", "default": []})
_CODE: Final = (("--code",), {"choices": ["recorded", "current"]})

_OPTIONS: Final[dict[str, tuple[Any, ...]]] = {
    "list": (
        (("-f", "--flow"), {"metavar": "FLOW"}),
        (("-s", "--status"), {"metavar": "STATUS", "action": "append"}),
        (("--text",), {"metavar": "TEXT"}),
        (("--since",), {"metavar": "SINCE"}),
        (("--until",), {"metavar": "UNTIL"}),
        (("-n", "--limit"), {"type": int, "default": 20, "metavar": "N"}),
    ),
    "show": (_MAYBE_ID,),
    "logs": (_ID, _CALL, (("-n", "--limit"), {"type": int, "default": 200, "metavar": "N"})),
    "input": (
        _MAYBE_ID,
        (("value",), {"nargs": "?", "metavar": "VALUE"}),
        (("--value",), {"dest": "named_value", "metavar": "VALUE"}),
        (("--wait",), {"metavar": "NAME"}),
        (("--abort",), {"action": "store_true"}),
        (("--detach",), {"action": "store_true"}),
    ),
    "resume": (
        _ID,
        _CODE,
        (("--on-divergence",), {"choices": ["error", "rerun", "reuse"], "default": "error"}),
        (("--detach",), {"action": "store_true"}),
    ),
    "retry": (_ID, _CODE, (("--detach",), {"action": "store_true"})),
    "cancel": (_ID, (("reason",), {"nargs": "*", "metavar": "REASON", "default": []})),
    "replay": (
        _ID,
        (("--at",), {"metavar": "CALL"}),
        (("--set",), {"dest": "set_", "metavar": "TARGET=VALUE", "action": "append", "default": []}),
        (("--answer",), {"metavar": "NAME=VALUE", "action": "append", "default": []}),
        (("--cache",), {"action": "store_true", "default": None}),
        _DRY_RUN,
        (("--detach",), {"action": "store_true"}),
    ),
    "diff": (_ID, (("others",), {"nargs": "*", "metavar": "ID", "default": []})),
    "export": (
        (("notebook",), {"metavar": "NOTEBOOK", "nargs": "?"}),
        (("flows",), {"metavar": "FLOW", "nargs": "*", "default": []}),
        (("-o", "--output"), {"metavar": "DIR"}),
        (("--force",), {"action": "store_true"}),
    ),
    "deploy": (
        (("flow",), {"metavar": "FLOW"}),
        (("-t", "--tag"), {"metavar": "TAG", "action": "append", "default": []}),
        (("--exclusive",), {"action": "store_true"}),
        _PARAM,
        (("--stack",), {"metavar": "STACK"}),
        (("--cache",), {"action": "store_true", "default": None}),
    ),
    "invoke": (
        (("flow",), {"metavar": "FLOW"}),
        (("-v", "--version"), {"metavar": "N", "type": int}),
        (("-t", "--tag"), {"metavar": "TAG"}),
        _PARAM,
        (("--key",), {"metavar": "KEY"}),
        (("-o", "--output"), {"metavar": "VAR"}),
        (("--detach",), {"action": "store_true"}),
    ),
    "open": (_MAYBE_ID,),
    "clean": (_DRY_RUN,),
}

VERBS: Final[dict[str, Callable[[InteractiveShell, Any], Any]]] = {
    "status": looking.status,
    "list": looking.list_executions,
    "show": looking.show,
    "logs": looking.logs,
    "input": steering.give_input,
    "resume": steering.resume,
    "retry": steering.retry,
    "cancel": steering.cancel,
    "replay": steering.replay,
    "diff": looking.diff,
    "sql": lambda shell, options: None,
    "export": looking.export,
    "deploy": deploying.deploy,
    "invoke": deploying.invoke,
    "open": looking.open_execution,
    "clean": looking.clean,
}
