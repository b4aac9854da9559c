"""What a route is: its address, what it takes, what it answers, and the function that does it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

import orjson
from pydantic import ValidationError

from kitaru.jupyter.failures import usage_error, validation_error
from kitaru.jupyter.models import Asked, HomeQuery

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from kitaru.client import KitaruClient
    from kitaru.jupyter.homes import Home, Homes

Q = TypeVar("Q", bound=HomeQuery)
B = TypeVar("B", bound=Asked | None)

MAX_BODY: Final = 8 << 20
"""Bytes of the largest body that is read."""

_OF_JUPYTER: Final = frozenset({"token", "_xsrf", "no_track_activity"})
"""Parameters that Jupyter's server itself understands."""


@dataclass(frozen=True, slots=True)
class Request(Generic[Q, B]):
    """A request as the functions get it: checked, and with the home that it is about."""

    home: Home
    query: Q
    body: B
    path: dict[str, str]
    user: str | None
    """Name of who asks; None where Jupyter does not know more than that they may."""
    homes: Homes
    """All homes that can be shown."""

    kernel_specs: Any
    """The server's `KernelSpecManager`."""

    @property
    def client(self) -> KitaruClient:
        """The home's client.

        Raises
        ------
        KitaruNotFoundError
            If nothing is recorded there yet.
        """
        return self.home.require()


@dataclass(frozen=True, slots=True)
class Download:
    """Bytes for the browser to keep rather than to show."""

    pieces: Iterator[bytes]
    name: str
    media_type: str
    size: int | None = None


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A route and a verb.

    Parameters
    ----------
    method, path
        ``GET``, ``POST`` or ``DELETE``, and the address below ``/kitaru/api/``, with names in braces.
    run
        Called on a thread of the home; None for the stream of changes, which is no single answer.
    answer
        Model of the answer, ``list[Model]``, or a sentence where it is no JSON.
    polled
        Whether pages ask for it by themselves: that does not count as somebody's activity.
    """

    method: str
    path: str
    summary: str
    run: Callable[[Request[Any, Any]], Any] | None
    answer: Any
    query: type[HomeQuery] = HomeQuery
    body: type[Asked] | None = None
    polled: bool = False
    listing: str | None = "kitaru executions list"
    """The command that lists what there is, for what is not there."""

    refusals: dict[int, str] = field(default_factory=dict)
    """What its own refusals mean, beside those that every route has."""

    @property
    def pattern(self) -> str:
        """The address as a regular expression. An artifact's id has slashes, which some proxies decode."""
        return re.sub(r"\{(\w+)\}", lambda name: f"(?P<{name[1]}>{_PART.get(name[1], '[^/]+')})", self.path)


_PART: Final = {"artifact_id": ".+"}


def parse_query(model: type[Q], given: dict[str, list[bytes]]) -> Q:
    """Read the parameters of an address.

    Raises
    ------
    RequestError
        With the name of each parameter that is unknown or does not fit.
    """
    told: dict[str, Any] = {}
    lists = {field.alias or name for name, field in model.model_fields.items() if field.metadata and _takes_many(field)}
    for name, values in given.items():
        if name in _OF_JUPYTER or _is_against_caches(name, values):
            continue
        try:
            texts = [value.decode() for value in values]
        except UnicodeDecodeError:
            raise usage_error(f"The parameter {name!r} is no UTF-8 text.", place=name) from None
        if len(texts) > 1 and name not in lists:
            raise usage_error(f"The parameter {name!r} is given {len(texts)} times.", place=name)
        told[name] = texts if name in lists else texts[0]
    try:
        return model.model_validate(told)
    except ValidationError as error:
        raise validation_error(error, "request's parameters") from None


def parse_body(model: type[Asked], given: bytes) -> Asked:
    """Read a request's body, a JSON object; nothing at all is an empty one.

    Raises
    ------
    RequestError
        If it is too large, no JSON object, or has fields that are unknown or do not fit.
    """
    if len(given) > MAX_BODY:
        raise usage_error(f"The body is larger than the {MAX_BODY >> 20} MB that are taken here.", status=413)
    try:
        told = orjson.loads(given or b"{}")
    except orjson.JSONDecodeError as error:
        raise usage_error(f"The body is no JSON: {error}.") from None
    if not isinstance(told, dict):
        raise usage_error(f"The body is a JSON {type(told).__name__}; an object is expected.")
    try:
        return model.model_validate(told)
    except ValidationError as error:
        raise validation_error(error, "request's body") from None


def _takes_many(field: Any) -> bool:
    return "list[str]" in str(field.annotation)


def _is_against_caches(name: str, values: list[bytes]) -> bool:
    # JupyterLab appends the time to what it fetches.
    return name.isdigit() and values == [b""]
