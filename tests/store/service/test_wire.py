from __future__ import annotations

import pytest

from kitaru import errors
from kitaru.errors import KitaruBackendError, KitaruError, KitaruExecutionError, KitaruNotFoundError, KitaruStoreError
from kitaru.store.service.wire import UNAVAILABLE, decode_error, encode_error

CLASSES = [value for value in vars(errors).values() if isinstance(value, type) and issubclass(value, KitaruError)]


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
def test_the_client_raises_the_class_and_message_that_the_service_raised(kind: type[KitaruError]) -> None:
    status, body = encode_error(kind("what, where, next"))
    error = decode_error(status, body, "somewhere")
    assert (type(error), str(error)) == (kind, "what, where, next")
    assert 400 <= status < 600
    assert status not in UNAVAILABLE


def test_an_execution_errors_facts_travel_along() -> None:
    sent = KitaruExecutionError(
        "no result", exec_id="kr-1", status="failed", failure_origin=errors.FailureOrigin.USER_CODE
    )
    got = decode_error(*encode_error(sent), "somewhere")
    assert isinstance(got, KitaruExecutionError)
    assert (got.exec_id, got.status, got.failure_origin) == ("kr-1", "failed", errors.FailureOrigin.USER_CODE)


def test_a_subclass_that_the_client_does_not_know_arrives_as_its_known_base() -> None:
    class OwnError(KitaruNotFoundError):
        pass

    assert type(decode_error(*encode_error(OwnError("x")), "")) is KitaruNotFoundError


def test_what_nobody_foresaw_arrives_as_a_store_error_that_names_the_log() -> None:
    error = decode_error(*encode_error(ZeroDivisionError("division by zero")), "")
    assert type(error) is KitaruStoreError
    assert "ZeroDivisionError" in str(error)
    assert "service.log" in str(error)


@pytest.mark.parametrize(
    "body", [b"<html>", b"{}", b"[]", b'{"error": {"type": "FailureOrigin", "message": "x"}}', b'{"error": 1}']
)
def test_an_answer_that_no_kitaru_service_gives_is_a_backend_error(body: bytes) -> None:
    assert type(decode_error(502, body, "http://127.0.0.1:1")) is KitaruBackendError
