"""Executions: found, read, answered, continued, replayed, counted and deleted."""

from __future__ import annotations

from kitaru.client.following import Following
from kitaru.client.listing import Listing
from kitaru.client.questions import Questions
from kitaru.client.steering import Steering


class ExecutionsAPI(Listing, Steering, Questions, Following):
    """Executions; ``client.executions``.

    Examples
    --------
    >>> from kitaru.client import KitaruClient
    >>> KitaruClient().executions.list(limit=5).total >= 0
    True
    """

    def explain(self, exec_id: str, call: str) -> str:
        """Say why a call ran, or why it was reused.

        A call that ran is compared with the newest earlier result of its checkpoint: whether there is one, whether the
        code changed, and which part of it, or which argument.

        Parameters
        ----------
        exec_id
            The execution, or the beginning of its id.
        call
            Name of the call.

        Raises
        ------
        KitaruNotFoundError
            If there is no such call.

        Examples
        --------
        >>> import kitaru
        >>> from kitaru import KitaruClient
        >>> @kitaru.checkpoint
        ... def halve(n: int) -> float:
        ...     return n / 2
        >>> @kitaru.flow
        ... def halving(n: int) -> float:
        ...     return halve(n)
        >>> handle = halving.run(2)
        >>> handle.wait()
        1.0
        >>> print(KitaruClient().executions.explain(handle.exec_id, "halve"))
        halve ran: no earlier result of halve is recorded.
        """
        from kitaru.client.explain import explain

        return explain(self._client, exec_id, call)
