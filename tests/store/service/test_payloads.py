from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING

import pytest

from kitaru.errors import KitaruCorruptionError, KitaruStoreError
from kitaru.store.payloads import FilePayloads
from kitaru.store.service.client import ServiceStore
from tests.store.service.traffic import http as ask

if TYPE_CHECKING:
    from pathlib import Path

    from kitaru.store.service.payloads import HTTPPayloads
    from kitaru.store.service.record import ServiceRecord

Shared = tuple["Path", "ServiceRecord"]


@pytest.fixture
def payloads(shared: Shared):
    store = ServiceStore.remote(shared[1].url, shared[1].token)
    yield store.payloads
    store.close()


@pytest.mark.parametrize("size", [0, 1, 100_000, 9 << 20])
def test_a_payload_comes_back_as_it_was_sent(payloads: HTTPPayloads, size: int) -> None:
    data = os.urandom(size)
    assert payloads.get(payloads.put(data)) == data


def test_fifty_megabytes_travel_both_ways(payloads: HTTPPayloads, shared: Shared) -> None:
    data = os.urandom(50 << 20)
    digest = payloads.put(memoryview(data))
    assert hashlib.sha256(payloads.get(digest)).hexdigest() == digest
    assert FilePayloads(str(shared[0] / "payloads")).get(digest) == data


def test_a_payload_is_there_after_it_was_put_and_not_after_it_was_deleted(payloads: HTTPPayloads) -> None:
    digest = hashlib.sha256(b"now and then").hexdigest()
    found = [payloads.exists(digest)]
    payloads.put(b"now and then")
    found.append(payloads.exists(digest))
    assert digest in [entry[0] for entry in payloads.digests()]
    payloads.delete(digest)
    payloads.delete(digest)
    assert [*found, payloads.exists(digest)] == [False, True, False]


def test_a_missing_payload_is_named(payloads: HTTPPayloads) -> None:
    with pytest.raises(KitaruStoreError, match="a" * 64):
        payloads.get("a" * 64)


def test_what_arrives_changed_is_not_stored(shared: Shared) -> None:
    digest = hashlib.sha256(b"right").hexdigest()
    status, answer = ask(shared[1], "PUT", f"/v1/payloads/{digest}", b"wrong")
    assert (status, "changed on its way" in answer["error"]["message"]) == (400, True)
    assert ask(shared[1], "HEAD", f"/v1/payloads/{digest}")[0] == 404


def test_a_damaged_payload_is_not_handed_out(payloads: HTTPPayloads, shared: Shared) -> None:
    digest = payloads.put(b"intact")
    (shared[0] / "payloads" / digest[:2] / digest).write_bytes(b"broken")
    with pytest.raises(KitaruCorruptionError, match=digest):
        payloads.get(digest)
    payloads.delete(digest)


@pytest.mark.parametrize("name", ["..%2f..%2fservice.json", "x", "A" * 64, "a" * 63])
def test_a_name_that_is_no_digest_reaches_no_file(shared: Shared, name: str) -> None:
    assert 400 <= ask(shared[1], "GET", f"/v1/payloads/{name}")[0] <= 500
