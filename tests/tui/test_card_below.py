"""On a narrow terminal a card stands below its list: no row is cut by it, and no card stands below nothing."""

from __future__ import annotations

from typing import Any

import pytest

from jamtui.model import Draft, DraftKind
from widgets.card import Card
from widgets.lists import ForumList


@pytest.mark.parametrize("height", [16, 19, 20, 23, 24, 31, 40])
async def test_no_row_is_cut_by_the_card_below(tui: Any, height: int) -> None:
    async with tui(size=(80, height)) as t:
        for keys in (("1",), ("colon", *"people", "enter")):
            await t.press(*keys)
            rows = t.screen.list_now
            assert rows.size.height % rows.row_height == 0
            assert rows.size.height == min(len(rows.keys), rows.rows_per_page) * rows.row_height
            assert t.screen.query_one("#card").size.height >= 4
            assert rows.size.height >= min(2 * len(rows.keys), height // 2 - 2)  # the list is what one needs
        await t.press("1")
        assert height < 23 or t.screen.list_now.rows_per_page == 5  # all of them


async def test_below_an_empty_list_there_is_no_card(tui: Any) -> None:
    async with tui(size=(80, 24)) as t:
        thread = t.session.threads(t.session.thread_keys(t.session.forums()[0].id)[:1])[0]
        t.session.send(Draft(DraftKind.REPLY, thread.id, body="waits"))
        await t.press("5")
        assert "What waits" in t.text
        assert t.screen.list_now.size.height == 2
        await t.press("D")
        assert "What waits" not in t.text
        assert t.screen.list_now.size.height == 20
        await t.press("z")
        assert "What waits" in t.text
        await t.pilot.resize_terminal(120, 40)
        await t.settle()
        assert t.screen.list_now.size.height == 36  # beside the card
        assert t.screen.query_one(Card).region.x > 50


async def test_forums_that_come_later_are_all_there(tui: Any) -> None:
    """The first load brings them when the list has its size already: five of three lines each had no room."""
    async with tui(size=(80, 24)) as t:
        rows = t.screen.list_now
        assert isinstance(rows, ForumList)
        keys = list(rows.keys)
        rows.update_rows(keys[:2])
        assert rows.row_height == 3
        rows.update_rows(keys)
        assert rows.row_height == 2
        rows.set_rows(keys[:1])
        assert rows.row_height == 3
