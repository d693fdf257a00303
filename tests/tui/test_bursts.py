"""Keys that come in one burst, through every field of the composer and out of it and in again, are in the end what they
would be one by one.

`JAMTUI_BURSTS=1000 pytest tests/tui/test_bursts.py -s` (or ``make soak``) types so many; without it, a few.
"""

from __future__ import annotations

import os
import random
import shutil
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from textual import events
from textual.keys import key_to_character

from jamtui.app import JamApp
from jamtui.paths import Home
from jamtui.session import open_session
from jamtui.store import registry
from widgets.composer import Composer

BURSTS = int(os.environ.get("JAMTUI_BURSTS", "24"))
SEED = 1
NOW = datetime(2011, 2, 9, 14, tzinfo=UTC)
FIELDS = ("title", "tags", "body")
MOVES = ("enter", "enter", "enter", "tab", "tab", "tab", "shift+tab", "shift+tab", "backspace", "preview", "leave")


def send(app: JamApp, keys: Sequence[str]) -> None:
    """All keys at once, as a terminal sends what was typed while the program was busy."""
    for key in keys:
        event = events.Key(key, key_to_character(key) if len(key) > 1 else key)
        event.set_sender(app)
        assert app._driver is not None
        app._driver.send_message(event)


class Sheet:
    """What a person means by the keys of a new thread."""

    def __init__(self) -> None:
        self.text = dict.fromkeys(FIELDS, "")
        self.at = 0

    def press(self, move: str) -> list[str]:
        """Does it; the keys of it."""
        name = FIELDS[self.at]
        if move == "preview":
            self.at = 2
            return ["ctrl+r", "ctrl+r"]
        if move == "leave":
            if not any(text.strip() for text in self.text.values()):
                self.text = dict.fromkeys(FIELDS, "")  # a draft with nothing in it is none
            self.at = 2 if self.text["title"] else 0
            return ["escape", "c"]
        match move:
            case "enter" if name == "body":
                self.text[name] += "\n"
            case "enter" | "tab":
                self.at = (self.at + 1) % 3
            case "shift+tab":
                self.at = (self.at - 1) % 3
            case "backspace":
                self.text[name] = self.text[name][:-1]
            case _:
                self.text[name] += move
        return [move]


async def test_bursts_through_every_field(tui: Callable[..., Any], figure: Callable[[str], None]) -> None:
    rng = random.Random(SEED)
    pressed, sheet = 0, Sheet()
    async with tui(size=(80, 24)) as t:
        await t.press("enter", "c")
        for number in range(BURSTS):
            if number and not number % 12:
                await t.press("escape")
                await t.command("discard")
                await t.press("c")
                sheet = Sheet()
            moves = [part for _ in range(4) for part in (rng.choice(MOVES), rng.choice("abcxyz"))]
            keys = [key for move in moves for key in sheet.press(move)]
            pressed += len(keys)
            send(t.app, keys)
            await t.settle()
            composer = t.screen.query_one(Composer)
            found = {name: composer.query_one(f"#{name}").value for name in ("title", "tags")}
            assert found | {"body": composer.draft.body} == sheet.text, (number, moves)
            assert t.app.focused.id == FIELDS[sheet.at], (number, moves)
    figure(f"{BURSTS} bursts through the fields of a new thread: {pressed:,} keys, 0 lost, 0 in another field")


def typed(text: str) -> list[str]:
    return ["space" if char == " " else char for char in text]


WALKS: dict[str, list[str]] = {
    "a reply is sent": ["enter", "enter", "r", *typed("Yes"), "ctrl+s", "k", "k", "plus"],
    "a thread is sent": [
        "enter",
        "c",
        *typed("Tea"),
        "enter",
        *typed("pot"),
        "enter",
        *typed("Hot"),
        "ctrl+s",
        "r",
        "x",
    ],
    "a draft is gone on with": ["enter", "enter", "r", "a", "escape", "r", "b", "escape", "j", "r", "c"],
    "a quote, looked at": ["enter", "enter", "greater_than_sign", "a", "ctrl+r", "ctrl+r", "b"],
    "tags": ["enter", "t", *typed("zz"), "enter", *typed("yy"), "enter", "escape", "j", "t", "x"],
    "help": ["question_mark", "slash", *typed("vote"), "escape", "escape", "escape", "enter", "j"],
    "a filter": ["enter", "f", *typed("is:unread"), "enter", "j", "x", "j"],
    "a sort": ["enter", "S", "j", "enter", "j", "enter", "r", "x"],
    "the palette": ["enter", "ctrl+p", *typed("new thread"), "enter"],
    "a report": ["enter", "enter", "j", "R", "2", *typed("why"), "enter", "j"],
    "a profile": ["colon", *typed("profile"), "enter", "tab", *typed("Org"), "enter", *typed("FR"), "ctrl+s", "enter"],
    "drafts": ["enter", "enter", "r", "a", "escape", "7", "enter", "b", "escape", "j"],
    "taking back": ["enter", "enter", "r", "a", "ctrl+s", "D", "tab", "enter", "k", "r", "b"],
    "a draft thrown away": ["enter", "enter", "r", *typed("No"), "ctrl+p", *typed("discard"), "enter", "j", "r", "x"],
    "a link": ["enter", "enter", "j", "L", "tab", *typed("qx"), "escape", "j", "C", "escape", "k"],
}


@pytest.mark.parametrize("walk", WALKS)
async def test_a_burst_leads_where_its_keys_lead_one_by_one(
    walk: str, mirrored: registry.KnownJam, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, driven: type[Any]
) -> None:
    """A person who knows the keys does not wait for a dialog to stand there, nor for a composer to be gone."""
    for timer in ("widgets.composer.SAVE_AFTER", "screens.view.PREVIEW_AFTER", "screens.type_ahead.LONGEST"):
        monkeypatch.setattr(timer, 3600.0)  # what comes with time is the same both times: it does not come
    seen = []
    for way in ("one by one", "at once"):
        folder = tmp_path / way
        shutil.copytree(mirrored.folder, folder / "jams" / mirrored.folder.name)
        home = Home.from_env({"JAMTUI_HOME": str(folder)})
        session = open_session(home, registry.find(home, None), clock=lambda: NOW, rng=random.Random(1), environ={})
        session.start = lambda on_change: None  # type: ignore[method-assign] # off line
        session.ask_similar = lambda title, deliver: None  # type: ignore[method-assign] # they come when they come
        app = JamApp(session, reports=tmp_path / "reports", frozen=True, clock=lambda: NOW)
        try:
            async with app.run_test(size=(100, 30)) as pilot:
                await pilot.pause()
                for keys in [WALKS[walk]] if way == "at once" else [[key] for key in WALKS[walk]]:
                    send(app, keys)
                    await driven(app, pilot, session).settle()
                lines = [strip.text for strip in app.screen._compositor.render_strips(app.size)]
                seen.append((lines, app.focused.id if app.focused else "", type(app.screen)))
        finally:
            session.close()
    differ = [pair for pair in zip(seen[0][0], seen[1][0], strict=True) if pair[0] != pair[1]]
    assert (differ, seen[0][1:]) == ([], seen[1][1:])
