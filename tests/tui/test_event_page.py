"""The page of the Jam, the status line and the keys as the Jam goes from scheduled to archived."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from jamtui.archive import rfc3339
from jamtui.model import Changed
from jamtui.session import Session
from jamtui.store import connection, mirror
from screens.event import EventPage
from screens.hints import idle
from screens.messages import JamChanged

NOW = datetime(2011, 2, 9, 14, tzinfo=UTC)
HOUR = timedelta(hours=1)
REFINING, CLOSES = NOW + 8 * HOUR, NOW + 32 * HOUR
Running = Callable[..., AbstractAsyncContextManager[Any]]


@pytest.fixture
def at(session: Session) -> Callable[[datetime], None]:
    """Puts the clock of the session."""

    def put(moment: datetime) -> None:
        session._clock = lambda: moment

    return put


async def test_the_page_tells_what_stands_where(tui: Running) -> None:
    async with tui(size=(100, 48)) as t:
        await t.command("jam")
        assert isinstance(t.screen, EventPage)
        shown = t.text
        for words in ("Social Business Jam", "Open: Ideas", "until “Refining” begins", "Phases", "takes no new threads",
                      "What you may do now", "Hours", "UTC"):  # fmt: skip
            assert words in shown, words
        await t.press("q")
        assert not isinstance(t.screen, EventPage)


async def test_it_scrolls_and_leaves_by_the_keys_of_lists(tui: Running) -> None:
    async with tui(size=(40, 10)) as t:
        await t.command("jam")
        top = t.text
        await t.press("space")
        assert t.text != top
        await t.press("g")
        assert t.text == top
        await t.press("G")
        assert "Auckland" in t.text
        await t.press("escape")
        assert not isinstance(t.screen, EventPage)


@pytest.mark.parametrize(
    ("after", "words"),
    [
        (timedelta(0), "Ideas for 8 h · 1 d 8 h left"),
        (8 * HOUR, "Refining · 1 d left"),
        (32 * HOUR, "closed; outboxes are taken for 1 h more"),
        (34 * HOUR, "closed"),
    ],
)
async def test_the_status_line_tells_the_phase_where_there_is_room(
    tui: Running, at: Callable[[datetime], None], after: timedelta, words: str
) -> None:
    at(NOW + after)
    async with tui(size=(160, 45)) as t:
        assert words in t.text.splitlines()[0]
    async with tui(size=(40, 10)) as t:
        assert words not in t.text.splitlines()[0]


async def test_keys_that_the_phase_does_not_take_say_why(
    tui: Running, at: Callable[[datetime], None], session: Session
) -> None:
    async with tui(size=(120, 40)) as t:
        await t.press("enter")
        before = idle(session)
        assert "new-thread" not in before
        at(REFINING)  # the clock goes on while one reads
        await t.press("c")
        assert "The phase “Refining” does not take new threads" in t.told
        assert idle(session) - before == {"new-thread"}
        await t.press("question_mark")
        assert "Dimmed: The phase “Refining” does not take new threads." in t.text
        await t.press("escape", "enter", "r")
        assert t.screen.query("#composer")  # replies are taken
        await t.type("late")
        at(CLOSES)
        await t.press("ctrl+s")
        assert "The Jam closed on 10 February 2011 at 22:00" in t.text
        assert [draft.body for draft in session.drafts()] == ["late"]


async def test_what_has_changed_of_the_hours_is_told_on_the_last_line(
    tui: Running, at: Callable[[datetime], None]
) -> None:
    async with tui(size=(120, 40)) as t:
        for moment, words in (
            (NOW + HOUR, ""),
            (REFINING, "Refining: No new threads now"),
            (CLOSES, "The Jam has closed"),
        ):
            at(moment)
            t.screen._tick()
            await t.settle()
            assert words in t.told
            assert bool(words) == ("Refining" in t.told or "closed" in t.told)
        assert "reading only" in t.text.splitlines()[0]


async def test_the_composer_tells_what_the_phase_is_for(tui: Running) -> None:
    async with tui(size=(120, 40)) as t:
        await t.press("enter", "c")
        assert "Ideas: Say what should be different" in t.text
    async with tui(size=(40, 10)) as t:
        await t.press("enter", "c")
        assert "Ideas: Say" not in t.text


async def test_the_page_goes_on_with_the_clock(tui: Running, at: Callable[[datetime], None]) -> None:
    """It draws itself anew once a minute, and not more often."""
    async with tui(size=(100, 48)) as t:
        await t.command("jam")
        at(CLOSES + 2 * HOUR)
        t.screen.draw()
        await t.settle()
        assert "Closed: it can be read" in t.text
        assert "Nothing more is planned." in t.text
        assert "until" not in t.text


async def test_hours_that_an_organiser_changes_are_on_the_page_at_once(
    tui: Running, at: Callable[[datetime], None], session: Session
) -> None:
    async with tui(size=(100, 48)) as t:
        await t.command("jam")
        before = t.text
        db = connection.connect(session.known.mirror, mirror.SCHEMA)
        fields = session.jam_object() | {"closes_at": rfc3339(NOW - HOUR), "title": "Cut short"}
        mirror.Mirror(db).apply([("jam", json.dumps(fields).encode())], "2-bbbb")
        db.close()
        t.screen.post_message(JamChanged(Changed(everything=True)))
        await t.settle()
        assert t.text != before
        assert "Cut short" in t.text
        assert "Closed: it can be read" in t.text
