"""What stands on the terminal after many small updates is what a screen drawn anew would show.

Everything that is written goes to a terminal in the test, in the order in which it is written. Screens are looked at by
other tests as they would be drawn in full: none of them would notice a line that was not written, or at a wrong place.
"""

from __future__ import annotations

import os
import random
from typing import Any

import pyte
import pytest
from textual._compositor import CompositorUpdate

from widgets.steady import steady

STEPS = int(os.environ.get("JAMTUI_SHOWN", "15"))  # for each size of the terminal
KEYS = (
    *"jjjkngGphl123456mzsARSfHPirxabtvFud", "enter", "enter", "escape", "pagedown", "pageup", "space", "tab",
    "question_mark", "slash", "colon", "left", "right", "up", "down", "backspace", "full_stop", "comma",
)  # fmt: skip


class Shown:
    """A terminal that is fed with what the app displays."""

    def __init__(self, app: Any) -> None:
        self.app = app
        self.screen = pyte.Screen(*app.size)
        self.stream = pyte.Stream(self.screen)
        app._display = self.display

    def display(self, _screen: Any, update: Any) -> None:
        if isinstance(update, CompositorUpdate) and not self.app._batch_count:
            self.stream.feed(steady(update.render_segments(self.app.console)))

    def lines(self) -> list[str]:
        return [line.rstrip() for line in self.screen.display]


def drawn_anew(app: Any) -> list[str]:
    whole = pyte.Screen(*app.size)
    update = app.screen._compositor.render_full_update()
    pyte.Stream(whole).feed(steady(update.render_segments(app.console)))
    return [line.rstrip() for line in whole.display]


@pytest.mark.parametrize("size", [(120, 40), (160, 30), (60, 16)], ids=str)
async def test_small_updates_add_up_to_the_screen(tui: Any, size: tuple[int, int]) -> None:
    rng = random.Random(f"{size}")
    async with tui(size=size) as t:
        shown = Shown(t.app)
        t.app.screen.refresh(layout=True)
        await t.settle()
        assert shown.lines() == drawn_anew(t.app)
        done: list[str] = []
        for _ in range(STEPS):
            keys = rng.choices(KEYS, k=rng.choice((1, 1, 1, 4)))
            done += keys
            await t.pilot.press(*keys)
            if len(t.app.screen_stack) > 2 or rng.random() < 0.1:
                keys = ["escape"] * 3
                done += keys
                await t.pilot.press(*keys)
            await t.settle()
            if not t.app.is_running:
                break
            assert shown.lines() == drawn_anew(t.app), done[-12:]
