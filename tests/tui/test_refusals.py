"""What cannot be done is told in words on the screen, and ends nothing: for guests, in archives, on a full disk."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from textual.widgets import Static

from jamtui.actions import ACTIONS, Where
from jamtui.app import JamApp
from jamtui.archive import open_archive
from jamtui.paths import Home
from jamtui.session import Session, open_session
from jamtui.store import connection, mirror, registry
from jamtui.store.connection import StorageFull
from jamtui.store.mirror import Loading, Mirror
from jamtui.store.opening import prepare
from screens.jam import JamScreen
from widgets.status_line import HintLine, Tabs

NOW = datetime(2018, 1, 1, tzinfo=UTC)
REAL_JAM = Path(__file__).parents[1] / "data" / "real-jam" / "open-conversations.jsonl"


@pytest.fixture(params=["guest", "archive"])
def session(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Session]:
    """A reader who may not write, on the real Jam."""
    home = Home.from_env({"JAMTUI_HOME": str(tmp_path)})
    if request.param == "guest":
        jam = registry.for_server(home, "http://127.0.0.1:9", "open", "Open conversations")
    else:
        jam = registry.for_file(home, REAL_JAM)
    registry.remember(home, jam)
    prepare(jam, NOW)
    db = connection.connect(jam.mirror, mirror.SCHEMA)
    loading = Loading(Mirror(db), "1-aaaa")
    with open_archive(REAL_JAM) as stream:
        for line in stream:
            loading.feed(line.rstrip(b"\n"))
    loading.finish("2018-01-01T00:00:00.000Z")
    db.close()
    one = open_session(home, jam, clock=lambda: NOW, rng=random.Random(1), environ={})
    one.start = lambda on_change: None  # type: ignore[method-assign] # off line: no server is meant here
    yield one
    one.close()


def told(app: JamApp) -> str:
    return str(app.screen.query_one(HintLine).render())


KEYS = sorted({key for a in ACTIONS if Where.JAM in a.where or Where.OUTBOX in a.where for key in a.keys})


@pytest.mark.parametrize("place", [(), ("enter", "enter"), ("2",), ("4",)], ids=str)
async def test_no_key_ends_the_program_for_who_may_not_write(
    session: Session, tmp_path: Path, place: tuple[str, ...]
) -> None:
    app = JamApp(session, reports=tmp_path / "reports", frozen=True, clock=lambda: NOW)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("1", *place)
        screen = app.screen
        assert isinstance(screen, JamScreen)
        there = screen.spot
        for key in KEYS:
            while len(app.screen_stack) > 1:
                app.pop_screen()
            if screen.spot != there or screen.writing:  # the key before led away
                await pilot.press("1", *place)
            if key != "q" or place:  # at the root q leaves, as it should
                await pilot.press(key)
            if key == "colon":
                await pilot.press("escape")
            assert app.is_running, f"{key} ended it"
        assert app.return_code in (None, 0)


@pytest.mark.parametrize("key", ["r", "c", "plus", "t", "e", "D", "greater_than_sign"])
async def test_who_may_not_write_is_told_so(session: Session, tmp_path: Path, key: str) -> None:
    app = JamApp(session, reports=tmp_path / "reports", frozen=True, clock=lambda: NOW)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("enter", "enter", key)
        await pilot.pause()
        words = told(app)
        assert "read" in words.lower(), words
        assert not (tmp_path / "reports").exists()


async def test_what_can_do_nothing_for_who_has_no_name_is_not_offered(session: Session, tmp_path: Path) -> None:
    app = JamApp(session, reports=tmp_path / "reports", frozen=True, clock=lambda: NOW)
    async with app.run_test(size=(120, 40)) as pilot:
        tabs = str(app.screen.query_one(Tabs).render())
        assert "Saved" in tabs
        assert "Mentions" not in tabs
        assert "Outbox" not in tabs
        for key, what in (("3", "No mentions here. "), ("5", "No outbox here. ")):
            await pilot.press(key)
            await pilot.pause()
            assert f"{what}{session.refusal()}." in told(app)
            assert app.screen.spot.place == "forums"  # type: ignore[attr-defined]
        jam = app.screen
        assert isinstance(jam, JamScreen)
        offered = {action.id for action in ACTIONS if jam.offers(action)}
        assert not offered & {"reply", "vote", "new-thread", "mentions", "outbox"}
        assert {"save", "follow", "search", "forums"} <= offered
        await pilot.press("question_mark")
        await pilot.pause()
        lines = str(app.screen.query_one("#help-text", Static).content).splitlines()
        assert lines[0] == f"Dimmed: {session.refusal()}."


async def test_a_full_disk_while_reading_is_told(
    session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise StorageFull("cannot write own.sqlite: disk full", "Free some disk space and try again.")

    app = JamApp(session, reports=tmp_path / "reports", frozen=True, clock=lambda: NOW)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("enter", "enter")
        await pilot.pause()
        monkeypatch.setattr(session, "mark_read", full)
        await pilot.press("space")
        await pilot.pause()
        assert "Free some disk space" in told(app)
        assert app.is_running
