"""Clicks and keys in every place of the screen when all texts in it are hostile: nothing of theirs is done.

A live action of markup is a style with `@click` in its meta: no segment of any place has one but the scrollbars, and
clicks on the cells of each place do what clicks there do, run no action of a payload, open nothing and end nothing.
`JAMTUI_HOSTILE=all` clicks on each of the 1,920 cells of each place; else on one of each row that looks live.
"""

from __future__ import annotations

import os
import random
import re
import webbrowser
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from hostile_jam import NOW, hostile_home, moderated
from hostile_places import MODERATED, PLACES, Place
from textual import events
from textual.pilot import Pilot
from textual.scrollbar import ScrollBar
from textual.widgets import Static

from jamtui.app import JamApp
from jamtui.paths import Home
from jamtui.session import Session, open_session
from jamtui.store import registry
from jamtui.store.registry import KnownJam

ALL = os.environ.get("JAMTUI_HOSTILE") == "all"
SIZE = (80, 24)
# What others do not have on the screen; those that are left out show the same rows, or nobody's text.
OF_A_DESK = ("a notice above", "notices", "reports", "audit log", "hidden posts", "acts on a post", "hand-over")


@pytest.fixture(scope="module")
def jam(tmp_path_factory: pytest.TempPathFactory) -> KnownJam:
    return hostile_home(tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="module")
def moderators_jam(tmp_path_factory: pytest.TempPathFactory) -> KnownJam:
    made = hostile_home(tmp_path_factory.mktemp("home"))
    moderated(made)
    return made


@pytest.fixture
def session(jam: KnownJam) -> Iterator[Session]:
    yield from opened_by(jam)


@pytest.fixture
def moderator(moderators_jam: KnownJam) -> Iterator[Session]:
    yield from opened_by(moderators_jam)


def opened_by(jam: KnownJam) -> Iterator[Session]:
    home = Home.from_env({"JAMTUI_HOME": str(jam.folder.parents[1])})
    one = open_session(home, registry.find(home, None), clock=lambda: NOW, rng=random.Random(1), environ={})
    one.start = lambda on_change: None  # type: ignore[method-assign] # off line: no server is meant here
    yield one
    one.close()


def metas(app: JamApp) -> list[tuple[int, int, dict[str, Any]]]:
    """The cells whose style carries anything beside colours, and what."""
    found = []
    for y, strip in enumerate(app.screen._compositor.render_strips(app.size)):
        x = 0
        for segment in strip:
            if segment.style is not None and (segment.style.meta or segment.style.link):
                found.append((x, y, {**segment.style.meta, "link": segment.style.link}))
            x += segment.cell_length
    return found


def actions_at(app: JamApp) -> list[str]:
    """Actions in styles that are not the scrollbars' own, and links of the terminal."""
    told = []
    for x, y, meta in metas(app):
        widget, _ = app.screen.get_widget_at(x, y)
        for key, value in meta.items():
            if (key.startswith("@") or key == "link") and value and not isinstance(widget, ScrollBar):
                told.append(f"{key}={value} at {x},{y} of {widget}")
    return told


async def click(app: JamApp, x: int, y: int) -> None:
    """As a terminal tells it; without waiting for what it does."""
    for kind in (events.MouseMove, events.MouseDown, events.MouseUp):
        app.post_message(kind(None, x, y, 0, 0, 1, False, False, False, x, y))


async def show(app: JamApp, pilot: Pilot[Any], keys: tuple[str, ...]) -> str:
    for key in keys:
        await pilot.press("space" if key == " " else key)
        await app.workers.wait_for_complete()
        await pilot.pause()
    return "\n".join(strip.text.rstrip() for strip in app.screen._compositor.render_strips(app.size))


async def test_a_click_on_hostile_text_does_nothing(
    session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, figure: Callable[[str], None]
) -> None:
    cells = await clicked(session, PLACES, tmp_path, monkeypatch)
    figure(f"promise 2: 0 crashes, 0 live actions over {len(PLACES)} places and {cells:,} clicks at 80x24")


async def test_a_click_on_hostile_text_of_a_moderators_desk_does_nothing(
    moderator: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, figure: Callable[[str], None]
) -> None:
    places = MODERATED if ALL else [place for place in MODERATED if place.name in OF_A_DESK]
    cells = await clicked(moderator, places, tmp_path, monkeypatch)
    figure(f"promise 2: 0 live actions over {len(places)} places of a moderator and {cells:,} clicks")


async def clicked(session: Session, places: Sequence[Place], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> int:
    """Clicks on hostile text in each place, and looks that nothing came of it; how many clicks."""
    opened: list[str] = []
    ran: list[str] = []
    monkeypatch.setattr(webbrowser, "open", lambda url, *_: opened.append(url))
    original = JamApp.run_action

    async def run_action(self: JamApp, action: Any, *rest: Any, **more: Any) -> bool:
        ran.append(str(action))
        return await original(self, action, *rest, **more)

    app = JamApp(session, reports=tmp_path / "reports", frozen=True, clock=lambda: NOW)
    cells = 0
    async with app.run_test(size=SIZE) as pilot:
        for place in places:
            text = await show(app, pilot, place.keys)
            assert actions_at(app) == [], place.name
            monkeypatch.setattr(JamApp, "run_action", run_action)
            stack = len(app.screen_stack)
            for y, row in enumerate(text.split("\n")):
                hostile = [match.start() for match in re.finditer(r"click|@|\[|http|javascript|�|␛", row)]
                for x in range(SIZE[0]) if ALL else hostile[:1]:
                    await click(app, min(x, SIZE[0] - 1), y)
                    cells += 1
                    if ALL and x % 16 == 0:
                        await pilot.pause()
                        while len(app.screen_stack) > stack:  # a link of a post is asked about: that is a click's own
                            app.pop_screen()
            await pilot.pause()
            monkeypatch.setattr(JamApp, "run_action", original)
            assert app.is_running, place.name
            while len(app.screen_stack) > 1:
                app.pop_screen()
            await show(app, pilot, ("escape", "escape", "1"))
        app.exit(0)
    assert [action for action in ran if re.search(r"boom|quit|leave|push_screen", action)] == []
    assert opened == []
    assert not (tmp_path / "reports").exists(), "it stopped on an error of its own"
    return cells


async def test_the_program_draws_through_the_last_guard(session: Session, tmp_path: Path) -> None:
    """Whatever a screen was given that nobody made harmless."""
    leak = Static("A\x1b[2J\x9b31m\u202eB", markup=False)
    app = JamApp(session, reports=tmp_path / "reports", frozen=True, clock=lambda: NOW)
    async with app.run_test(size=SIZE) as pilot:
        await app.screen.mount(leak)
        await pilot.pause()
        frame = app.screen._compositor.render_full_update().render_segments(app.console)
        assert "A␛[2J�31m�B" in frame
        assert not re.search("[\x80-\x9f\u202a-\u202e]", frame)
        app.exit(0)


async def test_what_would_be_seen(session: Session, tmp_path: Path) -> None:
    """A live action that got through would be: the same look at a widget that parses markup."""
    app = JamApp(session, reports=tmp_path / "reports", frozen=True, clock=lambda: NOW)
    async with app.run_test(size=SIZE) as pilot:
        await app.screen.mount(Static("[@click=app.quit]x[/] [link='https://e.example']y[/]"))
        await pilot.pause()
        assert len(actions_at(app)) >= 2
        app.exit(0)
