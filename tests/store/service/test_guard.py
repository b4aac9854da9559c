from __future__ import annotations

import pytest

from kitaru.store.service.guard import Guard, RefusedError, is_loopback

TOKEN = "a-token-of-some-length"


def check(guard: Guard, host: str, authorization: str = f"Bearer {TOKEN}") -> None:
    headers = [(b"host", host.encode())]
    if authorization:
        headers.append((b"authorization", authorization.encode()))
    guard.check(headers)


@pytest.mark.parametrize("host", ["127.0.0.1:80", "localhost", "LOCALHOST:9", "[::1]:80", "[::1]"])
def test_the_names_of_this_machine_pass(host: str) -> None:
    check(Guard(TOKEN, "127.0.0.1"), host)


@pytest.mark.parametrize("host", ["attacker.example", "127.0.0.1.attacker.example:80", "192.0.2.7", "", "[::2]", ":80"])
def test_other_names_are_refused_even_with_the_token(host: str) -> None:
    guard = Guard(TOKEN, "127.0.0.1")
    for _ in range(2):
        with pytest.raises(RefusedError, match="does not go by") as caught:
            check(guard, host)
        assert caught.value.status == 403


def test_a_service_for_others_goes_by_addresses_and_the_names_it_was_given() -> None:
    guard = Guard(TOKEN, "0.0.0.0", ["Kitaru.example"])
    check(guard, "192.0.2.7:8383")
    check(guard, "kitaru.example")
    with pytest.raises(RefusedError):
        check(guard, "attacker.example")


@pytest.mark.parametrize("authorization", ["Bearer wrong", TOKEN, f"bearer {TOKEN}", f"Bearer {TOKEN} ", "Basic x"])
def test_a_wrong_token_is_refused_and_not_repeated(authorization: str) -> None:
    with pytest.raises(RefusedError, match=r"not that of this service.*service\.json.*KITARU_AUTH_TOKEN") as caught:
        check(Guard(TOKEN, "127.0.0.1"), "localhost", authorization)
    assert caught.value.status == 401
    assert TOKEN not in str(caught.value)


def test_a_missing_token_is_told_from_a_wrong_one() -> None:
    with pytest.raises(RefusedError, match="carries no token") as caught:
        check(Guard(TOKEN, "127.0.0.1"), "localhost", "")
    assert caught.value.status == 401


def test_only_addresses_of_this_machine_are_loopback() -> None:
    assert [is_loopback(host) for host in ("127.0.0.1", "127.9.9.9", "::1", "localhost")] == [True] * 4
    assert [is_loopback(host) for host in ("0.0.0.0", "::", "192.0.2.1", "example.org")] == [False] * 4
