"""Executions found by their ids."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from kitaru.client import records
from kitaru.errors import KitaruNotFoundError, KitaruStateError, KitaruUsageError

if TYPE_CHECKING:
    from kitaru.client.client import KitaruClient
    from kitaru.client.models import Execution


FULL_ID: Final = len("kr-") + 12
SHORTEST_PREFIX: Final = 4


class Finding:
    """Finds one execution; what else is done with executions builds on it."""

    def __init__(self, client: KitaruClient) -> None:
        self._client = client

    def resolve(self, execution: str) -> str:
        """Complete the beginning of an execution's id.

        Raises
        ------
        KitaruNotFoundError
            If nothing begins so.
        KitaruStateError
            If several do; the message lists them.
        KitaruUsageError
            If it is shorter than four characters.

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
        >>> client.executions.resolve(handle.exec_id[:12]) == handle.exec_id
        True
        """
        if execution.startswith("kr-") and len(execution) >= FULL_ID:
            return execution
        if len(execution.removeprefix("kr-")) < SHORTEST_PREFIX:
            raise KitaruUsageError(
                f"{execution!r} is too short to name an execution: give its id, or four or more characters of it."
            )
        found: list[str] = self._client.store.read("resolve", prefix=execution)
        if not found:
            raise KitaruNotFoundError(
                f"No execution {execution!r} in {self._client.store.location}. List what there is with: "
                "kitaru executions list"
            )
        if len(found) > 1 and found[0] not in (execution, f"kr-{execution}"):
            raise KitaruStateError(
                f"{execution!r} is the beginning of several executions: {', '.join(found)}. Give more of the id."
            )
        return found[0]

    def get(self, exec_id: str) -> Execution:
        """Read one execution with its calls, artifacts and questions; one request, however many calls it has.

        Parameters
        ----------
        exec_id
            Its id, or four or more characters of it (with or without ``kr-``) that only this one begins with.

        Raises
        ------
        KitaruNotFoundError
            If there is none.
        KitaruStateError
            If several begin so.

        Examples
        --------
        >>> from kitaru.client import KitaruClient
        >>> KitaruClient().executions.get("kr-000000000000")
        Traceback (most recent call last):
        kitaru.errors.KitaruNotFoundError: There is no execution 'kr-000000000000' in this store...
        """
        return records.detailed(self._client, self._client.store.read("execution", exec_id=self.resolve(exec_id)))
