from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import pandas as hpd
from polars.testing import assert_frame_equal as assert_polars_equal

from kitaru.runtime.values import digest


def with_attrs(frame: pd.DataFrame) -> pd.DataFrame:
    frame.attrs["unit"] = "m"
    return frame


ARROW_FRAMES = {
    "numbers": lambda: pd.DataFrame({"a": [1, 2], "b": [0.5, np.nan]}),
    "columns that are a range": lambda: pd.DataFrame(np.eye(3)),
    "named text index": lambda: pd.DataFrame({"a": [1, 2]}, index=pd.Index(["x", "y"], name="key")),
    "multi index": lambda: pd.DataFrame({"a": [1]}, index=pd.MultiIndex.from_tuples([("x", 1)], names=["p", "q"])),
    "dates with zone": lambda: pd.DataFrame({"a": pd.date_range("2024", periods=3, tz="Europe/Paris")}),
    "categories": lambda: pd.DataFrame({"a": pd.Categorical(["x", None], categories=["y", "x"], ordered=True)}),
    "nullable": lambda: pd.DataFrame(
        {"a": pd.array([1, None], dtype="Int8"), "b": pd.array([True, None], dtype="boolean")}
    ),
    "text": lambda: pd.DataFrame({"a": ["x", None]}),
    "object bytes": lambda: pd.DataFrame({"a": pd.Series([b"x", None], dtype=object)}),
    "attrs": lambda: with_attrs(pd.DataFrame({"a": [1]})),
    "empty": lambda: pd.DataFrame(),
}
PICKLED_FRAMES = {
    "mixed cells": lambda: pd.DataFrame({"a": [1, "x", (1, 2)]}),
    "sets": lambda: pd.DataFrame({"a": [{1}, {2}]}),
    "same column twice": lambda: pd.DataFrame([[1, 2]], columns=["a", "a"]),
    "ragged dicts": lambda: pd.DataFrame({"a": [{"x": 1}, {"y": 2}]}),
    "python dates": lambda: pd.DataFrame({"a": [dt.datetime(2024, 1, 1), "x"]}),
}


@pytest.mark.parametrize("name", [*ARROW_FRAMES, *PICKLED_FRAMES])
def test_pandas_frames_come_back_with_index_dtypes_and_attrs(stored, name):
    frame = {**ARROW_FRAMES, **PICKLED_FRAMES}[name]()
    record, back = stored(frame)
    assert record["codec"] == ("pandas" if name in ARROW_FRAMES else "cloudpickle")
    pd.testing.assert_frame_equal(back, frame, check_exact=True, check_column_type="exact", check_index_type="exact")
    assert back.attrs == frame.attrs
    assert digest(back) == digest(frame)


@given(
    frame=hpd.data_frames(
        [
            hpd.column("i", dtype=int),
            hpd.column("f", dtype=float),
            hpd.column("t", elements=st.text(st.characters(codec="utf-8"), max_size=3), dtype=object),
            hpd.column("o", elements=st.none() | st.booleans() | st.integers(0, 9) | st.tuples(), dtype=object),
        ],
        index=hpd.range_indexes(max_size=5) | hpd.indexes(dtype=float, max_size=5),
    )
)
@settings(max_examples=60, deadline=None)
def test_any_pandas_frame_comes_back(stored, frame):
    back = stored(frame)[1]
    pd.testing.assert_frame_equal(back, frame, check_exact=True, check_index_type="exact")
    assert [list(map(type, back[name])) for name in "io"] == [list(map(type, frame[name])) for name in "io"]


@pytest.mark.parametrize("name", [None, "q", ("a", 1), 3])
def test_series_keep_name_and_index(stored, name):
    series = pd.Series([1.5, 2.5], index=["x", "y"], name=name)
    pd.testing.assert_series_equal(stored(series)[1], series)


def test_decoded_frames_may_be_changed(stored):
    back = stored(pd.DataFrame({"a": [1.0, 2.0]}))[1]
    back.loc[0, "a"] = 9.0
    assert back["a"].tolist() == [9.0, 2.0]


@pytest.mark.parametrize(
    "value", [pd.Timestamp("2024-01-01", tz="UTC"), pd.Timedelta("1s"), pd.NaT, pd.NA, pd.Interval(0, 1)]
)
def test_pandas_scalars_keep_their_type(stored, value):
    back = stored({"v": value})[1]["v"]
    assert type(back) is type(value)
    assert str(back) == str(value)
    assert digest(back) == digest(value) is not None


def test_subclasses_of_frames_stay_what_they_are(stored):
    class Special(pd.DataFrame):
        pass

    back = stored(Special({"a": [1]}))[1]
    assert type(back).__name__ == "Special"


def test_polars_frames_come_back(stored):
    frame = pl.DataFrame(
        {
            "a": [1, None],
            "t": ["x", "ü"],
            "d": [dt.date(2024, 1, 1), None],
            "l": [[1], [2, 3]],
            "c": pl.Series(["u", "v"], dtype=pl.Enum(["u", "v"])),
            "s": [{"p": 1}, {"p": 2}],
        }
    )
    for value in (frame, pl.DataFrame(), frame.clear()):
        record, back = stored(value)
        assert record["codec"] == "polars"
        assert_polars_equal(back, value)
        assert back.schema == value.schema


def test_polars_series_come_back(stored):
    record, back = stored(pl.Series("n", [1.5, None]))
    assert record["codec"] == "polars"
    assert (back.name, back.to_list(), back.dtype) == ("n", [1.5, None], pl.Float64)


def test_arrow_tables_and_batches_come_back(stored):
    table = pa.table({"a": [1, None], "b": ["x", "y"]}).replace_schema_metadata({"k": "v"})
    for value in (table, table.to_batches()[0], pa.table({})):
        record, back = stored(value)
        assert record["codec"] == "arrow"
        assert type(back) is type(value)
        assert back.equals(value)
        assert back.schema.equals(value.schema, check_metadata=True)


def test_a_large_frame_goes_to_a_payload_file(stored):
    frame = pd.DataFrame({"a": np.arange(50_000), "t": [str(n) for n in range(50_000)]})
    record, back = stored(frame)
    assert "payload" in record
    pd.testing.assert_frame_equal(back, frame)


def test_digests_of_frames_do_not_depend_on_how_they_came_about():
    whole = pd.DataFrame({"a": [1, 2, 3], "b": ["x", "y", None]})
    built = pd.concat([whole.iloc[:1], whole.iloc[1:]])
    built_column_wise = pd.DataFrame(index=whole.index)
    for name in whole:
        built_column_wise[name] = whole[name]
    assert digest(whole) == digest(built_column_wise)
    assert digest(built) == digest(whole.set_index(pd.Index([0, 1, 2])))
    one, two = pa.chunked_array([[1, 2], [3]]), pa.chunked_array([[1], [2, 3]])
    assert digest(pa.table({"a": one})) == digest(pa.table({"a": two})) is not None
    pieces = pl.concat([pl.DataFrame({"a": [n]}) for n in (1, 2)], rechunk=False)
    assert digest(pl.DataFrame({"a": [1, 2]})) == digest(pieces)


def test_digests_of_frames_see_every_difference():
    base = pd.DataFrame({"a": [1, 2]})
    others = [
        base, base + 1, base.astype("int32"), base.astype(object), base.rename(columns={"a": "b"}), base[::-1],
        base.set_index(pd.Index([0, 1], name="i")), with_attrs(base.copy()), base["a"], base.index, base.assign(b=1),
        pl.DataFrame({"a": [1, 2]}), pl.DataFrame({"a": [1.0, 2]}), pl.Series("a", [1, 2]), pl.Series("b", [1, 2]),
        pa.table({"a": [1, 2]}), pa.table({"a": [1, None]}), pa.array([1, 2]),
        pd.DataFrame({"a": pd.Categorical(["x", "y"])}), pd.DataFrame({"a": pd.Categorical(["y", "x"])}),
        pd.DataFrame({"a": pd.date_range("2024", periods=2, tz="UTC")}),
        pd.DataFrame({"a": pd.date_range("2024", periods=2)}),
    ]  # fmt: skip
    digests = [digest(other) for other in others]
    assert None not in digests
    assert len(set(digests)) == len(others)
