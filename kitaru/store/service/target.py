"""Which service a client speaks to, and how it finds it again after a restart."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import orjson

from kitaru.errors import KitaruBackendError, KitaruStoreVersionError, KitaruUsageError
from kitaru.store.payloads import FilePayloads, PayloadStore
from kitaru.store.service import wire
from kitaru.store.service.connection import Address, Connection

if TYPE_CHECKING:
    from pathlib import Path

_HANDSHAKE_TIMEOUT = 10.0


class Target(Protocol):
    """A service that can be found again."""

    @property
    def location(self) -> str:
        """What to tell a person."""
        ...

    def find(self) -> Address:
        """Return where it listens now, starting it if that is this machine's business."""
        ...

    def look(self) -> Address | None:
        """Return where it listens now; None if it is this machine's business and does not run."""
        ...

    def token_origin(self) -> str:
        """Say where the token came from, for the message when it is refused."""
        ...

    def local_payloads(self) -> PayloadStore | None:
        """Return the payload files if this process reaches them without the service."""
        ...


class LocalTarget:
    """The service of a home on this machine; it is started when it is needed."""

    def __init__(self, home: Path) -> None:
        self._home = home.expanduser().absolute()

    @property
    def location(self) -> str:
        """The home."""
        return str(self._home)

    def find(self) -> Address:
        """Return where the service listens; start it if none runs."""
        from kitaru.store.service.process import ensure_service

        record = ensure_service(self._home)
        return Address.parse(record.url, record.token)

    def look(self) -> Address | None:
        """Return where the service listens; None if none runs."""
        from kitaru.store.service.process import find_service

        record = find_service(self._home)
        return None if record is None else Address.parse(record.url, record.token)

    def token_origin(self) -> str:
        """Name the file of the service's process."""
        return f"{self._home / 'service.json'}"

    def local_payloads(self) -> PayloadStore | None:
        """Return the payload files of the home."""
        return FilePayloads(str(self._home / "payloads"))


class RemoteTarget:
    """A team's server; somebody else keeps it running."""

    def __init__(self, url: str, token: str, origin: str) -> None:
        self._address = Address.parse(url, token)
        if not token:
            raise KitaruUsageError(
                f"{self._address.url} asks for a token: give the one that its service was started with."
            )
        self._origin = origin
        self._greeted = False

    @property
    def location(self) -> str:
        """The address."""
        return self._address.url

    def find(self) -> Address:
        """Return the address, after a first look at who answers there."""
        if not self._greeted:
            self._greet()
            self._greeted = True
        return self._address

    def look(self) -> Address:
        """Return the address: a server is not this machine's business."""
        return self.find()

    def token_origin(self) -> str:
        """Say who gave the token."""
        return self._origin

    def local_payloads(self) -> PayloadStore | None:
        """Return None: payloads travel over HTTP."""
        return None

    def _greet(self) -> None:
        connection = Connection(self._address, _HANDSHAKE_TIMEOUT)
        try:
            answer = connection.request("GET", "/v1/health")
        finally:
            connection.close()
        if answer.status == 401:
            raise wrong_token(self)
        if answer.status in wire.UNAVAILABLE:
            raise ConnectionError(f"{self.location} answered with HTTP {answer.status}")
        if answer.status != 200:
            raise wire.decode_error(answer.status, answer.body, self.location)
        self._check_version(answer.body)

    def _check_version(self, body: bytes) -> None:
        try:
            health: wire.Health = orjson.loads(body)
            theirs, version = health["protocol"], health["kitaru"]
        except (orjson.JSONDecodeError, KeyError, TypeError):
            raise wire.decode_error(200, b"", self.location) from None
        if theirs != wire.PROTOCOL:
            who = "this client" if theirs > wire.PROTOCOL else "the server"
            raise KitaruStoreVersionError(
                f"The server {self.location} is of Kitaru {version} (protocol {theirs}) and this client of Kitaru "
                f"{wire.kitaru_version()} (protocol {wire.PROTOCOL}). Upgrade {who}."
            )


def wrong_token(target: Target) -> KitaruBackendError:
    """Return the error for a token that the service refuses; it does not show the token."""
    return KitaruBackendError(
        f"{target.location} refuses the token from {target.token_origin()}. Ask whoever runs it for the right one."
    )
