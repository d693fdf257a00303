"""Lists under a line: Enter takes the row that the arrows chose, and what was typed otherwise."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from jamtui.model import Similar
from jamtui.session import Session
from screens import type_ahead
from screens.connect import ConnectDialog
from screens.tag_desk import TagCurate, TagMerge
from screens.way_dialogs import FilterPicker


def merged(session: Session) -> list[tuple[str, str]]:
    """(tag, what it becomes) of what waits."""
    rows = [row for row in session.waiting_rows() if row.kind == "tag-merge"]
    return [(row.payload.path[1], row.payload.data["into"]) for row in rows]


async def test_an_arrow_and_enter_take_the_row_of_a_tag(tui: Callable[..., Any], host: Session) -> None:
    names = [tag.name for tag in host.tags()]
    async with tui() as t:
        await t.command("tag-merge")
        assert isinstance(t.screen, TagMerge)
        rows = [row.name for row in t.screen._rows]
        await t.press("down", "down", "enter")  # the third of all
        first, second = t.screen._fields()
        assert (first.value, t.app.focused) == (rows[2], second)
        assert rows[2] not in [row.name for row in t.screen._rows], "a tag does not become itself"
        other = [row.name for row in t.screen._rows][1]
        await t.press("down", "enter")
        assert (second.value, merged(host)) == (other, []), "what becomes of it is told first"
        assert f"#{other}" in t.text
        assert "a new tag" not in t.text
        await t.press("enter")
        assert merged(host) == [(rows[2], other)]
        assert {rows[2], other} <= set(names)


async def test_tab_takes_a_row_and_what_is_typed_later_stands(tui: Callable[..., Any], host: Session) -> None:
    name = host.tags()[0].name
    async with tui() as t:
        await t.command(f"tag-merge {name}")
        _, second = t.screen._fields()
        await t.press("ctrl+u", "down", "tab")
        assert second.value == t.screen._book.suggest("", leave_out=(name,))[1].name
        await t.press("ctrl+u", "down")
        await t.type("zeppelins")
        assert "#zeppelins, a new tag" in t.text
        await t.press("enter")
        assert merged(host) == [(name, "zeppelins")]


async def test_a_tag_that_is_to_become_itself_is_told_while_it_is_typed(tui: Callable[..., Any], host: Session) -> None:
    name = host.tags()[0].name
    async with tui(size=(80, 24)) as t:
        await t.command(f"tag-merge {name}")
        await t.press("ctrl+u")
        await t.type(name)
        assert f"That is #{name} itself" in t.text


async def test_the_tag_to_curate_is_pointed_at(tui: Callable[..., Any], host: Session) -> None:
    async with tui() as t:
        await t.command("tag-curate")
        assert isinstance(t.screen, TagCurate)
        wanted = t.screen._rows[1].name
        await t.press("down", "enter")
        await t.type("What it means")
        await t.press("enter")
        assert f"#{wanted} is curated" in t.told


async def test_a_filter_is_pointed_at(tui: Callable[..., Any]) -> None:
    async with tui() as t:
        await t.press("enter", "f")
        assert isinstance(t.screen, FilterPicker)
        await t.type("is:unread ")  # a filter already: Enter would show it
        wanted = t.screen._rows[1]
        await t.press("down", "enter")
        assert isinstance(t.screen, FilterPicker)
        assert t.screen.query_one("#filter-line").value.startswith(wanted)
        await t.press("ctrl+u")
        await t.type("is:unread")
        await t.press("enter")
        assert t.screen.spot.filter == "is:unread"


async def test_enter_right_behind_what_was_typed_waits_for_its_answer(
    tui: Callable[..., Any], session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The row of what was typed before is not the one that is meant."""
    asked: dict[str, Callable[[str, tuple[Similar, ...]], object]] = {}
    monkeypatch.setattr(session, "ask_titled", asked.__setitem__)
    old, new = (Similar(row, "F", 0, 0.5) for row in session.posts(session.live_keys()[:2]))
    async with tui() as t:
        await t.press("enter", "enter")
        here = t.row.id
        await t.press("L")
        await t.type("te")
        asked["te"]("te", (old,))
        await t.settle()
        await t.type("a")
        await t.press("enter", "j")
        assert isinstance(t.screen, ConnectDialog)
        asked["tea"]("tea", (new,))
        await t.settle()
        assert [link.post_id for link in session.links(here) if link.waits] == [new.post.id]
        assert t.row.id != here, "the key behind it went on"


async def test_who_types_on_since_no_answer_came_chooses_anew(
    tui: Callable[..., Any], session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Keys wait for an answer, but not for ever; the Enter of before is over then."""
    asked: dict[str, Callable[[str, tuple[Similar, ...]], object]] = {}
    monkeypatch.setattr(session, "ask_titled", asked.__setitem__)
    monkeypatch.setattr(type_ahead, "LONGEST", 0.05)
    (found,) = (Similar(row, "F", 0, 0.5) for row in session.posts(session.live_keys()[:1]))
    async with tui() as t:
        await t.press("enter", "enter", "L")
        await t.type("te")
        await t.press("enter", "a")
        while "tea" not in asked:
            await t.settle()
        asked["tea"]("tea", (found,))
        await t.settle()
        assert isinstance(t.screen, ConnectDialog)
        assert session.waiting_rows() == []
        await t.press("enter")
        assert not isinstance(t.screen, ConnectDialog)
