from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import threading

import pytest

from kitaru.errors import KitaruSerializationError
from kitaru.runtime.values import encode


class Client:
    def __init__(self):
        self.name = "c"
        self.lock = threading.Lock()


class Slotted:
    __slots__ = ("connection",)

    def __init__(self, connection):
        self.connection = connection


class Picky(Exception):  # noqa: N818
    def __init__(self, code, text):
        super().__init__(f"{code}: {text}")


def message(payloads, value, where="result"):
    with pytest.raises(KitaruSerializationError) as caught:
        encode(value, payloads, where=where)
    return str(caught.value)


def test_a_lock_deep_inside_is_found_and_named(payloads):
    text = message(payloads, {"ok": [1, 2], "client": [Client()]})
    assert "result['client'][0].lock is a _thread.lock" in text
    assert "plain data" in text
    assert "register_codec" in text


def test_the_value_is_called_what_the_caller_calls_it(payloads):
    assert "Cannot store topic: topic.lock is" in message(payloads, Client(), where="topic")


def test_sockets_are_named_also_in_slots_and_tuples(payloads):
    with socket.socket() as connection:
        assert "result[1].connection is a socket.socket" in message(payloads, (1, Slotted(connection)))


def test_generators_and_coroutines_say_what_to_return_instead(payloads):
    async def coroutine():
        return 1

    assert "return list(...)" in message(payloads, (n for n in range(3)))
    with contextlib.closing(coroutine()) as pending:
        assert "await it" in message(payloads, [pending])


def test_open_files_are_named(payloads, tmp_path):
    with (tmp_path / "file").open("w") as file:
        assert "result['log'] is a _io.TextIOWrapper" in message(payloads, {"log": file})


def test_what_a_function_closes_over_is_named(payloads):
    lock = threading.Lock()
    assert "'lock', which result closes over" in message(payloads, lambda: lock)


def test_values_that_could_never_be_read_back_are_refused_at_once(payloads):
    text = message(payloads, {"error": Picky(1, "x")})
    assert "result['error'] is a " in text
    assert "Picky, which can be pickled but not read back" in text
    assert "__reduce__" in text


def test_a_value_that_is_nested_too_deep_says_so(payloads):
    value: object = ()
    for _ in range(5_000):
        value = [value]
    assert "nested too deep" in message(payloads, value)


def test_objects_of_importable_classes_and_exceptions_come_back(stored):
    assert stored(ValueError("x"))[1].args == ("x",)
    record, back = stored({"s": Slotted((1, 2))})
    assert record["codec"] == "cloudpickle"
    assert back["s"].connection == (1, 2)


def test_functions_and_classes_come_back(stored):
    factor = 3
    assert stored(lambda x: x * factor)[1](2) == 6
    assert stored(dict)[1] is dict


NOTEBOOK = """
import dataclasses, enum, json, sys, typing, pydantic
from kitaru.runtime.values import *
from kitaru.store.payloads import FilePayloads

class Model(pydantic.BaseModel):
    a: int
    b: typing.Any = None

@dataclasses.dataclass
class Data:
    x: int
    def double(self): return self.x * factor

class Kind(enum.Enum):
    ONE = 1

class Pair(typing.NamedTuple):
    a: int

factor = 2
value = {"m": [Model(a=1, b=(1,))], "d": Data(4), "k": Kind.ONE, "p": Pair(1), "s": {Kind.ONE}}
print(json.dumps(encode(value, FilePayloads(sys.argv[1]))))
"""
READER = """
import json, sys
from kitaru.runtime.values import *
from kitaru.store.payloads import FilePayloads
value = decode(json.loads(sys.stdin.read()), FilePayloads(sys.argv[1]))
assert value["d"].double() == 8
assert value["m"][0].b == (1,) and value["m"][0].model_dump() == {"a": 1, "b": (1,)}
assert value["s"] == {value["k"]} and value["k"].name == "ONE"
print(value["m"], value["d"], value["p"])
"""


def run(script: str, *arguments: str, text: str = "") -> str:
    command = [sys.executable, "-W", "error", "-c", script, *arguments]
    done = subprocess.run(command, input=text, capture_output=True, text=True, cwd=os.getcwd(), check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_classes_that_a_notebook_defines_are_read_in_another_process(tmp_path):
    record = run(NOTEBOOK, str(tmp_path))
    assert run(READER, str(tmp_path), text=record) == "[Model(a=1, b=(1,))] Data(x=4) Pair(a=1)\n"


def test_a_global_that_a_notebooks_class_drags_along_is_named():
    script = """
import sys, tempfile, threading
from kitaru.runtime.values import encode
from kitaru.store.payloads import FilePayloads
lock = threading.Lock()
class Job:
    def run(self): return lock
try:
    encode(Job(), FilePayloads(tempfile.mkdtemp()))
except Exception as error:
    print(error)
"""
    text = run(script)
    assert "the class Job of result" in text
    assert "'lock'" in text


def test_a_missing_module_is_named_when_a_pickle_is_read(tmp_path, payloads):
    from kitaru.runtime.values import decode

    (tmp_path / "vanishing.py").write_text("class Thing:\n    pass\n")
    sys.path.insert(0, str(tmp_path))
    try:
        import vanishing  # type: ignore[import-not-found]

        record = encode([vanishing.Thing()], payloads)
    finally:
        sys.path.remove(str(tmp_path))
        del sys.modules["vanishing"]
    with pytest.raises(KitaruSerializationError, match=r"module 'vanishing', or put it on the path"):
        decode(record, payloads)
