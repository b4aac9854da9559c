"""One execution while it runs in this process: its identity, its matching state and its way to the store."""

from __future__ import annotations

import threading
import time
from collections import Counter
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from kitaru.errors import (
    KitaruBackendError,
    KitaruConflictError,
    KitaruContextError,
    KitaruNotFoundError,
    KitaruStoreError,
)
from kitaru.runtime.lineage import Returned
from kitaru.runtime.matching import Matcher
from kitaru.runtime.outbox import refusal_error
from kitaru.runtime.signals import Stopped, Unwind

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop, Task
    from collections.abc import Callable
    from concurrent.futures import Future

    from kitaru.runtime.caching import ResultCache
    from kitaru.runtime.outbox import Outbox
    from kitaru.runtime.pending import Pending
    from kitaru.runtime.replay import ReplayPlan
    from kitaru.runtime.settings import Settings
    from kitaru.runtime.workplace import Workplace
    from kitaru.store.events import Event
    from kitaru.store.payloads import PayloadStore
    from kitaru.store.protocol import Expect, Refusal

current_execution: Final[ContextVar[Execution | None]] = ContextVar("kitaru_execution", default=None)


@dataclass(slots=True)
class RecordedWait:
    """A question that an earlier run of the body asked."""

    name: str
    status: str
    question: str | None
    schema: dict[str, Any] | None
    value: Any = None
    deadline: float | None = None
    position: int = 0


@dataclass(slots=True)
class History:
    """What is recorded of an execution, as the body's next run needs it."""

    matcher: Matcher = field(default_factory=Matcher)
    waits: dict[str, RecordedWait] = field(default_factory=dict)
    values: dict[str, Any] = field(default_factory=dict)
    saved: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    """Values that earlier runs of the body saved and this one has not yet: name, kind and digest."""
    attempts: int = 0


@dataclass(eq=False, slots=True)
class Execution:
    """One execution of a flow in this process; safe to use from any thread."""

    exec_id: str
    flow_name: str
    epoch: int
    settings: Settings
    outbox: Outbox
    payloads: PayloadStore
    history: History
    workplace: Workplace
    cache: ResultCache
    plan: ReplayPlan | None = None
    parent: str | None = None
    """The execution that started this one as a part of itself."""
    cancel_wanted: threading.Event = field(default_factory=threading.Event)
    parking: threading.Event = field(default_factory=threading.Event)
    loop: AbstractEventLoop | None = None
    lock: threading.RLock = field(default_factory=threading.RLock)
    news: threading.Condition = field(default_factory=threading.Condition)
    sequence: int = 0
    returned: Returned = field(default_factory=Returned)
    in_flight: set[Any] = field(default_factory=set)
    futures: dict[Pending[Any], None] = field(default_factory=dict)
    """Submitted calls whose outcome the body has not looked at."""
    counters: dict[str, int] = field(default_factory=dict)
    unwinding: Unwind | None = None
    on_unwind: list[Callable[[], object]] = field(default_factory=list)
    on_stop: list[Callable[[], object]] = field(default_factory=list)
    on_park: list[Callable[[], None]] = field(default_factory=list)
    cancel_reason: str = ""
    again: bool = False
    """Whether it had ended, or its body had: then what failed of it runs anew."""
    tasks: set[Task[Any]] = field(default_factory=set)
    """Async calls of the body that have not ended."""

    @property
    def is_replay(self) -> bool:
        """Whether this execution replays another one."""
        return self.plan is not None

    def event(self, kind: str, body: dict[str, Any], call: str | None = None, attempt: int | None = None) -> Event:
        """Make an event of this runner."""
        event: Event = {"kind": kind, "at": time.time(), "exec_id": self.exec_id, "epoch": self.epoch, "body": body}
        if call is not None:
            event["call"] = call
        if attempt is not None:
            event["attempt"] = attempt
        return event

    def post(self, kind: str, body: dict[str, Any], call: str | None = None, attempt: int | None = None) -> None:
        """Write an event without waiting for the disk."""
        self.outbox.post([self.event(kind, body, call, attempt)], self.on_refused)

    def commit(self, kind: str, body: dict[str, Any], expect: Expect | None = None) -> int:
        """Write an event and wait until it is on disk."""
        return self.outbox.commit([self.event(kind, body)], expect)

    def next_number(self, counter: str) -> int:
        """Count from 1, for each `counter` on its own."""
        with self.lock:
            self.counters[counter] = number = self.counters.get(counter, 0) + 1
            return number

    def check(self) -> None:
        """Raise again what unwinds the body, so that a bare ``except:`` cannot run on."""
        if self.unwinding is not None:
            raise self.unwinding

    @property
    def stopped(self) -> bool:
        """Whether nothing that follows may be recorded. A flow that is only let go still keeps what is in flight."""
        return isinstance(self.unwinding, Stopped)

    def check_stopped(self) -> None:
        """Raise what stopped the execution, if something did."""
        if self.stopped:
            self.check()

    def unwind(self, signal: Unwind) -> Unwind:
        """Let every later primitive of this execution raise `signal`; wake up whatever sleeps."""
        stop = isinstance(signal, Stopped)
        with self.lock:
            if self.unwinding is None or (stop and not self.stopped):
                self.unwinding = signal
                woken = [*self.on_unwind, *(self.on_stop if stop else ())]
            else:
                woken = []
        for wake in woken:
            wake()
        self.wake()
        return self.unwinding

    def wake(self) -> None:
        """Let whoever waits for an answer look again."""
        with self.news:
            self.news.notify_all()

    def on_refused(self, refusal: Refusal) -> None:
        """Another runner has the execution: stop here."""
        self.lost(refusal_error(refusal))

    def lost(self, error: BaseException) -> BaseException:
        """Stop, because what follows could not be recorded; return what to raise.

        User code must not catch this and run on with results that nobody would ever see again.
        """
        if not isinstance(error, KitaruConflictError | KitaruNotFoundError | KitaruStoreError | KitaruBackendError):
            return error
        signal = Stopped(str(error))
        signal.__cause__ = error
        return self.unwind(signal)

    def park(self) -> None:
        """Let go of questions at once: this process ends."""
        self.parking.set()
        self.wake()
        for wake in list(self.on_park):
            wake()

    def first_of(self, source: Future[None]) -> Future[None]:
        """A future that is done when `source` is, or when this body must stop or park."""
        from concurrent.futures import Future

        first: Future[None] = Future()
        once = threading.Lock()

        def settle(_: object = None) -> None:
            if once.acquire(blocking=False):
                for hooks in (self.on_unwind, self.on_park):
                    hooks.remove(settle)
                first.set_result(None)

        self.on_unwind.append(settle)
        self.on_park.append(settle)
        source.add_done_callback(settle)
        if self.unwinding is not None:
            settle()
        return first

    def cancel(self, reason: str = "") -> None:
        """Stop the body at its next primitive; isolated calls are killed."""
        self.cancel_reason = self.cancel_reason or reason
        self.cancel_wanted.set()
        self.unwind(Stopped(f"execution {self.exec_id} was cancelled"))


def require_execution(primitive: str) -> Execution:
    """Return the execution that this code runs in, or explain that there is none."""
    execution = current_execution.get()
    if execution is None:
        raise KitaruContextError(
            f"kitaru.{primitive}() is called outside of a flow. Call it in the body of a function that is decorated "
            "with @kitaru.flow, and start that with .run()."
        )
    return execution


def new_id() -> str:
    """Draw an execution id: ``kr-`` and 12 characters of 32 (60 random bits)."""
    import secrets

    return "kr-" + "".join(secrets.choice("0123456789abcdefghjkmnpqrstvwxyz") for _ in range(12))


def child_id(parent: str, call: str) -> str:
    """Derive the id of a child execution, so that a resumed parent finds its child."""
    import hashlib

    alphabet = "0123456789abcdefghjkmnpqrstvwxyz"
    number = int.from_bytes(hashlib.sha256(f"{parent}/{call}".encode()).digest()[:8], "big")
    return "kr-" + "".join(alphabet[(number >> shift) & 31] for shift in range(0, 60, 5))
