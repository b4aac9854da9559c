"""The command line of an exported script: one typed flag for each parameter of its flow."""

from __future__ import annotations

import argparse
import inspect
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn, get_type_hints

from kitaru.errors import KitaruUsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kitaru.runtime.flow import Flow

RESERVED: Final = frozenset({"help", "json", "param", "cache", "no_cache", "stack"})
"""Parameters of these names have no flag of their own; --param gives them."""

_EXIT: Final = """\
exit status:
  0  done
  1  something went wrong
  2  wrong usage
  3  no such execution, call, artifact or stack
  4  the recorded state forbids it, or somebody else was first
  5  the execution failed or was cancelled
130  interrupted with Ctrl-C
"""


def run_flows(*flows: Flow[..., Any]) -> NoReturn:
    """Run a flow as the command line says, and end the process with the exit status for it.

    Parameters
    ----------
    *flows
        The flow; of several, each is a subcommand.

    Examples
    --------
    >>> import kitaru
    >>> @kitaru.flow
    ... def greet(name: str) -> str:
    ...     return f"Hello, {name}!"
    >>> run_flows(greet)  # doctest: +SKIP
    """
    from kitaru.cli.application import end

    end(_status(flows, sys.argv[1:]))


def parser_of(flows: Sequence[Flow[..., Any]], program: str) -> argparse.ArgumentParser:
    """Make the parser of a script.

    Parameters
    ----------
    flows
        Its flows.
    program
        Name of the script.

    Returns
    -------
    argparse.ArgumentParser
        With a flag for each parameter, or a subcommand for each flow.
    """
    if len(flows) == 1:
        parser = argparse.ArgumentParser(
            **_shape(flows[0], program), formatter_class=argparse.RawDescriptionHelpFormatter
        )
        _add_flags(parser, flows[0])
        return parser
    parser = argparse.ArgumentParser(
        prog=program, epilog=_EXIT, allow_abbrev=False, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="flow", required=True, metavar="FLOW", title="flows")
    for flow in flows:
        shape = _shape(flow, f"{program} {flow.name}")
        told = str(shape["description"]).partition("\n")[0]
        _add_flags(
            commands.add_parser(flow.name, help=told, **shape, formatter_class=argparse.RawDescriptionHelpFormatter),
            flow,
        )
    return parser


def arguments_of(flow: Flow[..., Any], given: argparse.Namespace) -> dict[str, Any]:
    """Read the arguments of a flow from its flags.

    Parameters
    ----------
    flow
        The flow.
    given
        What the parser read.

    Returns
    -------
    dict of str to object
        Values as their annotations ask for them.

    Raises
    ------
    KitaruUsageError
        If a text is not what the parameter's type asks for.
    """
    texts: dict[str, str] = {}
    for pair in given.param:
        name, equals, text = pair.partition("=")
        if not equals or name not in flow.signature.parameters:
            names = ", ".join(flow.signature.parameters)
            raise KitaruUsageError(f"--param {pair}: give NAME=JSON; the parameters of {flow.name} are {names}.")
        texts[name] = text
    values: dict[str, Any] = {name: _from_json(flow, name, text) for name, text in texts.items()}
    hints = _hints(flow)
    for name in _flagged(flow):
        value = getattr(given, f"flag_{name}")
        if value is None:
            continue
        if name in texts:
            raise KitaruUsageError(f"{name} is given twice: by --param and by a flag of its own.")
        values[name] = value if isinstance(value, bool) else _from_text(flow, name, hints.get(name, Any), value)
    return values


def _status(flows: Sequence[Flow[..., Any]], words: Sequence[str]) -> int:
    import typer

    from kitaru.cli.output import Format, reporting

    given = parser_of(flows, Path(sys.argv[0]).name).parse_args(words)
    flow = flows[0] if len(flows) == 1 else next(flow for flow in flows if flow.name == given.flow)
    output = Format.JSON if given.json else Format.TEXT
    try:
        with reporting(flow.name, output):
            _run(flow, given, output)
    except typer.Exit as ended:
        return ended.exit_code
    return 0


def _run(flow: Flow[..., Any], given: argparse.Namespace, output: Any) -> None:
    from kitaru.cli import foreground
    from kitaru.client import KitaruClient

    arguments = arguments_of(flow, given)
    client = KitaruClient()
    foreground.run(
        flow.name,
        output,
        client,
        lambda: flow.run(**arguments, cache=given.cache, stack=given.stack),
        show=_print_result,
    )


def _print_result(value: Any) -> None:
    from kitaru.cli.output import encoded, say

    if value is not None:
        say(value if isinstance(value, str) else encoded(value))


def _shape(flow: Flow[..., Any], program: str) -> dict[str, Any]:
    about = inspect.getdoc(flow.function) or f"Run the flow {flow.name}."
    return {"prog": program, "description": about, "epilog": _EXIT, "allow_abbrev": False}


def _flagged(flow: Flow[..., Any]) -> list[str]:
    variable = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    parameters = flow.signature.parameters.values()
    return [
        parameter.name for parameter in parameters if parameter.kind not in variable and parameter.name not in RESERVED
    ]


def _add_flags(parser: argparse.ArgumentParser, flow: Flow[..., Any]) -> None:
    hints = _hints(flow)
    own = parser.add_argument_group("parameters of the flow")
    for name in _flagged(flow):
        parameter = flow.signature.parameters[name]
        hint = hints.get(name, Any)
        flag = f"--{name.replace('_', '-')}"
        if hint is bool:
            own.add_argument(
                flag, dest=f"flag_{name}", action=argparse.BooleanOptionalAction, default=None, help=_default(parameter)
            )
            continue
        own.add_argument(flag, dest=f"flag_{name}", metavar=_metavar(hint), help=_default(parameter))
    parser.add_argument(
        "--param",
        metavar="NAME=JSON",
        action="append",
        default=[],
        help="a parameter as JSON, or NAME=@FILE for JSON in a file; may be given several times",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of the result")
    parser.add_argument(
        "--cache", action=argparse.BooleanOptionalAction, default=None, help="reuse results that are recorded"
    )
    parser.add_argument("--stack", metavar="NAME", help="the stack that it runs on")


def _default(parameter: inspect.Parameter) -> str:
    if parameter.default is parameter.empty:
        return "required"
    shown = repr(parameter.default)
    shown = shown if len(shown) <= 60 and "\n" not in shown else f"a {type(parameter.default).__name__}"
    return f"default: {shown}".replace("%", "%%")


def _metavar(hint: Any) -> str:
    names = {str: "TEXT", int: "INTEGER", float: "NUMBER", Path: "PATH", Any: "JSON"}
    return names.get(hint) or ("JSON" if hint in (list, dict, tuple, set) else _type_name(hint).upper())


def _type_name(hint: Any) -> str:
    name = getattr(hint, "__name__", None) if not getattr(hint, "__args__", None) else None
    return name or str(hint).replace("typing.", "")


def _hints(flow: Flow[..., Any]) -> dict[str, Any]:
    """Types of the parameters; without an annotation, that of a plain default."""
    try:
        hints = get_type_hints(flow.function)
    except (NameError, TypeError):
        hints = {}
    for name, parameter in flow.signature.parameters.items():
        if name not in hints and type(parameter.default) in (str, int, float, bool):
            hints[name] = type(parameter.default)
    return hints


def _from_text(flow: Flow[..., Any], name: str, hint: Any, text: str) -> Any:
    """Read a flag as its parameter's type; what no text stands for is JSON, or is in a file."""
    if hint is str:
        return text
    if text.startswith("@"):
        return _from_json(flow, name, text)
    if hint is Any:
        from kitaru.cli.options import json_value

        return json_value(text)
    from pydantic import PydanticSchemaGenerationError, PydanticUserError, TypeAdapter, ValidationError

    try:
        adapter: TypeAdapter[Any] = TypeAdapter(hint)
    except (PydanticSchemaGenerationError, PydanticUserError):
        return _from_json(flow, name, text)
    try:
        return adapter.validate_python(text)
    except ValidationError as plain:
        try:
            return adapter.validate_json(text)
        except ValidationError as error:
            told = (error if text[:1] in '[{"' else plain).errors()[0]["msg"]
            raise KitaruUsageError(
                f"--{name.replace('_', '-')} {text}: {told}. {name} is {_type_name(hint)}; give it as JSON, or @FILE."
            ) from None


def _from_json(flow: Flow[..., Any], name: str, text: str) -> Any:
    import orjson

    if text.startswith("@"):
        try:
            text = Path(text[1:]).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
            raise KitaruUsageError(f"{name}={text}: the file cannot be read: {reason}.") from None
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise KitaruUsageError(
            f"{flow.name}: {name} is no JSON: {error}. For text write --param '{name}=\"...\"'."
        ) from None
