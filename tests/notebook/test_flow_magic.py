from __future__ import annotations

import os
import re
from textwrap import dedent
from typing import TYPE_CHECKING, Any

import pytest

import kitaru
from kitaru import KitaruClient
from kitaru.errors import KitaruError, KitaruUsageError
from kitaru.runtime.flow import Flow
from tests.conftest import close_everything, until

if TYPE_CHECKING:
    from pathlib import Path


def cell(text: str) -> str:
    return dedent(text).lstrip("\n")


RESEARCH = cell(
    """
    %%kitaru_flow research -p topic="cats" -p top:int=2 -o answer
    def find(topic: str) -> list[str]:
        return [f"{topic} are old", f"{topic} are loved", f"{topic} sleep"]

    def draft(facts: list[str]) -> str:
        return ". ".join(facts)

    facts = find(topic)
    draft(facts[:top])
    """
)


def rendered(error: BaseException) -> str:
    return re.sub(r"\x1b\[[0-9;]*m", "", "\n".join(error._render_traceback_()))


def newest() -> Any:
    client = KitaruClient()
    return client.executions.get(client.executions.latest().exec_id)


def test_a_cell_becomes_a_flow_whose_functions_are_checkpoints(run: Any, shell: Any) -> None:
    run(RESEARCH)
    assert shell.user_ns["answer"] == "cats are old. cats are loved"
    assert isinstance(shell.user_ns["research"], Flow)
    execution = newest()
    assert [call.name for call in execution.checkpoints] == ["find", "draft"]
    assert execution.load_input("topic") == "cats"
    assert execution.notebook == "analysis.ipynb"


def test_the_flow_is_run_again_with_other_arguments_as_a_decorated_one_is(run: Any, shell: Any) -> None:
    run(RESEARCH)
    assert shell.user_ns["research"].run(topic="dogs", top=1).wait() == "dogs are old"
    with pytest.raises(KitaruUsageError, match="top='many' does not fit"):
        shell.user_ns["research"].run(top="many")


def test_a_function_of_the_cell_stays_a_plain_call_outside_of_flows(run: Any, shell: Any) -> None:
    run(RESEARCH)
    assert shell.user_ns["draft"](["a", "b"]) == "a. b"


def test_the_body_may_await(run: Any, shell: Any) -> None:
    run(
        cell(
            """
            %%kitaru_flow later -o n
            async def one(x: int) -> int:
                return x + 1
            first = await one(1)
            await one(first)
            """
        )
    )
    assert shell.user_ns["n"] == 3


def test_a_variable_of_the_notebook_becomes_an_input(run: Any, shell: Any) -> None:
    run("rows = [1, 2, 3]")
    run("%%kitaru_flow total -o n\nsum(rows)")
    assert shell.user_ns["n"] == 6
    assert newest().load_input("rows") == [1, 2, 3]


def test_a_variable_that_cannot_be_stored_works_and_is_warned_about_once(run: Any, shell: Any, capsys: Any) -> None:
    run("import threading\nlock = threading.Lock()")
    text = "%%kitaru_flow guarded -o n\nwith lock:\n    n = 1\nn"
    run(text)
    told = capsys.readouterr().err
    assert "guarded reads lock (lock), which cannot be stored" in told
    run(text)
    assert "cannot be stored" not in capsys.readouterr().err
    assert shell.user_ns["n"] == 1


def test_a_secret_that_the_cell_reads_works_and_is_recorded_nowhere(run: Any, shell: Any, kitaru_home: Path) -> None:
    run("api_key = 'not-to-be-seen-7'")
    run("%%kitaru_flow guarded -o n\nlen(api_key)")
    assert shell.user_ns["n"] == 16
    assert newest().inputs == {}
    close_everything()
    recorded = b"".join(file.read_bytes() for file in kitaru_home.rglob("*") if file.is_file())
    assert b"guarded" in recorded
    assert b"not-to-be-seen" not in recorded


def test_a_secret_inside_of_what_the_cell_reads_is_not_shown(run: Any, shell: Any) -> None:
    run("config = {'user': 'ada', 'password': 'not-to-be-seen-7'}")
    run("%%kitaru_flow guarded -o n\ndef size(settings):\n    return len(settings['password'])\nsize(config)")
    assert shell.user_ns["n"] == 16
    execution = newest()
    assert "ada" in execution.model_dump_json()
    for shown in (execution, execution.checkpoints[0], KitaruClient().executions.list()):
        assert "not-to-be-seen" not in str(shell.display_formatter.format(shown))
    assert "not-to-be-seen" not in execution.model_dump_json()


def test_a_secret_is_told_with_what_to_do_after_a_restart(run: Any, capsys: Any) -> None:
    run("api_key = 'not-to-be-seen-7'")
    run("%%kitaru_flow guarded\nlen(api_key)")
    told = capsys.readouterr().err
    assert "guarded reads api_key, which looks like a secret: its value is not recorded." in told
    assert "set api_key again before the execution goes on" in told
    assert "not-to-be-seen" not in told


def test_functions_of_other_cells_become_checkpoints_when_they_are_named(run: Any, shell: Any) -> None:
    run("def load(n):\n    return [n] * n")
    run("%%kitaru_flow sizes --checkpoint load -o n\nlen(load(3))")
    assert [call.name for call in newest().checkpoints] == ["load"]
    assert shell.user_ns["n"] == 3


def test_no_run_defines_the_flow_only(run: Any, shell: Any, capsys: Any) -> None:
    run("%%kitaru_flow quiet -p n:int --no-run\nn + 1")
    assert "quiet.run(n=…)" in capsys.readouterr().out
    assert len(KitaruClient().executions.list()) == 0
    assert shell.user_ns["quiet"].run(n=1).wait() == 2


def test_retries_run_the_body_again_and_no_cache_runs_the_calls_again(run: Any, shell: Any) -> None:
    run("tries = 0\ndef tried():\n    global tries\n    tries += 1\n    return tries")
    run("%%kitaru_flow shaky --retries 1 -o n\nif tried() < 2:\n    raise ValueError('not yet')\n'done'")
    assert (shell.user_ns["n"], shell.user_ns["tries"]) == ("done", 2)
    for option, reused in (("", None), ("", "cache"), ("--no-cache", None)):
        run(f"%%kitaru_flow looking {option}\ndef look():\n    return 1\nlook()")
        assert newest().call("look").reused == reused


ASKING = cell(
    """
    %%kitaru_flow asking -p topic="cats" -o said
    def find(topic):
        return f"about {topic}"
    found = find(topic)
    import kitaru
    ok = kitaru.wait(schema=bool, name="ok", question="Publish?", timeout=0)
    f"{found}: {ok}"
    """
)


def test_a_cell_returns_when_the_flow_asks_and_the_variable_is_set_after_the_answer(
    run: Any, shell: Any, capsys: Any
) -> None:
    run(ASKING)
    assert "said" not in shell.user_ns
    assert "said is set when kr-" in capsys.readouterr().out
    run("%kitaru input yes")
    until(lambda: shell.user_ns.get("said") == "about cats: True")


def test_run_again_the_cell_attaches_to_its_unfinished_execution(run: Any, shell: Any, capsys: Any) -> None:
    run(ASKING)
    first = newest().exec_id
    run(ASKING)
    assert f"Attached to {first}, which is waiting" in capsys.readouterr().out
    assert len(KitaruClient().executions.list()) == 1


def test_in_vs_code_the_cell_attaches_too_and_other_notebooks_do_not(
    run: Any, shell: Any, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("JPY_SESSION_NAME")
    shell.user_ns["__vsc_ipynb_file__"] = "/somewhere/first.ipynb"
    run(ASKING)
    assert newest().notebook == "/somewhere/first.ipynb"
    run(ASKING)
    assert "Attached to" in capsys.readouterr().out
    shell.user_ns["__vsc_ipynb_file__"] = "/somewhere/second.ipynb"
    run(ASKING)
    assert len(KitaruClient().executions.list()) == 2


def test_new_starts_another_execution(run: Any, shell: Any) -> None:
    run(ASKING)
    run(ASKING.replace("-o said", "-o said --new"))
    assert len(KitaruClient().executions.list()) == 2


def test_other_parameters_start_another_execution(run: Any, capsys: Any) -> None:
    run(ASKING)
    run(ASKING.replace("cats", "dogs"))
    assert len(KitaruClient().executions.list()) == 2
    assert "with other code or parameters" in capsys.readouterr().out


def test_the_calls_of_a_cell_run_on_the_stack_that_its_line_names(run: Any, shell: Any) -> None:
    run(
        "%%kitaru_flow stacked --stack process -o pids\nimport os\n"
        "def pid():\n    return os.getpid()\npid(), os.getpid()"
    )
    of_call, of_body = shell.user_ns["pids"]
    assert of_body == os.getpid() != of_call
    assert newest().stack_name == "process"


def test_a_failure_shows_the_lines_of_the_cell_and_none_of_ours(run: Any) -> None:
    with pytest.raises(KitaruError) as caught:
        run("%%kitaru_flow failing\ndef divide(n):\n    return 1 / n\n\nx = 0\ndivide(x)")
    told = rendered(caught.value)
    assert "ZeroDivisionError" in told
    assert "return 1 / n" in told
    assert "----> 6 divide(x)" in told
    assert "kitaru/runtime" not in told
    assert "What finished is kept" in told


def test_lines_are_those_of_the_cell_with_blank_lines_above_and_below_the_magic(run: Any, shell: Any) -> None:
    text = "\n\n%%kitaru_flow failing\n\n1 / 0"
    shell.get_parent = lambda: {"content": {"code": text}}
    with pytest.raises(KitaruError) as caught:
        run(text)
    assert "line 5" in rendered(caught.value)


def test_checkpoints_of_a_cell_are_those_of_a_decorated_function(run: Any, shell: Any) -> None:
    from kitaru.code import code_identity

    run(RESEARCH)
    run("from kitaru import checkpoint\n@checkpoint\ndef draft(facts: list[str]) -> str:\n    return '. '.join(facts)")
    decorated = code_identity(shell.user_ns["draft"].__wrapped__)
    run(RESEARCH)
    assert code_identity(shell.user_ns["draft"].__wrapped__) == decorated


def test_importing_kitaru_registers_the_magics_and_does_nothing_else(shell: Any, capsys: Any) -> None:
    for magics in shell.magics_manager.magics.values():
        for name in [name for name in magics if name.startswith("kitaru")]:
            del magics[name]
    kitaru._register_magics()
    assert {"kitaru_flow", "kitaru_checkpoint", "kitaru_sql"} <= set(shell.magics_manager.magics["cell"])
    assert capsys.readouterr().out == ""
