"""Questions of executions: found, answered and refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kitaru.client import records
from kitaru.client.answers import Answers
from kitaru.client.finding import Finding

if TYPE_CHECKING:
    from kitaru.client.models import Execution, PendingWait


class Questions(Finding):
    """Finds and answers questions; a part of ``client.executions``."""

    def pending_waits(self, exec_id: str | None = None) -> list[PendingWait]:
        """Return the open questions of one execution, or of all, the oldest first.

        Examples
        --------
        >>> import kitaru
        >>> @kitaru.flow
        ... def ask() -> int:
        ...     return kitaru.wait(schema=int, name="number", question="Which number?")
        >>> handle = ask.run()
        >>> client = kitaru.KitaruClient()
        >>> next(client.executions.events(handle.exec_id, kinds="wait.created")).kind
        'wait.created'
        >>> [wait.question for wait in client.executions.pending_waits(handle.exec_id)]
        ['Which number?']
        >>> handle.cancel()
        """
        return Answers(self._client).pending(None if exec_id is None else self.resolve(exec_id))

    def pending_wait(self, exec_id: str, wait: str | None = None) -> PendingWait:
        """Return one open question: that of the name `wait`, or the only one.

        Raises
        ------
        KitaruConflictError
            If it is answered already; the message says by whom and when.
        KitaruStateError
            If nothing is open, or several questions are and `wait` is not given.

        Examples
        --------
        >>> import kitaru
        >>> @kitaru.flow
        ... def ask() -> int:
        ...     return kitaru.wait(schema=int, name="number", question="Which number?")
        >>> handle = ask.run()
        >>> client = kitaru.KitaruClient()
        >>> next(client.executions.events(handle.exec_id, kinds="wait.created")).kind
        'wait.created'
        >>> client.executions.pending_wait(handle.exec_id).schema
        {'type': 'integer'}
        >>> handle.cancel()
        """
        return records.wait(self._client, Answers(self._client).pick(self.resolve(exec_id), wait))

    def input(self, exec_id: str, value: Any = None, *, wait: str | None = None, by: str | None = None) -> Execution:
        """Answer a question; the execution goes on by itself, in the process that waits or in a new one.

        Parameters
        ----------
        exec_id
            The execution.
        value
            The answer, as plain JSON data.
        wait
            Name of the question; not needed if there is only one.
        by
            Who answers; the user's name if not given.

        Returns
        -------
        Execution
            As it is right after the answer.

        Raises
        ------
        KitaruWaitValidationError
            If the answer does not fit the question's schema; the message names the place and the rule.
        KitaruConflictError
            If somebody else answered first; the message says who and when.
        KitaruStateError
            If nothing is open, or several questions are and `wait` is not given.

        Examples
        --------
        >>> import kitaru
        >>> @kitaru.flow
        ... def ask() -> int:
        ...     return kitaru.wait(schema=int, name="number", question="Which number?")
        >>> handle = ask.run()
        >>> client = kitaru.KitaruClient()
        >>> next(client.executions.events(handle.exec_id, kinds="wait.created")).kind
        'wait.created'
        >>> answered = client.executions.input(handle.exec_id, 7)
        >>> handle.wait()
        7
        """
        return Answers(self._client).give(self.resolve(exec_id), value, wait, by)

    def abort_wait(self, exec_id: str, *, wait: str | None = None, by: str | None = None) -> Execution:
        """Refuse to answer a question; the execution is cancelled.

        Raises
        ------
        KitaruConflictError
            If the question was answered first.
        KitaruStateError
            If nothing is open, or several questions are and `wait` is not given.

        Examples
        --------
        >>> import kitaru
        >>> @kitaru.flow
        ... def ask() -> int:
        ...     return kitaru.wait(schema=int, name="number", question="Which number?")
        >>> handle = ask.run()
        >>> client = kitaru.KitaruClient()
        >>> next(client.executions.events(handle.exec_id, kinds="wait.created")).kind
        'wait.created'
        >>> client.executions.abort_wait(handle.exec_id).status.value
        'cancelled'
        """
        return Answers(self._client).abort(self.resolve(exec_id), wait, by)
