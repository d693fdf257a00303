"""The search line by its keys: completion, both orders, going through hits and back, earlier searches."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from demo_mirror import copied
from textual.pilot import Pilot
from textual.widgets import Static

from jamtui.app import JamApp
from jamtui.session import Session
from jamtui.store import registry
from screens.jam import JamScreen
from screens.search import Search
from widgets.fields import Field
from widgets.lists import HitList
from widgets.thread_reader import ThreadReader

NOW = datetime(2011, 2, 9, 14, tzinfo=UTC)


@pytest.fixture
def session(mirrored: registry.KnownJam, tmp_path: Path) -> Iterator[Session]:
    """Of a guest."""
    _, jam = copied(mirrored, tmp_path)
    one = Session(
        jam.changed(person_id="", handle="", name=""), clock=lambda: NOW, rng=random.Random(1), new_client=None
    )
    yield one
    one.close()


def app_of(session: Session, tmp_path: Path) -> JamApp:
    return JamApp(session, reports=tmp_path / "reports", frozen=True, clock=lambda: NOW)


async def press(pilot: Pilot[int], *keys: str) -> None:
    for key in keys:
        await pilot.press(key)
        await pilot.app.workers.wait_for_complete()
        await pilot.pause()


def search_of(app: JamApp) -> Search:
    assert isinstance(app.screen, Search)
    return app.screen


def line(app: JamApp) -> str:
    return app.screen.query_one("#query", Field).value


def note(app: JamApp, name: str = "#search-note") -> str:
    return str(app.screen.query_one(name, Static).content)


async def test_hits_are_gone_through_and_left_to_where_one_was(session: Session, tmp_path: Path) -> None:
    app = app_of(session, tmp_path)
    async with app.run_test(size=(120, 40)) as pilot:
        await press(pilot, "enter")
        before = app.screen
        assert isinstance(before, JamScreen)
        spot = before.spot
        await press(pilot, "/", *"pilot", "down", "enter")
        assert before.hit_figures() == "hit 2 of 55"
        await press(pilot, "n", "n", "p")
        assert before.hit_figures() == "hit 3 of 55"
        await press(pilot, "escape")
        assert line(app) == "pilot"
        assert search_of(app).query_one(HitList).cursor_index == 2
        await press(pilot, "escape")
        assert app.screen is before
        assert (before.spot.forum, before.spot.reading) == (spot.forum, False)
        assert before.hits is None


async def test_tab_completes_names_and_values(session: Session, tmp_path: Path) -> None:
    app = app_of(session, tmp_path)
    async with app.run_test(size=(120, 40)) as pilot:
        await press(pilot, "/", *"ta", "tab")
        assert line(app) == "tag:"
        await press(pilot, "tab")
        assert line(app) == "tag:culture"
        await press(pilot, "tab")
        assert line(app) == "tag:trust"
        await press(pilot, "space", *"is:un", "tab")
        assert line(app) == "tag:trust is:unread"
        assert search_of(app)._found.total > 0
        assert all("trust" in hit.post.tags for hit in search_of(app)._found.hits)


async def test_a_thread_is_searched_from_within(session: Session, tmp_path: Path) -> None:
    app = app_of(session, tmp_path)
    async with app.run_test(size=(120, 40)) as pilot:
        await press(pilot, "enter", "enter")
        jam = app.screen
        assert isinstance(jam, JamScreen)
        thread = jam.spot.thread
        await press(pilot, "/", *"thr", "tab", "tab", "enter")
        assert session.searching.recent()[0] == "thread:here"
        assert jam.spot.thread == thread
        total = sum(not row.gone for row in session.posts(session.thread_index(thread).keys))
        assert jam.hit_figures() == f"hit 1 of {total}"
        await press(pilot, "n", "escape")  # the list of hits again is of the same thread
        assert search_of(app)._found.total == total


async def test_on_wide_terminals_the_hit_stands_in_its_thread_beside_the_list(session: Session, tmp_path: Path) -> None:
    app = app_of(session, tmp_path)
    unread = session.status().unread
    async with app.run_test(size=(160, 45)) as pilot:
        await press(pilot, "/", *"pilot", "down")
        search = search_of(app)
        search._preview()  # as when the cursor has rested
        await pilot.pause()
        hit = search.query_one(HitList).cursor_row
        reader = search.query_one(ThreadReader)
        assert hit is not None
        assert reader.cursor_key == hit.post.key
        assert "pilot" in reader.words
        assert reader.size.width > 60
        await press(pilot, *"zzzz")
        search._preview()
        assert reader.cursor_key is None
        await press(pilot, "escape")
    assert session.status().unread == unread  # what is only shown beside is not read


async def test_the_order_is_changed(session: Session, tmp_path: Path) -> None:
    app = app_of(session, tmp_path)
    async with app.run_test(size=(120, 40)) as pilot:
        await press(pilot, "/", *"pilot")
        newest = search_of(app)._found.keys
        assert list(newest) == sorted(newest, reverse=True)
        await press(pilot, "ctrl+r")
        best = search_of(app)._found.keys
        assert sorted(best) == sorted(newest)
        assert best != newest
        assert list(best) == [hit.post.key for hit in session.search("pilot", 5_000)]
        assert "best first" in note(app, "#search-count")


async def test_what_is_wrong_is_told_and_the_rest_searched(session: Session, tmp_path: Path) -> None:
    app = app_of(session, tmp_path)
    async with app.run_test(size=(120, 40)) as pilot:
        await press(pilot, "/", *"before:tomorow pilot")
        assert "before:tomorow is no date" in note(app)
        assert search_of(app)._found.total == 55


async def test_earlier_searches_come_back(session: Session, tmp_path: Path) -> None:
    app = app_of(session, tmp_path)
    async with app.run_test(size=(120, 40)) as pilot:
        for words in ("pilot", "trust"):
            session.searching.remember(words)
        await press(pilot, "/", "up")
        assert line(app) == "trust"
        await press(pilot, "up")
        assert line(app) == "pilot"
        await press(pilot, "ctrl+down")
        assert line(app) == "trust"


@pytest.mark.parametrize("text", ["t", "th", "a", "p", "ü"])
async def test_a_letter_finds_at_first_what_it_finds_in_the_end(session: Session, tmp_path: Path, text: str) -> None:
    """The newest posts are read in place of the index; what is shown first must be how the whole answer begins."""
    from jamtui.store import rows, search

    reader = rows.Rows(rows.connect(session.known.mirror, session.known.own), session.me)
    early = next(iter(search.first(reader, text, NOW, 200, 20))).keys
    whole = search.whole(reader, text, NOW, "newest", 5_000, 20).keys
    reader.db.close()
    assert early == whole[: len(early)]


async def test_a_letter_lays_nothing_out_anew(tui: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """In Textual the size of what is typed is a size of the screen: each letter would place all of it again."""
    async with tui() as t:
        await t.press("slash")
        layouts: list[bool] = []
        lay_out = t.screen._refresh_layout
        monkeypatch.setattr(t.screen, "_refresh_layout", lambda *a, **k: (layouts.append(True), lay_out(*a, **k)))
        await t.type("pilot pilot pilot")
        assert "/ pilot pilot pilot" in t.text
        assert not layouts


async def test_a_line_longer_than_its_field_is_seen_at_its_end(tui: Any) -> None:
    async with tui(size=(60, 16)) as t:
        await t.press("slash")
        await t.type("a line that is much longer than the field in which it stands, to its very end")
        assert "its very end" in t.text
        await t.press("home")
        assert "/ a line that is" in t.text
