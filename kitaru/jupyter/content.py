"""Stored values for the browser, read without unpickling: downloads, and parts of texts, plain data, tables, images."""

from __future__ import annotations

import codecs
import hashlib
import math
import mmap
import re
from base64 import b64decode
from typing import TYPE_CHECKING, Any, Final, Literal

import orjson

from kitaru.errors import KitaruCorruptionError
from kitaru.jupyter.endpoints import Download
from kitaru.jupyter.failures import usage_error
from kitaru.jupyter.models import JsonContent, TablePage, TextPage
from kitaru.store.payloads import FilePayloads

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from kitaru.store.payloads import PayloadStore

Format = Literal["raw", "text", "json", "table", "png"]

LARGEST_JSON: Final = 1 << 20
LARGEST_FETCH: Final = 256 << 20
"""Bytes of the largest value that is fetched whole from another machine to show a part of it."""

MOST_COLUMNS: Final = 200
MOST_TABLE_ROWS: Final = 1_000
_CELL: Final = 1_000
_CHUNK: Final = 1 << 20
_SAFE: Final = 2**53
_TABLES: Final = frozenset({"pandas", "polars", "arrow"})
_MEDIA: Final = {
    "json": ("application/json", "json"),
    "json-tagged": ("application/json", "json"),
    "numpy": ("application/octet-stream", "npy"),
    "pandas": ("application/vnd.apache.arrow.stream", "arrows"),
    "arrow": ("application/vnd.apache.arrow.stream", "arrows"),
    "polars": ("application/vnd.apache.arrow.file", "arrow"),
    "image": ("image/png", "png"),
}
_HALF: Final = re.compile(r"\\(?:u[0-9a-fA-F]{0,3})?\Z")
"""What may be an escape that the end of a piece cuts in two, unless its backslash is escaped itself."""


def formats(record: Mapping[str, Any]) -> list[Format]:
    """Say how a value's content can be had.

    Examples
    --------
    >>> formats({"codec": "json", "type": "builtins.str"}), formats({"codec": "cloudpickle", "type": "app.Thing"})
    (['raw', 'text', 'json'], [])
    """
    codec = record["codec"]
    if codec == "cloudpickle":
        return []
    if codec == "json":
        return ["raw", "text", "json"] if _is_text(record) else ["raw", "json"]
    if codec in _TABLES:
        return ["raw", "table"]
    return ["raw", "png"] if codec == "image" else ["raw"]


def check(record: Mapping[str, Any], wanted: Format, artifact_id: str) -> None:
    """Refuse what a value cannot be shown as.

    Raises
    ------
    RequestError
        With the ways that there are.
    """
    possible = formats(record)
    if not possible:
        raise usage_error(
            f"{artifact_id} is pickled, and reading it would run code: only its preview is shown. Read it in a "
            f"notebook with KitaruClient().artifacts.get({artifact_id!r}).load().",
            place="format",
            status=406,
        )
    if wanted not in possible:
        told = ", ".join(possible)
        raise usage_error(
            f"{artifact_id} cannot be had as {wanted!r}; possible is: {told}.", place="format", status=406
        )


def download(record: Mapping[str, Any], payloads: PayloadStore, name: str) -> Download:
    """Return the encoded bytes, or the text itself of a text; large ones are read piece by piece."""
    if record["codec"] == "json" and _is_text(record):
        pieces = (text.encode() for text in _texts(_pieces(record, payloads)))
        return Download(pieces, f"{name}.txt", "text/plain; charset=utf-8")
    media, ending = _MEDIA.get(record["codec"], ("application/octet-stream", "bin"))
    if record["codec"] in _TABLES:  # without the mark that says which class of table it was
        return Download(_without_last(_pieces(record, payloads)), f"{name}.{ending}", media, record["size"] - 1)
    return Download(_pieces(record, payloads), f"{name}.{ending}", media, record["size"])


def text_page(record: Mapping[str, Any], payloads: PayloadStore, offset: int, limit: int) -> TextPage:
    """Return a part of a text."""
    found, skip, more = [], offset, False
    room = limit
    for text in _texts(_pieces(record, payloads)):
        part = text[skip:]
        skip = max(0, skip - len(text))
        found.append(part[:room])
        more = len(part) > room
        room -= len(found[-1])
        if more:
            break
    return TextPage(text="".join(found), offset=offset, more=more)


def json_content(record: Mapping[str, Any], payloads: PayloadStore) -> JsonContent:
    """Return plain data.

    Raises
    ------
    RequestError
        If it is too large for a page; it can still be downloaded.
    """
    if record["size"] > LARGEST_JSON:
        raise usage_error(
            f"The value has {record['size']} bytes of JSON, too many to show at once. Download it, or read it in a "
            "notebook.",
            status=413,
        )
    if "payload" in record:
        return JsonContent(value=orjson.loads(payloads.get(record["payload"])))
    return JsonContent(value=record["inline"])


def table_page(record: Mapping[str, Any], payloads: PayloadStore, offset: int, limit: int) -> TablePage:
    """Return rows of a table."""
    import pyarrow as pa

    content = memoryview(_all_bytes(record, payloads))[:-1]
    source = pa.py_buffer(content)
    reader = pa.ipc.open_file(source) if record["codec"] == "polars" else pa.ipc.open_stream(source)
    with reader:
        table = reader.read_all()
    names = [str(name) for name in table.column_names]
    shown = table.slice(offset, min(limit, MOST_TABLE_ROWS)).select(list(range(min(len(names), MOST_COLUMNS))))
    columns = [[cell(value) for value in column.to_pylist()] for column in shown.columns]
    return TablePage(
        columns=names[:MOST_COLUMNS],
        dtypes=[str(kind)[:200] for kind in table.schema.types[:MOST_COLUMNS]],
        rows=[list(row) for row in zip(*columns, strict=True)],
        offset=offset,
        total=table.num_rows,
        hidden_columns=max(0, len(names) - MOST_COLUMNS),
    )


def cell(value: Any) -> Any:
    """Turn a cell into JSON that every browser reads alike.

    Examples
    --------
    >>> cell(1.5), cell(float("nan")), cell(2**60), cell(b"abc")
    (1.5, None, '1152921504606846976', '<3 bytes>')
    """
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return value if -_SAFE <= value <= _SAFE else str(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None if math.isnan(value) else str(value)
    text = f"<{len(value)} bytes>" if isinstance(value, bytes) else value if isinstance(value, str) else str(value)
    return text if len(text) <= _CELL else f"{text[: _CELL - 1]}…"


def _is_text(record: Mapping[str, Any]) -> bool:
    return bool(record["type"] == "builtins.str")


def _local(record: Mapping[str, Any], payloads: PayloadStore) -> Path | None:
    return payloads.local_path(record["payload"]) if isinstance(payloads, FilePayloads) else None


def _pieces(record: Mapping[str, Any], payloads: PayloadStore) -> Iterator[bytes]:
    """Yield a value's encoded bytes."""
    if "payload" not in record:
        yield _inline(record)
        return
    path = _local(record, payloads)
    if path is None:
        yield payloads.get(record["payload"])
        return
    found = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(_CHUNK):
            found.update(piece)
            yield piece
    if found.hexdigest() != record["payload"]:
        raise KitaruCorruptionError(f"The payload file {path} does not hold what was written. See: kitaru store verify")


def _all_bytes(record: Mapping[str, Any], payloads: PayloadStore) -> Any:
    """Return a value's encoded bytes; those of a file are mapped rather than read."""
    if "payload" not in record:
        return _inline(record)
    path = _local(record, payloads)
    if path is not None:
        with path.open("rb") as file:
            return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    if record["size"] > LARGEST_FETCH:
        raise usage_error(
            f"The value has {record['size']} bytes and is on another machine. Read it in a notebook.", status=413
        )
    return payloads.get(record["payload"])


def _inline(record: Mapping[str, Any]) -> bytes:
    if record["codec"] in ("json", "json-tagged"):
        return orjson.dumps(record["inline"])
    return b64decode(record["inline"])


def _without_last(pieces: Iterator[bytes]) -> Iterator[bytes]:
    before = b""
    for piece in pieces:
        if before:
            yield before
        before = piece
    yield before[:-1]


def _texts(pieces: Iterator[bytes]) -> Iterator[str]:
    """Read a JSON string bit by bit; an escape that the end of a piece cuts in two waits for the next."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    held, first = "", True
    for piece in pieces:
        held += decoder.decode(piece)
        if first:
            held, first = held.removeprefix('"'), False
        cut = _whole(held[:-1])  # the last one may be the closing quote
        yield orjson.loads(f'"{held[:cut]}"')
        held = held[cut:]
    yield orjson.loads(f'"{held}')


def _whole(text: str) -> int:
    """Return how much of a part of a JSON string has no half escape at its end."""
    half = _HALF.search(text)
    if half is None:
        return len(text)
    before = text[: half.start() + 1]
    is_escape = (len(before) - len(before.rstrip("\\"))) % 2
    return half.start() if is_escape else len(text)
