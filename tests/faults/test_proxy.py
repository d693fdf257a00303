"""The proxy does what it says: each fault, seen by the real client before the real server."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from proxy import PASS, Answer, Cut, Delay, DropAnswer, DropRequest, Fault, Raw, Stall, Twice, lottery

from api_client import errors
from api_client.client import JamClient
from api_client.tokens import FixedToken
from api_client.transport import Bounds

POST = "00000000-0000-7000-8000-0000000000ff"
FORUM = "00000000-0000-4000-8000-0000000000f0"


@pytest.fixture
def ways(new_server: Callable[..., Any], new_proxy: Callable[..., Any]) -> tuple[Any, Any, str]:
    server = new_server()
    return server, new_proxy(server), server.admin("person", "token", "ana").strip()


def put(url: str, token: str) -> int:
    async def once() -> int:
        bounds = Bounds(call_seconds=1.0)
        async with JamClient(url, tokens=FixedToken(token), bounds=bounds) as client:
            return (await client.put_post(POST, forum_id=FORUM, title="Once", body="and no more")).seq

    return asyncio.run(once())


def there(server: Any) -> int:
    return sum(kind == "post" and data["id"] == POST for kind, data in server.exported())


@pytest.mark.parametrize(
    ("fault", "arrives"),
    [
        (DropRequest(), 0),
        (DropAnswer(), 1),
        (Cut(40), 1),
        (Stall(), 1),
        (Answer(502, b"<h1>Bad gateway</h1>"), 0),
        (Raw(b"HTTP/1.1 200 OK\r\n\r\nnot what was asked for"), 0),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_fault_does_to_a_write_what_it_says(ways: tuple[Any, Any, str], fault: Fault, arrives: int) -> None:
    server, proxy, token = ways
    proxy.decide = lambda call, _rng: fault if call.method == "PUT" else PASS
    with pytest.raises(errors.ApiError):
        put(proxy.url, token)
    assert there(server) == arrives
    proxy.decide = lambda _call, _rng: PASS
    put(proxy.url, token)
    assert there(server) == 1
    assert [type(one) for _, one in proxy.done] == [type(fault), type(PASS)]


def test_a_write_that_comes_twice_is_done_once(ways: tuple[Any, Any, str]) -> None:
    server, proxy, token = ways
    proxy.decide = lambda _call, _rng: Twice()
    seq = put(proxy.url, token)
    assert there(server) == 1
    proxy.decide = lambda _call, _rng: PASS
    assert put(proxy.url, token) == seq


def test_what_is_only_slow_arrives(ways: tuple[Any, Any, str]) -> None:
    server, proxy, token = ways
    proxy.decide = lambda _call, _rng: Delay(0.05)
    put(proxy.url, token)
    assert there(server) == 1


def test_frozen_nothing_moves_and_thawed_it_goes_on(ways: tuple[Any, Any, str]) -> None:
    server, proxy, token = ways
    proxy.freeze()
    with pytest.raises(errors.Unreachable):
        put(proxy.url, token)
    assert there(server) == 0
    proxy.thaw()
    put(proxy.url, token)
    assert there(server) == 1


def test_the_same_seed_draws_the_same_lots(ways: tuple[Any, Any, str], new_proxy: Callable[..., Any]) -> None:
    server, _, token = ways
    drawn = []
    for seed in (5, 5, 6):
        proxy = new_proxy(server, seed=seed)
        proxy.decide = lottery({DropAnswer(): 0.5})
        for _ in range(12):
            try:
                put(proxy.url, token)
            except errors.Unreachable:
                continue
        drawn.append([type(fault) for _, fault in proxy.done])
    assert drawn[0] == drawn[1] != drawn[2]
    assert 0 < drawn[0].count(DropAnswer) < 12
