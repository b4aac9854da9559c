"""One subscription to a home's store for all who follow it, and the messages that they get."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
import threading
import time
from collections import deque
from typing import TYPE_CHECKING, Any, Final, Literal

from kitaru.errors import KitaruBackendError, KitaruError, KitaruNotFoundError
from kitaru.jupyter.changes import Changes, Told
from kitaru.jupyter.failures import of_kitaru
from kitaru.jupyter.models import Change, StreamState

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator

    from kitaru.jupyter.homes import Home
    from kitaru.store.protocol import Watch

KEPT: Final = 2_000
"""Messages that are kept for those who come back, or are slow."""

HEARTBEAT: Final = 15.0
LINGER: Final = 5.0
"""Seconds for which the subscription outlives its last follower: a page that is loaded again finds it."""

Kind = Literal["stream.ready", "stream.gap", "stream.away"]

_LOOK: Final = 0.5
_RETRY: Final = (1.0, 2.0, 5.0, 10.0)
_log = logging.getLogger(__name__)


class Stream:
    """Follows the store of one home while anybody listens.

    Parameters
    ----------
    home
        Whose store.
    """

    def __init__(self, home: Home) -> None:
        self._home = home
        self._lock = threading.Lock()
        self._subscribers: set[Subscriber] = set()
        self._messages: deque[tuple[int, int | None, bytes]] = deque(maxlen=KEPT)
        self._count = 0
        self._follower: Follower | None = None
        self._closed = False
        self.problem: KitaruError | None = None

    @property
    def followers(self) -> int:
        """How many listen."""
        return len(self._subscribers)

    @property
    def subscriptions(self) -> int:
        """How many subscriptions the store has from here: one, or none."""
        return int(self._follower is not None)

    @contextlib.asynccontextmanager
    async def subscribed(self, after: int | None) -> AsyncIterator[Subscriber]:
        """Listen, from now on or after a message that is known."""
        subscriber = Subscriber(self, asyncio.get_running_loop())
        with self._lock:
            self._subscribers.add(subscriber)
            if self._follower is None and not self._closed:
                self._start()
            follower = self._follower
        try:
            if follower is not None:
                await subscriber.until(follower.settled)
            subscriber.begin(after)
            yield subscriber
        finally:
            with self._lock:
                self._subscribers.discard(subscriber)
                if not self._subscribers:
                    asyncio.get_running_loop().call_later(LINGER, self._stop_if_idle)

    def tell(self, change: Change) -> None:
        """Give a change to all who listen."""
        frame = f"id: {change.position}\nevent: change\ndata: {change.model_dump_json()}\n\n".encode()
        self._keep(change.position, frame)

    def tell_state(self, kind: Kind) -> None:
        """Tell all who listen where the stream stands."""
        self._keep(None, self.state_frame(kind))

    def state_frame(self, kind: Kind, position: int | None = None) -> bytes:
        """Return the message that tells where the stream stands, after the message of a position or the last one."""
        if position is None:
            with self._lock:
                position = next((kept for _, kept, _ in reversed(self._messages) if kept is not None), 0)
        problem = of_kitaru(self.problem) if self.problem is not None else None
        state = StreamState(home=self._home.id, kind=kind, position=position, problem=problem)
        return f"id: {position}\nevent: {kind.removeprefix('stream.')}\ndata: {state.model_dump_json()}\n\n".encode()

    def number_of(self, position: int | None) -> int | None:
        """Return the number of the message that told a position; without one, of the last. None if it is not kept."""
        with self._lock:
            if position is None:
                return self._count
            return next((number for number, kept, _ in reversed(self._messages) if kept == position), None)

    def after(self, number: int) -> tuple[list[bytes], int] | None:
        """Return the messages after one, and the number of the last; None if some of them are gone."""
        with self._lock:
            if number >= self._count:
                return [], number
            oldest = self._messages[0][0]
            if number + 1 < oldest:
                return None
            missed = itertools.islice(self._messages, number + 1 - oldest, None)
            return [frame for _, _, frame in missed], self._count

    def close(self) -> None:
        """End it for all who listen."""
        with self._lock:
            self._closed = True
            follower, self._follower = self._follower, None
        if follower is not None:
            follower.close()
        self.wake()

    @property
    def closed(self) -> bool:
        """Whether it has ended for good."""
        return self._closed

    def _start(self) -> None:
        self._follower = Follower(self, self._home)
        self._follower.start()

    def _stop_if_idle(self) -> None:
        with self._lock:
            if self._subscribers or self._follower is None:
                return
            follower, self._follower = self._follower, None
            # Whoever comes back later must read anew: nothing is gathered meanwhile.
            self._messages.clear()
        follower.close()

    def _keep(self, position: int | None, frame: bytes) -> None:
        with self._lock:
            self._count += 1
            self._messages.append((self._count, position, frame))
        self.wake()

    def wake(self) -> None:
        """Let all who listen look again."""
        with self._lock:
            subscribers = list(self._subscribers)
        for subscriber in subscribers:
            subscriber.wake()


class Subscriber:
    """One who listens: messages wait for it in the stream, so a slow one costs no memory."""

    def __init__(self, stream: Stream, loop: asyncio.AbstractEventLoop) -> None:
        self._stream = stream
        self._loop = loop
        self._woken = asyncio.Event()
        self._number = 0
        self._first: list[bytes] = []

    async def until(self, settled: threading.Event) -> None:
        """Wait for what somebody sets who wakes the stream then."""
        while not settled.is_set():
            self._woken.clear()
            if not settled.is_set():
                await self._woken.wait()

    def begin(self, after: int | None) -> None:
        """Decide where it begins: after a known message, or now."""
        number = self._stream.number_of(after)
        if number is None:
            self._first = [self._stream.state_frame("stream.gap")]
        else:
            self._first = [self._stream.state_frame("stream.ready", after)]
        self._number = self._stream.number_of(None) or 0 if number is None else number

    def wake(self) -> None:
        """Say that there is something; called by any thread."""
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody listens any more
            self._loop.call_soon_threadsafe(self._woken.set)

    async def frames(self) -> AsyncGenerator[bytes]:
        """Yield what to send, until the stream ends; a comment now and then where there is nothing."""
        while not self._stream.closed:
            self._woken.clear()
            frames = self._take()
            if frames:
                yield b"".join(frames)
                continue
            try:
                await asyncio.wait_for(self._woken.wait(), HEARTBEAT)
            except TimeoutError:
                yield b": still here\n\n"

    def _take(self) -> list[bytes]:
        first, self._first = self._first, []
        found = self._stream.after(self._number)
        if found is None:
            self._number = self._stream.number_of(None) or 0
            return [*first, self._stream.state_frame("stream.gap")]
        frames, self._number = found
        return [*first, *frames]


class Follower:
    """The threads behind a stream: one reads events as they come, the other tells them when they are due."""

    def __init__(self, stream: Stream, home: Home) -> None:
        self._stream = stream
        self._home = home
        self._changes = Changes()
        self._changed = threading.Condition()
        self._ended = threading.Event()
        self._watch: Watch | None = None
        self._position: int | None = None
        self.settled = threading.Event()
        """Set when what happens from now on is told, or the store cannot be reached."""

    def start(self) -> None:
        """Begin."""
        for run, name in ((self._follow, "kitaru-follow"), (self._tell, "kitaru-tell")):
            threading.Thread(target=run, name=name, daemon=True).start()

    def close(self) -> None:
        """End; returns at once."""
        self._ended.set()
        self._settle()
        with self._changed:
            watch = self._watch
            self._changed.notify_all()
        if watch is not None:
            watch.close()

    def _follow(self) -> None:
        failures = 0
        while self._await_home() and not self._ended.is_set():
            try:
                with contextlib.closing(self._subscribe()) as watch:
                    failures = 0
                    self._read(watch)
            except KitaruError as error:
                self._report(error)
                self._ended.wait(_RETRY[min(failures, len(_RETRY) - 1)])
                failures += 1
            except Exception as error:
                _log.exception("following %s failed and begins anew", self._home.location)
                self._report(KitaruBackendError(f"Following {self._home.location} failed: {type(error).__name__}."))
                self._ended.wait(_RETRY[-1])

    def _await_home(self) -> bool:
        """Wait for the first recording in a home that has none, without starting a service for that."""
        while not self._home.recorded and not self._ended.is_set():
            self._position = 0  # then from its beginning
            self._settle()
            self._ended.wait(_LOOK)
        return not self._ended.is_set()

    def _subscribe(self) -> Watch:
        watch = self._home.client.store.watch(after=self._position)
        self._home.learn_id()
        with self._changed:
            self._watch = watch
        if self._ended.is_set():
            watch.close()
        if self._stream.problem is not None:
            self._stream.problem = None
            self._stream.tell_state("stream.gap")
        self._settle()
        return watch

    def _settle(self) -> None:
        if not self.settled.is_set():
            self.settled.set()
            self._stream.wake()

    def _read(self, watch: Watch) -> None:
        for event in watch:
            self._position = event.get("position", self._position)
            with self._changed:
                self._changes.add(event)
                self._changed.notify_all()

    def _report(self, error: KitaruError) -> None:
        first, self._stream.problem = self._stream.problem is None, error
        self._settle()
        if first and not self._ended.is_set():
            self._stream.tell_state("stream.away")

    def _tell(self) -> None:
        while not self._ended.is_set():
            with self._changed:
                pause = self._changes.next_due() - time.monotonic()
                if pause > 0:
                    self._changed.wait(min(pause, HEARTBEAT))
                    continue
                taken = self._changes.due(time.monotonic())
            for exec_id, told in taken:
                self._stream.tell(self._change(exec_id, told))

    def _change(self, exec_id: str, told: Told) -> Change:
        flow, status, burst = told.flow, told.status, told.burst
        assert burst is not None
        if exec_id and (flow is None or status is None):
            found = self._look_up(exec_id)
            flow, status = flow or found[0], status or found[1]
            with self._changed:
                self._changes.learn(exec_id, flow, status)
        return Change(
            home=self._home.id,
            exec_id=exec_id,
            flow=flow,
            status=status,  # type: ignore[arg-type]  # Pydantic checks it
            kind=burst.kind,
            kinds=list(burst.kinds),
            call=burst.call,
            calls=list(burst.calls),
            count=burst.count,
            position=burst.position,
            at=burst.at,
            wait=burst.wait,
            progress=burst.progress,  # type: ignore[arg-type]
            texts=burst.texts,
        )

    def _look_up(self, exec_id: str) -> tuple[str | None, str | None]:
        try:
            head: dict[str, Any] = self._home.client.store.read("head", exec_id=exec_id)["execution"]
        except KitaruNotFoundError:
            return None, "deleted"
        except KitaruError:  # told by the other thread, if it lasts
            return None, None
        return head["flow"], head["status"]
