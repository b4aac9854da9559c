"""What compiled code says about itself: the names it reads and writes, and a digest where there is no source."""

from __future__ import annotations

import dis
import hashlib
import sys
import weakref
from dataclasses import dataclass
from types import CodeType
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_EXTENDED_ARG = dis.opmap["EXTENDED_ARG"]
_IMPORT_NAME = dis.opmap["IMPORT_NAME"]
_LOAD_CONST = dis.opmap["LOAD_CONST"]
_LOAD_METHOD = dis.opmap.get("LOAD_METHOD") if sys.version_info < (3, 12) else None
_ATTRIBUTE_SHIFT = 1 if sys.version_info >= (3, 12) else 0


def _opcodes(*names: str) -> frozenset[int]:
    return frozenset(dis.opmap[name] for name in names if name in dis.opmap)


_GLOBAL_READS = _opcodes("LOAD_GLOBAL")
_NAME_READS = _opcodes("LOAD_NAME", "LOAD_FROM_DICT_OR_GLOBALS")
_CELL_READS = _opcodes("LOAD_DEREF", "LOAD_CLASSDEREF", "LOAD_FROM_DICT_OR_DEREF")
_ATTRIBUTES = _opcodes("LOAD_ATTR", "LOAD_METHOD")
_NAME_WRITES = _opcodes("STORE_NAME")
_GLOBAL_WRITES = _opcodes("STORE_GLOBAL")
_CO_OPTIMIZED = 1
_COMPREHENSIONS = frozenset({"<listcomp>", "<setcomp>", "<dictcomp>", "<genexpr>"})
_DELETES = _opcodes("DELETE_NAME", "DELETE_GLOBAL")


class NameUse(NamedTuple):
    """One use of a name in compiled code, or the place where nested code is made.

    Examples
    --------
    >>> [use[:2] for use in name_uses(compile("a = b", "", "exec"))]
    [('name', 'b'), ('store', 'a')]
    """

    how: str
    name: str
    inner: CodeType | None = None


@dataclass(frozen=True, slots=True)
class Reads:
    """What a function's code asks its surroundings for.

    Attributes
    ----------
    chains
        Global and closure names with the attributes read from them: ``("np", "linalg", "norm")``. Sorted.
    imports
        Import statements inside the function: ``(level, module, names)``. Sorted.
    imported
        Names with attributes that the function's own module may have imported, judging by how they are called: the
        compiler loads ``re.sub`` in ``re.sub(...)`` as an attribute where the same module imports ``re``, and else
        as a method.

    Examples
    --------
    >>> reads_of((lambda x: abs(x) + LIMIT.low).__code__).chains
    (('LIMIT', 'low'), ('abs',))
    """

    chains: tuple[tuple[str, ...], ...]
    imports: tuple[tuple[int, str, tuple[str, ...]], ...]
    imported: frozenset[str] = frozenset()


_reads: weakref.WeakKeyDictionary[CodeType, Reads] = weakref.WeakKeyDictionary()


def reads_of(code: CodeType) -> Reads:
    """Names that a function's code, with all code nested in it, reads from outside.

    Parameters
    ----------
    code
        ``function.__code__``.

    Returns
    -------
    Reads
        Chains of names, and imports inside the function.

    Examples
    --------
    >>> def area(radius): return math.pi * radius**2
    >>> reads_of(area.__code__).chains
    (('math', 'pi'),)
    """
    known = _reads.get(code)
    if known is None:
        chains: set[tuple[str, ...]] = set()
        imports: set[tuple[int, str, tuple[str, ...]]] = set()
        methods: set[str] = set()
        outer = frozenset(code.co_freevars)
        for inner in nested(code):
            _collect(inner, outer, chains, imports, methods)
        # super() without arguments needs the cell of the class, and no instruction says so.
        chains |= {(name,) for name in outer - {chain[0] for chain in chains}}
        imported = {chain[0] for chain in chains if len(chain) > 1 and chain[0] not in outer} - methods
        known = _reads[code] = Reads(tuple(sorted(chains)), tuple(sorted(imports)), frozenset(imported))
    return known


def nested(code: CodeType) -> Iterator[CodeType]:
    """Walk a code object and all code nested in it, outermost first.

    Parameters
    ----------
    code
        Where to begin.

    Yields
    ------
    CodeType
        Each code object once.

    Examples
    --------
    >>> [c.co_name for c in nested(compile("def f(): return lambda: 1", "", "exec"))]
    ['<module>', 'f', '<lambda>']
    """
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from nested(constant)


def name_uses(code: CodeType) -> Iterator[NameUse]:
    """List the uses of names in one code object in order, without those in nested code.

    Parameters
    ----------
    code
        Compiled code.

    Yields
    ------
    NameUse
        ``how`` is ``"name"`` or ``"global"`` (a read), ``"store"``, ``"store_global"``, ``"delete"`` or ``"code"``.

    Examples
    --------
    >>> [use.how for use in name_uses(compile("x += 1; del x", "", "exec"))]
    ['name', 'store', 'delete']
    """
    for op, arg in _instructions(code):
        if op in _NAME_READS:
            yield NameUse("name", code.co_names[arg])
        elif op in _GLOBAL_READS:
            yield NameUse("global", code.co_names[arg >> 1])
        elif op in _NAME_WRITES:
            yield NameUse("store", code.co_names[arg])
        elif op in _GLOBAL_WRITES:
            yield NameUse("store_global", code.co_names[arg])
        elif op in _DELETES:
            yield NameUse("delete", code.co_names[arg])
        elif op == _LOAD_CONST and isinstance(constant := code.co_consts[arg], CodeType):
            yield NameUse("code", constant.co_name, constant)


def runs_at_once(code: CodeType) -> bool:
    r"""Whether nested code runs where it stands: the body of a class or of a comprehension.

    Parameters
    ----------
    code
        Nested code.

    Returns
    -------
    bool
        False for functions, which run when they are called.

    Examples
    --------
    >>> [runs_at_once(c) for c in nested(compile("class A:\n def f(self): pass", "", "exec"))]
    [True, True, False]
    """
    return (
        not code.co_flags & _CO_OPTIMIZED
        or code.co_name in _COMPREHENSIONS
        or code.co_name.startswith("<generic parameters of ")
    )


def bytecode_digest(code: CodeType, docstring: str | None) -> str:
    """Digest of compiled code, for functions without source; stable within one minor version of Python.

    Parameters
    ----------
    code
        ``function.__code__``.
    docstring
        ``function.__doc__``, which does not count.

    Returns
    -------
    str
        64 hexadecimal digits.

    Examples
    --------
    >>> first, second = eval("lambda: 1"), eval("lambda:  1")
    >>> bytecode_digest(first.__code__, None) == bytecode_digest(second.__code__, None)
    True
    """
    digest = hashlib.sha256()
    _feed(code, docstring, digest.update)
    return digest.hexdigest()


def _feed(code: CodeType, docstring: str | None, update: Callable[[bytes], None]) -> None:
    from kitaru.code.values import encode

    update(code.co_code)
    shape = (code.co_argcount, code.co_posonlyargcount, code.co_kwonlyargcount, code.co_flags & 0xFF)
    update(encode((shape, code.co_names, code.co_varnames, code.co_freevars, code.co_exceptiontable)).data)
    for index, constant in enumerate(code.co_consts):
        if isinstance(constant, CodeType):
            _feed(constant, None, update)
        elif not (index == 0 and docstring is not None and constant == docstring):
            update(encode(constant).data)


def _instructions(code: CodeType) -> Iterator[tuple[int, int]]:
    # dis.get_instructions takes a hundred times as long; inline caches read as opcode 0, which no set holds.
    raw = code.co_code
    extended = 0
    for op, arg in zip(raw[::2], raw[1::2], strict=True):
        if op == _EXTENDED_ARG:
            extended = (extended | arg) << 8
        elif op:
            yield op, extended | arg
            extended = 0


def _collect(
    code: CodeType,
    outer: frozenset[str],
    chains: set[tuple[str, ...]],
    imports: set[tuple[int, str, tuple[str, ...]]],
    methods: set[str],
) -> None:
    names = code.co_names
    cells = code.co_varnames + tuple(c for c in code.co_cellvars if c not in code.co_varnames) + code.co_freevars
    chain: tuple[str, ...] = ()
    constants: list[object] = []
    stored: set[str] = set()
    for op, arg in _instructions(code):
        if op in _ATTRIBUTES and chain:
            if len(chain) == 1 and (op == _LOAD_METHOD or arg & _ATTRIBUTE_SHIFT):
                methods.add(chain[0])
            chain = (*chain, names[arg >> _ATTRIBUTE_SHIFT])
            continue
        if chain:
            chains.add(chain)
            chain = ()
        if op in _GLOBAL_READS:
            chain = (names[arg >> 1],)
        elif op in _NAME_READS:
            # In the body of a nested class, a name that was just assigned there is its own.
            chain = (names[arg],) if names[arg] not in stored else ()
        elif op in _NAME_WRITES:
            stored.add(names[arg])
        elif op in _CELL_READS:
            chain = (cells[arg],) if cells[arg] in outer else ()
        elif op == _LOAD_CONST:
            constants.append(code.co_consts[arg])
        elif op == _IMPORT_NAME:
            imports.add(_import(names[arg], constants))


def _import(name: str, constants: list[object]) -> tuple[int, str, tuple[str, ...]]:
    level, wanted = constants[-2:] if len(constants) > 1 else (0, None)
    names = tuple(n for n in wanted if isinstance(n, str)) if isinstance(wanted, tuple) else ()
    return (level if isinstance(level, int) else 0), name, names
