"""A draft survives what happens while it is written: another size, a Jam that closes and opens again, Esc from any
field. (`tests/pty/test_killed_writing.py` kills the program; `tests/pty/test_hang_up.py` hangs up.)"""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from jamtui.model import DraftKind
from jamtui.session import Session
from widgets.area import Area
from widgets.composer import Composer

NOW = datetime(2011, 2, 9, 14, tzinfo=UTC)
CLOSES = NOW + timedelta(hours=32)
SIZES = [(80, 24), (40, 10), (160, 45), (20, 6), (120, 40), (100, 9), (40, 50)]


@pytest.fixture
def at(session: Session) -> Callable[[datetime], None]:
    """Puts the clock of the session."""

    def put(moment: datetime) -> None:
        session._clock = lambda: moment

    return put


async def test_another_size_with_every_word(tui: Callable[..., Any]) -> None:
    rng = random.Random(1)
    async with tui(size=(80, 24)) as t:
        await t.press("enter", "c")
        await t.type("About tea")
        await t.press("enter", "enter")
        written = ""
        for number in range(21):
            word = f"word{number} "
            written += word
            await t.type(word)
            await t.pilot.resize_terminal(*rng.choice(SIZES))
            await t.settle()
            composer = t.screen.query_one(Composer)
            assert composer.draft.body == written
            assert composer.draft.title == "About tea"
            assert t.app.focused is composer.query_one(Area)
        await t.pilot.resize_terminal(80, 24)
        await t.settle()
        assert "word20" in t.text
        await t.press("escape")
        draft = t.session.draft(DraftKind.THREAD, t.session.forums()[0].id)
        assert draft is not None
        assert (draft.title, draft.body) == ("About tea", written)


@pytest.mark.parametrize("field", ["title", "tags", "body", "preview"])
async def test_escape_keeps_it_from_every_field(tui: Callable[..., Any], field: str) -> None:
    async with tui(size=(80, 24)) as t:
        await t.press("enter", "c")
        await t.type("Tea")
        await t.press("enter")
        await t.type("green")
        await t.press("enter")
        await t.type("Hot.")
        await t.press(*{"title": ("tab",), "tags": ("shift+tab",), "body": (), "preview": ("ctrl+r",)}[field])
        await t.press("escape")
        assert "Draft kept" in t.told
        await t.press("c")
        draft = t.screen.query_one(Composer).draft
        assert (draft.title, draft.tags, draft.body) == ("Tea", ("green",), "Hot.")


async def test_tags_alone_are_a_draft(tui: Callable[..., Any]) -> None:
    async with tui(size=(80, 24)) as t:
        await t.press("enter", "c", "tab")
        await t.type("green")
        await t.press("escape")
        assert "Draft kept" in t.told
        await t.press("c")
        assert t.screen.query_one(Composer).draft.tags == ("green",)


@pytest.mark.parametrize("size", [(120, 40), (80, 24), (40, 10)], ids=str)
async def test_a_jam_that_closes_meanwhile_is_told_and_the_draft_stays(
    tui: Callable[..., Any], at: Callable[[datetime], None], size: tuple[int, int]
) -> None:
    async with tui(size=size) as t:
        await t.press("enter", "enter", "r")
        await t.type("Half a ")
        at(CLOSES)
        t.screen._tick()
        await t.settle()
        assert "✗ The Jam closed" in t.text
        assert "The Jam has closed" in t.told
        await t.type("thought")
        assert "The Jam has closed" in t.told, "a key that types does not take it away"
        await t.press("ctrl+s")
        assert t.screen.query(Composer)
        assert t.session.outbox() == []
        assert [one.body for one in t.session.drafts()] == ["Half a thought"]
        await t.press("escape")
        assert [one.body for one in t.session.drafts()] == ["Half a thought"]
        at(NOW)  # an organiser opens it again
        t.screen._tick()
        await t.press("r")
        assert "✗ The Jam closed" not in t.text
        assert t.screen.query_one(Composer).draft.body == "Half a thought"
        await t.press("ctrl+s")
        assert t.row.body == "Half a thought"


async def test_it_opens_again_while_one_writes(tui: Callable[..., Any], at: Callable[[datetime], None]) -> None:
    async with tui(size=(80, 24)) as t:
        await t.press("enter", "enter", "r")
        await t.type("Patience")
        at(CLOSES)
        t.screen._tick()
        at(NOW)
        t.screen._tick()
        await t.settle()
        assert "✗ The Jam closed" not in t.text
        assert "Ideas: Say what should be different" in t.text
        await t.press("ctrl+s")
        assert t.row.body == "Patience"


async def test_its_text_is_taken_along_when_it_can_be_sent_no_more(
    tui: Callable[..., Any], at: Callable[[datetime], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    copied: list[str] = []
    async with tui(size=(80, 24)) as t:
        monkeypatch.setattr(t.app, "copy_to_clipboard", copied.append)
        await t.press("enter", "enter", "r")
        await t.type("Half a thought")
        await t.press("escape", "7")
        assert "Enter goes on writing" in t.text
        assert "takes that back" not in t.text, "nothing was thrown away yet"
        await t.press("D")
        assert "Enter brings it back" in t.text
        assert "z takes that back" in t.text
        await t.press("z", "escape")
        at(CLOSES)
        await t.press("7")
        assert "The Jam closed on" in t.text
        assert "goes on writing" not in t.text
        await t.press("y")
        assert copied == ["Half a thought"]
        assert "Text copied" in t.text
