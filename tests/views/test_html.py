"""Static HTML and plain text: complete, bounded, and safe whatever a user's values hold."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any

import pytest

from kitaru.store.database.rows import CALL, EXECUTION, WAIT
from kitaru.views.build import view_of
from kitaru.views.bundle import LARGEST, mime_bundle, size_of
from kitaru.views.html import as_html
from kitaru.views.model import MIME_TYPE, ExecutionView
from kitaru.views.record import Record
from kitaru.views.text import as_text

HOSTILE = "</pre><script>alert(1)</script><img src=x onerror=alert(1)>\x1b[31m\x00\u202e\"' {{ 7 * 7 }}"


class Reader(HTMLParser):
    """Collects the tags, attributes and text of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        if self.tags and self.tags[-1] != "style":
            self.text += data


def call(number: int, **told: Any) -> dict[str, Any]:
    row = dict(CALL, exec_id="kr-1", name=f"step_{number}", checkpoint=f"step{number}", sequence=number, attempts=1,
               status="completed", first_position=number + 1, position=number + 1, started_at=1.0, ended_at=2.0,
               duration=1.0)  # fmt: skip
    return row | told


def view(calls: list[dict[str, Any]], waits: Any = (), logs: Any = (), **head: Any) -> ExecutionView:
    told = {"exec_id": "kr-1", "flow": "research", "status": "running", "last_position": 9, "started_at": 1.0}
    return view_of(Record(dict(EXECUTION, **{**told, **head}), calls, list(waits), list(logs)))


def value(text: str, **preview: Any) -> dict[str, Any]:
    return {"type": "builtins.str", "size": 9, "preview": {"kind": "text", "text": text, **preview}}


def failure(message: str) -> dict[str, Any]:
    return {"type": "ValueError", "message": message, "traceback": f"File a.py\n{message}", "origin": "user_code"}


def test_hostile_values_are_text_wherever_they_stand() -> None:
    wait = dict(WAIT, exec_id="kr-1", name=HOSTILE, status="pending", question=HOSTILE, first_position=3,
                schema={"enum": [HOSTILE]})  # fmt: skip
    line = {"position": 1, "line": 0, "at": 1.0, "text": HOSTILE, "level": None, "stream": "stdout", "call": HOSTILE,
            "attempt": 1}  # fmt: skip
    shown = view(
        [
            call(
                1, name=HOSTILE, checkpoint=HOSTILE, type=HOSTILE, output=value(HOSTILE), inputs={HOSTILE: value("x")}
            ),
            call(2, status="failed", failure=failure(HOSTILE)),
            call(3, status="reused", reason="cache", why=HOSTILE),
            call(4, status="running", progress={"message": HOSTILE, "percent": 0.5}),
        ],
        [wait],
        [line],
        status="failed",
        flow=HOSTILE,
        reason=HOSTILE,
        failure=failure(HOSTILE),
        inputs={HOSTILE: value("t", kind="table", columns=[HOSTILE], rows=[[HOSTILE]])},
    )
    read = Reader(as_html(shown))
    assert not {"script", "img", "iframe", "a"} & {*read.tags}
    assert not [name for name, _ in read.attributes if name.startswith("on") or name in ("href", "src")]
    for text in (as_html(shown), as_text(shown)):
        assert not {"\x1b", "\x00", "\u202e"} & {*text}
    assert "{{ 7 * 7 }}" in read.text


def test_an_image_that_is_no_image_is_not_put_into_the_page() -> None:
    good, bad = ({"kind": "image", "text": "i", "png": png} for png in ("iVBORw0KGgo=", '"><script>'))
    assert "data:image/png;base64,iVBORw0KGgo=" in as_html(view([], status="completed", output={"preview": good}))
    assert "<script>" not in as_html(view([], status="completed", output={"preview": bad}))


def test_tokens_and_cost_have_columns_only_where_something_was_spent() -> None:
    assert "Tokens" not in as_html(view([call(1)]))
    page = as_html(view([call(1, total_tokens=1234, cost_usd=0.0042)], total_tokens=1234, cost_usd=0.0042))
    assert '<th class="kitaru-num">Tokens</th>' in page
    assert "1,234" in page
    assert "$0.0042" in page


def test_a_question_comes_with_the_command_that_answers_it() -> None:
    asked = dict(WAIT, exec_id="kr-1", name="publish", status="pending", question="Go?", schema={"type": "boolean"},
                 first_position=1)  # fmt: skip
    shown = view([], [asked], status="waiting")
    command = "kitaru executions input kr-1 --wait publish --value true"
    assert command in Reader(as_html(shown)).text
    assert command in as_text(shown)


def test_an_execution_without_calls_says_so() -> None:
    assert "No checkpoint has been called yet." in as_html(view([]))
    assert "No checkpoint was called." in as_html(view([], status="completed", ended_at=2.0))


@pytest.mark.parametrize("long", [False, True])
def test_a_bundle_of_ten_thousand_calls_stays_within_200_kb(long: bool) -> None:
    text = "x" * 5_000 if long else "42"
    calls = [
        call(n, output=value(text), inputs={f"argument_{i}": value(text) for i in range(8)}, failure=failure(text))
        for n in range(10_000)
    ]
    bundle = mime_bundle(view(calls))
    assert size_of(bundle) <= LARGEST
    document = bundle[MIME_TYPE]
    assert document["hidden"] + len(document["rows"]) == 10_000
    assert document["totals"]["calls"] == 10_000
    assert "rows in between are not shown" in bundle["text/html"]


def test_a_view_reads_without_its_style_sheet() -> None:
    page = as_html(view([call(1, output=value("42"))]))
    body = page[page.index("</style>") :]
    assert "style=" not in body.replace('style="width:', "")
    assert Reader(body).text.split()[:3] == ["●", "research", "running"]


REPORT = "# Bern\n\n*Quiet*, with **bears**.\n\n- river\n- <b>old town</b>\n\n[more](https://example.org) ![](https://example.org/a.png)"


def result(preview: dict[str, Any]) -> str:
    return as_html(view([], status="completed", output={"type": "builtins.str", "preview": preview}))


def test_a_saved_notebook_becomes_a_page_with_the_whole_view() -> None:
    from nbconvert import HTMLExporter
    from nbformat.v4 import new_code_cell, new_notebook, new_output

    bundle = mime_bundle(view([call(0, output=value("'forty-two'"))], status="completed", ended_at=2.0))
    notebook = new_notebook(cells=[new_code_cell("1", outputs=[new_output("display_data", bundle)])])
    page, _ = HTMLExporter(template_name="basic").from_notebook_node(notebook)
    saved, converted = Reader(bundle["text/html"]), Reader(page)
    assert "'forty-two'" in saved.text
    assert " ".join(saved.text.split()) in " ".join(converted.text.split())
    assert "script" not in converted.tags


def test_a_result_that_is_written_as_markdown_is_shown_as_markdown_and_html_in_it_as_text() -> None:
    page = result({"kind": "text", "text": "'# Bern…'", "value": REPORT, "length": 5_000})
    assert "<h1>Bern</h1>" in page
    assert "<em>Quiet</em>" in page
    assert "<li>&lt;b&gt;old town&lt;/b&gt;</li>" in page
    assert 'rel="noopener noreferrer"' in page
    assert "<img" not in page
    assert "5,000 characters" in page


@pytest.mark.parametrize(
    "text", ["x**2 + y**2\n= 25", "# set up\nimport this", "first line\nsecond line", "a | b\nc | d", "- one"]
)
def test_a_result_that_is_no_markdown_keeps_its_lines(text: str) -> None:
    assert f"<pre>{text}</pre>" in result({"kind": "text", "text": text, "value": text})


def test_markdown_does_not_run_anything() -> None:
    page = result({"kind": "text", "text": "", "value": "**a**\n\n[x](javascript:alert(1)) <script>alert(2)</script>"})
    read = Reader(page)
    assert not {"script", "a"} & {*read.tags}


def test_what_a_model_says_is_shown_to_its_end_while_it_speaks() -> None:
    text = "It all began. " * 100 + "<b>and then"
    head = dict(EXECUTION, exec_id="kr-1", flow="research", status="running", last_position=9, started_at=1.0)
    speaking = call(1, status="running", ended_at=None, duration=None)
    shown = view_of(Record(head, [speaking], streams={"step_1": (1, text)}))
    assert "It all began. &lt;b&gt;and then</span>" in as_html(shown)
    assert as_text(shown).endswith("<b>and then")
    assert len(as_text(shown).splitlines()[-1]) < 150
    ended = view_of(Record(head, [call(1, output=value("'done'"))], streams={"step_1": (1, text)}))
    assert "It all began" not in as_html(ended)


def test_a_failure_comes_before_everything_else() -> None:
    shown = view(
        [call(1), call(2, status="failed", failure=failure("inside"))],
        status="failed",
        failure=failure("no <b>page</b>"),
        failed_call="step_2",
    )
    page = as_html(shown)
    assert page.index("no &lt;b&gt;page&lt;/b&gt;") < page.index("File a.py") < page.index("<table")
    assert "in step_2" in page


def test_a_typical_bundle_of_ten_thousand_calls_has_room_left() -> None:
    calls = [call(n, output=value("'result 1234'"), inputs={"n": value("1234")}) for n in range(10_000)]
    assert size_of(mime_bundle(view(calls))) < 0.7 * LARGEST
