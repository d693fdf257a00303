"""What the last line says, and until when; and that nothing stands beside a list that is not of it."""

from __future__ import annotations

from typing import Any

import pytest
from textual.widgets.input import Selection

from widgets.row_list import RowList


async def test_a_message_goes_at_the_next_key_that_does_something(tui: Any) -> None:
    async with tui() as t:
        await t.press("escape")
        assert t.told == "q leaves jamtui"  # a fact: nothing was done that a check mark could stand for
        await t.press("j")
        assert t.told.endswith("? help")
        await t.press("enter", "s")
        assert t.told.startswith("✓ Saved")
        await t.press("f12")  # no key of jamtui's
        assert t.told.startswith("✓ Saved")
        await t.press("enter")
        assert t.told.endswith("? help")


async def test_what_came_by_itself_stays(tui: Any) -> None:
    """Nobody notices a counter that vanishes: what was sent is told for some seconds, whatever keys come."""
    async with tui() as t:
        await t.press("enter")
        t.screen.say("Sent: from the tunnel", lasting=True)
        await t.press("j", "j")
        assert t.told == "✓ Sent: from the tunnel"


@pytest.mark.parametrize("keys", [("4",), ("3", "4"), ("6",)])
async def test_no_thread_stands_beside_an_empty_list(tui: Any, keys: tuple[str, ...]) -> None:
    async with tui(size=(160, 45)) as t:
        await t.press("enter", "j", "enter", "escape")
        assert t.screen.reader.index.keys
        await t.press(*keys)
        assert not t.screen.list_now.keys
        assert not t.screen.reader.index.keys
        assert "No thread" in t.text.splitlines()[2]


async def test_what_is_narrowed_to_nothing_says_how_to_go_on(tui: Any) -> None:
    async with tui(size=(160, 45)) as t:
        await t.press("enter")
        await t.command("filter is:unread")
        assert t.screen.list_now.keys
        await t.press("A", "enter")
        assert "Nothing fits." in t.text
        assert "f changes the filter, x clears it." in t.text
        assert not t.screen.reader.index.keys
        await t.press("1", "enter")
        await t.command("filter lang:xx")
        assert "Nothing fits." in t.text
        await t.press("x")
        assert "Nothing fits." not in t.text
        assert t.screen.list_now.keys


async def test_what_is_read_in_a_list_loses_its_dot_at_once(tui: Any) -> None:
    async with tui(size=(160, 45)) as t:
        await t.press("P", "space", "n", "n", "n")
        rows: RowList[Any, Any] = t.screen.list_now
        unread = [t.session.posts([key])[0].unread for key in rows.keys[:6]]
        assert not all(unread)
        assert [rows._row(at).unread for at in range(6)] == unread


async def test_the_old_search_is_replaced_by_what_one_types(tui: Any) -> None:
    async with tui() as t:
        await t.press("slash", *"pilot", "enter", "slash")
        field = t.screen.query_one("#query")
        assert (field.value, field.selection) == ("pilot", Selection(0, 5))
        await t.type("trust")
        assert field.value == "trust"
        await t.press("enter", "slash", "end", *" is:unread")
        assert t.screen.query_one("#query").value == "trust is:unread"
        await t.press("escape", "escape", "escape", "slash", "up")
        assert t.screen.query_one("#query").value == "pilot"


async def test_going_round_the_hits_is_said(tui: Any) -> None:
    async with tui() as t:
        await t.press("slash", *"pilot", "down", "enter")
        assert t.screen.hits.at == 1
        await t.press("p")
        assert t.screen.hits.at == 0
        assert "hit again" not in t.told
        await t.press("p")
        assert t.told == "On from the last hit again"
        await t.press("n")
        assert t.told == "On from the first hit again"
