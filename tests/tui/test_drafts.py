"""Drafts and what was refused, on the screen: the list, going on where it was written, both versions, another place."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from typing import Any

import msgspec

from jamtui.model import Draft, DraftKind
from jamtui.store import connection, mirror, own
from jamtui.store.mirror import Mirror
from screens.conflict import ConflictDialog
from screens.drafts import DraftsDialog, PlaceDialog
from widgets.composer import Composer


def opener(t: Any) -> Any:
    session = t.session
    return session.post(session.threads(session.thread_keys(session.forums()[0].id))[0].id)


def refuse(t: Any, row_id: str, code: str) -> None:
    """What the process that holds the network does when the Jam says no."""
    with closing(connection.connect(t.session.known.own, own.SCHEMA)) as db:
        own.Own(db).refused(row_id, "The Jam said no.", code)


def arrives(t: Any, post_id: str, **changes: object) -> None:
    there = t.session._rows.as_confirmed(post_id)
    data = {**msgspec.to_builtins(there), **changes}
    with closing(connection.connect(t.session.known.mirror, mirror.SCHEMA)) as db:
        mirrored = Mirror(db)
        seq = int(mirrored.cursor.partition("-")[0]) + 1
        mirrored.apply([("post", msgspec.json.encode(data))], f"{seq}-aaaa")


async def test_all_drafts_are_listed_and_gone_on_with_where_they_were_written(tui: Callable[..., Any]) -> None:
    async with tui() as t:
        post, forum = opener(t), t.session.forums()[1]
        t.session.save_draft(Draft(DraftKind.REPLY, post.id, body="half an [/] answer"))
        t.session.save_draft(Draft(DraftKind.THREAD, forum.id, "A title", "and a text"))
        await t.press("7")
        assert isinstance(t.screen, DraftsDialog)
        assert "half an [/] answer" in t.text
        assert f"New thread in {forum.title[:20]}" in t.text
        await t.press("enter")
        assert t.screen.query_one(Composer).draft.body == "half an [/] answer"
        await t.press("escape", "7", "j", "enter")
        composer = t.screen.query_one(Composer)
        assert (composer.draft.title, composer.draft.body) == ("A title", "and a text")


async def test_a_draft_is_thrown_away_and_brought_back_in_the_list(tui: Callable[..., Any]) -> None:
    async with tui() as t:
        t.session.save_draft(Draft(DraftKind.REPLY, opener(t).id, body="half an answer"))
        await t.press("7", "D")
        assert t.session.drafts() == []
        assert "thrown away" in t.text
        await t.press("z")
        assert [one.body for one in t.session.drafts()] == ["half an answer"]
        await t.press("D", "escape")
        await t.press("7", "enter")  # another day
        assert t.screen.query_one(Composer).draft.body == "half an answer"
        assert [one.body for one in t.session.drafts()] == ["half an answer"]


async def test_who_comes_back_hears_of_drafts(tui: Callable[..., Any], session: Any) -> None:
    async with tui() as t:
        assert "draft" not in t.told
    session.save_draft(Draft(DraftKind.REPLY, session.posts(session.live_keys(1))[0].id, body="half an answer"))
    async with tui() as t:
        assert "1 draft not sent yet; 7 lists them" in t.told


async def test_the_list_without_drafts_says_so(tui: Callable[..., Any]) -> None:
    async with tui() as t:
        await t.press("7")
        assert "No drafts" in t.text
        await t.press("D", "z", "enter", "escape")
        assert not isinstance(t.screen, DraftsDialog)


async def to_conflict(t: Any) -> tuple[Any, str]:
    mine = next(row for row in t.session.posts(t.session.live_keys()) if row.mine and row.body)
    row_id = t.session.send(Draft(DraftKind.EDIT, mine.id, mine.title, "Mine [b]", base_version=mine.version))
    refuse(t, row_id, "version_conflict")
    arrives(t, mine.id, body="Theirs [/]", version=mine.version + 1)
    await t.press("5", "r")
    assert isinstance(t.screen, ConflictDialog)
    return mine, row_id


async def test_both_versions_stand_side_by_side_and_mine_goes_over_it(tui: Callable[..., Any]) -> None:
    async with tui(size=(120, 40)) as t:
        mine, _ = await to_conflict(t)
        assert any("Theirs [/]" in line and "Mine [b]" in line for line in t.text.splitlines())
        await t.press("m")
        (row,) = t.session.stored().waiting
        assert (row.state, row.payload.base_version) == ("queued", mine.version + 1)


async def test_on_a_narrow_terminal_they_stand_one_below_the_other(tui: Callable[..., Any]) -> None:
    async with tui(size=(60, 30)) as t:
        await to_conflict(t)
        theirs, mine = (pane.region for pane in t.screen.query(".version"))
        assert theirs.bottom <= mine.y
        assert "Theirs [/]" in t.text


async def test_theirs_stays_and_z_brings_mine_back(tui: Callable[..., Any]) -> None:
    async with tui() as t:
        _, row_id = await to_conflict(t)
        await t.press("t")
        assert t.session.outbox() == []
        await t.press("z")
        assert [row.id for row in t.session.outbox()] == [row_id]


async def test_a_third_version_begins_with_mine_upon_theirs(tui: Callable[..., Any]) -> None:
    async with tui() as t:
        mine, _ = await to_conflict(t)
        await t.press("e")
        draft = t.screen.query_one(Composer).draft
        assert (draft.body, draft.base_version) == ("Mine [b]", mine.version + 1)


async def test_a_text_whose_place_is_gone_is_sent_elsewhere(tui: Callable[..., Any]) -> None:
    async with tui() as t:
        post = opener(t)
        index = t.session.thread_index(post.id)
        answered = t.session.posts([index.keys[1]])[0]
        row_id = t.session.send(Draft(DraftKind.REPLY, answered.id, body="precious"))
        refuse(t, row_id, "parent_gone")
        arrives(t, answered.id, body="", state="deleted", version=answered.version + 1)
        await t.press("5")
        assert "elsewhere" in " ".join(t.text.split())
        await t.press("e")
        assert isinstance(t.screen, PlaceDialog)
        await t.press("enter")
        draft = t.screen.query_one(Composer).draft
        assert (draft.kind, draft.target, draft.body) == (DraftKind.REPLY, answered.parent_id, "precious")


async def test_the_outbox_says_when(tui: Callable[..., Any]) -> None:
    async with tui() as t:
        t.session.send(Draft(DraftKind.REPLY, opener(t).id, body="waits"))
        await t.press("5")
        assert "when jamtui is started" in " ".join(t.text.split())
