"""When the question is asked that a lost sign-in ends in, and when it goes by itself."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from jamtui.model import Changed, Link
from jamtui.session import Session
from screens.dialogs import Confirm


@pytest.fixture
def link(monkeypatch: pytest.MonkeyPatch) -> list[Link]:
    """The state of the connection, which the tests have none of: its last item."""
    states = [Link.LIVE]
    monkeypatch.setattr(Session, "link", property(lambda _: states[-1]))
    return states


def doors() -> Any:
    raise AssertionError("nobody said yes")


async def told(one: Any) -> None:
    """As the network's thread tells that the connection changed."""
    one.app._pending = Changed(status=True)
    one.app._last_frame = 0.0
    one.app._deliver(asyncio.get_running_loop())
    await one.settle()


async def test_asked_once_and_gone_when_somebody_signed_in_elsewhere(tui: Callable[..., Any], link: list[Link]) -> None:
    async with tui(again=doors) as one:
        await told(one)
        assert not isinstance(one.screen, Confirm)
        link.append(Link.SIGNED_OUT)
        await told(one)
        assert isinstance(one.screen, Confirm)
        assert "You are signed out. Sign in again?" in one.text
        await one.press("n")
        await told(one)
        assert not isinstance(one.screen, Confirm)
        link.append(Link.LIVE)
        await told(one)
        link.append(Link.SIGNED_OUT)  # another time it is asked again
        await told(one)
        assert isinstance(one.screen, Confirm)
        link.append(Link.CONNECTING)
        await told(one)
        assert not isinstance(one.screen, Confirm)


async def test_nobody_is_asked_while_typing(tui: Callable[..., Any], link: list[Link]) -> None:
    async with tui(again=doors) as one:
        await one.press("enter", "enter", "r")
        await one.type("half a thought")
        link.append(Link.SIGNED_OUT)
        await told(one)
        assert not isinstance(one.screen, Confirm)
        await one.type(" y")
        assert not isinstance(one.screen, Confirm)
        await one.press("escape")
        await one.press("j")
        assert isinstance(one.screen, Confirm)
        assert "a draft" in one.text
        await one.press("escape")
        assert not isinstance(one.screen, Confirm)


async def test_a_token_of_ones_own_place_is_not_replaced_unsaid(tui: Callable[..., Any], link: list[Link]) -> None:
    async with tui(again=doors) as one:
        one.session.known = one.session.known.changed(store="command")
        link.append(Link.SIGNED_OUT)
        await told(one)
        words = " ".join(one.text.replace("│", " ").split())
        assert "Your token came from the token_command of config.toml." in words
        assert "Signing in here keeps one with jamtui instead." in words
        await one.press("n")
        one.session.known = one.session.known.changed(store="keyring")
        one.app.on_ask_to_sign_in()
        await one.settle()
        assert "Your token came from" not in one.text


async def test_over_a_dialog_the_question_waits(tui: Callable[..., Any], link: list[Link]) -> None:
    async with tui(again=doors) as one:
        await one.press("question_mark")
        link.append(Link.SIGNED_OUT)
        await told(one)
        assert not isinstance(one.screen, Confirm)
        await one.press("escape")
        await one.press("j")
        assert isinstance(one.screen, Confirm)
