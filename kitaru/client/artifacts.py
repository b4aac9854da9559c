"""Stored values: found by execution, name and call, and read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kitaru.client import records
from kitaru.errors import KitaruNotFoundError

if TYPE_CHECKING:
    from kitaru.client.client import KitaruClient
    from kitaru.client.models import ArtifactRef


class ArtifactsAPI:
    """Stored values of executions; ``client.artifacts``.

    Examples
    --------
    >>> from kitaru.client import KitaruClient
    >>> KitaruClient().artifacts.list(limit=5)
    []
    """

    def __init__(self, client: KitaruClient) -> None:
        self._client = client

    def list(
        self,
        exec_id: str | None = None,
        *,
        name: str | None = None,
        kind: str | None = None,
        producing_call: str | None = None,
        limit: int = 1000,
    ) -> list[ArtifactRef]:
        """List artifacts: of one execution in their order, else of all, the newest first.

        Parameters
        ----------
        exec_id
            An execution's id or the beginning of it.
        name
            Name given to `kitaru.save`; ``"output"`` for what calls returned.
        kind
            Kind given to `kitaru.save`, or ``"output"``.
        producing_call
            Name of the call.
        limit
            The most to return.

        Raises
        ------
        KitaruNotFoundError
            If there is no such execution.

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
        >>> [artifact.producing_call for artifact in client.artifacts.list(handle.exec_id)]
        ['count']
        """
        full = None if exec_id is None else self._client.executions.resolve(exec_id)
        rows = self._client.store.read(
            "artifacts", exec_id=full, name=name, kind=kind, call=producing_call, limit=limit
        )
        return records.artifacts(self._client, rows)

    def get(self, artifact_id: str) -> ArtifactRef:
        """Find one artifact.

        Parameters
        ----------
        artifact_id
            ``"kr-…/call/output"``, ``"kr-…/call/name"``, or the beginning of an execution's id, a slash, and the
            name of a saved value or of a call.

        Raises
        ------
        KitaruNotFoundError
            If there is none.
        KitaruStateError
            If several fit.

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
        >>> client.artifacts.get(f"{handle.exec_id}/count/output").load()
        12
        """
        return records.artifact(self._client, self._client.store.read("artifact", artifact_id=artifact_id))

    def load(self, exec_id: str, name: str, *, flow: str | None = None) -> Any:
        """Read a saved value, or what a call returned, by name.

        Parameters
        ----------
        exec_id
            An execution's id or its beginning; ``"latest"`` is the newest completed execution.
        name
            Name of a saved value (the newest if it was saved several times), else of a call.
        flow
            With ``"latest"``: of this flow.

        Raises
        ------
        KitaruNotFoundError
            If the execution has nothing of that name; the message lists what it has.

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
        >>> client.artifacts.load("latest", "count", flow="measure")
        12
        """
        if exec_id == "latest":
            exec_id = self._client.executions.latest(flow=flow, status="completed").exec_id
        found = self.list(exec_id)
        saved = [item for item in found if item.save_type == "manual" and item.name == name]
        outputs = [item for item in found if item.save_type == "output" and item.producing_call == name]
        if not saved and not outputs:
            names = sorted({(item.name if item.save_type == "manual" else item.producing_call) or "" for item in found})
            raise KitaruNotFoundError(
                f"Execution {exec_id} has saved nothing called {name!r} and has no such call. It has: "
                f"{', '.join(names) or 'nothing yet'}."
            )
        return (saved or outputs)[-1].load()
