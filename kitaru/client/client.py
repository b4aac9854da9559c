"""`KitaruClient`: everything that is recorded, read and steered from Python."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from kitaru.errors import KitaruUsageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kitaru.client.artifacts import ArtifactsAPI
    from kitaru.client.deployments import DeploymentsAPI
    from kitaru.client.differences import ExecutionDiff
    from kitaru.client.executions import ExecutionsAPI
    from kitaru.client.jobs import JobsAPI
    from kitaru.client.schedules import SchedulesAPI
    from kitaru.runtime.engine import Engine
    from kitaru.store.protocol import Store

Frame = Literal["pandas", "polars", "arrow"]


class KitaruClient:
    """Reads and steers what is recorded.

    Parameters
    ----------
    server_url, auth_token
        A server for this client alone. Without them it works with what this process works with: the home, or
        the server that `kitaru.connect` named. Nothing is opened before the first request.

    Raises
    ------
    KitaruUsageError
        If only one of them is given.

    Examples
    --------
    >>> client = KitaruClient()
    >>> client.executions.list(limit=5).total >= 0
    True
    """

    def __init__(self, server_url: str | None = None, auth_token: str | None = None) -> None:
        if bool(server_url) != bool(auth_token):
            raise KitaruUsageError("KitaruClient(): server_url and auth_token belong together; give both or none")
        self._server = (server_url, auth_token) if server_url and auth_token else None
        self._home: Path | None = None
        self._origin = "KitaruClient()"

    @classmethod
    def of_home(cls, home: Path) -> KitaruClient:
        """Return a client of a home on this machine, whatever this process itself works with.

        It goes through the home's service, which is started when it is needed.

        Parameters
        ----------
        home
            The folder.

        Examples
        --------
        >>> import tempfile
        >>> from pathlib import Path
        >>> KitaruClient.of_home(Path(tempfile.mkdtemp()) / "home")
        <KitaruClient of ...home>
        """
        client = cls()
        client._home = home
        return client

    def __repr__(self) -> str:
        return f"<KitaruClient of {self._server[0] if self._server else self._home or 'this process'}>"

    @functools.cached_property
    def executions(self) -> ExecutionsAPI:
        """Executions: find, follow, answer, retry, replay, compare."""
        from kitaru.client.executions import ExecutionsAPI

        return ExecutionsAPI(self)

    @functools.cached_property
    def artifacts(self) -> ArtifactsAPI:
        """Stored values."""
        from kitaru.client.artifacts import ArtifactsAPI

        return ArtifactsAPI(self)

    @functools.cached_property
    def deployments(self) -> DeploymentsAPI:
        """Versions of flows that can be invoked: deploy, find, tag, invoke, delete."""
        from kitaru.client.deployments import DeploymentsAPI

        return DeploymentsAPI(self)

    @functools.cached_property
    def jobs(self) -> JobsAPI:
        """Work that workers do: list it, ask for it, take it back."""
        from kitaru.client.jobs import JobsAPI

        return JobsAPI(self)

    @functools.cached_property
    def schedules(self) -> SchedulesAPI:
        """Deployments that are invoked by the clock: create, find, pause, delete."""
        from kitaru.client.schedules import SchedulesAPI

        return SchedulesAPI(self)

    @property
    def _is_own(self) -> bool:
        return self._server is not None or self._home is not None

    @functools.cached_property
    def _own(self) -> tuple[Store, Engine]:
        from kitaru.runtime.engine import Engine
        from kitaru.store.service.client import ServiceStore

        if self._server is not None:
            store = ServiceStore.remote(*self._server, origin=self._origin)
        else:
            assert self._home is not None
            store = ServiceStore.local(self._home)
        return store, Engine(store)

    @property
    def server(self) -> tuple[str, str] | None:
        """Address and token of this client's own server; None if it works with what the process works with."""
        return self._server

    @property
    def home(self) -> Path | None:
        """The home that this client was made for; None for any other client."""
        return self._home

    @property
    def home_id(self) -> str:
        """Name of the home that the store is in; for a server, of the server's home.

        Examples
        --------
        >>> len(KitaruClient().home_id)
        12
        """
        from kitaru.store.home import home_id

        store: Any = self.store
        return store.health()["home_id"] if self.is_remote else home_id(Path(store.location))

    @property
    def store(self) -> Store:
        """The store that this client works with."""
        if self._is_own:
            return self._own[0]
        from kitaru.store.connect import open_store

        return open_store()

    @property
    def engine(self) -> Engine:
        """What continues and replays executions in this process."""
        if self._is_own:
            return self._own[1]
        from kitaru.runtime.engine import engine

        return engine()

    @property
    def is_remote(self) -> bool:
        """Whether the store is a server's rather than a home on this machine."""
        if self._is_own:
            return self._server is not None
        from kitaru.store.connect import current_target

        return bool(current_target().url)

    def purge_cache(self, checkpoint: str | None = None) -> None:
        """Let no later execution reuse what is recorded so far; the executions and their values stay.

        Parameters
        ----------
        checkpoint
            Name of the checkpoint whose results are meant; None means all.

        Examples
        --------
        >>> KitaruClient().purge_cache("summarise")
        """
        from time import time

        from kitaru.store.events import CACHE_PURGED

        body = {"checkpoint": checkpoint, "before": None}
        self.engine.outbox.commit([{"kind": CACHE_PURGED, "at": time(), "exec_id": "", "body": body}])

    def decode(self, record: Any) -> Any:
        """Read a stored value from its record, as the store has it.

        Examples
        --------
        >>> from kitaru.runtime.values import encode
        >>> client = KitaruClient()
        >>> client.decode(encode({"a": (1, 2)}, client.store.payloads))
        {'a': (1, 2)}
        """
        from kitaru.runtime.values import decode

        return decode(record, self.store.payloads)

    def sql(
        self, query: str, parameters: Mapping[str, Any] | Sequence[Any] | None = None, *, as_: Frame = "pandas"
    ) -> Any:
        """Ask the recorded history in SQL.

        Parameters
        ----------
        query
            One read-only statement over the views ``executions``, ``checkpoints``, ``attempts``, ``waits``,
            ``artifacts``, ``events``, ``logs``, ``llm_calls``, ``snapshots``,
            ``deployments`` and ``jobs``.
        parameters
            Values for ``?`` (a list) or ``$name`` (a dict) in the query.
        as_
            ``"pandas"``, ``"polars"`` or ``"arrow"``.

        Returns
        -------
        pandas.DataFrame, polars.DataFrame or pyarrow.Table
            The answer; times are aware and in UTC.

        Raises
        ------
        KitaruUsageError
            If the query is wrong or would change something.
        KitaruFeatureNotAvailableError
            If Polars is asked for and not installed.

        Examples
        --------
        >>> KitaruClient().sql("SELECT 20 + ? AS answer", [22])["answer"].tolist()
        [42]
        """
        if as_ not in ("pandas", "polars", "arrow"):
            raise KitaruUsageError(f"sql(as_={as_!r}): give 'pandas', 'polars' or 'arrow'")
        import pyarrow as pa

        with pa.ipc.open_stream(self.store.sql(query, parameters)) as stream:
            table = stream.read_all()
        if as_ == "arrow":
            return table
        return table.to_pandas() if as_ == "pandas" else _polars(table)

    def diff(self, original: str, *others: str, values: bool = False) -> ExecutionDiff:
        """Compare executions call by call; see `kitaru.diff`.

        Examples
        --------
        >>> import kitaru
        >>> @kitaru.checkpoint
        ... def count(text: str) -> int:
        ...     return len(text)
        >>> @kitaru.flow
        ... def measure(text: str) -> int:
        ...     return count(text)
        >>> handle = measure.run("twelve words")
        >>> handle.wait()
        12
        >>> client = kitaru.KitaruClient()
        >>> replayed = measure.replay(handle.exec_id, flow_overrides={"text": "one"})
        >>> replayed.wait()
        3
        >>> client.diff(handle.exec_id).compared[0].exec_id == replayed.exec_id
        True
        """
        from kitaru.client.diff import diff

        return diff(original, *others, values=values, client=self)

    def close(self) -> None:
        """Close the connections of a client with a server or a home of its own."""
        if "_own" in self.__dict__:
            self._own[0].close()


def _polars(table: Any) -> Any:
    try:
        import polars
    except ImportError as error:
        from kitaru.errors import KitaruFeatureNotAvailableError

        raise KitaruFeatureNotAvailableError(
            "sql(as_='polars') needs Polars: pip install 'kitaru-jupyter[polars]'"
        ) from error
    return polars.from_arrow(table)
