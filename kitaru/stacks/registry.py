"""The stacks that a home knows by name, and which of them is active."""

from __future__ import annotations

import threading
import uuid
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple, cast, get_args

from kitaru.errors import KitaruCorruptionError, KitaruNotFoundError, KitaruStateError, KitaruUsageError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from contextlib import AbstractContextManager
    from pathlib import Path

    from kitaru.stacks.process import ProcessStack

Kind = Literal["local", "process"]

FILE: Final = "stacks.json"
_LOCK_SECONDS: Final = 10


@dataclass(frozen=True, slots=True)
class StackInfo:
    """A place where checkpoints run.

    Parameters
    ----------
    id
        Stays the same as long as the stack exists.
    name
        What it is called; unique in its home.
    is_active
        Whether flows that name no stack use this one.
    kind
        ``"local"``: threads of the kernel. ``"process"``: worker processes.
    labels
        The user's own notes.
    workers
        The most worker processes at a time; None for one per processor.
    memory
        Bytes that an isolated call may take; None for no limit.

    Examples
    --------
    >>> StackInfo("local", "local", is_active=True, kind="local").name
    'local'
    """

    id: str
    name: str
    is_active: bool
    kind: Kind = "local"
    labels: Mapping[str, str] = field(default_factory=dict)
    workers: int | None = None
    memory: int | None = None


class OpenStack(NamedTuple):
    """What the runtime needs of a stack.

    Examples
    --------
    >>> open_stack("local").runtime
    'inline'
    """

    info: StackInfo
    runtime: Literal["inline", "isolated"]
    """Where a checkpoint that says nothing about it runs."""
    isolated: ProcessStack
    """Runs the isolated checkpoints; starts no process before the first."""


class _Registry(NamedTuple):
    active: str
    created: list[StackInfo]

    @property
    def stacks(self) -> list[StackInfo]:
        return [replace(stack, is_active=stack.name == self.active) for stack in (*_BUILT_IN, *self.created)]


_BUILT_IN: Final = (
    StackInfo("local", "local", is_active=False, kind="local"),
    StackInfo("process", "process", is_active=False, kind="process"),
)


def list_stacks() -> list[StackInfo]:
    """Return every stack of this home, the built-in ones first.

    Examples
    --------
    >>> [stack.name for stack in list_stacks()][:2]
    ['local', 'process']
    """
    return _read().stacks


def current_stack() -> StackInfo:
    """Return the stack that flows use which name none.

    Examples
    --------
    >>> current_stack().is_active
    True
    """
    return next(stack for stack in list_stacks() if stack.is_active)


def use_stack(name_or_id: str) -> StackInfo:
    """Make a stack the active one of this home, also for later processes.

    Parameters
    ----------
    name_or_id
        The stack.

    Raises
    ------
    KitaruNotFoundError
        If there is no such stack; the message lists those that there are.

    Examples
    --------
    >>> use_stack("local").is_active
    True
    """
    with _locked():
        registry = _read()
        found = _find(registry, name_or_id)
        _write(registry._replace(active=found.name))
    return replace(found, is_active=True)


def create_stack(
    name: str,
    *,
    kind: Kind = "local",
    activate: bool = True,
    labels: Mapping[str, str] | None = None,
    workers: int | None = None,
    memory: int | str | None = None,
) -> StackInfo:
    """Add a stack to this home.

    Parameters
    ----------
    name
        A new name.
    kind
        ``"local"`` runs checkpoints on threads of the kernel, ``"process"`` in worker processes.
    activate
        Make it the active one.
    labels
        Notes of your own.
    workers
        The most worker processes at a time; one per processor if None.
    memory
        What an isolated call may take: bytes, or text such as ``"2 GiB"``. No limit if None.

    Raises
    ------
    KitaruUsageError
        If an argument is wrong.
    KitaruStateError
        If the name is taken.

    Examples
    --------
    >>> create_stack("two-at-a-time", kind="process", workers=2, activate=False).workers
    2
    >>> delete_stack("two-at-a-time")
    """
    stack = StackInfo(
        id=str(uuid.uuid4()),
        name=_checked_name(name),
        is_active=activate,
        kind=_checked_kind(kind),
        labels=_checked_labels(labels),
        workers=_checked_workers(workers),
        memory=_checked_memory(memory),
    )
    with _locked():
        registry = _read()
        if any(stack.name in (other.name, other.id) for other in registry.stacks):
            raise KitaruStateError(
                f"There is a stack named {stack.name!r} already. {_listed(registry)} Choose another name."
            )
        active = stack.name if activate else registry.active
        _write(_Registry(active, [*registry.created, stack]))
    return stack


def delete_stack(name_or_id: str, *, recursive: bool = False, force: bool = False) -> None:
    """Remove a stack from this home. What ran on it stays recorded.

    Parameters
    ----------
    name_or_id
        The stack.
    recursive
        Also remove what belongs to the stack alone; the stacks of this machine own nothing else.
    force
        Remove it also if it is the active one; the built-in ``local`` stack becomes active.

    Raises
    ------
    KitaruNotFoundError
        If there is no such stack.
    KitaruStateError
        If it is built in, or active and `force` is not given.

    Examples
    --------
    >>> stack = create_stack("short-lived")
    >>> delete_stack(stack.id, force=True)
    >>> current_stack().name
    'local'
    """
    with _locked():
        registry = _read()
        found = _find(registry, name_or_id)
        if found.name in {stack.name for stack in _BUILT_IN}:
            raise KitaruStateError(f"The stack {found.name!r} is built in and cannot be deleted.")
        if found.is_active and not force:
            raise KitaruStateError(
                f"The stack {found.name!r} is the active one. Activate another with use_stack(), "
                "or delete it with force=True."
            )
        active = _BUILT_IN[0].name if found.is_active else registry.active
        _write(_Registry(active, [stack for stack in registry.created if stack.id != found.id]))


def open_stack(name: str | None = None) -> OpenStack:
    """Return what is needed to run on a stack; calls of one process share its worker processes.

    Parameters
    ----------
    name
        Name or id; the active stack if None.

    Raises
    ------
    KitaruNotFoundError
        If there is no such stack.

    Examples
    --------
    >>> open_stack("process").runtime
    'isolated'
    """
    info = current_stack() if name is None else _find(_read(), name)
    return OpenStack(info, "isolated" if info.kind == "process" else "inline", _processes(info.workers, info.memory))


_pools: Final[dict[tuple[int | None, int | None], ProcessStack]] = {}
_pools_lock: Final = threading.Lock()


def _processes(workers: int | None, memory: int | None) -> ProcessStack:
    from kitaru.stacks.process import ProcessStack

    with _pools_lock:
        pool = _pools.get((workers, memory))
        if pool is None or not pool.is_usable():
            pool = _pools[workers, memory] = ProcessStack(workers, memory=memory)
        return pool


def _find(registry: _Registry, name_or_id: str) -> StackInfo:
    for stack in registry.stacks:
        if name_or_id in (stack.name, stack.id):
            return stack
    raise KitaruNotFoundError(f"There is no stack {name_or_id!r}. {_listed(registry)}")


def _listed(registry: _Registry) -> str:
    return f"Stacks: {', '.join(stack.name for stack in registry.stacks)}."


def _checked_name(name: object) -> str:
    if not isinstance(name, str) or not name.strip():
        raise KitaruUsageError("A stack needs a name that is not blank.")
    return name.strip()


def _checked_kind(kind: Kind) -> Kind:
    if kind not in get_args(Kind):
        raise KitaruUsageError(f"{kind!r} is no kind of stack. Choose one of {', '.join(get_args(Kind))}.")
    return kind


def _checked_labels(labels: Mapping[Any, Any] | None) -> dict[str, str]:
    checked = dict(labels or {})
    for name, value in checked.items():
        if not isinstance(name, str) or not isinstance(value, str):
            raise KitaruUsageError(f"Labels map text to text; {name!r}: {value!r} does not.")
    return checked


def _checked_workers(workers: int | None) -> int | None:
    if workers is not None and workers < 1:
        raise KitaruUsageError(f"workers is the number of processes, 1 or more, not {workers}.")
    return workers


def _checked_memory(memory: int | str | None) -> int | None:
    from kitaru.stacks.memory import parse_size

    return None if memory is None else parse_size(memory)


def _path() -> Path:
    from kitaru.store.home import find_home

    return find_home() / FILE


def _locked() -> AbstractContextManager[Any]:
    from filelock import FileLock

    from kitaru.store.home import ensure_home

    path = _path()
    ensure_home(path.parent)
    return FileLock(path.with_suffix(".lock"), timeout=_LOCK_SECONDS, mode=0o600)


def _read() -> _Registry:
    path = _path()
    try:
        text = path.read_bytes()
    except FileNotFoundError:
        return _Registry(_BUILT_IN[0].name, [])
    import orjson

    try:
        content = cast("dict[str, Any]", orjson.loads(text))
        created = [StackInfo(is_active=False, **entry) for entry in content["stacks"]]
        registry = _Registry(content["active"], created)
    except (orjson.JSONDecodeError, KeyError, TypeError) as error:
        raise KitaruCorruptionError(
            f"{path} is not what Kitaru wrote ({error}). Mend it, or remove it to start with the built-in stacks."
        ) from error
    known = registry.active in {stack.name for stack in (*_BUILT_IN, *created)}
    return registry if known else registry._replace(active=_BUILT_IN[0].name)


def _write(registry: _Registry) -> None:
    import orjson

    from kitaru.store.home import write_private

    stacks = [
        {"id": s.id, "name": s.name, "kind": s.kind, "labels": dict(s.labels), "workers": s.workers, "memory": s.memory}
        for s in registry.created
    ]
    write_private(_path(), orjson.dumps({"active": registry.active, "stacks": stacks}, option=orjson.OPT_INDENT_2))
