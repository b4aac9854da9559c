"""Tab completion of ``%kitaru``: verbs, options, executions, flows, calls."""

from __future__ import annotations

import itertools
import re
import sys
from typing import TYPE_CHECKING, Any, Final

from kitaru.errors import KitaruError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kitaru.client.models import Execution

_LINE: Final = re.compile(r"^\s*%{1,2}(kitaru\w*)\s(.*)$", re.DOTALL)
_STATUSES: Final = ("pending", "running", "waiting", "completed", "failed", "cancelled", "interrupted")
_TAKES: Final[dict[str, tuple[str, ...] | None]] = {
    **dict.fromkeys(("show", "logs", "replay", "diff", "open")),
    "input": ("waiting",),
    "resume": ("interrupted", "waiting"),
    "retry": ("failed", "cancelled"),
    "cancel": ("pending", "running", "waiting", "interrupted"),
}
"""The verbs that take an execution, and the statuses in which it is worth naming; None for all."""
_NEWEST: Final = 100


def kitaru_matcher(context: Any) -> dict[str, Any]:
    """Complete the word at the cursor, if the line is one of ours.

    Parameters
    ----------
    context
        IPython's `CompletionContext`.

    Returns
    -------
    dict
        A `SimpleMatcherResult`; no other matcher is asked for lines of ours.
    """
    from IPython.core.completer import SimpleCompletion

    found = _LINE.match(context.line_with_cursor[: context.cursor_position])
    if found is None:
        return {"completions": []}
    before = found[2].split(" ")
    try:
        words = sorted({w for w in candidates(found[1], before[:-1]) if w.startswith(before[-1])})
    except KitaruError:
        words = []  # the store is away: nothing to offer, and no reason to disturb the typing
    return {
        "completions": [SimpleCompletion(text=word, type="kitaru") for word in words],
        "matched_fragment": before[-1],
        "suppress": True,
    }


kitaru_matcher.matcher_api_version = 2  # type: ignore[attr-defined]
kitaru_matcher.matcher_identifier = "kitaru_matcher"  # type: ignore[attr-defined]
kitaru_matcher.matcher_priority = 0  # type: ignore[attr-defined]


def candidates(magic: str, before: list[str]) -> Iterable[str]:
    """List what may stand after the words before the cursor."""
    words = [word for word in before if word]
    if magic == "kitaru_flow":
        return _of_flow_line(words)
    if magic == "kitaru_checkpoint":
        from kitaru.notebook.checkpoint_magic import checkpoint_line_parser

        return checkpoint_line_parser().option_names()
    if magic == "kitaru_sql":
        return ["--polars"]
    if magic != "kitaru":
        return []
    from kitaru.notebook.verbs import VERBS, parser_of

    if not words:
        return VERBS
    verb, *rest = words
    if verb not in VERBS:
        return []
    if rest and (offered := _values(verb, rest)) is not None:
        return offered
    return [*parser_of(verb).option_names(), *_positional(verb, rest)]


def _of_flow_line(words: list[str]) -> Iterable[str]:
    from kitaru.code.flow_line import flow_line_parser

    if words and words[-1] in ("--checkpoint", "--plain"):
        return _functions()
    if words and words[-1] == "--stack":
        return _stacks()
    return flow_line_parser().option_names()


def _values(verb: str, rest: list[str]) -> list[str] | None:
    """What the option before the cursor takes, or None if it takes nothing that is known."""
    option = rest[-1]
    if verb in ("deploy", "invoke") and option in _OF_FLOW and rest[0] != option:
        of_flow: list[str] = _OF_FLOW[option](rest)
        return of_flow
    if option == "--stack":
        return _stacks()
    if option in ("-f", "--flow"):
        return _flows()
    if option in ("-s", "--status"):
        return list(_STATUSES)
    if option == "--code":
        return ["recorded", "current"]
    if option == "--on-divergence":
        return ["error", "rerun", "reuse"]
    if option in _OF_EXECUTION and rest[0] != option:
        offered: list[str] = _OF_EXECUTION[option](_client().executions.get(_id(rest[0])))
        return offered
    return None


def _calls(execution: Execution) -> list[str]:
    return [call.name for call in execution.checkpoints]


def _targets(execution: Execution) -> list[str]:
    inputs = [f"{call.name}.{name}=" for call in execution.checkpoints for name in call.inputs]
    return [*(f"{name}=" for name in execution.inputs), *(f"{name}.output=" for name in _calls(execution)), *inputs]


def _questions(execution: Execution) -> list[str]:
    return [wait.name for wait in execution.pending_waits]


def _answers(execution: Execution) -> list[str]:
    return [f"{answer.name}=" for answer in execution.answers]


_OF_EXECUTION: Final[dict[str, Any]] = {
    **dict.fromkeys(("--at", "-c", "--checkpoint"), _calls),
    "--set": _targets,
    "--wait": _questions,
    "--answer": _answers,
}


def _versions_of(rest: list[str]) -> list[Any]:
    """The deployed versions of the flow that a line names, of those that it asks for so far."""
    from kitaru.notebook.deploying import flows_in

    bound = flows_in(_namespace()).get(rest[0])
    found: list[Any] = _client().deployments.list(rest[0] if bound is None else bound.name)
    return found


def _tags_of(rest: list[str]) -> list[str]:
    return [tag for one in _versions_of(rest) for tag in one.tags]


def _numbers_of(rest: list[str]) -> list[str]:
    return [str(one.version) for one in _versions_of(rest)]


def _parameters_of(rest: list[str]) -> list[str]:
    asked = dict(itertools.pairwise(rest))
    number, tag = asked.get("-v") or asked.get("--version"), asked.get("-t") or asked.get("--tag")
    chosen = [
        one
        for one in _versions_of(rest)
        if (number is None or str(one.version) == number) and (tag is None or tag in one.tags)
    ]
    return [f"{name}=" for one in chosen[:1] for name in one.schema.get("properties", ())]


_OF_FLOW: Final[dict[str, Any]] = {
    **dict.fromkeys(("-t", "--tag"), _tags_of),
    **dict.fromkeys(("-v", "--version"), _numbers_of),
    **dict.fromkeys(("-p", "--param"), _parameters_of),
}


def _positional(verb: str, rest: list[str]) -> list[str]:
    given = [word for word in rest if not word.startswith("-")]
    if verb == "deploy" and not given:
        from kitaru.notebook.deploying import flows_in

        return list(flows_in(_namespace()))
    if verb == "invoke" and not given:
        return sorted({one.flow for one in _client().deployments.list()})
    if verb == "export":
        return _flows() if given else _notebooks()
    if verb not in _TAKES or (given and verb != "diff"):
        return []
    return [exec_id for exec_id in _executions(_TAKES[verb]) if exec_id not in given]


def _executions(statuses: tuple[str, ...] | None) -> list[str]:
    return [one.exec_id for one in _client().executions.list(status=statuses, limit=_NEWEST)]


def _flows() -> list[str]:
    return sorted({one.flow_name for one in _client().executions.list(limit=_NEWEST)})


def _notebooks() -> list[str]:
    from pathlib import Path

    return [str(path) for path in Path().glob("*.ipynb")]


def _functions() -> list[str]:
    from types import FunctionType

    namespace = _namespace()
    return [name for name, value in namespace.items() if isinstance(value, FunctionType) and not name.startswith("_")]


def _stacks() -> list[str]:
    from kitaru import list_stacks

    return [stack.name for stack in list_stacks()]


def _id(word: str) -> str:
    from kitaru.notebook.arguments import named

    return named(_namespace(), word)


def _namespace() -> dict[str, Any]:
    shell = sys.modules["IPython"].get_ipython()
    return dict(shell.user_ns)


def _client() -> Any:
    from kitaru.client import KitaruClient

    return KitaruClient()
