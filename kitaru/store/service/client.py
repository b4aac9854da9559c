"""The store as every process but its owner sees it: requests to the service."""

from __future__ import annotations

import os
import secrets
import threading
from collections import deque
from typing import TYPE_CHECKING, Any, Final, cast
from urllib.parse import quote

import orjson

from kitaru.errors import KitaruBackendError, KitaruStoreError
from kitaru.store.service import wire
from kitaru.store.service.connection import Address, Answer, Connection
from kitaru.store.service.payloads import HTTPPayloads
from kitaru.store.service.target import LocalTarget, RemoteTarget, Target, wrong_token

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from kitaru.store.payloads import PayloadStore
    from kitaru.store.protocol import Ack, Batch, Watch

PATIENCE: Final = 15.0
"""Seconds for which a service that cannot be reached is tried again."""

_ANSWER_TIMEOUT: Final = 120.0


class Lane:
    """A connection for one request at a time, and the identity under which its appends are numbered.

    Appends of one identity arrive one after the other: so the service can tell a repeated one by its number.
    """

    def __init__(self) -> None:
        self.client = secrets.token_hex(8)
        self.sequence = 0
        self.connection: Connection | None = None

    def at(self, address: Address) -> Connection:
        """Return a connection to an address."""
        if self.connection is None or self.connection.address is not address:
            self.close()
            self.connection = Connection(address, _ANSWER_TIMEOUT)
        return self.connection

    def next_headers(self) -> bytes:
        """Count on and return the headers of the next append; a repetition uses the same."""
        self.sequence += 1
        return f"X-Kitaru-Client: {self.client}\r\nX-Kitaru-Sequence: {self.sequence}\r\n".encode("ascii")

    def close(self) -> None:
        """Close the connection; the identity stays."""
        if self.connection is not None:
            self.connection.close()
            self.connection = None


class ServiceStore:
    """A store behind a service; implements `kitaru.store.protocol.Store`.

    Use `local` or `remote`. Nothing is connected or started before the first request. A service that went away is
    found or started again, and what was under way is repeated under its number, so nothing is lost or written twice.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> ServiceStore.local(Path(tempfile.mkdtemp()) / "home")
    ServiceStore('...home')
    """

    def __init__(self, target: Target) -> None:
        self._target = target
        self._address: Address | None = None
        self._lanes: deque[Lane] = deque()
        self._pid = os.getpid()
        self._finding = threading.Lock()
        self._closed = False
        self.location = target.location
        self.payloads: PayloadStore = target.local_payloads() or HTTPPayloads(self)

    @classmethod
    def local(cls, home: Path) -> ServiceStore:
        """Return the store of a home on this machine."""
        return cls(LocalTarget(home))

    @classmethod
    def remote(cls, url: str, token: str, *, origin: str = "the caller") -> ServiceStore:
        """Return the store of a server.

        Parameters
        ----------
        url
            ``http://host:port`` or ``https://host``.
        token
            What the server asks for.
        origin
            Where the token came from, for the message if it is refused.
        """
        return cls(RemoteTarget(url, token, origin))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.location!r})"

    def append(self, batches: Sequence[Batch], *, durable: bool = True) -> list[Ack]:
        """Write events; return when they are on disk, or accepted if not `durable`."""
        body = orjson.dumps({"batches": batches, "durable": durable})
        if len(body) > wire.MAX_APPEND:
            raise wire.too_large(wire.MAX_APPEND)
        return cast("list[Ack]", orjson.loads(self.request("POST", "/v1/append", body, numbered=True))["acks"])

    def read(self, name: str, /, **parameters: Any) -> Any:
        """Answer a named question."""
        return orjson.loads(self.request("POST", f"/v1/read/{quote(name)}", orjson.dumps(parameters)))["result"]

    def sql(self, query: str, parameters: Mapping[str, Any] | Sequence[Any] | None = None) -> bytes:
        """Answer a read-only query, as an Arrow IPC stream."""
        return self.request("POST", "/v1/sql", orjson.dumps({"query": query, "parameters": parameters}))

    def watch(self, *, after: int | None = None, executions: Iterable[str] = (), kinds: Iterable[str] = ()) -> Watch:
        """Follow events; the feed goes on where it was when the service is restarted."""
        from kitaru.store.service.feed import Feed

        return Feed(self, after, executions, kinds)

    def beat(self, runner_id: str) -> None:
        """Say that a runner on another machine still lives."""
        self.request("POST", "/v1/beat", orjson.dumps({"runner_id": runner_id}))

    def health(self) -> wire.Health:
        """Ask the service who it is."""
        return cast("wire.Health", orjson.loads(self.request("GET", "/v1/health")))

    def maintain(self, task: str, **parameters: Any) -> Iterator[dict[str, Any]]:
        """Run a maintenance task in the service and yield its progress; the last one holds ``result``.

        Raises
        ------
        KitaruError
            What the task failed with.
        """
        from kitaru.store.service.feed import progress

        return progress(self, task, parameters)

    def close(self) -> None:
        """Close all connections; the service goes on."""
        self._closed = True
        self._forget_connections()

    def request(self, method: str, path: str, body: bytes | memoryview = b"", *, numbered: bool = False) -> bytes:
        """Send one request; repeat it until it is answered or patience ends; return the answer's body."""
        lane = self._take_lane()
        try:
            headers = lane.next_headers() if numbered else b""
            answer = self._ask_once(lane, method, path, body, headers)
            if answer is None:
                answer = self._ask_again(lane, method, path, body, headers)
        except BaseException:
            lane.close()  # What is left of an answer, after Ctrl-C for example, would be taken for the next one.
            raise
        finally:
            self._lanes.append(lane)
            if self._closed:
                self._forget_connections()
        if answer.status >= 400:
            raise self.error(answer)
        return answer.body

    def address(self) -> Address:
        """Return where the service listens, finding or starting it if need be."""
        address = self._address
        if address is None:
            with self._finding:
                address = self._address = self._address or self._target.find()
        return address

    def look(self) -> Address | None:
        """Return where the service listens if it runs, without starting it."""
        address = self._address
        if address is None:
            with self._finding:
                address = self._address = self._address or self._target.look()
        return address

    def lost(self, address: Address) -> None:
        """Say that nobody answers at an address any more."""
        if self._address is address:
            self._address = None

    def error(self, answer: Answer) -> Exception:
        """Turn an answer that is no success into the error to raise."""
        if answer.status == 401:
            return wrong_token(self._target)
        return wire.decode_error(answer.status, answer.body, self.location)

    def _ask_once(self, lane: Lane, method: str, path: str, body: bytes | memoryview, headers: bytes) -> Answer | None:
        try:
            address = self._address or self.address()
        except OSError:
            return None
        try:
            answer = lane.at(address).request(method, path, body, headers)
        except TimeoutError as error:
            lane.close()
            raise KitaruBackendError(
                f"The service at {self.location} took a request and gave no answer for {_ANSWER_TIMEOUT:g} s. See "
                "what it does with `kitaru service status`; what was acknowledged is safe."
            ) from error
        except OSError:
            lane.close()
            return None
        if answer.status in wire.UNAVAILABLE or (answer.status == 401 and self._moved(address)):
            return None
        return answer

    def _ask_again(self, lane: Lane, method: str, path: str, body: bytes | memoryview, headers: bytes) -> Answer:
        import tenacity

        # The first failure may be a connection that idled too long: the address is still right.
        answer = self._ask_once(lane, method, path, body, headers)
        if answer is not None:
            return answer

        def find_and_ask() -> Answer | None:
            if self._address is not None:
                self.lost(self._address)
            return self._ask_once(lane, method, path, body, headers)

        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_result(lambda found: found is None) | tenacity.retry_if_exception_type(OSError),
            wait=tenacity.wait_random_exponential(multiplier=0.05, max=1.0),
            stop=tenacity.stop_after_delay(PATIENCE),
        )
        try:
            return cast("Answer", retrying(find_and_ask))
        except tenacity.RetryError as error:
            raise self._unreachable() from error.last_attempt.exception()

    def _unreachable(self) -> KitaruBackendError:
        return KitaruBackendError(
            f"The Kitaru service at {self.location} could not be reached for {PATIENCE:g} s. Check that it runs "
            "(`kitaru service status`) and that this machine reaches it. Nothing that was acknowledged is lost; "
            "interrupted executions can be resumed."
        )

    def _moved(self, address: Address) -> bool:
        """Whether the home's service is another one by now, with another token."""
        self.lost(address)
        found = self.address()
        return found != address

    def _take_lane(self) -> Lane:
        if self._closed:
            raise KitaruStoreError("This store is closed; open it again with `kitaru.connect()` or in a new process.")
        if self._pid != os.getpid():
            self._start_over_after_fork()
        try:
            return self._lanes.pop()
        except IndexError:
            return Lane()

    def _start_over_after_fork(self) -> None:
        # The parent goes on using its sockets and numbers. Closing our copies does not close its connections.
        self._finding = threading.Lock()
        self._forget_connections()
        self._pid = os.getpid()

    def _forget_connections(self) -> None:
        while self._lanes:
            self._lanes.pop().close()
