"""Deployments: versions of flows that are made, found, tagged, invoked and deleted."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from kitaru.client.answers import user_name
from kitaru.client.content import Content, content_of
from kitaru.client.deployment import Deployment
from kitaru.client.known_versions import see, warn_of_new
from kitaru.errors import KitaruConflictError, KitaruUsageError
from kitaru.runtime.settings import KitaruConfig
from kitaru.store import events as kinds
from kitaru.store.events import DEFAULT_TAG

if TYPE_CHECKING:
    import builtins
    from collections.abc import Iterable

    from kitaru.client.client import KitaruClient
    from kitaru.client.provenance import Source
    from kitaru.runtime.flow import Flow
    from kitaru.runtime.handle import FlowHandle
    from kitaru.store.events import Event
    from kitaru.store.invocation import Via

    Tags = Mapping[str, bool] | Iterable[str] | str | None

_RESERVED: Final = "kitaru:"


class DeploymentsAPI:
    """Versions of flows that can be invoked; ``client.deployments``.

    Examples
    --------
    >>> import kitaru
    >>> @kitaru.flow
    ... def double(n: int) -> int:
    ...     return 2 * n
    >>> client = kitaru.KitaruClient()
    >>> client.deployments.deploy(double)
    <deployment double version 1: default>
    >>> client.deployments.get("double").version
    1
    """

    def __init__(self, client: KitaruClient) -> None:
        self._client = client

    def deploy(
        self,
        flow: Flow[..., Any],
        *,
        inputs: Mapping[str, Any] | None = None,
        tags: Tags = None,
        stack: str | None = None,
        cache: bool | None = None,
        retries: int | None = None,
        publish_default_on_first_deploy: bool = True,
        source: Source | None = None,
    ) -> Deployment:
        """Make the next version of a flow of this process.

        Parameters
        ----------
        flow
            The flow, as it is now; nothing of it is run.
        inputs
            Arguments by name that the version has as defaults; what JSON can hold.
        tags
            Tags of the new version: a mapping says whether each is exclusive, else they are shared. ``default`` is
            always exclusive.
        stack, cache, retries
            Settings of its executions; see `kitaru.configure`. Results of other executions are reused only where
            ``cache=True`` says so, here, at the flow or at a checkpoint.
        publish_default_on_first_deploy
            Whether a flow's first version gets the tag ``default``.
        source
            Where the flow comes from; found out if not given.

        Returns
        -------
        Deployment
            The new version.

        Raises
        ------
        KitaruRuntimeError
            If the flow's code cannot be frozen, so that no other process could run it.
        KitaruUsageError
            If a tag is none, or an input does not fit or cannot be a default.

        Examples
        --------
        >>> import kitaru
        >>> @kitaru.flow
        ... def greet(name: str) -> str:
        ...     return f"Hello, {name}!"
        >>> kitaru.KitaruClient().deployments.deploy(greet, tags={"stable": True})
        <deployment greet version 1: default, stable>
        """
        wanted = tags_of(tags)
        made = content_of(flow, KitaruConfig(stack=stack, cache=cache, retries=retries), inputs or {}, source)
        content = made.facts | {"snapshot_id": self._recorded(made)}
        while True:
            version = self._newest(flow.name) + 1
            given = dict(wanted)
            if version == 1 and publish_default_on_first_deploy:
                given[DEFAULT_TAG] = True
            try:
                self._create(content | {"version": version}, given)
            except KitaruConflictError:
                # Another deployer took the number; if nobody did, it is a tag that is refused.
                if self._newest(flow.name) < version:
                    raise
            else:
                return self.get(flow.name, version=version)

    def preview(
        self,
        flow: Flow[..., Any],
        *,
        inputs: Mapping[str, Any] | None = None,
        stack: str | None = None,
        cache: bool | None = None,
        retries: int | None = None,
        source: Source | None = None,
    ) -> Deployment:
        """Say what `deploy` would make, without making it.

        Parameters
        ----------
        flow, inputs, stack, cache, retries, source
            As for `deploy`.

        Returns
        -------
        Deployment
            With the number that it would get now, and without tags.

        Raises
        ------
        KitaruRuntimeError
            If the flow's code cannot be frozen.

        Examples
        --------
        >>> import kitaru
        >>> @kitaru.flow
        ... def welcome(name: str) -> str:
        ...     return f"Hello, {name}!"
        >>> client = kitaru.KitaruClient()
        >>> client.deployments.preview(welcome).version
        1
        >>> client.deployments.list("welcome")
        []
        """
        made = content_of(flow, KitaruConfig(stack=stack, cache=cache, retries=retries), inputs or {}, source)
        row = made.facts | {
            "version": self._newest(flow.name) + 1,
            "snapshot_id": made.frozen.snapshot_id,
            "tags": {},
            "created_at": None,
            "created_by": user_name(),
        }
        return Deployment.of_row(self._client, row)

    def get(self, flow: str, *, version: int | None = None, tag: str | None = None) -> Deployment:
        """Return one version: that of a number, or the one that has a tag; ``default`` if neither is given.

        Raises
        ------
        KitaruNotFoundError
            If there is none; the message has those that there are.
        KitaruStateError
            If several versions share the tag.
        KitaruUsageError
            If both are given.

        Examples
        --------
        >>> import kitaru
        >>> @kitaru.flow
        ... def salute(name: str) -> str:
        ...     return f"Hello, {name}!"
        >>> deployed = salute.deploy(tags=["canary"])
        >>> client = kitaru.KitaruClient()
        >>> client.deployments.get("salute", tag="canary").deployment_id
        'salute@1'
        """
        return self._seen(self._row(flow, version, tag))

    def list(self, flow: str | None = None) -> builtins.list[Deployment]:
        """Return the versions of one flow or of all, the newest of each first, without their scripts.

        Examples
        --------
        >>> import kitaru
        >>> @kitaru.flow
        ... def hail(name: str) -> str:
        ...     return f"Hello, {name}!"
        >>> deployed = hail.deploy(tags=["canary"])
        >>> client = kitaru.KitaruClient()
        >>> [deployment.deployment_id for deployment in client.deployments.list("hail")]
        ['hail@1']
        """
        rows = self._client.store.read("deployments", flow=flow)
        return [self._seen(row) for row in rows]

    def tag(self, flow: str, version: int, tag: str, *, exclusive: bool = False) -> Deployment:
        """Give a version a tag.

        Parameters
        ----------
        flow, version
            The version.
        tag
            The tag.
        exclusive
            Whether it is taken from all other versions, so that it always names one. ``default`` always is.

        Raises
        ------
        KitaruNotFoundError
            If there is no such version.
        KitaruConflictError
            If another version has the tag exclusively, and `exclusive` is not asked for.

        Examples
        --------
        >>> import kitaru
        >>> @kitaru.flow
        ... def bow(name: str) -> str:
        ...     return f"Hello, {name}!"
        >>> deployed = bow.deploy(tags=["canary"])
        >>> client = kitaru.KitaruClient()
        >>> client.deployments.tag("bow", 1, "stable", exclusive=True).tags["stable"]
        True
        """
        for name, moves in tags_of({tag: exclusive}).items():
            self._commit([_event(kinds.DEPLOYMENT_TAGGED, flow, version, tag=name, exclusive=moves)])
        return self.get(flow, version=version)

    def untag(self, flow: str, version: int, tag: str) -> Deployment:
        """Take a tag from a version; ``default`` can only be moved.

        Raises
        ------
        KitaruNotFoundError
            If there is no such version, or it does not have the tag.
        KitaruConflictError
            If the tag is ``default``.

        Examples
        --------
        >>> import kitaru
        >>> @kitaru.flow
        ... def wave(name: str) -> str:
        ...     return f"Hello, {name}!"
        >>> deployed = wave.deploy(tags=["canary"])
        >>> client = kitaru.KitaruClient()
        >>> client.deployments.untag("wave", 1, "canary")
        <deployment wave version 1: default>
        """
        self._commit([_event(kinds.DEPLOYMENT_UNTAGGED, flow, _number(version), tag=tag)])
        return self.get(flow, version=version)

    def delete(self, flow: str, version: int) -> None:
        """Let nobody invoke a version any more; executions that it made stay, and its number is not given again.

        Raises
        ------
        KitaruNotFoundError
            If there is no such version.
        KitaruConflictError
            If it has an exclusive tag.

        Examples
        --------
        >>> import kitaru
        >>> @kitaru.flow
        ... def nod(name: str) -> str:
        ...     return f"Hello, {name}!"
        >>> deployed = nod.deploy(tags=["canary"])
        >>> client = kitaru.KitaruClient()
        >>> second = nod.deploy()
        >>> client.deployments.delete("nod", second.version)
        >>> [deployment.version for deployment in client.deployments.list("nod")]
        [1]
        """
        self._commit([_event(kinds.DEPLOYMENT_DELETED, flow, _number(version))])

    def invoke(
        self,
        flow: str,
        *,
        version: int | None = None,
        tag: str | None = None,
        inputs: Mapping[str, Any] | None = None,
        idempotency_key: str | None = None,
        tags: Iterable[str] = (),
        via: Via = "python",
        by: str | None = None,
    ) -> FlowHandle[Any]:
        """Run a deployment in a worker process, whatever becomes of this one.

        Parameters
        ----------
        flow, version, tag
            Which deployment; see `get`.
        inputs
            The flow's arguments by name.
        idempotency_key
            A second invocation of the flow with the same key gives the execution of the first one.
        tags
            Words to find the execution by.
        via, by
            How it is invoked, and by whom: recorded as ``invoked_via`` and ``invoked_by``. For programs that invoke
            in the name of somebody else; without `by` it is the user who runs this process.

        Returns
        -------
        FlowHandle
            The execution, which is recorded and waits for a worker.

        Raises
        ------
        KitaruUsageError
            If the inputs do not fit the deployment's parameters.
        KitaruNotFoundError, KitaruStateError
            If there is no such deployment, or several share the tag.
        KitaruConflictError
            If the key was used with other inputs.
        KitaruFeatureNotAvailableError
            If the database is open in this process, where no worker reaches it.

        Warns
        -----
        UserWarning
            If a tag leads to a version that this process has not seen, although it knows others of the flow.

        Examples
        --------
        >>> import kitaru
        >>> @kitaru.flow
        ... def smile(name: str) -> str:
        ...     return f"Hello, {name}!"
        >>> deployed = smile.deploy(tags=["canary"])
        >>> client = kitaru.KitaruClient()
        >>> client.deployments.invoke("smile", inputs={"nom": "Ada"})
        Traceback (most recent call last):
        kitaru.errors.KitaruUsageError: ...
        """
        from kitaru.client.continuation import see_to_a_worker
        from kitaru.runtime.handle import FlowHandle
        from kitaru.runtime.values import encode
        from kitaru.store.invocation import check_inputs, invoke

        client, given = self._client, dict(inputs or {})
        row = self._row(flow, version, tag)
        if version is None:
            warn_of_new(client.store, row, tag or DEFAULT_TAG)
        else:
            see(client.store, flow, version)
        check_inputs(row, _as_json(row, given))
        records = {name: encode(value, client.store.payloads, where=name) for name, value in given.items()}
        host = see_to_a_worker(client)
        exec_id = invoke(
            client.store, row, records, via=via, by=by or user_name(), idempotency_key=idempotency_key, tags=[*tags],
            host=host,
        )  # fmt: skip
        return FlowHandle(client.engine, exec_id, flow)

    def _seen(self, row: dict[str, Any]) -> Deployment:
        see(self._client.store, row["flow"], row["version"])
        return Deployment.of_row(self._client, row)

    def _row(self, flow: str, version: int | None, tag: str | None) -> dict[str, Any]:
        row: dict[str, Any] = self._client.store.read("deployment", flow=flow, version=version, tag=tag)
        return row

    def _newest(self, flow: str) -> int:
        newest: int = self._client.store.read("newest_deployment", flow=flow)
        return newest

    def _recorded(self, made: Content) -> str:
        engine = self._client.engine
        engine.snapshots.record_frozen(made.frozen)
        engine.outbox.flush()
        return made.frozen.snapshot_id

    def _create(self, content: dict[str, Any], tags: Mapping[str, bool]) -> None:
        flow, version = content["flow"], content["version"]
        created = _event(kinds.DEPLOYED, **content)
        tagged = [
            _event(kinds.DEPLOYMENT_TAGGED, flow, version, tag=tag, exclusive=exclusive)
            for tag, exclusive in tags.items()
        ]
        self._commit([created, *tagged])

    def _commit(self, events: builtins.list[Event]) -> None:
        self._client.engine.outbox.commit(events)


def tags_of(tags: Tags) -> dict[str, bool]:
    """Read tags in any of their forms; say of each whether it is exclusive.

    Raises
    ------
    KitaruUsageError
        If one is empty, has blanks or a form that is reserved.

    Examples
    --------
    >>> tags_of(["canary", "default"])
    {'canary': False, 'default': True}
    """
    if isinstance(tags, Mapping):
        given = {str(tag): bool(exclusive) for tag, exclusive in tags.items()}
    else:
        given = dict.fromkeys([tags] if isinstance(tags, str) else tags or (), False)
    for tag in given:
        if not tag or tag != "".join(tag.split()) or tag.startswith(_RESERVED):
            raise KitaruUsageError(
                f"{tag!r} is no tag of a deployment: give a word without blanks that does not begin with {_RESERVED!r}."
            )
    return {tag: exclusive or tag == DEFAULT_TAG for tag, exclusive in given.items()}


def _as_json(row: Mapping[str, Any], inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Turn inputs into what the schema can judge.

    A value that JSON cannot hold stays as it is where the schema takes anything; elsewhere that is its fault.
    """
    from kitaru.runtime.parameter_schema import plain

    properties = row["parameters"].get("properties", {})
    judged = {}
    for name, value in inputs.items():
        try:
            judged[name] = plain(value)
        except ValueError as error:
            if properties.get(name, {}).keys() & {"type", "$ref", "anyOf", "oneOf", "allOf", "enum", "const"}:
                raise KitaruUsageError(
                    f"Flow {row['flow']}, version {row['version']}: {name} is a {type(value).__name__}, which does not "
                    f"fit its type: {error}."
                ) from None
            judged[name] = None
    return judged


def _event(kind: str, flow: str, version: int, **body: Any) -> Event:
    about = {"flow": flow, "version": _number(version), "by": user_name(), **body}
    return {"kind": kind, "at": time.time(), "exec_id": "", "body": about}


def _number(version: Any) -> int:
    if type(version) is not int or version < 1:
        raise KitaruUsageError(f"A version is a whole number of at least 1, not {version!r}.")
    return version
