"""Verbs of ``%kitaru`` that answer, continue, replay and stop."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kitaru.errors import KitaruUsageError
from kitaru.notebook.arguments import value_of
from kitaru.notebook.say import say

if TYPE_CHECKING:
    from argparse import Namespace

    from IPython.core.interactiveshell import InteractiveShell

    from kitaru.client import KitaruClient
    from kitaru.client.models import PendingWait
    from kitaru.runtime.engine import Engine


def give_input(shell: InteractiveShell, options: Namespace) -> Any:
    """Answer a question; without a value a form asks for it."""
    from kitaru.client import KitaruClient
    from kitaru.client.choosing import open_question

    client = KitaruClient()
    execution, text = options.execution, options.named_value if options.value is None else options.value
    if execution is not None and text is None and not options.abort and not _names_execution(execution):
        execution, text = None, execution  # %kitaru input yes
    asked = _own_question(client) if execution is None and options.wait is None else None
    asked = asked or open_question(client, execution, options.wait)
    if options.abort:
        ended = client.executions.abort_wait(asked.exec_id, wait=asked.name)
        say(f"{ended.exec_id} is {ended.status.value}.")
        return None
    if text is None:
        return _ask(shell, asked)
    client.executions.input(asked.exec_id, _answer(shell, asked, text), wait=asked.name)
    say(f"Answered; {asked.exec_id} goes on.")
    _follow(shell, client.engine, asked, options)
    return None


def _own_question(client: KitaruClient) -> PendingWait | None:
    """What this notebook asks, where that is one question: it is what stands before the eyes of who answers."""
    from kitaru.client.unfinished import find_offers
    from kitaru.code.notebook import notebook_path

    here = notebook_path()
    waits = [] if here is None else find_offers(client, here)[1]
    return waits[0] if len(waits) == 1 else None


def _follow(shell: InteractiveShell, engine: Engine, asked: PendingWait, options: Namespace) -> None:
    from kitaru.notebook.following import follow
    from kitaru.runtime.handle import FlowHandle

    handle: FlowHandle[Any] = FlowHandle(engine, asked.exec_id, asked.flow_name)
    follow(shell, handle, detach=options.detach)


def resume(shell: InteractiveShell, options: Namespace) -> None:
    """Go on with an execution in this kernel."""
    from kitaru.client import KitaruClient
    from kitaru.notebook.following import follow

    handle = KitaruClient().executions.resume(
        options.execution, code=options.code or "recorded", on_divergence=options.on_divergence
    )
    follow(shell, handle, detach=options.detach)


def retry(shell: InteractiveShell, options: Namespace) -> None:
    """Run what failed again, in this kernel."""
    from kitaru.client import KitaruClient
    from kitaru.notebook.following import follow

    handle = KitaruClient().executions.retry(options.execution, code=options.code or "current")
    follow(shell, handle, detach=options.detach)


def cancel(shell: InteractiveShell, options: Namespace) -> None:
    """Stop an execution, wherever it runs."""
    from kitaru.client import KitaruClient

    ended = KitaruClient().executions.cancel(options.execution, " ".join(options.reason))
    say(f"{ended.exec_id} is {ended.status.value}.")


def replay(shell: InteractiveShell, options: Namespace) -> Any:
    """Make a new execution from a recorded one, with something changed; or say what it would do."""
    from kitaru.client import KitaruClient
    from kitaru.client.choosing import add_override
    from kitaru.notebook.following import follow

    client = KitaruClient()
    exec_id = client.executions.resolve(options.execution)
    changes: dict[str, Any] = {"flow_overrides": {}, "checkpoint_overrides": {}, "invocation_overrides": {}}
    source = client.executions.get(exec_id)
    for text in options.set_:
        target, value = _pair("--set", text)
        add_override(source, changes, target, value_of(value, shell.user_ns))
    answers = dict(_pair("--answer", text) for text in options.answer)
    changes |= {"at": options.at, "answers": {name: value_of(text, shell.user_ns) for name, text in answers.items()}}
    if options.dry_run:
        return client.executions.dry_run(exec_id, **changes)
    follow(shell, client.executions.replay(exec_id, **changes, cache=options.cache), detach=options.detach)
    return None


def _pair(option: str, text: str) -> tuple[str, str]:
    name, separator, value = text.partition("=")
    if not separator:
        raise KitaruUsageError(f"%kitaru replay {option} {text}: write {option} NAME=VALUE.")
    return name.strip(), value.strip()


def _names_execution(word: str) -> bool:
    from kitaru.client import KitaruClient

    return word.startswith("kr-") or (len(word) >= 4 and bool(KitaruClient().store.read("resolve", prefix=word)))


def _answer(shell: InteractiveShell, asked: PendingWait, text: str) -> Any:
    """Where a text is asked for, what was typed is meant as text."""
    if (asked.schema or {}).get("type") == "string":
        return text
    return {"yes": True, "no": False}.get(text.lower()) if _is_yes_or_no(asked, text) else value_of(text, shell.user_ns)


def _is_yes_or_no(asked: PendingWait, text: str) -> bool:
    return (asked.schema or {}).get("type") == "boolean" and text.lower() in ("yes", "no")


def _ask(shell: Any, asked: PendingWait) -> Any:
    if hasattr(shell, "kernel"):
        from kitaru.widgets import wait_form

        return wait_form(asked.exec_id, asked.name)
    from kitaru.views.terminal import answer_here

    answer_here(asked)
    return None
