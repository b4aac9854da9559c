"""What makes no sense is told in a sentence: what is wrong, where, and what to do; never with our frames."""

from __future__ import annotations

import re
from typing import Any

import duckdb
import pytest

from kitaru import KitaruClient
from kitaru.errors import KitaruError
from kitaru.store.database.migrations import MIGRATIONS
from tests.conftest import close_everything

NEWEST = max(MIGRATIONS)
ASKS = "%%kitaru_flow asks\nimport kitaru\nkitaru.wait(schema=int, name='count', question='How many?', timeout=0)"


@pytest.fixture
def told(run: Any) -> Any:
    """Run a cell that must fail; return what is shown of the error."""

    def lines(text: str) -> list[str]:
        with pytest.raises(KitaruError) as caught:
            run(text)
        shown = "\n".join(caught.value._render_traceback_())  # type: ignore[attr-defined]
        return re.sub(r"\x1b\[[0-9;]*m", "", shown).splitlines()

    return lines


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("%%kitaru_flow f --detatch\n1", "%%kitaru_flow: unknown: --detatch; did you mean --detach?"),
        (
            "%%kitaru_checkpoint c --retrys 1\nx = 1",
            "%%kitaru_checkpoint: unknown: --retrys 1; did you mean --retries?",
        ),
        ("%%kitaru_sql --pandas\nSELECT 1", "%%kitaru_sql: unknown: --pandas"),
        ("%kitaru list --flw f", "%kitaru list: unknown: --flw f; did you mean --flow?"),
        ("%kitaru lst", "%kitaru has no verb lst. Did you mean list?"),
        ("%kitaru show {nowhere}", "{nowhere}: no variable nowhere is defined in this notebook."),
        ("%kitaru show kr-000000000000", "There is no execution 'kr-000000000000' in this store"),
        ("%%kitaru_flow f -p n:int='x'\nn", "%%kitaru_flow f: -p n='x' does not fit int: "),
        ("%%kitaru_flow f -p n:list[int]=[1,'x']\nn", "%%kitaru_flow f: -p n[1]='x' does not fit list[int]: "),
        ("%%kitaru_flow f -p n=qqqq\nn", "%%kitaru_flow f: qqqq of -p n cannot be evaluated: NameError: "),
        ("%%kitaru_flow f -p n=1/0\nn", "%%kitaru_flow f: 1/0 of -p n cannot be evaluated: ZeroDivisionError: "),
        ("%%kitaru_flow f -p n:int\nn", "%%kitaru_flow f: n has no value. Write -p n=…"),
        ("%%kitaru_flow f -p n=two words\nn", "%%kitaru_flow: unknown: words"),
        ("%%kitaru_flow f -p n='x\nn", "%%kitaru_flow: ' is missing at the end of f -p n='x"),
        ("%%kitaru_flow f\nlenn([1])", "%%kitaru_flow f, line 2: lenn is not defined. Did you mean len?"),
        ("%%kitaru_flow f\nprint(qqqq)", "%%kitaru_flow f, line 2: qqqq is not defined. Define it in this cell"),
        ("%%kitaru_flow f\n\nreturn 1", "%%kitaru_flow f, line 3: a cell has no return. Make the value the last line"),
        ("%%kitaru_checkpoint c\nx = 1\nreturn x", "%%kitaru_checkpoint c, line 3: a cell has no return."),
        ("%%kitaru_flow f --checkpoint nothing\n1", "%%kitaru_flow --checkpoint nothing: nothing is not defined."),
        ("%%kitaru_flow 2f\n1", "%%kitaru_flow: NAME: '2f' is no name. Use letters, digits and underscores."),
        ("%%kitaru_flow\n1", "%%kitaru_flow: the following arguments are required: NAME."),
        ("%%kitaru_flow f --stack nowhere\n1", "nowhere"),
        ("%%kitaru_flow f\ndef g():\n    return 1", "%%kitaru_flow f: the cell only defines things."),
        (
            "%%kitaru_flow f -p n=1\ndef g():\n    return n\ng()",
            "%%kitaru_flow f, line 2: g() reads n, which is a parameter of the flow. Pass it as an argument: g(n)",
        ),
        (
            "%%kitaru_flow f\nn = input_of()\ndef g():\n    return n\ng()\ndef input_of(): return 1",
            "f, line 3: g() reads n, which is a variable of the flow's body. Pass it as an argument: g(n)",
        ),
    ],
)
def test_a_wrong_cell_is_told_in_one_sentence(told: Any, text: str, sentence: str) -> None:
    (line,) = told(text)
    assert sentence in line


def test_a_syntax_error_points_at_the_line_of_the_cell(told: Any) -> None:
    for magic in ("%%kitaru_flow f", "%%kitaru_checkpoint c"):
        place, code, arrow, message = told(f"{magic}\n\nx = 1\ny = = 2")
        assert re.fullmatch(r"\s*Cell In\[\d+\], line 4", place)
        assert code.strip() == "y = = 2"
        assert arrow.index("^") == code.index("= 2")
        assert message == "SyntaxError: invalid syntax"


def test_two_cells_that_define_one_flow_are_warned_about_and_running_one_again_is_not(
    run: Any, shell: Any, capsys: Any
) -> None:
    shell.get_parent = lambda: {"metadata": {"cellId": "one"}}
    run("%%kitaru_flow same\n1")
    run("%%kitaru_flow same\n2")
    assert capsys.readouterr().err == ""
    shell.get_parent = lambda: {"metadata": {"cellId": "two"}}
    run("%%kitaru_flow same\n3")
    assert capsys.readouterr().err == (
        "Another cell of this notebook defines a flow same too. This cell's takes the name; give one of them another "
        "name.\n"
    )


def test_an_answer_that_does_not_fit_is_refused_and_the_question_stays_open(run: Any, told: Any) -> None:
    run(ASKS)
    (line,) = told("%kitaru input many")
    assert "count" in line
    assert "integer" in line
    assert KitaruClient().executions.latest().status == "waiting"


def test_a_second_answer_is_told_who_was_first(run: Any, told: Any) -> None:
    run(ASKS)
    exec_id = KitaruClient().executions.latest().exec_id
    KitaruClient().executions.input(exec_id, 3, by="Ada")
    (line,) = told(f"%kitaru input {exec_id} 4")
    assert re.search(r"was answered by Ada .*Your answer was not recorded", line)


@pytest.mark.parametrize(
    "text", ["%%kitaru_flow f\n1", "%kitaru list", "%%kitaru_sql\nSELECT 1", "%%kitaru_checkpoint c\nx = 1"]
)
def test_a_store_of_a_newer_version_is_told_with_what_to_install(told: Any, kitaru_home: Any, text: str) -> None:
    assert len(KitaruClient().executions.list()) == 0
    close_everything()
    (database,) = kitaru_home.glob("*.duckdb")
    with duckdb.connect(str(database)) as connection:
        connection.execute("INSERT INTO internal.migrations VALUES ($1, now())", [NEWEST + 1])
    (line,) = told(text)
    assert f"schema version {NEWEST + 1}" in line
    assert "pip install -U kitaru-jupyter" in line
