from __future__ import annotations

import dataclasses
import enum
import typing
from dataclasses import dataclass, field
from decimal import Decimal

import pydantic
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kitaru.errors import KitaruSerializationError
from kitaru.runtime.values import decode, digest, encode


class Colour(enum.Enum):
    RED = 1
    ROUGE = 1  # noqa: PIE796
    BLUE = (1, 2)


class Mode(enum.StrEnum):
    FAST = "fast"


class Access(enum.Flag):
    READ = 1
    WRITE = 2


class Point(typing.NamedTuple):
    x: int
    label: object = None


@dataclass
class Job:
    name: str
    tags: set[str] = field(default_factory=set)
    inner: object = None


@dataclass(frozen=True, slots=True)
class Frozen:
    x: object
    y: object = ()


@dataclass
class WithSecret:
    x: int
    hidden: int = field(init=False, repr=False, compare=False, default=7)


@dataclass
class OwnState:
    x: int

    def __getstate__(self):
        return {"x": self.x + 1}


@dataclass
class Growing(dict):
    x: int = 0


class Address(pydantic.BaseModel):
    street: str
    number: int | None = None


class Person(pydantic.BaseModel):
    name: str
    money: Decimal = Decimal("0")
    homes: list[Address] = []
    extra: typing.Any = None
    _memo: dict[str, int] = pydantic.PrivateAttr(default_factory=dict)


class Aliased(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(extra="forbid")
    python_name: int = pydantic.Field(alias="jsonName")

    @pydantic.computed_field
    def double(self) -> int:
        return self.python_name * 2


class Open(pydantic.BaseModel, extra="allow"):
    x: int


class OwnPickle(pydantic.BaseModel):
    x: int

    def __reduce__(self):
        return OwnPickle.model_construct, (None,), {**self.__getstate__(), "__dict__": {"x": self.x + 1}}


class Locked(pydantic.BaseModel):
    key: pydantic.SecretStr


anything = st.one_of(st.integers(), st.text(), st.tuples(st.integers()), st.sampled_from(Colour), st.floats())
instances = st.recursive(
    anything,
    lambda inner: st.one_of(
        st.builds(Job, st.text(), st.sets(st.text()), inner),
        st.builds(Frozen, inner, inner),
        st.builds(Point, st.integers(), inner),
        st.lists(inner, max_size=3),
    ),
    max_leaves=8,
)


@given(value=instances)
@settings(max_examples=60, deadline=None)
def test_instances_of_importable_classes_are_json(stored, value):
    record, back = stored([value])
    assert record["codec"] in ("json", "json-tagged")
    assert digest(back) == digest([value]) is not None


def test_enum_members_stay_the_members_that_they_are(stored):
    for member in (Colour.RED, Colour.ROUGE, Colour.BLUE, Mode.FAST, Access.READ):
        record, back = stored({"m": member})
        assert record["codec"] == "json-tagged"
        assert back["m"] is member


def test_combined_flags_come_back(stored):
    assert stored(Access.READ | Access.WRITE)[1] == Access.READ | Access.WRITE


def test_named_tuples_keep_class_and_parts(stored):
    back = stored(Point(1, (2,)))[1]
    assert type(back) is Point
    assert back == Point(1, (2,))


def test_dataclasses_keep_all_fields_also_those_that_init_does_not_take(stored):
    value = WithSecret(1)
    value.hidden = 8
    record, back = stored(value)
    assert record["codec"] == "json-tagged"
    assert vars(back) == {"x": 1, "hidden": 8}


def test_dataclasses_are_restored_without_running_their_init(stored):
    assert dataclasses.astuple(stored(Frozen((1,), {2}))[1]) == ((1,), {2})


@pytest.mark.parametrize("value", [OwnState(1), Growing(x=3)])
def test_dataclasses_with_a_pickle_form_of_their_own_keep_it(stored, value):
    record, back = stored(value)
    assert record["codec"] == "cloudpickle"
    assert type(back) is type(value)


def test_attributes_beside_the_fields_are_kept(stored):
    value = Job("a")
    value.note = "added"  # type: ignore[attr-defined]
    assert stored(value)[1].note == "added"


@given(
    value=st.builds(
        Person,
        name=st.text(),
        money=st.decimals(allow_nan=False, allow_infinity=False),
        homes=st.lists(st.builds(Address, street=st.text(), number=st.none() | st.integers()), max_size=2),
        extra=st.none() | st.integers() | st.text() | st.tuples(st.integers()) | st.floats() | st.sampled_from(Colour),
    )
)
@settings(max_examples=60, deadline=None)
def test_pydantic_models_come_back_exactly(stored, same, value):
    back = stored(value)[1]
    assert type(back) is Person
    assert same(back.__dict__, value.__dict__) or repr(back) == repr(value)
    assert back.model_fields_set == value.model_fields_set


def test_a_pydantic_model_that_json_holds_is_readable_json(stored):
    record, back = stored(Person(name="Ada", homes=[Address(street="x")]))
    assert record["codec"] == "json-tagged"
    assert record["inline"]["v"][1]["name"] == "Ada"
    assert not back.homes[0].model_fields_set - {"street"}
    assert back.homes == [Address(street="x")]


@pytest.mark.parametrize(
    "value",
    [
        Person(name="x", extra=(1, 2)),
        Person(name="x", extra=Mode.FAST),
        Person.model_construct(name=5),
        Open(x=1, other=(2,)),
        Locked(key="pw"),
    ],
)
def test_a_pydantic_model_that_a_json_dump_would_change_comes_back_as_it_was(stored, value):
    record, back = stored(value)
    assert record["codec"] == ("cloudpickle" if isinstance(value, Locked) else "json-tagged")
    assert back == value
    assert repr(back) == repr(value)
    assert digest(back) == digest(value)


def test_a_model_that_pickles_in_its_own_way_keeps_it(stored):
    record, back = stored(OwnPickle(x=1))
    assert record["codec"] == "cloudpickle"
    assert back.x == 2


def test_private_attributes_of_models_are_kept(stored):
    value = Person(name="x")
    value._memo["a"] = 1
    assert stored(value)[1]._memo == {"a": 1}


def test_aliases_and_computed_fields_do_not_hinder_json(stored):
    record, back = stored([Aliased(jsonName=3)])
    assert record["codec"] == "json-tagged"
    assert back == [Aliased(jsonName=3)]


def test_a_model_whose_class_has_changed_says_so(payloads):
    for value in (Address(street="x"), Job("x")):
        record = encode(value, payloads)
        record["inline"]["v"][1] = {"road": "x"}
        with pytest.raises(KitaruSerializationError, match=r"(?s)no longer fits.*no '(street|name)'.*default"):
            decode(record, payloads)


def test_fields_that_a_class_got_since_take_their_defaults(payloads):
    record = encode([Person(name="x"), Job("x")], payloads)
    for instance, name in zip(record["inline"], ("homes", "tags"), strict=True):
        del instance["v"][1][name]
    person, job = decode(record, payloads)
    assert (person.homes, job.tags) == ([], set())


def test_a_class_that_is_gone_is_named(payloads):
    record = encode(Job("a"), payloads)
    for name in (f"{__name__}:Renamed", "no_such_module:Job"):
        record["inline"]["v"][0] = name
        with pytest.raises(KitaruSerializationError, match=rf"{name.replace(':', '.')}, which cannot be imported"):
            decode(record, payloads)


def test_local_classes_travel_by_value(stored):
    @dataclass
    class Local:
        x: int

    record, back = stored(Local(1))
    assert record["codec"] == "cloudpickle"
    assert back.x == 1
