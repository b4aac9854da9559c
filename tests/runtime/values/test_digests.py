from __future__ import annotations

import dataclasses
import datetime as dt
import enum
import functools
import io
import math
import os
import pathlib
import re
import subprocess
import sys
import threading
import types
import uuid
from collections import Counter, OrderedDict, defaultdict, deque
from decimal import Decimal
from fractions import Fraction
from zoneinfo import ZoneInfo

import pydantic
from hypothesis import given, settings
from hypothesis import strategies as st

from kitaru.runtime.values import decode, digest, encode


class Colour(enum.Enum):
    RED = 1


class Access(enum.Flag):
    READ = 1
    WRITE = 2


class Model(pydantic.BaseModel):
    a: object = None
    b: int = 0


class Other(pydantic.BaseModel):
    a: object = None
    b: int = 0


@dataclasses.dataclass
class Job:
    a: object = None


class Plain:
    def __init__(self, **state):
        self.__dict__.update(state)


class Speaking:
    def __init__(self, said):
        self.said = said

    def __kitaru_digest__(self):
        return self.said


SCRIPT = """
import dataclasses, datetime, decimal, enum, pathlib, pydantic, re, uuid, zoneinfo, collections
import numpy
from kitaru.runtime.values import digest
class Colour(enum.Enum):
    RED = 1
class Model(pydantic.BaseModel):
    a: object = None
class Plain: pass
plain = Plain(); plain.x = {"b", "a", "c"}; plain.me = plain
words = [f"w{n}" for n in range(50)]
values = [
    1, 1.5, True, None, "é\\u2028", b"x", 10**400, -0.0, float("nan"), [1, (2,)], set(words), frozenset(words),
    {word: {word} for word in set(words)}, {1: 2, "a": None, (1,): 3.0}, {"x" * 500: "y" * 5000}, list(range(5000)),
    decimal.Decimal("1.10"), uuid.UUID(int=3), datetime.datetime(2024, 1, 1, tzinfo=zoneinfo.ZoneInfo("Europe/Paris")),
    pathlib.Path("a/b"), Colour.RED, Model(a={"x", "y", "z"}), plain, re.compile("a+"), range(5), len, int,
    collections.Counter(words), collections.deque(words), numpy.arange(5), numpy.float32(2),
    {Colour.RED, 1, "a", (2, 3)},
]
for value in values:
    print(digest(value) or type(value))
"""


def test_digests_are_the_same_in_every_process():
    def run(seed: str) -> list[str]:
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        command = [sys.executable, "-c", SCRIPT]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout.split("\n")[
            :-1
        ]

    one, other = run("1"), run("2")
    assert one == other
    assert all(re.fullmatch("[0-9a-f]{64}", line) for line in one), one
    assert len(set(one)) == len(one)


def test_a_digest_is_recorded_and_must_not_change_between_releases():
    assert digest({"a": [1, 2.5, None, "é"], "b": (True, {1, 2})}) == (
        "9215f1940f79c91574106b6f5ec7fbbb147d0cc9c332e00f9aab1a62643ad86a"
    )


def test_types_count():
    values = [
        1, 1.0, True, "1", b"1", bytearray(b"1"), Decimal(1), Fraction(1), 1 + 0j, [1], (1,), {1}, frozenset([1]),
        deque([1]),
        {1: 1}, {"1": 1}, OrderedDict({1: 1}), Counter({1: 1}), defaultdict(int, {1: 1}), [[1]], [(1,)], {1: "1"},
        None, "None",
        [], (), {}, set(), "", b"", frozenset(), dt.date(2024, 1, 1), dt.datetime(2024, 1, 1),
        dt.datetime(2024, 1, 1, tzinfo=dt.UTC),
        dt.datetime(2024, 1, 1, tzinfo=ZoneInfo("UTC")), Model(a=1), Other(a=1), Job(a=1), Plain(a=1),
        pathlib.Path("1"),
        pathlib.PurePosixPath("1"), uuid.UUID(int=1), Colour.RED, Access.READ, Access.READ | Access.WRITE, range(1),
        0.0, -0.0,
        math.inf, math.nan, 2**64, 2**65, -(2**65), 10**5000, "a" * 300, "a" * 3000, ["a" * 300], ["a", "b"], ["ab"],
        ["a,b"], [["a"], "b"],
        [1, 2], [12], "12", 12, {"a": 1, "b": 2}, {"a": 2, "b": 1}, int, len, Model, re.compile("1"),
        re.compile(b"1"), object,
        slice(1), types.SimpleNamespace(a=1), ValueError("1"), KeyError("1"), functools.partial(len, 1),
    ]  # fmt: skip
    digests = [digest(value) for value in values]
    assert [value for value, found in zip(values, digests, strict=True) if found is None] == []
    doubles = [value for value, found in zip(values, digests, strict=True) if digests.count(found) > 1]
    assert doubles == []


scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.binary()
hashable = st.recursive(scalars, lambda inner: st.tuples(inner, inner) | st.frozensets(inner, max_size=3), max_leaves=5)
values = st.recursive(
    hashable, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(hashable, inner, max_size=4), max_leaves=10
)


@given(pairs=st.lists(st.tuples(hashable, values), unique_by=lambda pair: repr(pair[0]), max_size=6), seed=st.randoms())
@settings(max_examples=60, deadline=None)
def test_the_order_of_dicts_and_sets_does_not_count(pairs, seed):
    straight = dict(pairs)
    shuffled = list(straight.items())
    seed.shuffle(shuffled)
    assert digest(dict(shuffled)) == digest(straight)
    assert digest({key for key, _ in shuffled}) == digest(set(straight))


@given(value=values)
@settings(max_examples=60, deadline=None)
def test_a_value_has_its_digest_also_after_it_was_stored(payloads, value):
    assert digest(decode(encode(value, payloads), payloads)) == digest(value) is not None


@given(one=values, other=values)
@settings(max_examples=120, deadline=None)
def test_different_values_have_different_digests(same, one, other):
    if digest(one) == digest(other):
        assert one == other


def test_shared_and_separate_parts_are_the_same_content():
    part = [1, {"a": 2}]
    assert digest([part, part]) == digest([[1, {"a": 2}], [1, {"a": 2}]])


def test_values_that_contain_themselves_have_a_digest():
    def knot(size: int) -> list:
        value: list = [size]
        value.append({"back": value})
        return value

    assert digest(knot(1)) == digest(knot(1)) is not None
    assert digest(knot(1)) != digest(knot(2))
    plain = Plain(x=1)
    plain.me = plain
    assert digest(plain) is not None


def test_parts_that_are_shared_many_times_over_cost_no_more_than_once():
    value: list = [object]
    for _ in range(100):
        value = [value, value]
    assert digest(value) is not None


def test_models_and_objects_are_their_class_and_state():
    assert digest(Model(a=(1,))) == digest(Model(a=(1,), b=0))
    assert digest(Model(a=(1,))) != digest(Model(a=[1]))
    assert digest(Plain(a=1, b=2)) == digest(Plain(b=2, a=1)) != digest(Plain(a=1))


class Hostile:
    def __eq__(self, other):
        raise RuntimeError("no equality")

    def __hash__(self):
        raise RuntimeError("no hash")

    def __reduce_ex__(self, protocol):
        raise RuntimeError("no pickling")

    @property
    def __class__(self):
        raise RuntimeError("no class")


class HostileSpeaker:
    def __kitaru_digest__(self):
        raise RuntimeError("says nothing")


class NoneSpeaker:
    def __kitaru_digest__(self):
        return None


class Client:
    def __init__(self):
        self.lock = threading.Lock()


def opaque_values():
    deep: object = ()
    for _ in range(100_000):
        deep = [deep]
    return [
        threading.Lock(), Client(), io.TextIOWrapper(io.BytesIO()), (n for n in [1]), lambda: 1, object(), Hostile(),
        HostileSpeaker(), NoneSpeaker(), Model(a=Client()), [1, {"x": Client()}], {Client()}, memoryview(b"x"), deep,
        sys._getframe(),
    ]  # fmt: skip


def test_opaque_and_hostile_values_have_none():
    values = opaque_values()
    assert [digest(value) for value in values] == [None] * len(values)


def test_an_object_can_speak_for_itself():
    assert digest(Speaking("a")) == digest(Speaking("a")) is not None
    assert len({digest(Speaking("a")), digest(Speaking("b")), digest(Speaking(b"a")), digest("a")}) == 4


def module_function():
    return 1


def test_functions_are_their_name_and_what_the_hook_says_of_their_code():
    assert digest(module_function) is not None
    assert digest(lambda: 1) is None
    assert digest(lambda: 1, function_digest=lambda function: "code") is not None
    assert digest(module_function, function_digest=lambda function: None) is None
    one = digest([module_function], function_digest=lambda function: "one")
    assert one != digest([module_function], function_digest=lambda function: "two")


def test_bound_methods_are_their_function_and_object():
    hook = lambda function: function.__qualname__  # noqa: E731
    one, two = Speaking("1").__kitaru_digest__, Speaking("2").__kitaru_digest__
    assert (
        digest(one, function_digest=hook) == digest(Speaking("1").__kitaru_digest__, function_digest=hook) is not None
    )
    assert digest(one, function_digest=hook) != digest(two, function_digest=hook)
    assert digest([].append) != digest([1].append)


def test_a_class_of_the_notebook_is_identified_by_its_code():
    def define(body: str) -> type:
        names: dict = {"__name__": "__main__"}
        exec(f"class Tool:\n    limit = 1\n    def run(self): return {body}", names)
        return names["Tool"]

    def hook(function: types.FunctionType) -> str:
        return function.__code__.co_code.hex() + repr(function.__code__.co_consts)

    assert digest(define("1")) is None
    assert digest(define("1"), function_digest=hook) == digest(define("1"), function_digest=hook) is not None
    assert digest(define("1"), function_digest=hook) != digest(define("2"), function_digest=hook)


def test_a_model_class_of_the_notebook_is_identified_by_its_schema():
    def define(kind: str) -> type:
        names: dict = {"__name__": "__main__", "BaseModel": pydantic.BaseModel}
        exec(f"class Answer(BaseModel):\n    x: {kind}", names)
        return names["Answer"]

    assert digest(define("int")) == digest(define("int")) is not None
    assert digest(define("int")) != digest(define("str"))
