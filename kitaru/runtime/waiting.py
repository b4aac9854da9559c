"""``wait``: a question to a human or to another program, open for a second or a month."""

from __future__ import annotations

import sys
import threading
import time
from typing import TYPE_CHECKING, Any, Final

from kitaru.errors import KitaruContextError, KitaruStateError, KitaruUsageError, KitaruWaitValidationError
from kitaru.runtime.effects import Awaitable
from kitaru.runtime.execution import RecordedWait, require_execution
from kitaru.runtime.exit import in_kernel
from kitaru.runtime.primitive import Primitive
from kitaru.runtime.signals import Stopped, Suspended
from kitaru.runtime.steps import Commit
from kitaru.stacks.capture import shown_in_views
from kitaru.stacks.scope import current_call
from kitaru.store import events as kinds

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime, timedelta

    from kitaru.runtime.effects import Then
    from kitaru.runtime.execution import Execution

STAY: Final = 600.0
"""Seconds that a runner stays with a question before it goes away."""
_MISSING: Final[Any] = object()


@Primitive
async def wait(
    *,
    schema: Any = None,
    name: str | None = None,
    question: str | None = None,
    timeout: float | None = None,
    metadata: Mapping[str, Any] | None = None,
    deadline: float | datetime | timedelta | None = None,
    default: Any = _MISSING,
) -> Any:
    """Ask a question and go on with the answer, whenever and from wherever it comes.

    Parameters
    ----------
    schema
        Type of the answer: anything that Pydantic understands (``bool``, ``int | None``, a `Literal`, a model …).
        None asks only whether to go on, and returns None.
    name
        What the question is called in the record; ``"wait"``, ``"wait_2"``, … if not given.
    question
        What people read.
    timeout
        Seconds that this process stays with the question (600 if not given). After that it lets go; the answer
        continues the execution in any case. This is no expiry: see `deadline`.
    metadata
        Further facts for whoever answers; plain data.
    deadline
        When `default` becomes the answer: seconds from now, a `timedelta`, or an aware `datetime`.
    default
        The answer if none came before the deadline.

    Returns
    -------
    Any
        The answer, as the type that `schema` says.

    Raises
    ------
    KitaruContextError
        Outside of a flow, or inside of a checkpoint.
    KitaruUsageError
        If only one of `deadline` and `default` is given, or `default` does not fit `schema`.

    Notes
    -----
    In async code: ``await kitaru.wait.aio(...)``. A flow that is let go unwinds through a `BaseException`, so that
    ``except Exception`` does not see it; ``finally`` blocks do run, and run again later.

    Examples
    --------
    >>> import kitaru
    >>> @kitaru.flow
    ... def publish(draft: str) -> str:
    ...     if kitaru.wait(schema=bool, question="Publish?", deadline=0.2, default=True):
    ...         return f"published: {draft}"
    ...     return "rejected"
    >>> publish.run("hello").wait()
    'published: hello'
    """
    execution = require_execution("wait")
    if current_call.get() is not None:
        raise KitaruContextError(
            "kitaru.wait() is called inside of a checkpoint. Ask in the body of the flow, and pass the answer on."
        )
    execution.check()
    asked = ask(execution, schema, name, question, timeout, metadata, deadline, default)
    if asked.status == "new":
        await Commit(execution, kinds.WAIT_CREATED, _created(asked, metadata))
        with execution.news:
            if asked.status == "new":  # the answer may be here already
                asked.status = "pending"
        _announce(execution, asked)
    if asked.status == "pending":
        await Answer(execution, asked, STAY if timeout is None else timeout)
    if asked.status == "aborted":
        raise execution.unwind(Stopped(f"question {asked.name!r} was aborted"))
    return validated(schema, asked.value, asked.name)


def ask(
    execution: Execution,
    schema: Any,
    name: str | None,
    question: str | None,
    timeout: float | None,
    metadata: Any,
    deadline: Any,
    default: Any,
) -> RecordedWait:
    """Find the recorded question of this name, or make a new one."""
    if timeout is not None and not timeout >= 0:
        raise KitaruUsageError(f"wait(timeout={timeout!r}): give seconds, 0 or more, or None")
    if (deadline is None) != (default is _MISSING):
        raise KitaruUsageError("wait(): deadline and default belong together; give both or none")
    label = _label(execution, name or "wait")
    form = json_schema(schema)
    recorded = execution.history.waits.get(label)
    if recorded is not None:
        if recorded.schema != form:
            raise KitaruStateError(
                f"Question {label!r} of execution {execution.exec_id} was asked with another schema. A recorded "
                "question cannot change: give the new one another name=."
            )
        return recorded
    asked = RecordedWait(label, "new", question, form)
    if deadline is not None:
        asked.deadline, asked.value = _when(deadline), dumped(schema, validated(schema, default, label))
    answer = execution.plan.answer_for(label) if execution.plan is not None else None
    execution.history.waits[label] = asked
    if answer is not None:
        _answer_from_replay(execution, asked, metadata, answer, schema)
    return asked


def _answer_from_replay(
    execution: Execution, asked: RecordedWait, metadata: Any, answer: tuple[Any, str], schema: Any
) -> None:
    value, by = answer
    validated(schema, value, asked.name)
    execution.post(kinds.WAIT_CREATED, _created(asked, metadata))
    execution.post(kinds.WAIT_ANSWERED, {"wait": asked.name, "value": value, "by": by, "source": "replay"})
    asked.status, asked.value = "answered", value


def _label(execution: Execution, base: str) -> str:
    """Number questions that have the same name: each one is asked."""
    with execution.lock:
        while True:
            number = execution.next_number(f"wait {base}")
            label = base if number == 1 else f"{base}_{number}"
            if execution.next_number(f"asked {label}") == 1:
                return label


def _created(asked: RecordedWait, metadata: Any) -> dict[str, Any]:
    body = {
        "wait": asked.name,
        "question": asked.question,
        "schema": asked.schema,
        "metadata": dict(metadata or {}),
        "deadline": asked.deadline,
    }
    return body | ({"default": asked.value} if asked.deadline is not None else {})


def _when(deadline: Any) -> float:
    from datetime import datetime, timedelta

    if isinstance(deadline, datetime):
        if deadline.tzinfo is None:
            raise KitaruUsageError(f"wait(deadline={deadline!r}): give it a time zone, for example datetime.now(UTC)")
        return deadline.timestamp()
    seconds = deadline.total_seconds() if isinstance(deadline, timedelta) else float(deadline)
    if seconds < 0:
        raise KitaruUsageError(f"wait(deadline={deadline!r}) is in the past")
    return time.time() + seconds


def json_schema(schema: Any) -> dict[str, Any] | None:
    """Describe the type of an answer as JSON schema."""
    if schema is None:
        return None
    from pydantic import TypeAdapter

    described: dict[str, Any] = TypeAdapter(schema).json_schema()
    return described


def validated(schema: Any, value: Any, name: str) -> Any:
    """Turn an answer into the type that the question asks for."""
    if schema is None:
        return None
    from pydantic import TypeAdapter, ValidationError

    try:
        return _fitted(TypeAdapter(schema), value)
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, item['loc'])) or 'value'}: {item['msg']}" for item in error.errors())
        raise KitaruWaitValidationError(f"The answer to {name!r} does not fit its schema: {problems}") from None


def _fitted(adapter: Any, value: Any) -> Any:
    """Validate what came as JSON as JSON: there a strict type takes a date that is spelled out."""
    import orjson

    try:
        spelled = orjson.dumps(value)
    except (TypeError, orjson.JSONEncodeError):
        return adapter.validate_python(value)
    return adapter.validate_json(spelled)


def dumped(schema: Any, value: Any) -> Any:
    """Turn an answer into plain JSON data."""
    if schema is None:
        return None
    from pydantic import TypeAdapter

    return TypeAdapter(schema).dump_python(value, mode="json")


def _announce(execution: Execution, asked: RecordedWait) -> None:
    if execution.exec_id in shown_in_views:
        return  # the view asks
    text = asked.question or "Go on?"
    command = f"kitaru executions input {execution.exec_id} --wait {asked.name} --value JSON"
    stream = sys.stdout if in_kernel() else sys.stderr  # a notebook shows the latter in red, and nothing is wrong
    stream.write(f"{execution.exec_id} of {execution.flow_name} waits: {text}\n  answer with: {command}\n")


class Answer(Awaitable):
    """Wait for the answer to a question; the runner stays for some seconds, then lets go."""

    __slots__ = ("_asked", "_execution", "_stay")

    def __init__(self, execution: Execution, asked: RecordedWait, stay: float) -> None:
        self._execution = execution
        self._asked = asked
        self._stay = stay

    def block(self) -> None:
        """Wait on this thread."""
        woken = self._execution.news
        end = time.monotonic() + self._stay
        with woken:
            while self._asked.status == "pending" and self._execution.unwinding is None:
                left = end - time.monotonic()
                if left <= 0 or self._execution.parking.is_set():
                    self._execution.unwind(Suspended(self._asked.name))
                    break
                woken.wait(left)
        self._execution.check()

    def start(self, then: Then) -> None:
        """Wait on a thread of its own."""

        def work() -> None:
            try:
                self.block()
            except BaseException as error:
                then(None, error)
            else:
                then(None, None)

        threading.Thread(target=work, name="kitaru-wait", daemon=True).start()
