"""The homes that the server shows: found by a notebook's folder, by id, or as the default; one client for each."""

from __future__ import annotations

import asyncio
import contextlib
import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

from kitaru.client import KitaruClient
from kitaru.errors import (
    KitaruBackendError,
    KitaruError,
    KitaruNotFoundError,
    KitaruStoreBusyError,
    KitaruStoreVersionError,
)
from kitaru.jupyter.failures import usage_error
from kitaru.jupyter.models import HomeInfo
from kitaru.jupyter.stream import Stream
from kitaru.store.connect import choose_target
from kitaru.store.home import find_home, home_id, known_homes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from kitaru.store.connect import StoreTarget

T = TypeVar("T")

_THREADS: Final = 4
_UNREACHABLE: Final = (KitaruBackendError, KitaruStoreBusyError, KitaruStoreVersionError)
_PAUSE: Final = 2.0
"""Seconds for which a home that could not be reached is not tried again: each try can take long."""


class Home:
    """One home: its client, the threads that ask it, and its stream of changes.

    Parameters
    ----------
    location
        The folder, or the address of a server.
    make_client
        Opens nothing yet.
    path
        The folder; None for a server.
    """

    def __init__(self, location: str, make_client: Callable[[], KitaruClient], path: Path | None) -> None:
        self.location = location
        self.path = path
        self._make_client = make_client
        self._readers = ThreadPoolExecutor(_THREADS, thread_name_prefix="kitaru-home")
        self._doers = ThreadPoolExecutor(_THREADS, thread_name_prefix="kitaru-home-act")
        self._failed: tuple[float, KitaruError] | None = None
        self.stand_in = home_id(Path(location))
        self._id = None if path is None else self.stand_in
        self.stream = Stream(self)

    @cached_property
    def client(self) -> KitaruClient:
        """The client; opened by its first request, and again when the service was restarted."""
        return self._make_client()

    @property
    def id(self) -> str:
        """Id of the home; for a server that was never reached a stand-in."""
        return self._id or self.stand_in

    def learn_id(self) -> None:
        """Ask a server for its home's id, once."""
        if self._id is None:
            with self.watched():
                self._id = self.client.home_id

    @property
    def recorded(self) -> bool:
        """Whether anything can be recorded there; asking a folder that holds nothing would start a service for it."""
        return self.path is None or any((self.path / name).exists() for name in ("kitaru.duckdb", "journal"))

    def require(self) -> KitaruClient:
        """Return the client, or say that nothing is recorded, or at once what was found out a moment ago."""
        if self._failed is not None and time.monotonic() < self._failed[0]:
            raise self._failed[1].with_traceback(None)
        if not self.recorded:
            raise KitaruNotFoundError(f"Nothing is recorded in {self.location} yet. Run a flow, and it shows up here.")
        self.learn_id()
        return self.client

    async def ask(self, question: Callable[[], T], *, acts: bool = False) -> T:
        """Answer a question that may block, on one of the home's own threads: a home that is away delays no other.

        What starts a process takes seconds and has threads of its own, so that reading does not wait for it.
        """
        return await asyncio.get_running_loop().run_in_executor(
            self._doers if acts else self._readers, self._ask, question
        )

    def info(self) -> HomeInfo:
        """Describe the home without asking it."""
        return HomeInfo(id=self.id, location=self.location, recorded=self.recorded)

    def close(self) -> None:
        """End the stream and the connections."""
        self.stream.close()
        for pool in (self._readers, self._doers):
            pool.shutdown(wait=False, cancel_futures=True)
        if "client" in self.__dict__:
            self.client.close()

    @contextlib.contextmanager
    def watched(self) -> Iterator[None]:
        """Remember for a moment that the store cannot be reached."""
        try:
            yield
        except _UNREACHABLE as error:
            if self._failed is None or error is not self._failed[1]:  # what is only told again says nothing new
                self._failed = (time.monotonic() + _PAUSE, error)
            raise
        self._failed = None

    def _ask(self, question: Callable[[], T]) -> T:
        with self.watched():
            return question()


class Homes:
    """All homes that were asked for, and those that are registered.

    Parameters
    ----------
    root
        The folder that the Jupyter server shows; None if its notebooks are in no folder.
    """

    def __init__(self, root: Path | None) -> None:
        self._root = None if root is None else Path(os.path.normpath(root))
        self._open: dict[str, Home] = {}
        self._lock = threading.Lock()

    @property
    def root(self) -> str | None:
        """The folder that the Jupyter server shows, as a text."""
        return None if self._root is None else str(self._root)

    def find(self, wanted: str | None, notebook: str | None) -> Home:
        """Find a home by id, else by a notebook's path below the server's root, else the default.

        Raises
        ------
        KitaruNotFoundError
            If no home has the id.
        KitaruUsageError
            If a setting is wrong, or the notebook's home belongs to somebody else.
        RequestError
            If the path leads out of the server's root.
        """
        if wanted is None:
            return self._of_folder(self._folder(notebook))
        for home in self._known():
            if wanted in (home.id, home.stand_in):
                return home
        self._ask_servers()
        for home in self._known():
            if wanted == home.id:
                return home
        raise KitaruNotFoundError(
            f"No Kitaru home on this machine has the id {wanted!r}: the notebook comes from elsewhere, or its home was "
            "moved or deleted. What the notebook itself holds can still be read."
        )

    def infos(self) -> list[HomeInfo]:
        """Describe the default home and those on this machine that are registered or in use."""
        return [home.info() for home in self._known()]

    def recorded_path(self, notebook: str) -> str:
        """Return a notebook's path as its kernel records it, which is told a whole path."""
        if self._root is None or Path(notebook).is_absolute():
            return notebook
        return os.path.normpath(self._root / notebook)

    def file(self, notebook: str) -> Path:
        """Return where a notebook is that is named by its path below the server's root.

        Raises
        ------
        RequestError
            If the path leads out of the root, or the server's notebooks are in no folder.
        """
        if self._root is None:
            raise usage_error("The notebooks of this server are in no folder.", place="path")
        return self._place(self._root, notebook)

    def close(self) -> None:
        """Close all clients and streams."""
        with self._lock:
            opened, self._open = list(self._open.values()), {}
        for home in opened:
            home.close()

    def _ask_servers(self) -> None:
        for home in self._known():
            with contextlib.suppress(KitaruError):  # then it is not the one that is looked for, as far as one can tell
                home.learn_id()

    def _known(self) -> list[Home]:
        registered = [self._local(path) for path in known_homes()]
        with contextlib.suppress(KitaruError):  # a wrong setting of the default is reported where that is asked for
            registered.insert(0, self._of_folder(self._root))
        with self._lock:
            return list({id(home): home for home in (*registered, *self._open.values())}.values())

    def _of_folder(self, folder: Path | None) -> Home:
        target = choose_target()
        if not target.url:
            return self._local(find_home(folder))
        return self._opened(target.url, lambda: _ServerClient(target), None, target.token)

    def _local(self, path: Path) -> Home:
        return self._opened(str(path), lambda: _client_of(path), path)

    def _opened(self, location: str, make: Callable[[], KitaruClient], path: Path | None, secret: str = "") -> Home:
        key = f"{location} {secret}"  # another token is another login
        with self._lock:
            if key not in self._open:
                self._open[key] = Home(location, make, path)
            return self._open[key]

    def _folder(self, notebook: str | None) -> Path | None:
        if notebook is None or self._root is None:
            return self._root
        place = self._place(self._root, notebook)
        return place if place.is_dir() else place.parent

    def _place(self, root: Path, notebook: str) -> Path:
        if "\0" in notebook:
            raise usage_error("The path of a notebook has no zero bytes.", place="path")
        place = Path(os.path.normpath(root / notebook.strip("/")))
        drive, colon, rest = notebook.partition(":")
        if colon and "/" not in drive and not place.exists():
            # JupyterLab's other drives, such as that of real-time collaboration, go before a path.
            return self._place(root, rest)
        if not place.is_relative_to(root):
            raise usage_error(f"{notebook!r} is not below the folder that this server shows.", place="path")
        return place


class _ServerClient(KitaruClient):
    """A client of a server elsewhere; what it refuses is told with where its token comes from."""

    def __init__(self, target: StoreTarget) -> None:
        super().__init__(target.url, target.token)
        self._origin = target.origin


def _client_of(home: Path) -> KitaruClient:
    if os.environ.get("KITARU_STORE", "").strip() == "embedded":
        # A service that is started to look at the home would keep the kernels out of it.
        raise KitaruStoreBusyError(
            f"KITARU_STORE=embedded is set for this Jupyter server, so that each process keeps {home} to itself while "
            "it uses it, and nothing of it can be shown here. Unset it and start JupyterLab again: then all share the "
            "store through a local service."
        )
    return KitaruClient.of_home(home)
