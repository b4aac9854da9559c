from __future__ import annotations

import datetime
import threading
import xmlrpc.client

import pytest

from kitaru.code.values import MAX_BYTES, checker, encode

VALUES = [
    None, True, False, 0, 1, -1, 1 << 80, 0.0, -0.0, 1.0, float("inf"), 1j, "", "a", "ä", "\ud800", b"", b"a", ..., (),
    (1,), [1], [], {}, {1: 2}, {"a": [1]}, {1}, frozenset({1}), set(), range(3), range(4), slice(1), slice(2),
    bytearray(b"a"), ((1,), 2), (1, (2,)),
    ["ab", "c"], ["a", "bc"], datetime.date(2020, 1, 1), datetime.datetime(2020, 1, 1),
]  # fmt: skip


@pytest.mark.parametrize("index", range(len(VALUES)))
def test_different_values_have_different_bytes(index):
    same = [i for i, value in enumerate(VALUES) if encode(value).data == encode(VALUES[index]).data]
    assert same == [index]
    assert encode(VALUES[index]).refs == []


@pytest.mark.parametrize("index", range(len(VALUES)))
def test_a_check_accepts_its_own_value_and_no_other(index):
    check = checker(VALUES[index])
    assert [i for i, value in enumerate(VALUES) if check(value)] == [index]


def test_sets_are_sorted_and_dicts_keep_their_order():
    assert encode({"b", "a", 1}).data == encode({1, "a", "b"}).data
    assert encode({"a": 1, "b": 2}).data != encode({"b": 2, "a": 1}).data


def test_code_inside_of_data_is_left_as_references():
    encoded = encode({"f": len, "g": [dict]})
    assert encoded.refs == [len, dict]
    assert not encoded.is_reference
    assert encode(len).is_reference


@pytest.mark.parametrize("value", ["x" * (MAX_BYTES + 1), list(range(30_000)), {"a": [b"x" * (MAX_BYTES + 1)]}])
def test_a_value_over_the_cap_is_opaque(value):
    encoded = encode(value)
    assert encoded.is_reference
    assert encoded.refs[0] is value


def test_a_large_list_that_shrinks_is_looked_at_again():
    rows = [{"text": "x" * 1000}] * 30_000
    check = checker(rows)
    assert check(rows)
    del rows[10:]
    assert not check(rows)


def test_values_that_contain_themselves_and_very_deep_ones_end():
    loop: list[object] = [1]
    loop.append(loop)
    assert encode(loop).refs == []
    deep: list[object] = []
    for _ in range(100_000):
        deep = [deep]
    assert encode(deep).is_reference
    while deep:
        deep = deep.pop()


def test_a_proxy_that_answers_to_every_name_is_opaque():
    proxy = xmlrpc.client.ServerProxy("http://127.0.0.1:9")
    assert encode(proxy).refs == [proxy]


def test_a_dict_that_another_thread_fills_is_encoded():
    shared: dict[int, object] = {}
    stop = threading.Event()

    def fill():
        for number in range(2_000_000):
            shared[number % 5000] = [number]
            if stop.is_set():
                return

    thread = threading.Thread(target=fill)
    thread.start()
    try:
        for _ in range(200):
            encode(shared)
            shared.clear()
    finally:
        stop.set()
        thread.join()
