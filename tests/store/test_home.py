from __future__ import annotations

import multiprocessing
import os
import stat
from typing import TYPE_CHECKING

import pytest

from kitaru.errors import KitaruStateError, KitaruUsageError
from kitaru.store.home import (
    ensure_home,
    find_home,
    home_id,
    init_home,
    known_homes,
    register_home,
    user_folder,
    write_private,
)

if TYPE_CHECKING:
    from pathlib import Path


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def no_named_home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KITARU_HOME")


def test_the_variable_decides_before_any_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    init_home(tmp_path)
    monkeypatch.setenv("KITARU_HOME", str(tmp_path / "named"))
    assert find_home(tmp_path) == tmp_path / "named"


@pytest.mark.usefixtures("no_named_home")
def test_the_nearest_home_above_is_found(tmp_path: Path) -> None:
    outer, inner = init_home(tmp_path), init_home(tmp_path / "a")
    below = tmp_path / "a" / "b" / "c"
    below.mkdir(parents=True)
    assert (find_home(below), find_home(tmp_path)) == (inner, outer)


@pytest.mark.usefixtures("no_named_home")
def test_the_working_directory_is_where_looking_begins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = init_home(tmp_path)
    monkeypatch.chdir(tmp_path)
    assert find_home() == home


@pytest.mark.usefixtures("no_named_home")
def test_without_a_project_it_is_the_users_data_folder(tmp_path: Path) -> None:
    assert find_home(tmp_path) == user_folder()
    assert str(user_folder()).startswith(os.environ["XDG_DATA_HOME"])


@pytest.mark.usefixtures("no_named_home")
def test_a_file_named_like_a_home_is_none(tmp_path: Path) -> None:
    (tmp_path / ".kitaru").write_text("")
    assert find_home(tmp_path) == user_folder()


@pytest.mark.usefixtures("no_named_home")
def test_a_home_that_another_user_planted_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    init_home(tmp_path)
    monkeypatch.setattr(os, "geteuid", lambda: tmp_path.stat().st_uid + 1)
    with pytest.raises(KitaruUsageError, match="belongs to another user"):
        find_home(tmp_path)


def test_a_new_home_is_its_owners_alone_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0o277)
    try:
        home = ensure_home(tmp_path / "h")
    finally:
        os.umask(before)
    assert mode(home) == 0o700


def test_git_leaves_a_projects_home_alone(tmp_path: Path) -> None:
    home = init_home(tmp_path / "project")
    assert (home, mode(home)) == (tmp_path / "project" / ".kitaru", 0o700)
    assert "*" in (home / ".gitignore").read_text().splitlines()


def test_a_second_home_for_the_same_project_is_an_error_that_says_what_to_do(tmp_path: Path) -> None:
    init_home(tmp_path)
    with pytest.raises(KitaruStateError, match=r"there already.*Move it away"):
        init_home(tmp_path)


def test_a_home_has_the_same_id_by_every_path_that_leads_to_it(tmp_path: Path) -> None:
    home = init_home(tmp_path / "real")
    (tmp_path / "link").symlink_to(home)
    assert home_id(tmp_path / "link") == home_id(home) != home_id(tmp_path)


def test_registered_homes_are_listed_once_and_only_while_they_exist(tmp_path: Path) -> None:
    first, second = init_home(tmp_path / "a"), init_home(tmp_path / "b")
    for home in (first, second, first):
        register_home(home)
    assert known_homes() == [first, second]
    (second / ".gitignore").unlink()
    second.rmdir()
    assert known_homes() == [first]


def test_a_damaged_registry_is_begun_again(tmp_path: Path) -> None:
    home = init_home(tmp_path)
    register_home(home)
    (user_folder() / "homes.json").write_text('{"not": a list')
    assert known_homes() == []
    register_home(home)
    assert known_homes() == [home]


def _register(home: Path) -> None:
    register_home(home)


def test_homes_that_register_at_the_same_time_are_all_kept(tmp_path: Path) -> None:
    homes = [init_home(tmp_path / str(number)) for number in range(6)]
    with multiprocessing.get_context("spawn").Pool(3) as pool:
        pool.map(_register, homes)
    assert sorted(known_homes()) == sorted(homes)


def test_a_private_file_is_readable_by_its_owner_only_and_replaced_whole(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.write_text("old")
    path.chmod(0o644)
    write_private(path, b"new")
    assert (path.read_bytes(), mode(path), [entry.name for entry in tmp_path.iterdir()]) == (b"new", 0o600, ["secret"])


def test_a_private_file_that_cannot_be_written_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "taken").mkdir()
    with pytest.raises(OSError, match="directory"):
        write_private(tmp_path / "taken", b"x")
    assert [entry.name for entry in tmp_path.iterdir()] == ["taken"]
