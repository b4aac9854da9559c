"""What keeps a notebook from becoming a script: each sentence names the cell, the line and the remedy."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from kitaru.errors import KitaruExportError, KitaruNotFoundError
from kitaru.export.export import Export, render_notebook
from kitaru.export.problems import Kind
from tests.export.notebooks import ENVIRONMENT, write

if TYPE_CHECKING:
    from pathlib import Path

FLOW = """\
# --- flow
from kitaru import checkpoint, flow
@checkpoint
def load():
    return {}
@flow
def run():
    return load()
"""


def exported(folder: Path, text: str) -> Export:
    return render_notebook(write(folder, text), environment=ENVIRONMENT)


def refused(folder: Path, text: str) -> str:
    with pytest.raises(KitaruExportError) as caught:
        exported(folder, text)
    return str(caught.value)


CASES = {
    "name defined in several cells": (
        "# --- a\nlimit = 1\n# --- b\n# again\nlimit = 2\n" + FLOW.format("limit"),
        (
            "cell 1 (a), line 1: limit is defined in cell 1 (a), line 1 and in cell 2 (b), line 2: a script cannot "
            "know which one is meant. Keep one, or tag the cells that are not meant kitaru:skip."
        ),
    ),
    "name missing": (
        FLOW.format("[\n        limit,\n    ]"),
        (
            "cell 1 (flow), line 5: load() needs limit, and no cell defines it. Define or import it in a cell of "
            "the notebook."
        ),
    ),
    "defined in a loop": (
        "# --- a\ntable = {}\n\nfor x in 'ab':\n    table[x] = 1\n" + FLOW.format("table"),
        (
            "cell 1 (a), line 3: table exists only after a for loop has run, and load() needs it. Make it in a "
            "function and assign what that returns: table = make_table()."
        ),
    ),
    "defined in a with block": (
        "# --- a\nwith open('x') as file:\n    text = file.read()\n" + FLOW.format("text"),
        "cell 1 (a), line 1: text exists only after a with block has run",
    ),
    "defined by an await": (
        "# --- a\ntext = await go()\n" + FLOW.format("text"),
        "cell 1 (a), line 1: text exists only after an await has run",
    ),
    "defined by a call": (
        "# --- a\nprint(text := 'x')\n" + FLOW.format("text"),
        "cell 1 (a), line 1: text exists only after a call has run",
    ),
    "a flow's result": (
        FLOW.format("1") + "# --- b\nanswer = run.run().wait()\n# --- c\n@flow\ndef second():\n    return answer\n",
        "cell 2 (b), line 1: answer is what run gave when it ran, and second needs it. Make it a parameter",
    ),
    "the variable that takes a flow's result": (
        "# --- a\n%%kitaru_flow first -o answer\nn = 1\nn\n" + FLOW.format("answer"),
        "cell 1 (a), line 1: answer is what first gave when it ran, and load() needs it.",
    ),
    "star import": (
        "# --- a\nfrom math import *\n" + FLOW.format("sqrt(4)"),
        (
            "cell 1 (a), line 1: load() needs sqrt, which may come from this line, from math import *. Import"
            " the names that you use."
        ),
    ),
    "star import of ours": (
        "# --- a\nfrom kitaru import *\n# --- b\n@flow\ndef run():\n    return 1\n",
        "line 1: run needs flow, which may come from this line, from kitaru import *.",
    ),
    "unknown distribution": (
        "# --- a\n# known\nimport nowhere_known\n" + FLOW.format("nowhere_known"),
        (
            "cell 1 (a), line 2: import nowhere_known: no installed distribution has this module. Install it"
            " here, or name it in a line %pip install ... of the notebook."
        ),
    ),
    "several distributions": (
        "# --- a\nfrom google import auth\n" + FLOW.format("auth"),
        "import google: the module may come from google-auth or google-cloud-storage. Name the one that is meant",
    ),
    "display": (
        FLOW.format("display(1)"),
        "cell 1 (flow), line 4: load() uses display, which only a notebook has. Leave it to cells outside of the flow;",
    ),
    "the last output": (FLOW.format("_ + Out[3]"), "load() uses _, which only a notebook has"),
    "widgets": (
        "# --- a\nimport ipywidgets as w\nslider = w.IntSlider()\n" + FLOW.format("slider.value"),
        "uses ipywidgets, which only a notebook has",
    ),
    "magic in a function": (
        "# --- flow\nfrom kitaru import flow\n@flow\ndef run():\n    !ls -l data\n    %cd data\n    return 1\n",
        "4: run runs !ls -l data, which only a notebook can. Use subprocess.run(['ls', '-l', 'data'], check=True).",
    ),
    "magic that defines": (
        "# --- a\nfiles = !ls\n" + FLOW.format("files"),
        "cell 1 (a), line 1: files runs !ls, which only a notebook can.",
    ),
    "magic in a flow's cell": (
        "# --- a\n%%kitaru_flow run\n\n%env KEY=1\n1\n",
        "cell 1 (a), line 3: run runs %env KEY=1, which only a notebook can. Set the variable",
    ),
    "secret": (
        "# --- a\nimport os\nAPI_KEY = 'abc123'\n" + FLOW.format("API_KEY"),
        (
            "line 2: API_KEY holds what looks like a secret, and the script would show it. Read it from the "
            'environment: os.environ["API_KEY"].'
        ),
    ),
    "secret in a flow's parameters": (
        "# --- a\n%%kitaru_flow run -p api_key='abc123'\nlen(api_key)\n",
        "cell 1 (a), line 1: api_key holds what looks like a secret",
    ),
    "secret in a call": (
        FLOW.format("dict(\n        auth_token='t0ps3cret')"),
        (
            "line 5: auth_token holds what looks like a secret, and the script would show it. Read it from the "
            'environment: os.environ["AUTH_TOKEN"].'
        ),
    ),
    "syntax error in a flow's cell": (
        "# --- a\n%%kitaru_flow run\nx = 1\nx = (\n",
        "cell 1 (a), line 3: Python cannot read it: '(' was never closed. Correct the cell, or tag it kitaru:skip.",
    ),
    "syntax error where something missing may be": (
        "# --- a\ndef clean(:\n" + FLOW.format("clean()"),
        "cell 1 (a), line 1: Python cannot read it:",
    ),
    "bad option": (
        "# --- a\n%%kitaru_flow run --retires 2\n1\n",
        "--retires",
    ),
    "no flow": (
        "# --- a\nx = 1\n",
        "work.ipynb defines no flow. Decorate a function with @flow, or put %%kitaru_flow NAME on the first line",
    ),
    "definitions that need each other": (
        "# --- a\nclass A(B): pass\nclass B(A): pass\n" + FLOW.format("A, B"),
        "B depends on itself: B needs A, and A needs B. Make one of them in a function.",
    ),
    "the name kitaru is taken": (
        "# --- a\nkitaru = 1\nflow = 2\n# --- b\n%%kitaru_flow run\nkitaru + flow\n",
        "kitaru means something else in this notebook, and the script needs it for Kitaru. Rename it.",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_a_problem_is_named_with_its_cell_its_line_and_the_remedy(name: str, tmp_path: Path) -> None:
    text, told = CASES[name]
    assert told in refused(tmp_path, text)


def test_a_secret_is_not_shown(tmp_path: Path) -> None:
    assert "t0ps3cret" not in refused(tmp_path, CASES["secret in a call"][0])


def test_all_problems_are_told_at_once_in_the_order_of_the_notebook(tmp_path: Path) -> None:
    told = refused(tmp_path, "# --- a\nPASSWORD = 'abc123'\nfrom math import *\n" + FLOW.format("PASSWORD, sin(1)"))
    first, *rest = told.splitlines()
    assert first == "work.ipynb cannot be exported as it is:"
    assert [line.split(":")[0] for line in rest] == ["  cell 1 (a), line 1", "  cell 1 (a), line 2"]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ('{"cells": [', "work.ipynb is no notebook: broken JSON, Expecting value"),
        ("[1, 2]", "work.ipynb is no notebook: it has no cells"),
        ('{"cells": [{"cell_type": "code", "source": 3}]}', "cell 1 has no text"),
        ('{"worksheets": []}', "its format is older than 4"),
        (
            '{"cells": [], "metadata": {"language_info": {"name": "R"}}}',
            "work.ipynb is a notebook in R, not in Python.",
        ),
        ('{"cells": [], "metadata": {"kernelspec": {"language": "julia"}}}', "is a notebook in julia"),
    ],
)
def test_a_file_that_is_no_python_notebook_is_refused(content: str, told: str, tmp_path: Path) -> None:
    path = tmp_path / "work.ipynb"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(KitaruExportError, match=told):
        render_notebook(path)


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "work.ipynb"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(KitaruExportError, match="it is not UTF-8 text"):
        render_notebook(path)


def test_a_notebook_that_is_not_there_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(KitaruNotFoundError, match="There is no file"):
        render_notebook(tmp_path / "work.ipynb")


def test_a_flow_that_is_not_there_is_not_found_and_the_others_are_named(tmp_path: Path) -> None:
    with pytest.raises(KitaruNotFoundError, match=r"has no flow other. Its flows are run\."):
        render_notebook(write(tmp_path, FLOW.format(1)), ["other"], environment=ENVIRONMENT)


def test_a_module_beside_the_notebook_needs_the_script_beside_it(tmp_path: Path) -> None:
    (tmp_path / "steps.py").write_text("x = 1")
    path = write(tmp_path, "# --- a\nimport steps\n" + FLOW.format("steps.x"))
    assert "import steps" in render_notebook(path, environment=ENVIRONMENT).text
    with pytest.raises(KitaruExportError, match=r"steps is a module beside the notebook \(steps.py\)"):
        render_notebook(path, output=tmp_path / "out", environment=ENVIRONMENT)


def test_the_unrelated_distribution_beside_ours_is_refused_and_never_named_as_a_dependency(tmp_path: Path) -> None:
    beside = replace(ENVIRONMENT, versions={**ENVIRONMENT.versions, "kitaru": "0.20.2"})
    with pytest.raises(KitaruExportError, match="pip uninstall kitaru"):
        render_notebook(write(tmp_path, FLOW.format(1)), environment=beside)
    text = render_notebook(
        write(tmp_path, "# --- i\n%pip install kitaru\n" + FLOW.format(1)), environment=ENVIRONMENT
    ).text
    assert '"kitaru"' not in text
    assert '"kitaru-jupyter==1.0"' in text


def test_what_is_left_out_and_may_matter_is_noted(tmp_path: Path) -> None:
    made = exported(
        tmp_path,
        "# --- a\nimport kitaru\nmodel = {}\nkitaru.configure(retries=1)\n%env A=1\nmodel.fit(1)\nmodel.plot()\n"
        + FLOW.format("model"),
    )
    assert [note.partition(": ")[0] for note in made.notes] == [
        "cell 1 (a), line 3",
        "cell 1 (a), line 4",
        "cell 1 (a), line 5",
    ]


def test_placeholders_of_secrets_are_none(tmp_path: Path) -> None:
    assert exported(tmp_path, "# --- a\nAPI_KEY = '...'\nPASSWORD = ''\n" + FLOW.format("API_KEY, PASSWORD"))


def test_every_sentence_fills_in(tmp_path: Path) -> None:
    words = "name user places module how chain flow magic remedy variable distributions file folder message language "
    facts = {word: word.upper() for word in (words + "flows text").split()}
    for kind in Kind:
        assert "{" not in kind.format(**facts)


def test_a_notebook_of_numbers_for_ids_is_read(tmp_path: Path) -> None:
    path = write(tmp_path, FLOW.format(1))
    content = json.loads(path.read_text())
    content["cells"][0]["id"] = 7
    path.write_text(json.dumps(content))
    assert "cell 1" in render_notebook(path, environment=ENVIRONMENT).text


def test_what_only_a_notebook_has_is_told_in_a_kernel_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("builtins.display", print, raising=False)
    assert "uses display, which only a notebook has" in refused(tmp_path, FLOW.format("display(1)"))
