"""Pictures of each screen at three sizes, over a real mirror of the frozen demo Jam; nothing that moves is in them."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
from rich.color import ColorSystem
from textual.app import App
from textual.pilot import Pilot

from jamserver.demo_jam import demo_records
from jamtui.app import JamApp
from jamtui.session import Session
from screens.jam import JamScreen
from screens.rail import Rail, RailList
from widgets.ascii_only import ASCII
from widgets.markdown_lines import overflow, parse
from widgets.status_line import HintLine

NOW = datetime(2011, 2, 9, 14, tzinfo=UTC)
SIZES = [(80, 24), (120, 40), (160, 45)]


def app_of(session: Session | None, tmp_path: Path, theme: str = "dark", *, ascii_only: bool = False) -> JamApp:
    return JamApp(
        session, reports=tmp_path / "reports", theme=theme, frozen=True, ascii_only=ascii_only, clock=lambda: NOW
    )


SCREENS: dict[str, tuple[str, ...]] = {
    "forums": (),
    "threads": ("enter",),
    "thread": ("enter", "enter"),
    "reading": ("enter", "enter", "space", "n"),
    "folded": ("enter", "enter", "j", "h"),
    "reply": ("enter", "enter", "r", "A", "space", "r", "e", "p", "l", "y"),
    "new_thread": ("enter", "c"),
    "live": ("2",),
    "inbox": ("0", "j", "u"),
    "inbox_reasons": ("0", "f", "j", "j"),
    "mentions": ("3",),
    "saved": ("enter", "s", "4"),
    "outbox": ("5",),
    "followed": ("enter", "F", "j", "F", "6", "j"),
    "muted": ("enter", "F", "j", "m", "colon", *"follow @yuki", "enter", "colon", *"muted", "enter", "j", "enter"),
    "all_threads": ("enter", "m", "j", "F", "T", "colon", *"sort votes", "enter"),
    "sort": ("T", "S"),
    "filter": ("T", "f", *"tag:ro"),
    "filtered": ("T", "colon", *"filter is:unread tag:roi", "enter"),
    "hot": ("H", "j"),
    "people": ("colon", *"people", "enter", "j"),
    "person": ("H", "i", "j"),
    "plan": ("P",),
    "plan_walked": ("P", "space", "n", "n"),
    "tags": ("enter", "enter", "t"),
    "search": ("/", "p", "i", "l", "o", "t"),
    "search_completion": ("/", *"tag:c"),
    "search_problem": ("/", *"before:tomorow pilot"),
    "search_nothing": ("/", *"zzzz"),
    "search_best": ("/", *"pilot", "ctrl+r"),
    "search_hit": ("/", *"pilot", "enter", "n"),
    "event": ("colon", *"jam", "enter"),
    "help": ("question_mark",),
    "command_line": ("colon", "t"),
    "messages": ("enter", "s", "plus", "colon", *"digest", "enter", "w"),
}


def steps(keys: tuple[str, ...]) -> Callable[[Pilot[object]], Awaitable[None]]:
    async def run(pilot: Pilot[object]) -> None:
        await pilot.pause()
        for key in keys:
            await pilot.press(key)
            await pilot.app.workers.wait_for_complete()
            await pilot.pause()
        # The thread beside a list is drawn, and a draft saved, when one rests for a moment.
        if soon := [task for task in asyncio.all_tasks() if task.get_name() in ("preview", "save-draft")]:
            await asyncio.wait(soon)
            await pilot.pause()

    return run


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("name", SCREENS)
def test_screen(
    name: str, size: tuple[int, int], session: Session, tmp_path: Path, snap_compare: Callable[..., bool]
) -> None:
    assert snap_compare(app_of(session, tmp_path), terminal_size=size, run_before=steps(SCREENS[name]))


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def test_welcome(size: tuple[int, int], tmp_path: Path, snap_compare: Callable[..., bool]) -> None:
    assert snap_compare(app_of(None, tmp_path), terminal_size=size, run_before=steps(()))


@pytest.mark.parametrize("name", ["forums", "thread"])
def test_light(name: str, session: Session, tmp_path: Path, snap_compare: Callable[..., bool]) -> None:
    assert snap_compare(app_of(session, tmp_path, "light"), terminal_size=(120, 40), run_before=steps(SCREENS[name]))


@pytest.mark.parametrize("name", ["thread", "help"])
def test_a_guest(name: str, session: Session, tmp_path: Path, snap_compare: Callable[..., bool]) -> None:
    session.known = session.known.changed(person_id="", handle="", name="", role="")
    assert snap_compare(app_of(session, tmp_path), terminal_size=(120, 40), run_before=steps(SCREENS[name]))


@pytest.mark.parametrize("size", [(98, 24), (120, 40)], ids=lambda size: f"{size[0]}x{size[1]}")
def test_years_later(
    size: tuple[int, int],
    session: Session,
    tmp_path: Path,
    snap_compare: Callable[..., bool],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(session, "_clock", lambda: datetime(2026, 11, 26, 14, tzinfo=UTC))
    assert snap_compare(app_of(session, tmp_path), terminal_size=size, run_before=steps(SCREENS["threads"]))


@pytest.mark.parametrize("name", ["forums", "threads", "thread", "reply", "plan", "plan_walked", "messages"])
def test_the_smallest_terminal(name: str, session: Session, tmp_path: Path, snap_compare: Callable[..., bool]) -> None:
    assert snap_compare(app_of(session, tmp_path), terminal_size=(40, 10), run_before=steps(SCREENS[name]))


# -- the looks that one chooses, by what goes to the terminal


def wire(app: App[object]) -> str:
    """The frame as it goes to a terminal of full colour."""
    app.console._color_system = ColorSystem.TRUECOLOR
    return app.screen._compositor.render_update(full=True).render_segments(app.console)


def text_of(frame: str) -> str:
    return re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", frame)


@pytest.fixture(scope="module")
def theirs() -> frozenset[str]:
    """The characters that stand in the texts of the demo Jam."""
    return frozenset(msgspec.json.encode([data for _, data in demo_records(1, NOW)]).decode())


@pytest.mark.parametrize("name", SCREENS)
async def test_the_ansi_theme_sends_no_colour_of_its_own(name: str, session: Session, tmp_path: Path) -> None:
    app = app_of(session, tmp_path, "ansi")
    async with app.run_test(size=(120, 40)) as pilot:
        await steps(SCREENS[name])(pilot)
        frame = wire(app)
        assert "\x1b[" in frame
        assert re.findall(r"\x1b\[[0-9;]*[34]8;[25];[0-9;]*m", frame) == []
        app.theme = "jam-dark"
        await pilot.pause()
        assert "38;2;" in wire(app)


@pytest.mark.parametrize("name", SCREENS)
async def test_ascii_leaves_no_mark_of_ours(
    name: str, session: Session, tmp_path: Path, theirs: frozenset[str]
) -> None:
    app = app_of(session, tmp_path, ascii_only=True)
    async with app.run_test(size=(120, 40)) as pilot:
        await steps(SCREENS[name])(pilot)
        text = text_of(wire(app))
    assert {char for char in text if not char.isascii() and (char not in theirs or ord(char) in ASCII)} == set()


async def test_ascii_on_the_welcome(tmp_path: Path) -> None:
    app = app_of(None, tmp_path, ascii_only=True)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        assert text_of(wire(app)).isascii()


@pytest.mark.parametrize("name", ["forums", "threads", "thread", "help", "search"])
@pytest.mark.parametrize("theme", ["dark", "ansi"])
async def test_no_color_is_respected(
    name: str, theme: str, session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    app = app_of(session, tmp_path, theme)
    async with app.run_test(size=(120, 40)) as pilot:
        await steps(SCREENS[name])(pilot)
        frame = wire(app)
    colours = re.findall(r"[34]8;2;(\d+);(\d+);(\d+)", frame)
    assert all(red == green == blue for red, green, blue in colours)
    assert not re.search(r"\x1b\[(?:[0-9];)*(?:3[1-6]|9[1-6]|4[1-6])m", frame)


@pytest.mark.parametrize("theme", ["dark", "light", "high-contrast", "ansi"])
@pytest.mark.parametrize("name", ["forums", "threads", "thread", "reply", "filtered", "hot", "plan", "search_best"])
def test_theme(name: str, theme: str, session: Session, tmp_path: Path, snap_compare: Callable[..., bool]) -> None:
    assert snap_compare(app_of(session, tmp_path, theme), terminal_size=(100, 30), run_before=steps(SCREENS[name]))


@pytest.mark.parametrize("name", ["forums", "thread", "search_best"])
def test_no_colour(
    name: str, session: Session, tmp_path: Path, snap_compare: Callable[..., bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    assert snap_compare(app_of(session, tmp_path), terminal_size=(100, 30), run_before=steps(SCREENS[name]))


@pytest.mark.parametrize("name", ["forums", "threads", "thread", "hot", "help"])
def test_ascii(name: str, session: Session, tmp_path: Path, snap_compare: Callable[..., bool]) -> None:
    app = app_of(session, tmp_path, ascii_only=True)
    assert snap_compare(app, terminal_size=(100, 30), run_before=steps(SCREENS[name]))


# -- three panes


async def test_three_panes_and_tab_goes_round_them(session: Session, tmp_path: Path) -> None:
    app = app_of(session, tmp_path)
    async with app.run_test(size=(160, 45)) as pilot:
        await steps(("enter",))(pilot)
        screen = app.screen
        assert isinstance(screen, JamScreen)
        rail = screen.query_one(Rail)
        forum = screen.spot.forum

        def seen() -> tuple[bool, str, str, bool]:
            return rail.display, screen.spot.kind, screen.spot.forum, screen.spot.reading

        assert seen() == (True, "threads", forum, False)
        assert rail.query_one(RailList).cursor_key == forum
        for keys, there in (
            (("tab",), (True, "threads", forum, True)),
            (("tab",), (False, "forums", "", False)),
            (("tab",), (True, "threads", forum, False)),
            (("shift+tab",), (False, "forums", "", False)),
            (("shift+tab",), (True, "threads", forum, True)),
            (("shift+tab",), (True, "threads", forum, False)),
        ):
            await steps(keys)(pilot)
            assert seen() == there
        await pilot.click(RailList, offset=(5, 4))
        await pilot.pause()
        other = session.forums()[1].id
        assert seen() == (True, "threads", other, False)
        await pilot.resize_terminal(120, 40)
        await pilot.pause()
        assert not rail.display
        await steps(("tab", "tab"))(pilot)
        assert seen() == (False, "threads", other, False)


@pytest.mark.parametrize("name", ["forums", "threads", "thread", "live"])
def test_very_wide(name: str, session: Session, tmp_path: Path, snap_compare: Callable[..., bool]) -> None:
    assert snap_compare(app_of(session, tmp_path), terminal_size=(200, 50), run_before=steps(SCREENS[name]))


async def test_wide_tables_move_sideways(session: Session, tmp_path: Path) -> None:
    app = app_of(session, tmp_path)
    async with app.run_test(size=(80, 45)) as pilot:
        await steps(("enter", "enter"))(pilot)
        screen = app.screen
        assert isinstance(screen, JamScreen)
        await pilot.press("full_stop")
        assert "goes on" in screen.query_one(HintLine).toast
        reader = screen.reader
        wide = next(
            post for key in session.live_keys() for post in session.posts([key]) if overflow(parse(post.body), 60) > 16
        )
        screen.open_post(wide.id)
        await pilot.pause()

        def shown() -> str:
            return "\n".join(strip.text for strip in reader.render_lines(reader.size.region))

        assert "›" in shown()
        before = shown()
        await pilot.press("full_stop")
        await pilot.pause()
        assert "‹" in shown()
        await pilot.press("comma")
        await pilot.pause()
        assert shown() == before
