"""One refresh, however many calls find the token expired."""

from __future__ import annotations

import asyncio

import pytest
from rich.pretty import pretty_repr

from api_client.errors import NotSignedIn, Unreachable
from api_client.models import Token
from api_client.tokens import FixedToken, Guest, RefreshingToken
from jamtui.archive import Person

ANA = Person("p1", "ana", "Ana")


class Server:
    def __init__(self) -> None:
        self.asked: list[str] = []
        self.called = asyncio.Event()
        self.kept: list[Token] = []
        self.go = asyncio.Event()
        self.failure: Exception | None = None
        self.on_disk: tuple[str, str] | None = None

    async def refresh(self, refresh_token: str) -> Token:
        self.asked.append(refresh_token)
        self.called.set()
        await self.go.wait()
        if self.failure is not None:
            raise self.failure
        return Token(f"access{len(self.asked)}", "Bearer", ANA, 3600, f"refresh{len(self.asked)}")

    def provider(self) -> RefreshingToken:
        return RefreshingToken(
            "access0", "refresh0", refresh=self.refresh, keep=self.kept.append, stored=lambda: self.on_disk
        )


async def test_many_calls_one_refresh() -> None:
    server = Server()
    provider = server.provider()
    calls = [asyncio.create_task(provider.refreshed("access0")) for _ in range(20)]
    await asyncio.sleep(0)
    server.go.set()
    assert await asyncio.gather(*calls) == ["access1"] * 20
    assert server.asked == ["refresh0"]
    assert [token.access_token for token in server.kept] == ["access1"]
    assert await provider.token() == "access1"
    assert await provider.refreshed("access0") == "access1"  # a call that comes late with the old one
    assert await provider.refreshed("access1") == "access2"
    assert server.asked == ["refresh0", "refresh1"]


async def test_a_cancelled_call_does_not_lose_the_new_token() -> None:
    server = Server()
    provider = server.provider()
    call = asyncio.create_task(provider.refreshed("access0"))
    await server.called.wait()
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    server.go.set()
    assert await provider.refreshed("access0") == "access1"
    assert server.asked == ["refresh0"]
    assert len(server.kept) == 1


async def test_a_refused_refresh_token_is_asked_with_once() -> None:
    server = Server()
    server.failure = NotSignedIn("no")
    server.go.set()
    provider = server.provider()
    assert await provider.refreshed("access0") is None
    assert await provider.refreshed("access0") is None
    assert server.asked == ["refresh0"]
    server.on_disk = ("access7", "refresh7")  # somebody signed in again beside us
    assert await provider.refreshed("access0") == "access7"


async def test_no_network_is_no_refusal() -> None:
    server = Server()
    server.failure = Unreachable("no")
    server.go.set()
    provider = server.provider()
    with pytest.raises(Unreachable):
        await provider.refreshed("access0")
    server.failure = None
    assert await provider.refreshed("access0") == "access2"


async def test_what_another_process_refreshed_is_taken() -> None:
    server = Server()
    server.on_disk = ("access9", "refresh9")
    assert await server.provider().refreshed("access0") == "access9"
    assert server.asked == []


async def test_nothing_shows_a_secret() -> None:
    server = Server()
    token = Token("s3cret", "Bearer", ANA, 5, "s3cret")
    for shown in (server.provider(), FixedToken("s3cret"), token):
        assert "s3cret" not in repr(shown)
        assert "s3cret" not in f"{shown}"
        assert "access0" not in repr(shown)
        assert "s3cret" not in pretty_repr(shown)
    assert await Guest().token() is None
    assert await FixedToken("a").refreshed("a") is None
