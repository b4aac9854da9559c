"""Which store this process works with, and the login that later processes find.

From high to low: `connect` in this process, ``KITARU_SERVER_URL`` with ``KITARU_AUTH_TOKEN``,
``KITARU_STORE``, the login that `connect` left in the user's configuration, the home's own service.
"""

from __future__ import annotations

import atexit
import contextlib
import dataclasses
import os
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Final

import orjson

from kitaru.errors import KitaruUsageError
from kitaru.store.home import ensure_home, find_home, write_private

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kitaru.store.protocol import Store
    from kitaru.store.service.client import ServiceStore

LOGIN_FILE: Final = "login.json"

_MODES: Final = ("service", "embedded")


@dataclasses.dataclass(frozen=True, slots=True)
class StoreTarget:
    """What a process works with: a server (`url` and `token`), or a home (`home`), served or `embedded`."""

    url: str = ""
    token: str = dataclasses.field(default="", repr=False)
    home: Path | None = None
    embedded: bool = False
    origin: str = ""
    """Who decided it, for people."""


class _Chosen:
    """What this process has chosen and opened so far."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.target: StoreTarget | None = None
        self.current: Store | None = None
        self.opened: dict[StoreTarget, Store] = {}


_chosen = _Chosen()


def connect(url: str, token: str, *, persist: bool = True) -> Store:
    """Work with a server from now on.

    Parameters
    ----------
    url
        ``https://host`` or ``http://host:port``.
    token
        What the server asks for.
    persist
        Remember it for later processes, in a file that only this user can read.

    Returns
    -------
    Store
        The server's store; it has answered once.

    Raises
    ------
    KitaruUsageError
        If the address or the token cannot be one.
    KitaruBackendError
        If the server cannot be reached or refuses the token.
    KitaruStoreVersionError
        If server and client are of versions that do not understand each other.

    Examples
    --------
    >>> connect("ftp://example.org", "secret")
    Traceback (most recent call last):
    kitaru.errors.KitaruUsageError: example.org is no address of a Kitaru server...
    """
    target = StoreTarget(url=url.strip(), token=token.strip(), origin="connect()")
    store = _open_remote(target)
    store.health()
    with _chosen.lock:
        _chosen.opened[target] = store
        _chosen.target, _chosen.current = target, store
    if persist:
        ensure_home(config_folder())
        write_private(config_folder() / LOGIN_FILE, orjson.dumps({"url": target.url, "token": target.token}))
    return store


def disconnect() -> bool:
    """Forget the server: this process and later ones work with the home again.

    Returns
    -------
    bool
        Whether there was a login.

    Examples
    --------
    >>> disconnect()
    False
    """
    file = config_folder() / LOGIN_FILE
    was_there = file.exists()
    file.unlink(missing_ok=True)
    with _chosen.lock:
        if _chosen.target is not None and _chosen.target.url:
            was_there = True
            _chosen.target = _chosen.current = None
    return was_there


def choose_target() -> StoreTarget:
    """Decide what to work with by environment, login and working directory, as a new process would.

    Raises
    ------
    KitaruUsageError
        If a setting is wrong: a server without a token, or an unknown ``KITARU_STORE``.

    Examples
    --------
    >>> choose_target().embedded in (True, False)
    True
    """
    mode = os.environ.get("KITARU_STORE", "").strip()
    if mode and mode not in _MODES:
        raise KitaruUsageError(f"KITARU_STORE is {mode!r}; it can be 'service' (the default) or 'embedded'.")
    named = _target_of_environment()
    if named is not None:
        return named
    if mode:
        return StoreTarget(home=find_home(), embedded=mode == "embedded", origin="KITARU_STORE")
    return _target_of_login() or StoreTarget(home=find_home(), origin="the home")


def open_store() -> Store:
    """Return the store of this process; it is chosen with the first call.

    Returns
    -------
    Store
        The same one for every call and thread.

    Raises
    ------
    KitaruUsageError
        If a setting is wrong.
    KitaruStoreBusyError
        If the home is to be opened in this process and another one has it open.

    Examples
    --------
    >>> open_store() is open_store()
    True
    >>> close_store()
    """
    current = _chosen.current
    if current is not None:
        return current
    with _chosen.lock:
        if _chosen.current is None:
            target = _chosen.target or choose_target()
            _chosen.current = _open(target)
            _chosen.target = target
        return _chosen.current


def current_store() -> Store | None:
    """Return the store of this process if one was chosen already, else None; nothing is opened.

    Examples
    --------
    >>> current_store() is None
    True
    """
    return _chosen.current


def current_target() -> StoreTarget:
    """Say what this process works with, or would if it opened a store now; nothing is opened.

    Examples
    --------
    >>> "token" in repr(current_target())
    False
    """
    return _chosen.target or choose_target()


@contextlib.contextmanager
def use_store(store: Store) -> Iterator[Store]:
    """Work with a given store inside a ``with`` block, in all threads of this process; it is not closed.

    Examples
    --------
    >>> with use_store(open_store()) as store:
    ...     current_store() is store
    True
    >>> close_store()
    """
    with _chosen.lock:
        before = _chosen.current
        _chosen.current = store
    try:
        yield store
    finally:
        with _chosen.lock:
            _chosen.current = before


def close_store() -> None:
    """Close what this process has opened and forget the choice: the next call chooses anew.

    Examples
    --------
    >>> close_store()
    """
    with _chosen.lock:
        opened, _chosen.opened = _chosen.opened, {}
        _chosen.target = _chosen.current = None
        for store in opened.values():
            store.close()


def config_folder() -> Path:
    """Return the folder of the user's configuration: ``KITARU_CONFIG_PATH``, or the system's usual place.

    Examples
    --------
    >>> config_folder().is_absolute()
    True
    """
    named = os.environ.get("KITARU_CONFIG_PATH", "").strip()
    if named:
        return Path(named).expanduser().absolute()
    import platformdirs

    return platformdirs.user_config_path("kitaru", appauthor=False)


def _target_of_environment() -> StoreTarget | None:
    url = os.environ.get("KITARU_SERVER_URL", "").strip()
    token = os.environ.get("KITARU_AUTH_TOKEN", "").strip()
    if bool(url) != bool(token):
        given, missing = ("SERVER_URL", "AUTH_TOKEN") if url else ("AUTH_TOKEN", "SERVER_URL")
        raise KitaruUsageError(f"KITARU_{given} is set and KITARU_{missing} is not: set both for a server, or neither.")
    return StoreTarget(url=url, token=token, origin="KITARU_AUTH_TOKEN") if url else None


def _target_of_login() -> StoreTarget | None:
    file = config_folder() / LOGIN_FILE
    try:
        login = orjson.loads(file.read_bytes())
        return StoreTarget(url=str(login["url"]), token=str(login["token"]), origin=str(file))
    except FileNotFoundError:
        return None
    except (orjson.JSONDecodeError, KeyError, TypeError) as error:
        raise KitaruUsageError(f"The login in {file} cannot be read. Connect again with `kitaru connect`.") from error


def _open(target: StoreTarget) -> Store:
    store = _chosen.opened.get(target)
    if store is None:
        store = _chosen.opened[target] = _open_remote(target) if target.url else _open_home(target)
    return store


def _open_remote(target: StoreTarget) -> ServiceStore:
    from kitaru.store.service.client import ServiceStore

    return ServiceStore.remote(target.url, target.token, origin=target.origin)


def _open_home(target: StoreTarget) -> Store:
    home = target.home or find_home()
    if target.embedded:
        from kitaru.store.duckdb import DuckDBStore

        return DuckDBStore(ensure_home(home))
    from kitaru.store.service.client import ServiceStore

    return ServiceStore.local(home)


def _start_over() -> None:
    """Forget what the parent process has opened: its files and connections are its own."""
    _chosen.lock = threading.RLock()
    _chosen.opened = {}
    _chosen.current = None


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_start_over)
atexit.register(close_store)
