"""Stored values in the browser: bounded, with safe headers, never unpickled."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING
from urllib.parse import quote

import pyarrow as pa
import pytest

if TYPE_CHECKING:
    from tests.jupyter.conftest import Answer, Ask, Recorded


@pytest.fixture
def content(ask: Ask, shown: Recorded):
    def get(name: str, **asked: object) -> Answer:
        return ask(f"artifacts/{quote(f'{shown.keeping}/keep/{name}', safe='')}/content", **asked)

    return get


def test_artifacts_say_how_their_content_can_be_had(ask: Ask, shown: Recorded) -> None:
    told = {item["name"]: item for item in ask(f"executions/{shown.keeping}/artifacts").json}
    assert {name: item["formats"] for name, item in told.items()} == {
        "table": ["raw", "table"],
        "image": ["raw", "png"],
        "array": ["raw"],
        "bytes": ["raw"],
        "bomb": [],
        "long": ["raw", "text", "json"],
        '..\\evil\r\n"name; ☠': ["raw", "json"],
        "output": ["raw", "text", "json"],
    }
    assert (told["table"]["saved"], told["output"]["saved"], told["table"]["call"]) == (True, False, "keep")
    one = ask(f"artifacts/{quote(told['table']['artifact_id'], safe='')}").json
    assert one == told["table"]


def test_the_slashes_of_an_id_may_come_decoded_as_some_proxies_do(ask: Ask, shown: Recorded) -> None:
    assert ask(f"artifacts/{shown.keeping}/keep/bytes").json["name"] == "bytes"
    assert ask(f"artifacts/{shown.keeping}/keep/bytes/content").body == b"\x00\x01"


def test_a_download_can_do_no_harm_in_the_browser(content) -> None:
    told = content('..\\evil\r\n"name; ☠')
    assert told.json == {"a": [1, 2]}
    assert told.headers["X-Content-Type-Options"] == "nosniff"
    assert told.headers["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert told.headers["Content-Disposition"].startswith("attachment; filename=")
    assert "evil" in told.headers["Content-Disposition"]
    assert not {"/", "\r", "\n"} & set(told.headers["Content-Disposition"].partition("UTF-8")[0])


def test_a_long_text_is_downloaded_as_text(content) -> None:
    told = content("long")
    assert told.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert told.body.decode() == 'ä\n"\\u\x01' * 400_000


@pytest.mark.parametrize(("offset", "limit"), [(0, 10), (5, 7), (1_000_003, 50), (2_399_998, 10), (3_000_000, 5)])
def test_a_part_of_a_long_text_is_shown(content, offset: int, limit: int) -> None:
    whole = 'ä\n"\\u\x01' * 400_000
    told = content("long", format="text", offset=offset, limit=limit).json
    assert told["text"] == whole[offset : offset + limit]
    assert told["more"] == (offset + limit < len(whole))


def test_plain_data_that_is_too_large_to_show_can_still_be_downloaded(content) -> None:
    assert content("long", format="json").status == 413
    assert content("output", format="json").json == {"value": "kept"}


def test_rows_of_a_table_are_paged(content) -> None:
    told = content("table", format="table", offset=2498, limit=5).json
    assert told["columns"] == ["n", "word", "f"]
    assert told["rows"] == [[2498, "w2498", None], [2499, "w2499", None]]
    assert (told["total"], told["dtypes"][0]) == (2500, "int64")


def test_a_table_is_downloaded_as_an_arrow_stream(content) -> None:
    with pa.ipc.open_stream(io.BytesIO(content("table").body)) as stream:
        assert stream.read_all().num_rows == 2500


def test_an_image_is_a_png(content) -> None:
    told = content("image", format="png")
    assert (told.headers["Content-Type"], told.body[:4]) == ("image/png", b"\x89PNG")


def test_a_pickled_value_is_only_previewed(content, shown: Recorded) -> None:
    for wanted in ("raw", "text", "json", "table", "png"):
        told = content("bomb", format=wanted)
        assert told.status == 406
        assert "run code" in told.json["message"]
    assert not shown.mark.exists()


def test_a_format_that_a_value_does_not_have_is_refused_with_those_it_has(content) -> None:
    told = content("bytes", format="table")
    assert (told.status, told.json["places"][0]["place"]) == (406, "format")
    assert "possible is: raw" in told.json["message"]


def test_nothing_that_is_asked_about_a_value_unpickles_it(ask: Ask, shown: Recorded) -> None:
    for path in ("", "/calls", "/calls/keep", "/artifacts", "/logs"):
        assert ask(f"executions/{shown.keeping}{path}").status == 200
    assert ask(f"executions/{shown.keeping}/diff", **{"with": shown.report}).status == 200
    asked = {"dry_run": True, "flow_overrides": {"size": 3}}
    assert ask(f"executions/{shown.keeping}/replay", "POST", asked).status == 200
    assert not shown.mark.exists()
