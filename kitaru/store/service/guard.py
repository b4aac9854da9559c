"""Who may speak to the service: holders of the token, under a name of this machine."""

from __future__ import annotations

import hmac
import ipaddress
import socket
from collections.abc import Iterable
from typing import Final

from kitaru.errors import KitaruBackendError, KitaruError

LOOPBACK_NAMES: Final = frozenset({"localhost", "127.0.0.1", "::1"})

Headers = Iterable[tuple[bytes, bytes]]


class RefusedError(Exception):
    """A request that is turned away before the store is asked: the HTTP status, and what the client will raise."""

    def __init__(self, status: int, reason: KitaruError) -> None:
        super().__init__(str(reason))
        self.status = status
        self.reason = reason


def is_loopback(host: str) -> bool:
    """Say whether only this machine can reach a host.

    Examples
    --------
    >>> is_loopback("127.0.0.1"), is_loopback("0.0.0.0")
    (True, False)
    """
    if host in LOOPBACK_NAMES:
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class Guard:
    """Checks of every request: the Host header, then the token.

    A page in the user's browser can send requests to this machine under a name of its own choice (DNS rebinding), so
    names other than those that the service goes by are refused.

    Parameters
    ----------
    token
        The bearer token.
    host
        The address that the service is bound to.
    names
        More names under which clients reach it, for example that of a proxy in front.
    """

    def __init__(self, token: str, host: str, names: Iterable[str] = ()) -> None:
        self._expected = f"Bearer {token}".encode("ascii")
        self._names = LOOPBACK_NAMES | {host.lower(), *(name.lower() for name in names)}
        self._open = not is_loopback(host)
        if self._open:
            self._names |= {socket.gethostname().lower()}
        self._known: set[bytes] = set()

    def check(self, headers: Headers) -> None:
        """Raise `RefusedError` unless the request may pass."""
        host = authorization = b""
        for name, value in headers:
            if name == b"authorization":
                authorization = value
            elif name == b"host":
                host = value
        if host not in self._known:
            self._check_host(host)
        if not hmac.compare_digest(authorization, self._expected):
            raise RefusedError(401, KitaruBackendError(_WRONG_TOKEN if authorization else _NO_TOKEN))

    def _check_host(self, header: bytes) -> None:
        name = _host_name(header.decode("latin-1"))
        if name not in self._names and not (self._open and _is_address(name)):
            reason = KitaruBackendError(
                f"The request is addressed to {name!r}, a name that this service does not go by. Use 127.0.0.1 or "
                "localhost, or start the service with --allow-host for a name under which a proxy reaches it."
            )
            raise RefusedError(403, reason)
        if len(self._known) < 64:
            self._known.add(header)


_WHERE: Final = (
    "On the service's own machine the token is in service.json in its home; elsewhere it is what KITARU_AUTH_TOKEN or "
    "`kitaru connect` was given."
)
_NO_TOKEN: Final = f"The request carries no token: send the header 'Authorization: Bearer <token>'. {_WHERE}"
_WRONG_TOKEN: Final = f"The request's token is not that of this service. {_WHERE}"


def _host_name(header: str) -> str:
    if header.startswith("["):
        return header[1:].partition("]")[0].lower()
    return header.partition(":")[0].lower()


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
