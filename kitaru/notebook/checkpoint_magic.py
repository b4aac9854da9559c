"""``%%kitaru_checkpoint``: a cell whose variables are recorded, as one call of a one-checkpoint flow."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

from kitaru.code.checkpoint_cell import checkpoint_cell
from kitaru.code.flow_line import LineParser
from kitaru.notebook.arguments import words
from kitaru.notebook.define import as_python, capture, compile_function, run_definitions, whole_cell
from kitaru.notebook.say import warn_once
from kitaru.runtime.checkpoint import Checkpoint, spec_of
from kitaru.runtime.flow import flow
from kitaru.runtime.retry import as_policy

if TYPE_CHECKING:
    import argparse

    from IPython.core.interactiveshell import InteractiveShell

    from kitaru.runtime.flow import Flow


def run_checkpoint_cell(shell: InteractiveShell, line: str, cell: str) -> None:
    """Define the cell's checkpoint; run it alone, and set the variables that it computes."""
    from kitaru.notebook.following import follow
    from kitaru.notebook.live import announced

    options = checkpoint_line_parser().parse_args(words("%%kitaru_checkpoint", line))
    text = whole_cell(shell, f"%%kitaru_checkpoint {line}", cell)
    if not options.run:
        define_checkpoint(shell, options, *text)
        return
    with announced(options.name) as place:
        checkpoint, captured = define_checkpoint(shell, options, *text)
        handle = _alone(shell, checkpoint, captured, options).run()
    follow(shell, handle, place=place)
    shell.user_ns.update(handle.wait())


def define_checkpoint(
    shell: InteractiveShell, options: argparse.Namespace, raw: str, cell: str
) -> tuple[Checkpoint[..., dict[str, Any]], list[str]]:
    """Make the cell a checkpoint that is bound to its name; return it with the names of its inputs."""
    read = checkpoint_cell(options.name, as_python(shell, cell))
    run_definitions(shell, read, raw)
    captured, notes = capture(shell.user_ns, read, options.name)
    for note in notes:
        warn_once(note)
    spec = spec_of(compile_function(shell, read, raw, captured), options.name)
    runtime: Literal["isolated"] | None = "isolated" if options.isolated else None
    made: Checkpoint[..., dict[str, Any]] = Checkpoint(
        replace(spec, magic=True, retry=as_policy(options.retries), cache=options.cache, runtime=runtime)
    )
    shell.user_ns[options.name] = made
    return made, captured


def _alone(
    shell: InteractiveShell, checkpoint: Checkpoint[..., Any], captured: list[str], options: argparse.Namespace
) -> Flow[..., Any]:
    """Make the flow that calls the checkpoint once, with the variables of the notebook as its arguments."""
    namespace = {"checkpoint": checkpoint, **{name: shell.user_ns[name] for name in captured}}
    taken = ", ".join(f"{name}={name}" for name in captured)
    awaited = "async " if checkpoint.spec.is_async else "", "await " if checkpoint.spec.is_async else ""
    text = f"{awaited[0]}def body({f'*, {taken}' if taken else ''}):\n    return {awaited[1]}checkpoint({taken})"
    # Named as a part of ours, whose frames no traceback shows.
    exec(compile(text, f"{__file__} (call)", "exec"), namespace)  # noqa: S102 -- with names that the analysis found
    body = namespace["body"]
    body.__module__, body.__qualname__ = "__main__", options.name
    made: Flow[..., Any] = flow(name=options.name, cache=options.cache)(body)
    return made


def checkpoint_line_parser() -> LineParser:
    """Make the parser of the magic's line."""
    parser = LineParser(prog="%%kitaru_checkpoint", add_help=False)
    parser.add_argument("name", metavar="NAME")
    parser.add_argument("--retries", type=int, metavar="N", default=None)
    parser.add_argument("--no-cache", dest="cache", action="store_const", const=False, default=None)
    parser.add_argument("--isolated", action="store_true")
    parser.add_argument("--no-run", dest="run", action="store_false")
    return parser
