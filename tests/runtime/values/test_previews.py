from __future__ import annotations

import base64
import dataclasses
import io
import tracemalloc

import numpy as np
import orjson
import pandas as pd
import polars as pl
import pyarrow as pa
import pydantic
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from kitaru.runtime.values import preview

KINDS = {"text", "json", "table", "image", "array", "object", "bytes"}


def checked(value):
    made = preview(value)
    assert made["kind"] in KINDS
    assert len(made["text"]) <= 200
    assert made["text"].isprintable()
    assert len(orjson.dumps(made)) <= 2048
    return made


text = st.text(st.characters(), max_size=300)
scalars = st.none() | st.booleans() | st.integers(-(2**100), 2**100) | st.floats() | text | st.binary() | st.datetimes()
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner) | st.lists(inner).map(tuple) | st.dictionaries(text | st.integers(), inner),
    max_leaves=60,
)


@given(value=values)
@settings(max_examples=80, deadline=None)
def test_previews_are_bounded_and_plain(value):
    checked(value)


def test_small_values_are_shown_whole():
    assert preview(None) == {"kind": "text", "text": "None"}
    assert preview("a\nb") == {"kind": "text", "text": r"'a\nb'", "value": "a\nb"}
    assert preview({"a": (1, [2])}) == {"kind": "json", "text": "{'a': (1, [2])}", "data": {"a": [1, [2]]}}
    assert preview({"a": 1, "b": None}) == {"kind": "json", "text": "{'a': 1, 'b': None}", "data": {"a": 1, "b": None}}
    assert preview(b"\x00\xff") == {"kind": "bytes", "text": "<bytes of 2 bytes>", "size": 2, "hex": "00ff"}


def test_a_long_text_shows_its_beginning_and_length():
    made = checked("word\n" * 1000)
    assert made["length"] == 5000
    assert made["value"].startswith("word\nword\n")
    assert len(made["value"]) > 1000


@pytest.mark.parametrize(
    "value", ["\x1b[31mred\x07", "a\u202eb", "\ud800", {"\x1b": "\x9b"}, ["\x00"], pd.Series(["\x1b"])]
)
def test_control_characters_are_taken_out(value):
    shown = orjson.loads(orjson.dumps(checked(value)))
    pending = [shown]
    while pending:
        item = pending.pop()
        if isinstance(item, dict):
            pending += [*item, *item.values()]
        elif isinstance(item, list):
            pending += item
        elif isinstance(item, str):
            assert item.replace("\n", "").isprintable()


def test_nested_and_long_data_is_cut_and_says_so():
    made = checked({"rows": list(range(1000)), "deep": {"a": {"b": {"c": {"d": {"e": 1}}}}}})
    assert made["data"]["rows"][-1].endswith("more")
    assert made["data"]["deep"]["a"]["b"]["c"] == "<dict of 1>"


def test_wide_unicode_is_cut_to_the_same_bytes():
    checked("\U0001f600" * 5000)
    checked({"\U0001f600" * 50 + str(n): "\U0001f600" * 200 for n in range(50)})


def test_integers_that_browsers_would_round_are_text():
    assert preview([2**60])["data"] == [str(2**60)]


def test_tables_show_columns_and_first_rows():
    frame = pd.DataFrame({f"c{n}": range(100) for n in range(20)})
    for value in (frame, pl.DataFrame({name: frame[name].to_list() for name in frame}), pa.Table.from_pandas(frame)):
        made = checked(value)
        assert (made["kind"], made["shape"]) == ("table", [100, 20])
        assert made["columns"] == [f"c{n}" for n in range(8)]
        assert made["rows"] == [[str(n)] * 8 for n in range(5)]
        assert {dtype.lower() for dtype in made["dtypes"]} == {"int64"}


def test_secrets_in_a_table_are_not_shown_and_what_is_beside_them_is():
    key = "sk-" + "0123456789" * 3
    columns = {"user": ["ada"], "password": ["open sesame"], "api_key": ["abc-1"], "note": [key], "max_tokens": [7]}
    for value in (
        pd.DataFrame(columns),
        pl.DataFrame(columns),
        pa.table(columns),
        pd.Series(["open sesame"], name="password"),
        np.array([key]),
    ):
        made = checked(value)
        assert not any(secret in str(made) for secret in ("open sesame", "abc-1", key))
        assert "hidden: it looks like a secret" in str(made)
        if len(made.get("columns", ())) > 1:
            assert (made["rows"][0][0], made["rows"][0][-1]) == ("ada", "7")


def test_tables_of_any_content_fit():
    checked(pd.DataFrame({"\U0001f600" * 90 + str(n): ["\U0001f600" * 500] * 9 for n in range(9)}))
    checked(pd.DataFrame([[1, 2]], columns=["a", "a"]))
    checked(pd.DataFrame())
    checked(pd.Series([{1, 2}], name=("a", 1)))
    checked(pl.Series("s", [[1], [2]]))


def test_arrays_show_shape_dtype_and_first_values():
    made = checked(np.arange(24.0).reshape(4, 6)[:, ::2])
    assert made == {
        "kind": "array",
        "text": "ndarray 4 x 3 of float64",
        "shape": [4, 3],
        "dtype": "float64",
        "values": ["0.0", "2.0", "4.0", "6.0", "8.0", "10.0", "12.0", "14.0", "16.0", "18.0"],
    }
    checked(np.zeros((0, 3)))
    checked(np.array(5))
    checked(np.zeros(2, dtype=[(f"field{n}", "f8") for n in range(50)]))


def test_images_show_size_mode_and_a_thumbnail_if_it_fits():
    made = checked(Image.new("RGB", (2000, 1000), "red"))
    assert (made["size"], made["mode"]) == ([2000, 1000], "RGB")
    with Image.open(io.BytesIO(base64.b64decode(made["png"]))) as thumbnail:
        assert thumbnail.size == (48, 24)
        assert thumbnail.convert("RGB").getpixel((5, 5)) == (255, 0, 0)
    for mode in ("1", "L", "LA", "P", "RGBA", "I;16", "I", "F", "CMYK"):
        image = Image.new(mode, (3, 3)) if mode == "I;16" else Image.effect_noise((300, 300), 80).convert(mode)
        assert checked(image)["kind"] == "image"
    checked(Image.new("RGB", (0, 5)))


def test_dataclasses_and_models_show_their_fields_but_not_what_is_hidden_from_repr():
    @dataclasses.dataclass
    class Login:
        user: str
        password: str = dataclasses.field(repr=False)

    class Key(pydantic.BaseModel):
        name: str
        secret: pydantic.SecretStr

    for made in (checked(Login("ada", "pw-1")), checked([Key(name="k", secret="pw-1")])):
        assert "pw-1" not in str(made)
    assert checked(Login("ada", "pw"))["text"] == "Login(user='ada')"


def test_a_secret_inside_of_a_value_is_not_shown_and_what_is_beside_it_is():
    @dataclasses.dataclass
    class Login:
        user: str
        password: str

    key = "sk-" + "0123456789" * 3
    login = {"user": "ada", "password": "open sesame"}
    for value in (
        login,
        [login],
        {"deep": [login] * 12},
        Login("ada", "open sesame"),
        ["ada", key],
        ("ada", {"k": key}),
    ):
        made = checked(value)
        assert "ada" in str(made)
        assert "open sesame" not in str(made)
        assert key not in str(made)
        assert "hidden: it looks like a secret" in made["text"]


class Hostile:
    def __repr__(self):
        raise RuntimeError("no repr")

    def __len__(self):
        raise RuntimeError("no length")

    @property
    def __class__(self):
        raise RuntimeError("no class")


class Meta(type):
    def __getattribute__(cls, name):
        raise RuntimeError("no attributes")


class HostileType(metaclass=Meta):
    pass


class LongRepr:
    def __repr__(self):
        return "\x1b[31m" + "x" * 100_000


def test_hostile_values_have_a_preview_all_the_same():
    for value in (Hostile(), [Hostile()], {"a": Hostile()}, HostileType(), LongRepr(), [LongRepr()] * 50):
        checked(value)


def test_values_that_contain_themselves_have_a_preview():
    value: list = [1]
    value.append(value)
    checked(value)


def test_huge_values_are_looked_at_only_where_they_are_shown():
    class Watched(list):
        looked_at = 0

        def __iter__(self):
            for item in range(10**9):
                Watched.looked_at += 1
                yield item

        def __len__(self):
            return 10**9

    assert "more" in checked(Watched())["text"]
    assert Watched.looked_at < 1000
    huge = "x" * 50_000_000
    tracemalloc.start()
    for value in (huge, [huge] * 3, {"a": huge.encode}, range(10**12)):
        checked(value)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1_000_000
