"""What stands below the lists and fields of dialogs names only keys that do something there: each one is pressed.

`JAMTUI_HINTS=all pytest tests/tui/test_dialog_keys.py -s` (or ``make soak``) goes through all dialogs, else some.
"""

from __future__ import annotations

import os
import random
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

from textual.widgets import Static

from jamtui.model import Draft, DraftKind
from jamtui.session import Session
from screens.spot import Spot
from widgets.key_line import _KEYS, KeyLine
from widgets.status_line import HintLine

ALL = os.environ.get("JAMTUI_HINTS") == "all"
Way = Callable[[Any], Awaitable[None]]
NAMES = {
    "Enter": "enter",
    "Esc": "escape",
    "Space": "space",
    "Tab": "tab",
    "↓": "down",
    "↑": "up",
    "→": "right",
    "←": "left",
}


def keys(*names: str) -> Way:
    async def go(t: Any) -> None:
        await t.press(*names)

    return go


def command(line: str, *names: str) -> Way:
    async def go(t: Any) -> None:
        await t.command(line)
        await t.press(*names)

    return go


async def to_drafts(t: Any) -> None:
    row = t.session.threads(t.session.thread_keys(t.session.forums()[0].id)[:1])[0]
    t.session.save_draft(Draft(DraftKind.REPLY, row.id, body="half an answer"))
    await t.press("7")


async def to_links(t: Any) -> None:
    await t.command(f"post {t.session.records('link')[0]['from_id']}")
    await t.press("C")


async def to_searched(t: Any) -> None:
    await t.press("slash")
    await t.type("pilot")
    while t.screen._found.text != "pilot" or not t.screen._found.keys:
        await t.settle()


async def to_mark(t: Any) -> None:
    await t.press("enter", "enter", "m", "F")
    await t.command("muted")


WAYS: dict[str, Way] = {
    "where from": command("where-from"),
    "feature": command("feature"),
    "report": keys("enter", "enter", "j", "R"),
    "report, a note": keys("enter", "enter", "j", "R", "2"),
    "announcements": keys("exclamation_mark"),
    "polls": keys("B"),
    "a poll": command("poll"),
    "search, empty": keys("slash"),
    "search": to_searched,
    "brief": keys("enter", "enter", "v"),
    "connect": keys("enter", "enter", "L"),
    "hand over": command("hand-over"),
    "sort": keys("enter", "S"),
    "filter": keys("enter", "f"),
    "inbox, reasons": keys("0", "f"),
    "ideas": keys("I"),
    "reports": command("reports"),
    "muted, none": command("muted"),
    "muted": to_mark,
    "profile": command("profile"),
    "connections": to_links,
    "drafts, none": keys("7"),
    "drafts": to_drafts,
    "curate": command("tag-curate"),
    "merge": command("tag-merge"),
    "merge, second": command("tag-merge culture"),
    "hosts of links": command("hosts"),
    "moderate": keys("enter", "enter", "j", "M"),
    "audit": command("audit"),
    "hidden": command("hidden"),
    "notices": keys("N"),
    "tags": keys("enter", "enter", "t"),
    "kind": keys("enter", "enter", "colon", *"kind", "enter"),
    "the Jam": command("jam"),
}


def hinted(t: Any) -> Iterator[tuple[str, str]]:
    """(key as Textual names it, what it is said to do) of what stands on the dialog."""
    for line in t.screen.query(Static):
        if isinstance(line.visual, KeyLine) and line.display and line.region.height:
            for thing in line.visual._things:
                found = _KEYS.match(thing.plain)
                for key in found.group().split() if found else ():
                    yield (
                        NAMES.get(key, key.lower().replace("ctrl-", "ctrl+") if key.startswith("Ctrl-") else key),
                        thing.plain,
                    )


def seen(t: Any) -> Any:
    styles = [strip._segments for strip in t.screen._compositor.render_strips(t.app.size)]
    return styles, t.app.focused, len(t.app.screen_stack), t.told


async def away(t: Any) -> None:
    while len(t.app.screen_stack) > 1:
        t.app.pop_screen()
    await t.settle()
    for line in t.screen.query("#command-line"):
        await line.remove()
    t.screen.forget_hits()
    t.screen.query_one(HintLine).quiet()
    t.screen.go(Spot())
    t.screen.list_now.first()
    await t.settle()


async def test_each_key_that_a_dialog_names_acts(
    tui: Callable[..., Any], host: Session, figure: Callable[[str], None]
) -> None:
    names = list(WAYS) if ALL else random.Random(2).sample(list(WAYS), 5)
    pressed, idle = 0, []
    async with tui(size=(100, 40)) as t:
        for name in names:
            await WAYS[name](t)
            found = list(dict.fromkeys(hinted(t)))

            for key, words in found:
                if key == "up":
                    continue  # one stands at the top
                before = seen(t)
                await t.press(key)
                if seen(t) == before:
                    idle.append((name, key, words))
                pressed += 1
                await away(t)
                await WAYS[name](t)
            await away(t)
    assert idle == []
    figure(f"{pressed} keys that {len(names)} dialogs name pressed: 0 that do nothing")
