"""Installing the service: the unit, read and followed by a small manager of services, and by the real tools."""

from __future__ import annotations

import json
import os
import plistlib
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from kitaru.errors import KitaruBackendError, KitaruFeatureNotAvailableError
from kitaru.store.service.client import ServiceStore
from kitaru.store.service.installing import install, installed, uninstall
from kitaru.store.service.process import ensure_service, find_service, service_status, start_service, stop_service
from kitaru.store.service.unit import unit_of
from tests.conftest import until

if TYPE_CHECKING:
    from collections.abc import Iterator

PROGRAM = Path(__file__).with_name("unit_manager.py")


class Manager:
    """The stand-in for ``systemctl`` and ``loginctl``, and what it was told."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        for tool in ("systemctl", "loginctl"):
            (folder / tool).write_text(f'#!/bin/sh\nexec "{sys.executable}" "{PROGRAM}" "{folder}" "$@"\n')
            (folder / tool).chmod(0o755)
        self._told = folder / "told.jsonl"

    def told(self) -> list[list[str]]:
        lines = self._told.read_text().splitlines() if self._told.exists() else []
        return [[word for word in json.loads(line) if word != "--user"] for line in lines]


@pytest.fixture
def manager(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Manager:
    if not sys.platform.startswith("linux"):
        pytest.skip("the unit of systemd is Linux's")
    made = Manager(tmp_path / "tools")
    monkeypatch.setenv("PATH", f"{tmp_path / 'tools'}{os.pathsep}{os.environ['PATH']}")
    return made


@pytest.fixture
def home(kitaru_home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A home whose path has everything in it that a unit file reads otherwise."""
    monkeypatch.delenv("KITARU_STORE")
    place = kitaru_home.with_name('a "home" 100% of $USER')
    monkeypatch.setenv("KITARU_HOME", str(place))
    yield place
    stop_service(place)


def test_an_installed_service_runs_as_its_unit_says(home: Path, manager: Manager) -> None:
    record, missing = install(home)
    assert missing == []
    assert find_service(home) == record
    unit = installed(home)
    assert unit is not None
    name = unit.name
    assert manager.told() == [
        ["show-environment"],
        ["daemon-reload"],
        ["enable", name],
        ["restart", name],
        ["enable-linger"],
    ]
    assert f"serving {home}" in (home / "service.log").read_text()
    store = ServiceStore.local(home)
    assert store.read("executions")["items"] == []
    store.close()


def test_a_service_that_runs_gives_way_to_the_installed_one(home: Path, manager: Manager) -> None:
    before = start_service(home)
    record, _ = install(home, linger=False)
    assert record.pid != before.pid
    assert not before.is_alive()
    assert ["enable-linger"] not in manager.told()
    again, _ = install(home, linger=False)
    assert again.pid != record.pid


def test_who_needs_an_installed_service_has_it_started_by_the_system(home: Path, manager: Manager) -> None:
    first, _ = install(home, linger=False)
    stop_service(home)
    begun = len(manager.told())
    second = ensure_service(home)
    assert second.pid != first.pid
    assert [words[0] for words in manager.told()[begun:]] == ["start"]
    assert start_service(home) == second


def test_variables_that_flows_need_stand_in_a_file(home: Path, manager: Manager, monkeypatch: Any) -> None:
    monkeypatch.setenv("SOME_SECRET", "of this shell")
    home.mkdir()
    (home / "service.env").write_text("PRICE_KEY=of the file\n")
    record, _ = install(home, linger=False)
    environment = Path(f"/proc/{record.pid}/environ").read_text()
    assert "PRICE_KEY=of the file" in environment
    assert "SOME_SECRET" not in environment


def test_uninstalling_removes_the_unit(home: Path, manager: Manager) -> None:
    assert not uninstall(home)
    install(home, linger=False)
    unit = installed(home)
    assert unit is not None
    assert uninstall(home)
    assert installed(home) is None
    assert not unit.exists()
    assert manager.told()[-2:] == [["disable", "--now", unit.name], ["daemon-reload"]]


def test_where_nobody_manages_services_nothing_is_written(
    home: Path, manager: Manager, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NOBODY_MANAGES", "1")
    with pytest.raises(
        KitaruFeatureNotAvailableError, match=r"No medium found\. No manager .* -m kitaru\.store\.service"
    ):
        install(home)
    assert installed(home) is None
    assert service_status(home) is None


def test_where_the_tool_is_not_there_it_is_said(home: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(KitaruFeatureNotAvailableError, match="is not there to start a service with the machine"):
        install(home)


def test_a_unit_that_the_system_refuses_is_told(home: Path, manager: Manager, tmp_path: Path) -> None:
    (tmp_path / "tools" / "systemctl").write_text(
        '#!/bin/sh\n[ "$2" != enable ] || { echo "Access denied" >&2; exit 4; }\n'
    )
    with pytest.raises(
        KitaruBackendError, match=r"systemctl --user enable kitaru-\w+\.service failed: Access denied\."
    ):
        install(home)


def test_a_system_without_systemd_and_launchd_is_told_what_to_start(home: Path) -> None:
    with pytest.raises(KitaruFeatureNotAvailableError, match="neither systemd nor launchd"):
        unit_of(home, "win32")


def test_an_agent_of_launchd_has_the_same_command_and_reads_the_same_file(home: Path, tmp_path: Path) -> None:
    unit = unit_of(home, "darwin")
    agent = plistlib.loads(unit.text.encode())
    assert agent["Label"] == unit.path.stem
    assert unit.path.parent == Path.home() / "Library" / "LaunchAgents"
    assert (agent["RunAtLoad"], agent["KeepAlive"]) == (True, {"SuccessfulExit": False})
    shell, option, script, file, *command = agent["ProgramArguments"]
    assert command[1:4] == ["-P", "-m", "kitaru.store.service"]
    assert command[-1] == str(home)
    home.mkdir()
    shown = [sys.executable, "-c", "import os; print(os.environ.get('PRICE_KEY'))"]
    for expected in ("None", "of the file"):
        told = subprocess.run([shell, option, script, file, *shown], capture_output=True, text=True, check=True)
        assert told.stdout.strip() == expected
        Path(file).write_text("PRICE_KEY='of the file'\n")
    if tool := shutil.which("plutil"):
        (tmp_path / "agent.plist").write_text(unit.text)
        subprocess.run([tool, "-lint", str(tmp_path / "agent.plist")], check=True)


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")
def test_systemd_finds_no_fault_in_the_unit(home: Path, tmp_path: Path) -> None:
    home.mkdir()
    unit = unit_of(home, "linux")
    file = tmp_path / unit.path.name
    file.write_text(unit.text)
    environment = {**os.environ, "XDG_RUNTIME_DIR": str(tmp_path)}
    told = subprocess.run(
        ["systemd-analyze", "verify", "--user", "--man=no", str(file)],
        capture_output=True,
        text=True,
        check=False,
        env=environment,
    )
    about = [line for line in (told.stdout + told.stderr).splitlines() if unit.path.name in line]
    assert (told.returncode, about) == (0, []), told.stderr


def test_a_schedule_keeps_the_service_and_its_end_lets_it_go(home: Path) -> None:
    import kitaru
    from kitaru import KitaruClient

    @kitaru.flow
    def kept() -> int:
        return 1

    client = KitaruClient.of_home(home)
    client.deployments.deploy(kept)
    schedule = client.schedules.create("monthly", "kept", cron="0 0 1 1 *")
    client.close()
    stop_service(home)
    record = start_service(home, idle_timeout=0.3)
    assert not record.wait_until_gone(1.5)
    client = KitaruClient.of_home(home)
    client.schedules.pause(schedule.name)
    client.close()
    assert until(lambda: not record.is_alive())
