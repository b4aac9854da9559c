from __future__ import annotations

import re
from typing import Any

import pytest

from kitaru import KitaruClient
from kitaru.errors import KitaruStateError, KitaruUsageError, KitaruUserCodeError

FLOW = """%%kitaru_flow article -p topic="cats" -o text
def research(topic):
    print("looking for", topic)
    return f"{topic} are old"

def write(facts):
    return facts + "."

write(research(topic))
"""


def newest() -> Any:
    client = KitaruClient()
    return client.executions.get(client.executions.latest().exec_id)


def test_without_a_verb_it_says_which_there_are(run: Any, capsys: Any) -> None:
    run("%kitaru")
    assert "%kitaru replay ID" in capsys.readouterr().out


def test_the_nearest_verb_is_named(run: Any) -> None:
    with pytest.raises(KitaruUsageError, match=r"no verb lst\. Did you mean list"):
        run("%kitaru lst")


def test_status_says_where_executions_are_recorded_and_what_is_open(run: Any, capsys: Any) -> None:
    run("%kitaru status")
    told = capsys.readouterr().out
    assert "kitaru-home" in told
    assert "Nothing runs or waits." in told


def test_list_gives_the_newest_executions(run: Any) -> None:
    run(FLOW)
    assert [e.flow_name for e in run("%kitaru list --flow article -s completed")] == ["article"]
    assert len(run("%kitaru list --flow other")) == 0


def test_logs_prints_what_the_calls_printed(run: Any, capsys: Any) -> None:
    run(FLOW)
    exec_id = newest().exec_id
    capsys.readouterr()
    run(f"%kitaru logs {exec_id} -c research")
    assert "looking for cats" in capsys.readouterr().out


def test_replay_takes_a_new_output_of_a_call_and_diff_compares(run: Any, shell: Any) -> None:
    run(FLOW)
    source = newest()
    shell.user_ns["better"] = "cats are kind"
    run(f"%kitaru replay {source.exec_id} --at write --set research.output=better")
    replayed = newest()
    assert replayed.original_exec_id == source.exec_id
    assert replayed.result() == "cats are kind."
    compared = run(f"%kitaru diff {replayed.exec_id}")
    assert len(compared) == 1
    assert "write" in str(compared)


def test_replay_takes_new_arguments_of_the_flow_and_of_a_call(run: Any) -> None:
    run(FLOW)
    source = newest().exec_id
    run(f'%kitaru replay {source} --set topic="big dogs"')
    assert newest().result() == "big dogs are old."
    run(f"%kitaru replay {source} --set write.facts='none'")
    assert newest().result() == "none."


def test_a_dry_run_says_what_would_run(run: Any) -> None:
    run(FLOW)
    plan = run(f"%kitaru replay {newest().exec_id} --at write --dry-run")
    assert "write" in str(plan)
    assert len(KitaruClient().executions.list()) == 1


def test_an_item_of_a_variable_stands_for_its_id(run: Any, shell: Any, capsys: Any) -> None:
    run("%%kitaru_flow one\ndef tell():\n    print('it ran')\ntell()")
    run("import kitaru\nran = kitaru.KitaruClient().executions.list()")
    capsys.readouterr()
    run("%kitaru logs {ran[0]}")
    assert "it ran" in capsys.readouterr().out


def test_cancel_stops_an_execution_that_waits(run: Any, capsys: Any) -> None:
    run("%%kitaru_flow asks\nimport kitaru\nkitaru.wait(schema=bool, question='Go?', timeout=0)")
    exec_id = newest().exec_id
    run(f"%kitaru cancel {exec_id} not needed any more")
    assert newest().status == "cancelled"
    assert f"{exec_id} is cancelled." in capsys.readouterr().out


def test_abort_refuses_to_answer(run: Any) -> None:
    run("%%kitaru_flow asks\nimport kitaru\nkitaru.wait(schema=bool, question='Go?', timeout=0)")
    run("%kitaru input --abort")
    assert newest().status == "cancelled"


def test_an_answer_that_does_not_fit_is_refused_in_a_sentence(run: Any) -> None:
    run("%%kitaru_flow asks\nimport kitaru\nkitaru.wait(schema=int, question='How many?', timeout=0)")
    with pytest.raises(KitaruUsageError) as caught:
        run("%kitaru input many")
    told = "\n".join(caught.value._render_traceback_())  # type: ignore[attr-defined]
    assert "Traceback" not in re.sub(r"\x1b\[[0-9;]*m", "", told)
    assert newest().status == "waiting"


def test_input_without_an_open_question_says_so(run: Any) -> None:
    with pytest.raises(KitaruStateError, match="No question is open"):
        run("%kitaru input yes")


FAILING = """%%kitaru_flow shaky -o n
def first():
    return 1

def second(n):
    if not_yet:
        raise ValueError("not yet")
    return n + 1

second(first())
"""


def test_retry_runs_what_failed_again(run: Any) -> None:
    run("not_yet = True")
    with pytest.raises(KitaruUserCodeError, match="not yet"):
        run(FAILING)
    failed = newest().exec_id
    run("not_yet = False")
    run(f"%kitaru retry {failed}")
    assert newest().exec_id == failed
    assert newest().result() == 2


def test_open_gives_a_link(run: Any) -> None:
    run(FLOW)
    assert newest().exec_id in run("%kitaru open").data


def test_clean_says_what_it_would_remove(run: Any, capsys: Any) -> None:
    run("%kitaru clean --dry-run")
    assert "Would remove 0 stored values" in capsys.readouterr().out


def test_export_writes_the_flows_of_a_notebook_as_a_script(run: Any, tmp_path: Any, capsys: Any) -> None:
    import nbformat

    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(FLOW)])
    nbformat.write(notebook, tmp_path / "analysis.ipynb")
    run(f"%kitaru export {tmp_path}/analysis.ipynb")
    assert "analysis.py --help" in capsys.readouterr().out
    assert "def research(topic):" in (tmp_path / "analysis.py").read_text()
