"""What cannot be put on the disk stays in the composer, is told, and is saved once there is room; nobody leaves without
it unasked. The disk is full by SQLite's own limit; `tests/faults/test_full_disk.py` fills a real one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from jamtui.model import DraftKind
from screens.dialogs import Confirm
from widgets.composer import Composer

LONG = "A text that needs pages of its own. " * 400


class Disk:
    """The store of one's own texts, which may be at its limit."""

    def __init__(self, session: Any) -> None:
        self._db = session._own.db

    def fill(self) -> None:
        (pages,) = next(iter(self._db.execute("PRAGMA page_count")))
        self._db.execute(f"PRAGMA max_page_count={pages}")

    def free(self) -> None:
        self._db.execute("PRAGMA max_page_count=1000000")


async def to_full_composer(t: Any) -> tuple[Composer, Disk]:
    await t.press("enter", "enter", "r")
    composer: Composer = t.screen.query_one(Composer)
    await t.type("Short")
    composer.save_now()
    disk = Disk(t.session)
    disk.fill()
    composer.replace_body(LONG)
    await t.settle()
    return composer, disk


async def test_a_full_disk_is_told_and_typing_goes_on(tui: Callable[..., Any]) -> None:
    async with tui() as t:
        composer, disk = await to_full_composer(t)
        assert composer.unsaved is not None
        assert "not saved" in t.text
        assert "nothing was lost" in t.text
        await t.type("more")
        assert composer.draft.body == f"{LONG}more"
        assert "nothing was lost" in t.text  # what is typed takes no such note away
        assert [one.body for one in t.session.drafts()] == ["Short"]
        disk.free()
        composer.save_now()  # which a timer does each second, typed or not
        await t.settle()
        assert [one.body for one in t.session.drafts()] == [f"{LONG}more"]
        assert "nothing was lost" not in t.text
        assert "draft saved" in t.text


async def test_it_is_tried_again_by_itself(tui: Callable[..., Any]) -> None:
    async with tui() as t:
        composer, disk = await to_full_composer(t)
        timer = composer._timer
        assert timer is not None
        assert (timer.name, timer._interval) == ("save-draft", 1.0)
        disk.free()
        await timer._tick(next_timer=0, count=0)
        await t.settle()
        assert composer.unsaved is None


async def test_a_composer_does_not_close_over_what_is_not_saved(tui: Callable[..., Any]) -> None:
    async with tui() as t:
        composer, disk = await to_full_composer(t)
        await t.press("escape")
        assert t.screen.query_one(Composer) is composer
        disk.free()
        await t.press("escape")
        assert not t.screen.query(Composer)
        assert [one.body for one in t.session.drafts()] == [LONG]


async def test_it_is_neither_sent_nor_lost_and_sent_later(tui: Callable[..., Any]) -> None:
    async with tui() as t:
        composer, disk = await to_full_composer(t)
        await t.press("ctrl+s")
        assert t.screen.query_one(Composer) is composer
        assert t.session.outbox() == []
        disk.free()
        await t.press("ctrl+s")
        (row,) = t.session.stored().waiting
        assert row.payload.body == LONG.strip()
        assert t.session.drafts() == []


async def test_nobody_leaves_without_it_unasked(tui: Callable[..., Any]) -> None:
    async with tui() as t:
        composer, disk = await to_full_composer(t)
        await t.press("ctrl+q")
        assert isinstance(t.app.screen, Confirm)
        assert "A text that needs" in t.text
        await t.press("n")
        assert t.app.is_running
        disk.free()
        composer.save_now()
        await t.press("ctrl+q")
        assert not t.app.is_running
        assert [one.body for one in t.session.drafts()] == [LONG]


async def test_who_leaves_all_the_same_gets_the_text_on_the_terminal(tui: Callable[..., Any]) -> None:
    async with tui() as t:
        await to_full_composer(t)
        await t.press("ctrl+q", "y")
        assert not t.app.is_running
        assert "A text that needs" in str(t.app._exit_renderables[0])


async def test_what_cannot_be_saved_is_not_thrown_away_either(tui: Callable[..., Any]) -> None:
    async with tui() as t:
        composer, _ = await to_full_composer(t)
        await t.screen.perform("discard")
        await t.settle()
        assert t.screen.query_one(Composer) is composer
        assert composer.draft.body == LONG


async def test_discarding_in_the_composer_can_be_undone(tui: Callable[..., Any]) -> None:
    async with tui() as t:
        await t.press("enter", "enter", "r")
        await t.type("Half")
        await t.screen.perform("discard")
        await t.settle()
        assert not t.screen.query(Composer)
        assert t.session.drafts() == []
        await t.press("z")
        assert [(one.kind, one.body) for one in t.session.drafts()] == [(DraftKind.REPLY, "Half")]
