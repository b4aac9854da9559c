"""Everything that a function reaches: functions, classes, constants, modules, libraries.

The walk is breadth first with sorted edges, so that the same code gives the same graph in a notebook, a script and
an imported module. Names that are only known at run time (``getattr`` with a computed name, ``eval``) are out of reach.
"""

from __future__ import annotations

import builtins
import hashlib
import weakref
from collections import deque
from dataclasses import dataclass, field
from types import FunctionType, ModuleType
from typing import TYPE_CHECKING, NamedTuple

from kitaru.code.bytecode import reads_of
from kitaru.code.classes import class_members, class_shape
from kitaru.code.definition import function_digest
from kitaru.code.effects import is_written_into, only_written
from kitaru.code.lookup import MISSING, look_up, root_value
from kitaru.code.modules import imported_modules, module_digest
from kitaru.code.origin import find_module, is_user_class, is_user_function, is_user_module, library_version
from kitaru.code.secret import looks_secret
from kitaru.code.source import innermost
from kitaru.code.values import Encoded, checker, encode, is_code, unwrapped
from kitaru.code.watch import ClassWatch, FunctionWatch, WrapperWatch, wrapper_contents

if TYPE_CHECKING:
    from collections.abc import Callable

# They differ between a notebook, a script and a module, and say nothing about what the code does.
_MODULE_NAMES = frozenset(
    f"__{name}__"
    for name in ("name", "file", "doc", "package", "spec", "loader", "builtins", "annotations", "path", "cached")
)
_BUILTINS = vars(builtins)


@dataclass(slots=True)
class Node:
    """One thing that a function reaches; `edges` are labels and indices of what it reaches itself."""

    name: str
    kind: str
    digest: str
    detail: str = ""
    edges: list[tuple[str, int]] = field(default_factory=list)


@dataclass(slots=True)
class Graph:
    """What a function reaches, breadth first; node 0 is the function itself.

    `filenames` are those of the functions, `modules` the digests of modules that count as a whole; `reached` maps
    names to the objects that they stand for.
    """

    nodes: list[Node] = field(default_factory=list)
    watches: list[FunctionWatch | ClassWatch | WrapperWatch] = field(default_factory=list)
    filenames: set[str] = field(default_factory=set)
    modules: dict[str, str] = field(default_factory=dict)
    reached: dict[str, object] = field(default_factory=dict)

    def digest(self) -> str:
        """Digest of all nodes and of how they hang together: 64 hexadecimal digits."""
        lines = (f"{node.kind} {node.digest} {node.detail!a} {node.edges!a}" for node in self.nodes)
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def walk(fn: object) -> Graph:
    """Collect everything that a function reaches.

    Parameters
    ----------
    fn
        A callable written in Python; a plain function counts as user code wherever it comes from.

    Returns
    -------
    Graph
        Its nodes, and evidence to check them later.

    Examples
    --------
    >>> def capped(x, limit=3): return min(x, limit)
    >>> [(node.kind, node.name) for node in walk(capped).nodes]
    [('function', 'capped'), ('constant', 'capped(limit=)')]
    """
    walker = _Walker(fn)
    walker.run()
    return walker.graph


class _Symbol(NamedTuple):
    """Something in a library, known by its name."""

    module: str
    qualname: str


class _Written(NamedTuple):
    """A container or number that the function only writes into."""

    kind: type


def _test(value: object) -> Callable[[object], bool]:
    if isinstance(value, _Written):
        return lambda now, kind=value.kind: type(now) is kind  # type: ignore[misc]  # the default binds it early
    return checker(value)


class _Walker:
    """Strictly private."""

    def __init__(self, fn: object) -> None:
        self.graph = Graph()
        self.root = fn
        inside = innermost(fn)
        self.namespace = inside.__globals__ if inside is not None else {}
        self.known: dict[int, int] = {}
        self.alive: list[object] = []
        self.queue: deque[tuple[int, object]] = deque()
        self.leaves: dict[tuple[str, str, str, str], int] = {}

    def run(self) -> None:
        self._visit(getattr(self.root, "__qualname__", type(self.root).__name__), self.root)
        while self.queue:
            index, value = self.queue.popleft()
            if isinstance(value, FunctionType):
                self._expand_function(index, value)
            elif isinstance(value, type):
                self._expand_class(index, value)
            elif isinstance(value, Encoded):
                name = self.graph.nodes[index].name
                self._edges(index, [(str(i), name, ref) for i, ref in enumerate(value.refs)])

    def _visit(self, label: str, value: object) -> int:
        value = unwrapped(value)
        if value is MISSING:
            return self._leaf(label, "missing", "")
        if isinstance(value, _Symbol):
            return self._library(value.module, value.qualname)
        if isinstance(value, _Written):
            return self._leaf(label, "opaque", value.kind.__qualname__)
        if isinstance(value, FunctionType | type | ModuleType):
            return self._code(label, value)
        if is_code(value):
            return self._library(getattr(value, "__module__", None), getattr(value, "__qualname__", label))
        if isinstance(value, str) and looks_secret(label.rpartition(".")[2], value):
            # A rotated key does not change what the code does, and the digest of a password would give it away.
            return self._leaf(label, "opaque", "secret")
        encoded = encode(value)
        if not encoded.is_reference:
            return self._constant(label, value, encoded)
        inner = encoded.refs[0]
        return self._opaque(label, value) if inner is value else self._visit(label, inner)

    def _code(self, label: str, value: FunctionType | type | ModuleType) -> int:
        known = self.known.get(id(value))
        if known is not None:
            return known
        if isinstance(value, ModuleType):
            return self._module(value.__name__)
        if isinstance(value, type):
            if not is_user_class(value):
                return self._library(value.__module__, value.__qualname__)
            return self._add(value, Node(value.__qualname__, "class", class_shape(value)), value)
        if value is self.root or is_user_function(value):
            self.graph.filenames.add(value.__code__.co_filename)
            # functools.wraps gives a wrapper the name of the function inside, which is another node.
            return self._add(value, Node(value.__code__.co_qualname, "function", function_digest(value)), value)
        return self._library_function(label, value)

    def _library_function(self, label: str, fn: FunctionType) -> int:
        # A library's wrapper counts as the library, and as the user's functions inside of it.
        library = self._library(fn.__globals__.get("__name__"), fn.__code__.co_qualname)
        inner = wrapper_contents(fn)
        if not inner:
            return library
        self.graph.watches.append(WrapperWatch(weakref.ref(fn), checker(inner)))
        encoded = encode(inner)
        digest = hashlib.sha256(encoded.data).hexdigest()
        return self._add(fn, Node(label, "constant", digest, edges=[("library", library)]), encoded)

    def _module(self, name: str) -> int:
        if not is_user_module(name):
            return self._library(name, "")
        return self._leaf(name, "module", self.graph.modules.setdefault(name, module_digest(name)))

    def _library(self, module: object, qualname: str) -> int:
        name = module if isinstance(module, str) else "builtins"
        return self._leaf(name.partition(".")[0], "library", library_version(name), f"{name}:{qualname}")

    def _opaque(self, label: str, value: object) -> int:
        kind = type(value)
        name = getattr(value, "__name__", None)
        if callable(value) and isinstance(name, str) and not is_user_class(kind):
            return self._library(kind.__module__, name)
        if is_user_class(kind):
            index = self._add(value, Node(label, "opaque", kind.__qualname__), None)
            self._edges(index, [("class", kind.__qualname__, kind)])
            return index
        return self._leaf(label, "opaque", f"{kind.__module__}.{kind.__qualname__}")

    def _constant(self, label: str, value: object, encoded: Encoded) -> int:
        digest = hashlib.sha256(encoded.data).hexdigest()
        if not encoded.refs:
            return self._leaf(label, "constant", digest)
        known = self.known.get(id(value))
        return self._add(value, Node(label, "constant", digest), encoded) if known is None else known

    def _leaf(self, name: str, kind: str, digest: str, detail: str = "") -> int:
        index = self.leaves.setdefault((name, kind, digest, detail), len(self.graph.nodes))
        if index == len(self.graph.nodes):
            self.graph.nodes.append(Node(name, kind, digest, detail))
        return index

    def _add(self, value: object, node: Node, queued: object) -> int:
        index = self.known[id(value)] = len(self.graph.nodes)
        self.alive.append(value)
        self.graph.nodes.append(node)
        if queued is not None:
            self.queue.append((index, queued))
        return index

    def _edges(self, index: int, targets: list[tuple[str, str, object]]) -> None:
        for label, name, value in targets:
            self.graph.nodes[index].edges.append((label, self._visit(name, value)))

    def _expand_function(self, index: int, fn: FunctionType) -> None:
        names: list[tuple[str, Callable[[object], bool]]] = []
        chains: list[tuple[tuple[str, ...], Callable[[object], bool]]] = []
        targets: list[tuple[str, str, object]] = []
        written = only_written(fn)
        for chain in reads_of(fn.__code__).chains:
            if chain[0] in _MODULE_NAMES:
                continue
            label, value = look_up(fn, chain)
            if chain[0] in written and is_written_into(value):
                value = _Written(type(value))
            if label == chain[0] and label not in fn.__code__.co_freevars and not _followed(chain, value):
                names.append((label, _test(value)))
            else:
                chains.append((chain, _test(value)))
            if value is MISSING and chain[0] in _BUILTINS:
                continue
            self._remember(fn, chain[0])
            if isinstance(value, ModuleType) and not is_user_module(value.__name__):
                value = _Symbol(value.__name__, ".".join(chain)[len(label) + 1 :])
            targets.append((label, label, value))
        targets += [(f"{name}=", f"{fn.__code__.co_qualname}({name}=)", value) for name, value in _defaults(fn)]
        if "__wrapped__" in fn.__dict__:
            targets.append(("__wrapped__", fn.__qualname__, fn.__dict__["__wrapped__"]))
        tests = checker(fn.__defaults__), checker(fn.__kwdefaults__)
        self.graph.watches.append(FunctionWatch(weakref.ref(fn), fn.__code__, names, chains, *tests))
        self._edges(index, targets)
        self._import_edges(index, fn)

    def _import_edges(self, index: int, fn: FunctionType) -> None:
        for name in imported_modules(fn.__code__, fn.__globals__):
            node = self._module(name) if find_module(name) is not None else self._leaf(name, "missing", "")
            self.graph.nodes[index].edges.append((f"import {name}", node))

    def _expand_class(self, index: int, cls: type) -> None:
        members = class_members(cls)
        tests = [(name, checker(value)) for name, value in members]
        self.graph.watches.append(ClassWatch(weakref.ref(cls), tests, len(vars(cls))))
        targets = [(name, f"{cls.__qualname__}.{name}", value) for name, value in members]
        targets += [(f"base {i}", b.__qualname__, b) for i, b in enumerate(cls.__bases__) if b is not object]
        if type(cls) is not type:
            targets.append(("metaclass", type(cls).__qualname__, type(cls)))
        self._edges(index, targets)

    def _remember(self, fn: FunctionType, name: str) -> None:
        value = root_value(fn, name)
        if value is MISSING:
            return
        if fn.__globals__ is not self.namespace and name not in fn.__code__.co_freevars:
            name = f"{fn.__globals__.get('__name__')}.{name}"
        if self.graph.reached.setdefault(name, value) is not value:
            self.graph.reached.setdefault(f"{fn.__qualname__}.{name}", value)


def _followed(chain: tuple[str, ...], value: object) -> bool:
    """Whether a chain may lead further once the value behind its first name changes inside."""
    if len(chain) == 1 or isinstance(value, FunctionType | type):
        return False
    if isinstance(value, ModuleType):
        return is_user_module(value.__name__)
    return value is MISSING or hasattr(value, "__dict__")


def _defaults(fn: FunctionType) -> list[tuple[str, object]]:
    code = fn.__code__
    positional = code.co_varnames[: code.co_argcount]
    values = fn.__defaults__ or ()
    pairs = list(zip(positional[len(positional) - len(values) :], values, strict=True))
    return pairs + sorted((fn.__kwdefaults__ or {}).items())
