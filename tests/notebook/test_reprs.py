"""What a cell shows of handles, executions, values, questions, comparisons and deployments."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from kitaru.client import KitaruClient
from kitaru.client.models import ArtifactRef, PendingWait, ValueInfo
from kitaru.views.model import MIME_TYPE

HOSTILE = "</pre><script>alert(1)</script><img src=x onerror=alert(1)>\x1b[31m\x00\u202e\"' {{ 7 * 7 }}"

FLOWS = """
import kitaru

@kitaru.checkpoint(cache=False)
def step(n: int, note: str = "") -> str:
    return f"first line\\nstep {n} {note}\\nlast line"

@kitaru.checkpoint(cache=False)
def table() -> object:
    import pandas
    return pandas.DataFrame({"city": ["<b>Bern</b>", "Graz"], "people": [134_000, 292_000]})

@kitaru.flow
def research(n: int, note: str = "") -> int:
    text = step(n, note)
    kitaru.save("report.md", f"# Report\\n\\n*{n}* <b>bold</b> [run](javascript:alert(1)) ![](https://example.org/a.png)")
    kitaru.save("tree", {"pages": [1, {"deep": text}], "<i>": None})
    table()
    return n

@kitaru.flow
def failing() -> int:
    raise ValueError("</div><script>alert(2)</script>")
"""


@pytest.fixture
def client(run: Any) -> KitaruClient:
    run(FLOWS)
    return KitaruClient()


@pytest.fixture
def bundle(shell: Any) -> Any:
    """What the shell sends to the front end for a value."""
    return lambda value: shell.display_formatter.format(value)[0]


@pytest.fixture
def ended(run: Any, client: KitaruClient) -> Any:
    """Run a flow to its end; return its execution."""

    def execution(call: str) -> Any:
        handle = run(f"_handle = {call}; _handle.wait(); _handle")
        return client.executions.get(handle.exec_id)

    return execution


def artifact(preview: dict[str, Any], **told: Any) -> ArtifactRef:
    value = ValueInfo(text="a value", type="builtins.str", size=9, preview=preview)
    known = {"artifact_id": "kr-1/a/x", "exec_id": "kr-1", "name": "x", "kind": None, "save_type": "manual"}
    more = {"producing_call": "a", "tags": [], "created_at": None, "value": value}
    return ArtifactRef.model_validate({**known, **more, **told})


def test_an_execution_is_shown_as_the_view_of_what_it_is_now(ended: Any, bundle: Any) -> None:
    shown = bundle(ended("research.run(3)"))
    assert shown[MIME_TYPE]["status"] == "completed"
    assert "<strong>research</strong>" in shown["text/html"]
    assert "step" in shown["text/plain"]


def test_an_execution_whose_store_does_not_have_it_is_shown_as_it_was_read(ended: Any, bundle: Any) -> None:
    gone = ended("research.run(3)").model_copy(update={"exec_id": "kr-000000000000"})
    shown = bundle(gone)
    assert MIME_TYPE not in shown
    assert "This is what was read before." in shown["text/html"]
    assert shown["text/plain"] == repr(gone)


def test_a_handle_outside_of_a_kernel_is_shown_as_text(run: Any, client: KitaruClient, capsys: Any) -> None:
    run("handle = research.run(4); handle.wait()")
    capsys.readouterr()
    run("handle")
    told = capsys.readouterr().out
    assert "✓ research" in told
    assert "step" in told


def test_a_list_of_executions_is_a_table(ended: Any, client: KitaruClient, bundle: Any) -> None:
    one = ended("research.run(1)")
    page = bundle(client.executions.list())["text/html"]
    assert page.count("<tr") == 2
    assert one.exec_id in page
    assert "✓" in page
    assert "Cost" not in page, "a column without a value is left out"


def test_a_list_says_how_many_there_are_besides_and_when_there_is_none(
    ended: Any, client: KitaruClient, bundle: Any
) -> None:
    ended("research.run(1)")
    ended("research.run(2)")
    assert "1 to 1 of 2 executions" in bundle(client.executions.list(limit=1))["text/html"]
    assert "There are no such executions." in bundle(client.executions.list(flow="other"))["text/html"]


def test_values_are_shown_as_tables_trees_and_markdown(ended: Any, bundle: Any) -> None:
    found = {item.name: item for item in ended("research.run(5)").artifacts if item.save_type == "manual"}
    report, tree = bundle(found["report.md"])["text/html"], bundle(found["tree"])["text/html"]
    assert "<h1>Report</h1>" in report
    assert "<em>5</em>" in report
    assert "<b>" not in report
    assert "<img" not in report
    assert 'href="javascript' not in report
    assert "<summary>2 items</summary>" in tree
    assert "<dt>&lt;i&gt;</dt>" in tree


def test_a_data_frame_is_shown_as_a_table_with_its_shape(ended: Any, bundle: Any) -> None:
    shown = bundle(ended("research.run(5)").call("table").artifacts[0])["text/html"]
    assert "<th>city</th>" in shown
    assert "<td>&lt;b&gt;Bern&lt;/b&gt;</td>" in shown
    assert "2 × 2" in shown


def test_an_image_is_shown_from_its_preview(bundle: Any) -> None:
    assert (
        '<img alt="a value" src="data:image/png;base64,aGk="'
        in bundle(artifact({"kind": "image", "text": "a value", "png": "aGk="}))["text/html"]
    )
    assert "<img" not in bundle(artifact({"kind": "image", "text": "i", "png": '"><script>'}))["text/html"]


def test_a_preview_that_is_cut_says_how_the_rest_is_read(bundle: Any) -> None:
    assert ".load()" in bundle(artifact({"kind": "json", "data": [1], "cut": True}))["text/html"]
    assert ".load()" not in bundle(artifact({"kind": "json", "data": [1]}))["text/html"]


@pytest.mark.parametrize(
    "preview",
    [
        {"kind": "text", "text": HOSTILE, "value": HOSTILE},
        {"kind": "json", "text": HOSTILE, "data": {HOSTILE: [HOSTILE, {HOSTILE: HOSTILE}]}},
        {"kind": "table", "text": HOSTILE, "columns": [HOSTILE], "rows": [[HOSTILE]], "shape": [1, 1]},
        {"kind": "object", "text": HOSTILE},
    ],
)
def test_hostile_values_are_text(bundle: Any, preview: dict[str, Any]) -> None:
    for name in (HOSTILE, "x.md"):
        page = bundle(artifact(preview, name=name, tags=[HOSTILE]))["text/html"]
        assert "<script" not in page
        assert "<img" not in page
        assert not {"\x1b", "\x00", "\u202e"} & set(page)


def test_a_call_is_shown_with_what_it_took_and_returned(ended: Any, bundle: Any) -> None:
    shown = bundle(ended(f"research.run(6, {HOSTILE!r})").call("step"))["text/html"]
    assert "<dt>n</dt><dd>" in shown
    assert "step 6" in shown
    assert "<script" not in shown


def test_a_question_is_shown_with_the_command_that_answers_it(bundle: Any) -> None:
    wait = PendingWait.model_construct(
        exec_id="kr-1", flow_name="news", name="publish", question=HOSTILE, json_schema={"type": "boolean"},
        metadata={}, entered_waiting_at=None, deadline=None, default=None,
    )  # fmt: skip
    shown = bundle(wait)["text/html"]
    assert "kitaru executions input kr-1 --wait publish --value true" in shown
    assert "<script" not in shown


def test_a_comparison_is_shown_side_by_side(ended: Any, client: KitaruClient, bundle: Any) -> None:
    one, other = ended("research.run(1)"), ended(f"research.run(2, {HOSTILE!r})")
    shown = bundle(client.diff(one.exec_id, other.exec_id))["text/html"]
    assert shown.index(f"<th>{one.exec_id}</th>") < shown.index(f"<th>{other.exec_id}</th>")
    assert '<td class="kitaru-gone"><pre>step 1 </pre></td><td class="kitaru-new"><pre>step 2' in shown
    assert "<td><pre>first line</pre></td><td><pre>first line</pre></td>" in shown
    assert "<script" not in shown


def test_a_comparison_with_nothing_says_so(ended: Any, client: KitaruClient, bundle: Any) -> None:
    assert "it has no replays" in bundle(client.diff(ended("research.run(1)").exec_id))["text/html"]


DEPLOYED = """
import datetime, kitaru
from typing import Literal
from pydantic import BaseModel

class Style(BaseModel):
    words: int = 300

@kitaru.flow
def report(topic: str, tone: Literal["dry", "warm"] = "dry", style: Style | None = None,
           due: datetime.date = datetime.date(2026, 12, 24), tags: list[str] = ["<b>new</b>"]) -> str:
    \"\"\"Write a <i>report</i>.\"\"\"
    return topic
"""


@pytest.fixture
def deployed(run: Any) -> Any:
    run(DEPLOYED)
    return run("report.deploy(tags={'stable': True, 'canary': False})")


def test_a_deployment_is_shown_with_its_parameters_origin_and_invocation(deployed: Any, bundle: Any) -> None:
    html = bundle(deployed)["text/html"]
    for told in (
        "<strong>report</strong>",
        "version 1",
        "default, stable, canary (shared)",
        "Write a &lt;i&gt;report&lt;/i&gt;.",
        "must be given",
        "&#39;dry&#39; | &#39;warm&#39;",
        "Style | None",
        "&#39;2026-12-24&#39;",
        "&lt;b&gt;new&lt;/b&gt;",
        "UTC by",
        "kitaru.KitaruClient().deployments.get(&#34;report&#34;).invoke(topic=…)",
        "kitaru invoke report --param topic=…",
    ):
        assert told in html, told
    assert "<b>new" not in html


def test_a_deployment_as_text_says_the_same_and_in_a_list_only_its_name(deployed: Any, bundle: Any) -> None:
    text = bundle(deployed)["text/plain"].splitlines()
    assert text[:3] == [
        "report version 1  default, stable, canary (shared)",
        "  topic  str",
        "  tone   'dry' | 'warm'  = 'dry'",
    ]
    assert text[-1] == "In a terminal: kitaru invoke report --param topic=…"
    assert bundle([deployed])["text/plain"] == f"[{deployed!r}]"


def test_a_later_version_is_invoked_by_its_number_and_a_preview_is_not(deployed: Any, run: Any, bundle: Any) -> None:
    second = bundle(run("report.deploy()"))["text/plain"]
    assert 'deployments.get("report", version=2).invoke(topic=…)' in second
    assert "kitaru invoke report --version 2 --param topic=…" in second
    preview = bundle(run("kitaru.KitaruClient().deployments.preview(report)"))["text/plain"]
    assert preview.startswith("report version 3")
    assert "invoke" not in preview


def test_the_notebook_and_the_commit_of_a_deployment_are_named(deployed: Any, bundle: Any) -> None:
    about = {"source": "/somewhere/analysis.ipynb", "commit_sha": "0123456789abcdef", "commit_dirty": True}
    shown = bundle(deployed.model_copy(update=about))
    assert "analysis.ipynb, commit 0123456789ab, with changes" in shown["text/html"]
    assert 'title="/somewhere/analysis.ipynb"' in shown["text/html"]


def test_a_failure_is_shown_as_text(client: KitaruClient, run: Any, bundle: Any) -> None:
    run("handle = failing.run(); handle._engine.end_of(handle.exec_id).result(20)")
    for value in (client.executions.latest(), client.executions.list()):
        page = bundle(value)["text/html"]
        assert "ValueError" in page
        assert "<script" not in page


def test_registering_imports_nothing_that_a_notebook_may_not_need() -> None:
    code = """
import sys
from IPython.core.interactiveshell import InteractiveShell
from kitaru.notebook.reprs import show_values
show_values(InteractiveShell.instance())
print({"jinja2", "duckdb", "kitaru.client", "ipywidgets"} & set(sys.modules))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
