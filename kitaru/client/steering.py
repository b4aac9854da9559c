"""One execution: continued, replayed, compared, stopped and deleted."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from kitaru.client.continuation import go_on_with_parent
from kitaru.client.finding import Finding
from kitaru.errors import KitaruNotFoundError, KitaruStateError
from kitaru.store import events as kinds

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kitaru.client.differences import ExecutionDiff
    from kitaru.client.dry_run import DryRun
    from kitaru.client.models import Execution
    from kitaru.runtime.handle import FlowHandle


class Steering(Finding):
    """What can be done with one execution; a part of ``client.executions``."""

    def retry(self, exec_id: str, *, code: str = "current") -> FlowHandle[Any]:
        """Run a failed or cancelled execution again, in this process: what finished is kept, what failed runs anew.

        Parameters
        ----------
        exec_id
            The execution.
        code
            ``"current"`` takes this process's code of the flow if it has any, ``"recorded"`` the frozen one.

        Returns
        -------
        FlowHandle
            It runs in the background; ``.wait()`` gives the result.

        Raises
        ------
        KitaruStateError
            If there is nothing to retry; the message says what to do instead.

        Examples
        --------
        >>> import kitaru
        >>> pockets = []
        >>> @kitaru.checkpoint
        ... def find_key() -> str:
        ...     return pockets[0]
        >>> @kitaru.flow
        ... def unlock() -> str:
        ...     return f"opened with {find_key()}"
        >>> handle = unlock.run()
        >>> handle.wait()
        Traceback (most recent call last):
        kitaru.errors.KitaruUserCodeError: ...
        >>> pockets.append("the spare key")
        >>> kitaru.KitaruClient().executions.retry(handle.exec_id).wait()
        'opened with the spare key'
        """
        return self._client.engine.retry(self.resolve(exec_id), code=code)

    def resume(self, exec_id: str, *, code: str = "recorded", on_divergence: str = "error") -> FlowHandle[Any]:
        """Go on with an execution whose runner went away, in this process; finished calls do not run again.

        Parameters
        ----------
        exec_id
            The execution.
        code
            ``"recorded"`` takes the frozen code, ``"current"`` this process's.
        on_divergence
            What to do where the code makes other calls than the recorded ones: ``"error"``, ``"rerun"``, ``"reuse"``.

        Returns
        -------
        FlowHandle
            It runs in the background; ``.wait()`` gives the result.

        Raises
        ------
        KitaruStateError
            If it has ended, or runs in a process that lives.
        KitaruConflictError
            If somebody else takes it at the same time.

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
        >>> client.executions.resume(handle.exec_id)
        Traceback (most recent call last):
        kitaru.errors.KitaruStateError: ... it has its result; use replay to make a new execution from it.
        """
        return self._client.engine.resume(self.resolve(exec_id), code=code, on_divergence=on_divergence)

    def cancel(self, exec_id: str, reason: str = "") -> Execution:
        """Stop an execution that has not ended, wherever it runs.

        Raises
        ------
        KitaruStateError
            If it has ended.

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
        >>> client.executions.cancel(handle.exec_id, "nobody answers").status_reason
        'nobody answers'
        """
        full = self.resolve(exec_id)
        self._client.engine.cancel(full, reason)
        cancelled = self.get(full)
        go_on_with_parent(self._client, cancelled)
        return cancelled

    def replay(
        self,
        exec_id: str,
        *,
        at: str | None = None,
        flow_overrides: Mapping[str, Any] | None = None,
        checkpoint_overrides: Mapping[str, Mapping[str, Any]] | None = None,
        invocation_overrides: Mapping[str, Mapping[str, Any]] | None = None,
        answers: Mapping[str, Any] | None = None,
        cache: bool | None = None,
    ) -> FlowHandle[Any]:
        """Make a new execution from a recorded one, with this process's code of the flow if it has any.

        See `Flow.replay` for the parameters.

        Returns
        -------
        FlowHandle
            The new execution, running in the background.

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
        >>> client.executions.replay(handle.exec_id, flow_overrides={"text": "one"}).wait()
        3
        """
        from kitaru.runtime.settings import KitaruConfig, resolve

        return self._client.engine.replay(
            None,
            self.resolve(exec_id),
            resolve(KitaruConfig(cache=cache), KitaruConfig()),
            forced=cache,
            at=at,
            flow_overrides=flow_overrides,
            checkpoint_overrides=checkpoint_overrides,
            invocation_overrides=invocation_overrides,
            answers=answers,
        )

    def dry_run(self, exec_id: str, **changes: Any) -> DryRun:
        """Say what a replay would run and what it would reuse; see `kitaru.client.dry_run`.

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
        >>> plan = client.executions.dry_run(handle.exec_id, flow_overrides={"text": "one"})
        >>> [(call.name, call.action) for call in plan.calls]
        [('count', 'run if its inputs change')]
        """
        from kitaru.client.dry_run import dry_run

        return dry_run(exec_id, client=self._client, **changes)

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
        >>> replayed = client.executions.replay(handle.exec_id, flow_overrides={"text": "one"})
        >>> replayed.wait()
        3
        >>> client.executions.diff(handle.exec_id, replayed.exec_id).original_exec_id == handle.exec_id
        True
        """
        return self._client.diff(original, *others, values=values)

    def delete(self, exec_id: str) -> None:
        """Delete an execution that nothing runs, with everything that is recorded of it.

        Raises
        ------
        KitaruStateError
            If it runs or waits for an answer: cancel it first.

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
        >>> client.executions.delete(handle.exec_id)
        >>> client.executions.list(flow="measure").total
        0
        """
        full = self.resolve(exec_id)
        event: Any = {"kind": kinds.DELETED, "at": time.time(), "exec_id": full, "body": {"by": "client"}}
        deletable = ["pending", "completed", "failed", "cancelled", "interrupted"]
        (ack,) = self._client.store.append([{"events": [event], "expect": {"exec_id": full, "statuses": deletable}}])
        refused = ack.get("refused")
        if refused is not None and refused["code"] == "missing":
            raise KitaruNotFoundError(refused["message"])
        if refused is not None:
            raise KitaruStateError(f"{refused['message']} Cancel it first, with: kitaru executions cancel {full}")
