from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from kitaru.errors import KitaruCorruptionError, KitaruNotFoundError, KitaruStateError, KitaruUsageError
from kitaru.stacks.registry import create_stack, current_stack, delete_stack, list_stacks, open_stack, use_stack

if TYPE_CHECKING:
    from pathlib import Path


def names() -> list[str]:
    return [stack.name for stack in list_stacks()]


def test_a_new_home_has_the_two_built_in_stacks_and_local_is_active() -> None:
    assert [(stack.name, stack.kind, stack.is_active) for stack in list_stacks()] == [
        ("local", "local", True),
        ("process", "process", False),
    ]


def test_a_created_stack_is_active_and_found_by_another_process() -> None:
    made = create_stack("four", kind="process", labels={"team": "nlp"}, workers=4, memory="2 GiB")
    program = "from kitaru.stacks.registry import current_stack; print(current_stack())"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == repr(made)
    assert (made.is_active, made.memory) == (True, 2 << 30)


def test_a_stack_can_be_created_without_being_activated() -> None:
    create_stack("spare", activate=False)
    assert current_stack().name == "local"


def test_a_stack_is_used_by_name_or_by_id() -> None:
    made = create_stack("spare", activate=False)
    assert use_stack(made.id) == current_stack()
    assert use_stack("process").is_active
    assert current_stack().name == "process"


def test_a_stack_that_does_not_exist_is_a_kitaru_error_that_lists_those_that_do() -> None:
    create_stack("spare")
    for call in (lambda: use_stack("nope"), lambda: delete_stack("nope"), lambda: open_stack("nope")):
        with pytest.raises(KitaruNotFoundError, match=r"no stack 'nope'. Stacks: local, process, spare\."):
            call()


@pytest.mark.parametrize("name", ["local", "spare"])
def test_a_name_that_is_taken_is_refused(name: str) -> None:
    create_stack("spare", activate=False)
    with pytest.raises(KitaruStateError, match="already"):
        create_stack(name)


@pytest.mark.parametrize(
    "arguments",
    [
        {"name": "  "},
        {"name": "x", "kind": "cloud"},
        {"name": "x", "workers": 0},
        {"name": "x", "memory": "lots"},
        {"name": "x", "labels": {"a": 1}},
    ],
)
def test_wrong_arguments_are_refused_and_nothing_is_created(arguments: dict[str, object]) -> None:
    with pytest.raises(KitaruUsageError):
        create_stack(**arguments)  # type: ignore[arg-type]
    assert names() == ["local", "process"]


def test_the_active_stack_is_deleted_only_by_force_and_local_takes_its_place() -> None:
    create_stack("spare")
    with pytest.raises(KitaruStateError, match="active"):
        delete_stack("spare")
    delete_stack("spare", force=True)
    assert names() == ["local", "process"]
    assert current_stack().name == "local"


def test_deleting_an_inactive_stack_leaves_the_active_one() -> None:
    create_stack("kept")
    spare = create_stack("spare", activate=False)
    delete_stack(spare.id, recursive=True)
    assert current_stack().name == "kept"


@pytest.mark.parametrize("name", ["local", "process"])
def test_a_built_in_stack_cannot_be_deleted_even_by_force(name: str) -> None:
    with pytest.raises(KitaruStateError, match="built in"):
        delete_stack(name, force=True)


def test_a_damaged_file_is_reported_with_its_path(kitaru_home: Path) -> None:
    create_stack("spare")
    (kitaru_home / "stacks.json").write_text("{")
    with pytest.raises(KitaruCorruptionError, match=r"stacks\.json"):
        list_stacks()


def test_processes_that_create_stacks_at_the_same_time_lose_none() -> None:
    program = "import sys; from kitaru.stacks.registry import *; [create_stack(sys.argv[1] + str(n)) for n in range(5)]"
    running = [subprocess.Popen([sys.executable, "-c", program, letter]) for letter in "ab"]
    assert [process.wait(60) for process in running] == [0, 0]
    assert len(list_stacks()) == 12


def test_an_open_stack_says_where_checkpoints_run_and_shares_its_processes() -> None:
    assert open_stack().runtime == "inline"
    isolated = open_stack("process")
    assert isolated.runtime == "isolated"
    assert isolated.isolated is open_stack("local").isolated
