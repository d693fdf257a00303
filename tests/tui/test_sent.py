"""What was written is where one looks once it is sent: in its thread, and in the list that one comes back to."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from typing import Any

import msgspec
import pytest

from jamtui.store import connection, mirror
from jamtui.store.mirror import Mirror

SIZES = ((80, 24), (40, 10), (120, 40), (160, 45))


def shown_rows(t: Any) -> list[Any]:
    """Keys of the rows of the list that are on the screen."""
    rows = t.screen.list_now
    return list(rows.keys[rows.top_index : rows.top_index + rows.rows_per_page])


def shown_posts(t: Any) -> list[Any]:
    """Keys of the posts of the thread whose head is on the screen."""
    reader = t.screen.reader
    return [reader._key(at) for at, line in reader._lines_in_view() if line == 0]


@pytest.mark.parametrize("size", SIZES, ids=str)
async def test_a_new_thread_is_read_and_then_the_row_of_the_cursor(tui: Callable[..., Any], size: Any) -> None:
    async with tui(size=size) as t:
        await t.press("enter", "j", "j", "c")
        await t.type("A thread about tea")
        await t.press("enter", "enter")
        await t.type("Hot.")
        await t.press("ctrl+s")
        assert t.row.title == "A thread about tea"
        assert shown_posts(t) == [t.row.key]
        if size[0] >= 100:  # the list stands beside it
            assert t.session.key(t.row.id) in shown_rows(t)
        await t.press("escape")
        assert t.row.title == "A thread about tea"
        assert t.row.key in shown_rows(t)
        assert "A thread about tea" in t.text


@pytest.mark.parametrize(("size", "at"), [*((size, 5) for size in SIZES), (SIZES[0], 0), (SIZES[0], 60)], ids=str)
async def test_a_reply_stands_there_and_its_thread_in_the_list(tui: Callable[..., Any], size: Any, at: int) -> None:
    async with tui(size=size) as t:
        await t.press("enter")
        t.screen.list_now.go_to_index(at)
        await t.press("enter", "j", "j", "r")
        thread = t.row.thread_id
        await t.type("My very answer")
        await t.press("ctrl+s")
        assert t.row.body == "My very answer"
        assert t.row.key in shown_posts(t)
        await t.press("escape")
        assert t.row.id == thread
        assert t.row.key in shown_rows(t)


async def test_from_a_list_of_posts_one_comes_back_to_what_was_written(tui: Callable[..., Any]) -> None:
    async with tui(size=(80, 24)) as t:
        await t.press("2", "j", "j", "r")
        await t.type("My very answer")
        await t.press("ctrl+s")
        await t.press("escape")
        assert t.row.body == "My very answer"
        assert t.row.key in shown_rows(t)


async def test_what_a_filter_leaves_out_moves_nothing(tui: Callable[..., Any]) -> None:
    async with tui(size=(80, 24)) as t:
        await t.press("enter", "f")
        await t.type("tag:culture")
        await t.press("enter", "j")
        before = t.row.id
        await t.press("c")
        await t.type("A thread about tea")
        await t.press("enter", "enter")
        await t.type("Hot.")
        await t.press("ctrl+s")
        assert t.row.title == "A thread about tea"
        await t.press("escape")
        assert t.row.id == before


async def test_it_is_pointed_at_also_when_it_arrives_at_that_very_moment(
    tui: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The network is faster than the screen: between the list and the thread the post got the key of the mirror."""
    async with tui(size=(120, 40)) as t:
        await t.press("enter", "j", "j", "c")
        await t.type("A thread about tea")
        await t.press("enter", "enter")
        await t.type("Hot.")
        screen, reload = t.screen, t.screen.reload
        (_, like), *_ = t.session.stored().posts(t.session.thread_keys(t.session.forums()[0].id)[:1])

        def and_it_arrives(*args: Any) -> None:
            reload(*args)
            if not args and (rows := t.session.waiting_rows()):
                post = like | {"id": rows[0].id, "thread_id": rows[0].id, "title": rows[0].payload.title}
                with closing(connection.connect(t.session.known.mirror, mirror.SCHEMA)) as db:
                    Mirror(db).apply([("post", msgspec.json.encode(post))], "2-aaaa")

        monkeypatch.setattr(screen, "reload", and_it_arrives)
        await t.press("ctrl+s")
        monkeypatch.undo()
        screen.reload()
        await t.settle()
        await t.press("escape")
        assert t.row.title == "A thread about tea"
        assert t.row.key in shown_rows(t)
