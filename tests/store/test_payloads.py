from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import threading
import time
import uuid
from typing import TYPE_CHECKING

import pytest

from kitaru.errors import KitaruCorruptionError, KitaruStoreError
from kitaru.store.payloads import FilePayloads

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(params=["directory", "file-url", "bucket"])
def payloads(request: pytest.FixtureRequest, tmp_path: Path) -> FilePayloads:
    roots = {
        "directory": str(tmp_path / "payloads"),
        "file-url": f"file://{tmp_path}/payloads",
        "bucket": f"memory://{uuid.uuid4().hex}/payloads",
    }
    return FilePayloads(roots[request.param])


def test_bytes_come_back_under_their_hash(payloads):
    digest = payloads.put(b"large value")
    assert digest == hashlib.sha256(b"large value").hexdigest()
    assert payloads.get(digest) == b"large value"
    assert payloads.exists(digest)


def test_only_files_of_this_machine_have_a_path(payloads):
    digest = payloads.put(b"large value")
    path = payloads.local_path(digest)
    assert (path is None) == payloads.root.startswith("memory://")
    assert path is None or path.read_bytes() == b"large value"


def test_memoryviews_of_any_item_size_are_written_as_bytes(payloads):
    view = memoryview(b"12345678" * 4).cast("d")
    assert payloads.get(payloads.put(view)) == b"12345678" * 4


def test_empty_bytes_are_a_payload(payloads):
    assert payloads.get(payloads.put(b"")) == b""


def test_all_payloads_are_listed_with_size_and_time(payloads):
    before = time.time() - 60
    written = {payloads.put(data): len(data) for data in (b"a", b"bb", b"ccc")}
    listed = list(payloads.digests())
    assert {digest: size for digest, size, _ in listed} == written
    assert all(before < modified < time.time() + 60 for _, _, modified in listed)


def test_an_unused_root_lists_nothing(payloads):
    assert list(payloads.digests()) == []


def test_a_deleted_payload_is_gone_and_deleting_it_again_is_no_error(payloads):
    digest = payloads.put(b"x")
    payloads.delete(digest)
    payloads.delete(digest)
    assert not payloads.exists(digest)
    assert list(payloads.digests()) == []


def test_a_missing_payload_is_named_with_what_to_do(payloads):
    digest = hashlib.sha256(b"never written").hexdigest()
    with pytest.raises(KitaruStoreError, match=rf"(?s)payloads/{digest[:2]}/{digest} is not there.*replay") as caught:
        payloads.get(digest)
    assert not isinstance(caught.value, KitaruCorruptionError)


@pytest.mark.parametrize("digest", ["", "../../etc/passwd", "A" * 64, "0" * 63, "0" * 64 + "\n"])
def test_only_digests_name_payloads(payloads, digest):
    with pytest.raises(KitaruStoreError, match="no payload digest"):
        payloads.get(digest)


def file_of(payloads: FilePayloads, digest: str) -> str:
    return f"{payloads.root}/{digest[:2]}/{digest}"


@pytest.fixture
def local(tmp_path: Path) -> FilePayloads:
    return FilePayloads(str(tmp_path / "payloads"))


def test_changed_bytes_are_reported_with_file_and_both_hashes(local):
    digest = local.put(b"right")
    with open(file_of(local, digest), "wb") as file:
        file.write(b"wrong")
    with pytest.raises(KitaruCorruptionError) as caught:
        local.get(digest)
    message = str(caught.value)
    assert file_of(local, digest) in message
    assert digest in message
    assert hashlib.sha256(b"wrong").hexdigest() in message
    assert "backup" in message


def test_writing_a_truncated_payload_again_repairs_it(local):
    digest = local.put(b"complete")
    os.truncate(file_of(local, digest), 3)
    local.put(b"complete")
    assert local.get(digest) == b"complete"


def test_a_payload_that_is_there_is_not_written_again(local):
    digest = local.put(b"x")
    before = os.stat(file_of(local, digest)).st_ino
    local.put(b"x")
    assert os.stat(file_of(local, digest)).st_ino == before


def test_a_payload_that_is_about_to_be_named_again_is_young_again(local):
    """Else a clean-up could take it between the put and the event."""
    digest = local.put(b"x")
    os.utime(file_of(local, digest), (1, 1))
    local.put(b"x")
    assert os.stat(file_of(local, digest)).st_mtime > 1


def test_many_threads_may_write_the_same_value_at_once(local):
    start = threading.Barrier(8)
    digests = []

    def write() -> None:
        start.wait()
        digests.append(local.put(b"same" * 10_000))

    threads = [threading.Thread(target=write) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(digests)) == 1
    assert local.get(digests[0]) == b"same" * 10_000
    assert [name for _, _, names in os.walk(local.root) for name in names] == digests[:1]


def test_what_a_killed_writer_leaves_is_no_payload_and_is_swept_when_it_is_old(local):
    digest = local.put(b"x")
    left = f"{file_of(local, digest)}.writing-0123"
    with open(left, "wb") as file:
        file.write(b"half")
    assert [found for found, _, _ in local.digests()] == [digest]
    assert local.sweep() == 0
    os.utime(left, (1, 1))
    assert local.sweep() == 1
    assert not os.path.exists(left)
    assert local.get(digest) == b"x"


def test_a_writer_killed_at_any_moment_leaves_no_half_written_payload(local):
    script = (
        "import sys\nfrom kitaru.store.payloads import FilePayloads\np = FilePayloads(sys.argv[1])\n"
        "print('ready', flush=True)\nfor n in range(100000): p.put(b'%d ' % n * 50000)"
    )
    writer = subprocess.Popen([sys.executable, "-c", script, local.root], stdout=subprocess.PIPE, cwd=os.getcwd())
    assert writer.stdout is not None
    with writer.stdout:
        writer.stdout.readline()
        while sum(1 for _ in local.digests()) < 5:
            assert writer.poll() is None
            time.sleep(0.001)
        writer.kill()
        writer.wait()
    found = list(local.digests())
    assert len(found) >= 5
    for digest, size, _ in found:
        assert len(local.get(digest)) == size


@pytest.fixture
def mounted(tmp_path: Path) -> Iterator[Path]:
    place = tmp_path / "small"
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(place)]
    try:
        refused = subprocess.run(command, capture_output=True, check=False).returncode
    except FileNotFoundError:
        refused = 1
    if refused:
        pytest.skip("mounting is not permitted here")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


def test_a_full_disk_is_explained_and_leaves_nothing_behind(mounted):
    payloads = FilePayloads(str(mounted / "payloads"))
    kept = payloads.put(b"fits")
    with pytest.raises(KitaruStoreError, match=r"(?s)payloads/.*disk is full.*MB free.*kitaru clean.*resume"):
        payloads.put(os.urandom(4_000_000))
    assert [name for _, _, names in os.walk(mounted) for name in names] == [kept]
    assert payloads.put(os.urandom(100_000))


def test_a_read_only_disk_is_explained_and_can_still_be_read(mounted):
    payloads = FilePayloads(str(mounted / "payloads"))
    digest = payloads.put(b"old")
    subprocess.run(["mount", "-o", "remount,ro", str(mounted)], check=True)
    with pytest.raises(KitaruStoreError, match=r"(?s)payloads/.*writing is not allowed.*Read-only.*KITARU_HOME"):
        payloads.put(b"new")
    assert payloads.get(digest) == b"old"


def test_a_root_that_is_a_file_is_explained(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(KitaruStoreError, match="Cannot write the payload"):
        FilePayloads(str(tmp_path / "file" / "payloads")).put(b"x")


def test_a_local_store_does_not_import_fsspec():
    script = (
        "import sys, tempfile\nfrom kitaru.store.payloads import FilePayloads\n"
        "FilePayloads(tempfile.mkdtemp()).put(b'x')\nassert 'fsspec' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", script], check=True, cwd=os.getcwd())
