"""The cursor of a field blinks for people, and stands still where time does or where animations are unwanted."""

from __future__ import annotations

from typing import Any

import pytest
from textual import constants

from jamtui.app import JamApp
from widgets.area import Area


@pytest.mark.parametrize("frozen", [False, True])
@pytest.mark.parametrize("animations", ["full", "none"])
async def test_the_cursor_blinks_only_where_things_may_move(
    session: Any, tmp_path: Any, monkeypatch: pytest.MonkeyPatch, frozen: bool, animations: str
) -> None:
    monkeypatch.setattr(constants, "TEXTUAL_ANIMATIONS", animations)
    app = JamApp(session, reports=tmp_path / "reports", frozen=frozen)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("enter", "enter", "r")
        await pilot.pause()
        area = app.screen.query_one(Area)
        assert area.has_focus
        assert area.cursor_blink is (not frozen and animations == "full")
