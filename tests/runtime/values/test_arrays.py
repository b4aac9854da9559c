from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis.extra import numpy as hnp

from kitaru.runtime.values import digest

dtypes = hnp.scalar_dtypes() | hnp.nested_dtypes(max_leaves=2, max_itemsize=16)


@given(array=hnp.arrays(dtypes, hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4)))
@settings(max_examples=60, deadline=None)
def test_arrays_come_back_bit_for_bit(stored, array):
    back = stored(array)[1]
    assert type(back) is np.ndarray
    assert back.dtype == array.dtype
    assert back.shape == array.shape
    assert back.tobytes() == array.tobytes()


def test_plain_arrays_are_npy_and_may_be_changed(stored):
    record, back = stored(np.arange(6).reshape(2, 3))
    assert (record["codec"], record["type"]) == ("numpy", "numpy.ndarray")
    back[0, 0] = 9


def test_fortran_order_survives(stored):
    assert stored(np.asfortranarray(np.eye(3)[:2]))[1].flags.f_contiguous


@pytest.mark.parametrize(
    "value",
    [
        np.array([1, "a", None], dtype=object),
        np.ma.array([1, 2], mask=[0, 1]),
        np.array(["a", "bc"], dtype=np.dtypes.StringDType()),
    ],
)
def test_arrays_that_npy_cannot_hold_are_pickled(stored, value):
    record, back = stored(value)
    assert record["codec"] == "cloudpickle"
    assert type(back) is type(value)
    assert back.tolist() == value.tolist()


@pytest.mark.parametrize(
    "value", [np.float32(1.5), np.int8(3), np.bool_(True), np.datetime64("2024-01-01"), np.str_("a")]
)
def test_scalars_keep_their_type(stored, value):
    for back in (stored(value)[1], stored({"loss": value})[1]["loss"], stored((value,))[1][0]):
        assert type(back) is type(value)
        assert back == value


def test_digests_of_arrays_are_their_content_shape_and_dtype():
    array = np.arange(6.0).reshape(2, 3)
    assert digest(array) == digest(np.asfortranarray(array)) == digest(np.arange(12.0)[::2].reshape(2, 3) / 2)
    different = [array, array.T, array.ravel(), array.astype("f4"), array.astype(">f8"), array + 1, array.tolist()]
    assert len({digest(each) for each in different}) == len(different)
    assert None not in map(digest, different)


def test_digests_of_object_arrays_and_scalars_are_their_content():
    assert digest(np.array([1, "a"], dtype=object)) == digest(np.array([1, "a"], dtype=object))
    assert digest(np.array([lambda: 1], dtype=object)) is None
    assert len({digest(np.float64(1)), digest(np.float32(1)), digest(1.0), digest(np.array(1.0))}) == 4
