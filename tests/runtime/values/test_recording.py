from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from base64 import b64decode

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kitaru.errors import KitaruCorruptionError, KitaruSerializationError, KitaruStoreError
from kitaru.runtime.values import decode, encode

plain = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)  # fmt: skip


@given(value=plain)
@settings(max_examples=80, deadline=None)
def test_plain_data_is_stored_as_the_json_that_it_is(stored, same, value):
    record, back = stored(value)
    assert record["codec"] == "json"
    assert same(back, value)
    if "inline" in record:
        assert same(record["inline"], value)


def test_a_record_says_what_it_holds(stored):
    record, _ = stored({"a": 1})
    assert record == {
        "codec": "json",
        "type": "builtins.dict",
        "size": 7,
        "digest": hashlib.sha256(b'{"a":1}').hexdigest(),
        "inline": {"a": 1},
        "preview": {"kind": "json", "text": "{'a': 1}", "data": {"a": 1}},
    }


@pytest.mark.parametrize("value", [b"", b"abc", bytearray(b"abc"), bytes(range(256))])
def test_bytes_are_stored_as_they_are(stored, same, value):
    record, back = stored(value)
    assert record["codec"] == type(value).__name__
    assert b64decode(record["inline"]) == value
    assert same(back, value)


@pytest.mark.parametrize("value", ["x" * 20_000, b"x" * 20_000, [(n,) for n in range(5_000)], {1, *range(9_000)}])
def test_large_values_go_to_a_payload_file_named_by_their_digest(stored, same, payloads, value):
    record, back = stored(value)
    assert "inline" not in record
    assert record["payload"] == record["digest"]
    assert len(payloads.get(record["payload"])) == record["size"]
    assert same(back, value)


def test_the_inline_limit_is_the_callers(payloads):
    assert "payload" in encode("abc", payloads, inline_limit=3)
    assert encode("abc", payloads, inline_limit=5)["inline"] == "abc"


def test_changing_a_value_after_it_was_encoded_does_not_change_its_record(payloads):
    value = {"items": [1]}
    record = encode(value, payloads)
    value["items"].append(2)
    value["more"] = 3
    assert record["inline"] == {"items": [1]}
    assert record["preview"]["data"] == {"items": [1]}


def test_changing_a_decoded_value_does_not_change_its_record(payloads):
    for value in ({"items": [1]}, {"items": [(1,)]}):
        record = encode(value, payloads)
        decode(record, payloads)["items"].append(2)
        assert decode(record, payloads) == value


def test_data_that_is_nested_too_deep_for_json_still_comes_back(stored, same):
    for depth in (49, 51, 99, 101, 200):
        value: object = (1,)
        for level in range(depth):
            value = [value] if level % 2 else {"a": value}
        assert same(stored(value)[1], value)


def test_a_list_that_contains_itself_comes_back_as_such(stored):
    value: list[object] = [1]
    value.append(value)
    back = stored(value)[1]
    assert back[0] == 1
    assert back[1] is back


def test_a_damaged_payload_is_not_decoded(payloads):
    record = encode(os.urandom(50_000), payloads)
    path = f"{payloads.root}/{record['payload'][:2]}/{record['payload']}"
    with open(path, "r+b") as file:
        file.write(b"damaged")
    with pytest.raises(KitaruCorruptionError, match=record["payload"]):
        decode(record, payloads)
    os.unlink(path)
    with pytest.raises(KitaruStoreError, match="is not there"):
        decode(record, payloads)


def test_a_record_of_an_unknown_codec_says_what_to_install(payloads):
    record = {**encode(b"x", payloads), "codec": "from-the-future"}
    with pytest.raises(KitaruSerializationError, match=r"codec 'from-the-future', which is not here.*register_codec"):
        decode(record, payloads)


def test_plain_values_import_no_heavy_package():
    script = (
        "import sys, tempfile\nfrom kitaru.runtime.values import *\nfrom kitaru.store.payloads import FilePayloads\n"
        "p = FilePayloads(tempfile.mkdtemp())\n"
        "for v in (1, 'a', {'a': [1.5]}, (1,), {1}, b'x', range(3)):\n"
        "    decode(encode(v, p), p); digest(v); preview(v)\n"
        "heavy = {'numpy', 'pandas', 'polars', 'pyarrow', 'PIL', 'pydantic', 'cloudpickle', 'fsspec'}\n"
        "heavy &= set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", script], check=True, cwd=os.getcwd())


@pytest.mark.slow
@pytest.mark.parametrize("make", ["b'x' * 150_000_000", "bytearray(150_000_000)", "'x' * 150_000_000"])
def test_a_large_value_is_stored_with_one_copy_at_most(tmp_path, make):
    script = (
        "import resource, sys, tracemalloc\nfrom kitaru.runtime.values import *\n"
        "from kitaru.store.payloads import FilePayloads\np = FilePayloads(sys.argv[1])\nencode({1: 2}, p)\n"
        f"v = {make}\nbefore = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\nr = encode(v, p)\n"
        "after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "assert decode(r, p) == v\nassert len(str(r)) < 4000\nprint((after - before) * 1024)"
    )
    done = subprocess.run([sys.executable, "-c", script, str(tmp_path)], check=True, capture_output=True, text=True)
    assert int(done.stdout) < 200_000_000


def test_records_survive_the_json_of_the_standard_library_too(payloads):
    import json

    for value in ({"é": "\u2028"}, (1.5, float("inf")), b"\x00"):
        record = json.loads(json.dumps(encode(value, payloads)))
        assert decode(record, payloads) == value
        assert orjson.loads(orjson.dumps(record)) == record
