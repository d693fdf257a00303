"""Screens are redrawn sparingly: the terminal shows what a full drawing shows, and only what changed is drawn."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any, ClassVar

import pyte
import pytest
from rich.segment import Segment
from textual.app import App, ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from screens.jam import JamScreen
from widgets.at_once import AtOnce
from widgets.compositor import PAIR, SparingScreen

WIDTH, HEIGHT = 60, 20


class Lines(Widget):
    """Lines that change one by one; counts how many it was asked for."""

    DEFAULT_CSS = "Lines { width: 1fr; height: 1fr; }"

    def __init__(self, **names: str) -> None:
        super().__init__(**names)
        self.versions = [0] * HEIGHT
        self.asked = 0

    def change(self, first: int, count: int) -> None:
        for y in range(first, first + count):
            self.versions[y] += 1
        self.refresh(Region(0, first, self.size.width, count))

    def render_lines(self, crop: Region) -> list[Strip]:
        self.asked += crop.height
        return super().render_lines(crop)

    def render_line(self, y: int) -> Strip:
        text = f"{self.id} {y} {self.versions[y]}"
        return Strip([Segment(text.ljust(self.size.width, "."))])


class Overlapping(SparingScreen[None]):
    """Two panes side by side, and a note that lies over both."""

    def compose(self) -> ComposeResult:
        with Horizontal(id="panes"):
            yield Lines(id="left")
            yield Lines(id="right")
        yield Lines(id="note")


class Shown(App[None]):
    CSS = """
    Overlapping { layers: below above; }
    #panes { layer: below; }
    #note { layer: above; width: 20; height: 5; offset: 20 4; }
    """

    def get_default_screen(self) -> Overlapping:
        return Overlapping()


async def test_the_terminal_shows_what_a_full_drawing_shows() -> None:
    """Random lines of random panes change, also beneath others, sometimes of several panes at once."""
    rng = random.Random(1)
    app = Shown()
    async with app.run_test(size=(WIDTH, HEIGHT)) as pilot:
        await pilot.pause()
        compositor = app.screen._compositor
        terminal = pyte.Screen(WIDTH, HEIGHT)
        stream = pyte.Stream(terminal)
        stream.feed(compositor.render_update(full=True).render_segments(app.console))
        panes = list(app.screen.query(Lines))
        for _ in range(60):
            changed = rng.sample(panes, rng.randint(1, 3))
            for pane in changed:
                first = rng.randrange(pane.size.height)
                pane.change(first, rng.randint(1, pane.size.height - first))
            compositor.update_widgets(set(changed))
            update = compositor.render_update()
            assert update is not None
            stream.feed(update.render_segments(app.console))
            assert terminal.display == [strip.text for strip in compositor.render_strips()]


async def test_only_the_lines_that_changed_are_drawn() -> None:
    app = Shown()
    async with app.run_test(size=(WIDTH, HEIGHT)) as pilot:
        await pilot.pause()
        left, right = app.screen.query_one("#left", Lines), app.screen.query_one("#right", Lines)
        note = app.screen.query_one("#note", Lines)
        compositor = app.screen._compositor
        compositor.render_update(full=True)
        left.asked = right.asked = note.asked = 0
        left.change(10, 2)
        compositor.update_widgets({left})
        compositor.render_update()
        assert (left.asked, right.asked, note.asked) == (2, 0, 0)
        note.change(1, 1)
        compositor.update_widgets({note})
        compositor.render_update()
        assert (left.asked, right.asked, note.asked) == (2, 0, 1)


async def test_a_second_frame_waits_for_nothing_and_a_third_does(
    monkeypatch: pytest.MonkeyPatch, handed_on: Callable[..., Any]
) -> None:
    """What a key changes is painted when it is done, and what it brings about later as well; but not without end."""
    moment = [1000.0]
    monkeypatch.setattr("widgets.compositor.monotonic", lambda: moment[0])
    app = Shown()
    async with app.run_test(size=(WIDTH, HEIGHT)) as pilot:
        await pilot.pause()
        screen = app.screen
        assert isinstance(screen, Overlapping)
        left = screen.query_one("#left", Lines)
        moment[0] += 1
        seen = []
        for wait in (0.0, 0.0, 0.0, 2 * PAIR):
            moment[0] += wait
            if screen._beat is not None:  # it comes earlier here than the clock says
                screen._beat.cancel()
                screen._beat = None
            left.change(3, 1)
            while (
                left._repaint_required or screen._message_queue.qsize() or (screen._dirty_widgets and not screen._beat)
            ):
                await handed_on(pilot)
            seen.append("painted" if screen._beat is None else "waits")
        assert seen == ["painted", "painted", "waits", "painted"]


class Words(AtOnce):
    """A line that is told to the screen at once."""

    DEFAULT_CSS = "Words { height: 1; }"

    def render(self) -> str:
        return f"{self.id}"


class Together(SparingScreen[None]):
    def compose(self) -> ComposeResult:
        for number in range(4):
            yield Words(id=f"line-{number}")


async def test_what_changes_together_is_painted_in_one_frame(
    monkeypatch: pytest.MonkeyPatch, handed_on: Callable[..., Any]
) -> None:
    moment = [1000.0]
    monkeypatch.setattr("widgets.compositor.monotonic", lambda: moment[0])
    app = App[None]()
    async with app.run_test(size=(WIDTH, HEIGHT)) as pilot:
        screen = Together()
        await app.push_screen(screen)
        await pilot.pause()
        moment[0] += 1
        painted: list[set[Widget]] = []
        refresh = screen._compositor_refresh

        def seen() -> None:
            painted.append(set(screen._dirty_widgets))
            refresh()

        monkeypatch.setattr(screen, "_compositor_refresh", seen)
        lines = set(screen.query(Words))
        screen.call_later(lambda: [line.refresh() for line in lines])
        while sum(map(len, painted)) < len(lines):
            await handed_on(pilot)
        assert painted == [lines]


class Part(SparingScreen[None], part=True):
    BINDINGS: ClassVar[list[BindingType]] = [("x", "part", "")]

    def __init__(self) -> None:
        super().__init__()
        self.done: list[str] = []

    def action_part(self) -> None:
        self.done.append("part")


class Whole(Part):
    BINDINGS: ClassVar[list[BindingType]] = [("y", "whole", "")]

    def action_whole(self) -> None:
        self.done.append("whole")


async def test_a_screen_does_what_its_parts_do() -> None:
    """Textual prepares the whole alone: with it, what its parts bring."""
    async with App[None]().run_test() as pilot:
        screen = Whole()
        await pilot.app.push_screen(screen)
        await pilot.press("x", "y")
        assert screen.done == ["part", "whole"]
    assert "_merged_bindings" not in vars(Part)
    parts = [one for one in JamScreen.__mro__[1:] if issubclass(one, SparingScreen) and one is not SparingScreen]
    assert parts
    assert [one for one in parts if "_merged_bindings" in vars(one)] == []
