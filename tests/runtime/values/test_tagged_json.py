from __future__ import annotations

import datetime as dt
import math
import pathlib
import struct
import uuid
import zoneinfo
from collections import Counter, OrderedDict, defaultdict, deque
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kitaru.errors import KitaruSerializationError
from kitaru.runtime.values import decode, encode

zones = st.none() | st.timezones() | st.builds(
    dt.timezone, st.timedeltas(dt.timedelta(hours=-23), dt.timedelta(hours=23)), st.text(max_size=5)
) | st.just(dt.UTC)  # fmt: skip
surrogates = st.text(st.characters(), max_size=5)
atoms = st.one_of(
    st.none(), st.booleans(), st.integers(), st.integers(-(2**200), 2**200), st.floats(), surrogates,
    st.binary(), st.binary().map(bytearray), st.complex_numbers(), st.decimals(), st.fractions(), st.uuids(),
    st.datetimes(timezones=zones), st.times(timezones=zones), st.dates(), st.timedeltas(), zones,
    st.builds(range, st.integers(), st.integers(), st.integers(1)),
    st.text(st.characters(exclude_characters="\x00"), max_size=5).map(pathlib.Path),
    st.builds(pathlib.PureWindowsPath, st.just("c:\\x")),
    st.sampled_from(["$kitaru", "v", "tuple"]),
)  # fmt: skip
keys = st.one_of(
    st.none(), st.booleans(), st.integers(), surrogates, st.binary(), st.just("$kitaru"), st.tuples(st.integers())
)


def containers(inner):
    pairs = st.dictionaries(keys, inner, max_size=4)
    return st.one_of(
        st.lists(inner, max_size=4), st.lists(inner, max_size=4).map(tuple), pairs,
        st.dictionaries(st.text(max_size=3) | st.just("$kitaru"), inner, max_size=4),
        st.frozensets(keys, max_size=4), st.sets(keys, max_size=4),
        st.builds(deque, st.lists(inner, max_size=3), st.none() | st.integers(3, 5)),
        pairs.map(OrderedDict), st.builds(Counter, st.dictionaries(keys, st.integers(), max_size=3)),
        st.builds(defaultdict, st.sampled_from([None, list, int, dict, set, str, float]), pairs),
    )  # fmt: skip


values = st.recursive(atoms, containers, max_leaves=12)


@given(value=values)
@settings(max_examples=150, deadline=None)
def test_types_survive_at_any_depth(stored, same, value):
    record, back = stored(value)
    assert record["codec"] in ("json", "json-tagged", "bytes", "bytearray")
    assert same(back, value)


@given(value=st.datetimes(timezones=zones), fold=st.sampled_from([0, 1]))
@settings(deadline=None)
def test_times_keep_zone_and_fold(stored, value, fold):
    value = value.replace(fold=fold)
    back = stored((value, value.timetz()))[1]
    assert repr(back) == repr((value, value.timetz()))


def test_zones_stay_the_objects_that_they_are(stored):
    assert stored([dt.UTC])[1][0] is dt.UTC
    zone = zoneinfo.ZoneInfo("Europe/Paris")
    assert stored([zone])[1][0] is zone


@pytest.mark.parametrize("bits", ["7ff8000000000001", "fff8000000000000", "7ff0000000000000", "8000000000000000"])
def test_floats_keep_every_bit(stored, bits):
    value = struct.unpack(">d", bytes.fromhex(bits))[0]
    assert struct.pack(">d", stored([value])[1][0]).hex() == bits
    assert math.isnan(value) == math.isnan(stored(value)[1])


def test_a_maximum_length_and_a_default_factory_survive(stored):
    assert stored(deque([1, 2], maxlen=2))[1].maxlen == 2
    assert stored(defaultdict(list, a=[1]))[1]["new"] == []


@pytest.mark.parametrize(
    "value",
    [
        Decimal("1.10"),
        Decimal("sNaN"),
        Decimal("-0"),
        Fraction(2, 3),
        10**90,
        uuid.uuid1(),
        "\ud800",
        pathlib.PurePosixPath("a/\udcff"),
    ],
)
def test_exact_numbers_and_odd_text_are_kept(stored, same, value):
    record, back = stored(value)
    assert record["codec"] == "json-tagged"
    assert same(back, value)


def test_a_uuid_keeps_whether_it_was_made_safely(stored):
    value = uuid.UUID(int=5, is_safe=uuid.SafeUUID.safe)
    assert stored(value)[1].is_safe is uuid.SafeUUID.safe


def test_dicts_that_look_like_tags_are_no_tags(stored):
    for value in ({"$kitaru": "tuple", "v": [1]}, {"$kitaru": "tuple", "v": (1,)}, [({"$kitaru": None},)]):
        assert stored(value)[1] == value


def test_equal_sets_are_equal_bytes_whatever_their_history(payloads):
    one, other = {8, 0}, {0, 8}
    assert list(one) != list(other) or one == other
    assert encode(one, payloads)["digest"] == encode(other, payloads)["digest"]


def test_large_bytes_inside_of_data_are_not_blown_up_to_text(stored):
    record, back = stored({"file": b"x" * 100_000})
    assert record["codec"] == "cloudpickle"
    assert record["size"] < 101_000
    assert back == {"file": b"x" * 100_000}


def test_ordered_dicts_with_attributes_keep_them(stored):
    value = OrderedDict(a=1)
    value.note = "kept"  # type: ignore[attr-defined]
    assert stored(value)[1].note == "kept"


def test_a_tag_of_a_newer_version_says_to_update(payloads):
    record = encode((1,), payloads)
    record["inline"]["$kitaru"] = "hologram"
    with pytest.raises(KitaruSerializationError, match=r"type tag 'hologram'.*update Kitaru"):
        decode(record, payloads)


def test_integers_beyond_the_limit_of_decimal_text_are_kept(stored, same):
    value = {"n": 10**5000}
    record, back = stored(value)
    assert same(back, value)
    assert "bits" in record["preview"]["text"]
