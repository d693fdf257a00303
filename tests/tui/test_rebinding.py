"""Keys of one's own in the real app: they work, the old ones do not, and what is shown says so."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from textual.widgets import Static

from jamtui import keymap as keymap_module
from jamtui.actions import ACTIONS
from jamtui.config import parse
from jamtui.keymap import keymap
from jamtui.keys import Keymap
from screens.dialogs import Confirm
from screens.help import Help
from widgets.area import Area
from widgets.banner import Banner
from widgets.command_line import CommandLine
from widgets.composer import Composer
from widgets.fields import Field


def keys(*lines: str) -> Keymap:
    made, problems = keymap(parse("\n".join(["version = 1", "[keys]", *lines]), Path("config.toml")).keys)
    assert problems == []
    return made


async def test_lists_thread_and_hints_follow(tui: Callable[..., Any]) -> None:
    own = keys('down = "d"', 'up = "down"', 'open = "f2"', 'reply = "f4"', "vote = []", 'discard = "W"', 'undo = "f3"')
    async with tui(keymap=own) as t:
        await t.press("enter")
        assert t.screen.spot.kind == "forums"  # Enter is no longer bound, in the list neither
        await t.press("f2", "d", "d", "down")
        assert t.screen.list_now.cursor_index == 1
        await t.press("j")
        assert t.screen.list_now.cursor_index == 1
        assert "F2 open" in t.told
        assert "F4 reply" in t.told
        assert "vote" not in t.told
        await t.press("f2", "r", "plus")
        assert not t.screen.query(Composer)
        assert t.session.outbox() == []
        await t.press("f4")
        await t.type("dR")  # letters that do something elsewhere are text here
        assert t.screen.query_one(Composer).draft.body == "dR"
        await t.press("escape", "W")
        assert t.session.drafts() == []
        assert "F3 takes it back" in t.told


async def test_letters_are_typed_on_the_command_line(tui: Callable[..., Any]) -> None:
    """A letter that moves the list is text while one types."""
    async with tui(keymap=keys('down = "d"')) as t:
        await t.press("colon")
        await t.type("d")
        assert t.screen.query_one(CommandLine).query_one("#command").value == "d"


async def test_help_outbox_composer_and_tabs_follow(tui: Callable[..., Any]) -> None:
    own = keys('help = "f1"', 'search = "f"', "filter = []", 'live = "f5"', 'send = "f8"', 'drop = "K"')
    async with tui(keymap=own) as t:
        assert "F5 Live" in t.text
        await t.press("question_mark")
        assert not isinstance(t.screen, Help)
        await t.press("f1")
        assert isinstance(t.screen, Help)
        assert "f narrows" in t.text
        await t.press("f")
        await t.type("send")
        assert "F8" in t.text
        await t.press("escape", "f1")
        assert not isinstance(t.screen, Help)
        await t.press("enter", "enter", "r")
        await t.type("text")
        assert "F8 send" in t.told
        await t.press("ctrl+s")
        assert t.screen.query(Composer)
        await t.press("f8")
        assert len(t.session.outbox()) == 1
        await t.press("5", "D")
        assert len(t.session.outbox()) == 1
        await t.press("K")
        assert t.session.outbox() == []


async def test_quit_and_palette_follow(tui: Callable[..., Any]) -> None:
    async with tui(keymap=keys('quit = "f10"', 'palette = "f9"')) as t:
        await t.press("ctrl+q", "ctrl+p")
        assert t.app.is_running
        assert len(t.app.screen_stack) == 1
        await t.press("f9")
        assert len(t.app.screen_stack) == 2
        await t.press("escape")
        await t.pilot.press("f10")
        await t.pilot.pause()
        assert t.app.return_value == 0


def test_what_fields_do_with_keys_is_known() -> None:
    """A key that the text takes first must be refused for actions of the composer and the search."""
    known = keymap_module._IN_TEXT | keymap_module._EDITING
    for field in (Area, Field):
        mine = {key for key in field._merge_bindings().key_to_bindings if not key.startswith("super+")}
        sendable = {key for key in mine if _can_be_sent(key)}
        assert sendable <= known, sendable - known


def _can_be_sent(name: str) -> bool:
    try:
        return keymap_module.key(name) == name
    except ValueError:
        return False


OTHERS = Keymap({action.id: (chr(0x400 + at),) for at, action in enumerate(ACTIONS)})  # a letter of its own for each
_VERBS = (
    "takes|clears|changes|sets|opens|keeps|lists|leaves|tells|goes|follows|mutes|marks|unfolds|reads|begins|shows|next"
)
OLD_KEY = re.compile(rf"(?<!\S)(Space|Esc|Escape|Ctrl-\w|Enter|[b-zB-HJ-Z]|[1-9]|[-?+/]) +(?:{_VERBS})\b")


async def test_no_words_of_the_screen_name_a_key_that_was_given_away(tui: Callable[..., Any]) -> None:
    """Every action has another key: hints, banners, heads, help, palette and empty lists name no old one."""
    said: list[str] = []

    async def look(t: Any) -> None:
        await t.settle()
        rows = t.screen.list_now
        said.extend([t.told, str(t.screen.query_one(Banner).render()), "" if rows.keys else str(rows.empty)])

    async def do(t: Any, *actions: str) -> None:
        for line in actions:
            name, _, argument = line.partition(" ")
            await t.screen.perform(name, argument)
            await t.settle()
            if isinstance(t.screen, Confirm):  # more than 200 posts are to be marked
                said.append(str(t.screen.query_one(".detail", Static).content))
                await t.press("enter")
            await look(t)

    async with tui(keymap=OTHERS) as t:
        await do(t, "filter-clear", "live", "filter is:unread", "saved", "mentions", "followed", "back", "back")
        await do(t, "filter tag:nowhere", "filter-clear", "undo", "threads", "all-read", "undo", "plan 15")
        await do(t, "read-on", "back", "hot", "person", "nonsense", "forums", "open", "open", "vote", "vote", "save")
        await do(t, "discard", "undo", "mute", "follow", "outbox", "drop", "forums")
        await t.press(OTHERS.of("help")[0])
        assert isinstance(t.screen, Help)
        said.append(str(t.screen.query_one("#help-text").render()))
        said.append(str(t.screen.query_one("#help-title").render()))
        await t.press(OTHERS.of("help")[0])
        await t.press(OTHERS.of("search")[0])
        said.append(
            str(t.screen.query_one("#search-keys").render()).replace("Enter opens", "").replace("Esc leaves", "")
        )
    wrong = [text for text in said if OLD_KEY.search(text)]
    assert wrong == []
    every = "\n".join(said)
    for name in (
        "filter-clear",
        "filter",
        "undo",
        "read-on",
        "next",
        "threads",
        "save",
        "follow",
        "help",
        "search-order",
    ):
        assert OTHERS.name(name) in every, name
