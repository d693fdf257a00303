"""The last line names only keys that do something where one is: each one that stands there is pressed.

`JAMTUI_HINTS=all pytest tests/tui/test_hints.py -s` (or ``make soak``) presses all of them in all places; without it,
each in one place, the places drawn by lot.
"""

from __future__ import annotations

import os
import random
from collections.abc import Awaitable, Callable
from contextlib import closing
from typing import Any

import msgspec
import pytest

from jamtui.actions import ACTIONS, Where
from jamtui.model import Draft, DraftKind, Similar
from jamtui.session import Session
from jamtui.store import connection, mirror
from jamtui.store.mirror import Mirror
from screens.spot import Spot
from widgets.composer import Composer
from widgets.status_line import HintLine

Way = Callable[[Any], Awaitable[None]]
# What is told where a key did nothing, and that is no error.
NOTHING = ("already", "Nothing else", "All read", "leaves jamtui", "No post", "There is no other hit", "✗", "!")
ALL = os.environ.get("JAMTUI_HINTS") == "all"


def comes(session: Session, *records: tuple[str, dict[str, Any]]) -> None:
    with closing(connection.connect(session.known.mirror, mirror.SCHEMA)) as db:
        mirrored = Mirror(db)
        seq = int(mirrored.cursor.partition("-")[0])
        mirrored.apply([(kind, msgspec.json.encode(data)) for kind, data in records], f"{seq + 1}-aaaa")


def keys(*names: str) -> Way:
    async def go(t: Any) -> None:
        await t.press(*names)

    return go


def command(line: str) -> Way:
    async def go(t: Any) -> None:
        await t.command(line)

    return go


async def to_locked(t: Any) -> None:
    await t.press("enter", "j", "j")
    (_, post), *_ = t.session.stored().posts([t.row.key])
    comes(t.session, ("post", post | {"locked": True}))
    t.screen.reload()
    await t.press("enter", "j")


async def to_gone(t: Any) -> None:
    await t.press("enter", "j", "enter", "j")
    (_, post), *_ = t.session.stored().posts([t.row.key])
    comes(t.session, ("post", post | {"body": "", "state": "removed"}))
    t.screen.reload()
    await t.settle()


async def to_voted(t: Any) -> None:
    await t.press("enter", "enter", "j")
    if not t.row.voted:
        await t.press("plus")


async def to_outbox(t: Any) -> None:
    for row in t.session.outbox():
        t.session.drop(row.id)
    thread = t.session.threads(t.session.thread_keys(t.session.forums()[0].id)[:1])[0]
    t.session.send(Draft(DraftKind.REPLY, thread.id, body="waits"))
    await t.press("5")


async def to_thing(t: Any) -> None:
    """A row of the inbox that is no post."""
    await t.press("0", "G")


async def to_hits(t: Any) -> None:
    await t.press("slash")
    await t.type("pilot")
    while t.screen._found.text != "pilot" or not t.screen._found.keys:
        await t.settle()
    await t.press("enter")


async def composing(t: Any) -> None:
    """A thread like which there is another one."""
    await t.press("enter", "c")
    row = t.session.threads(t.session.thread_keys(t.session.forums()[0].id)[:1])[0]
    composer = t.screen.query_one(Composer)
    composer._sought = "Pilots"
    composer.post_message(Composer.Alike("Pilots", (Similar(t.session.post(row.id), "F", 2, 0.5),)))
    await t.settle()


WAYS: dict[str, Way] = {
    "forums": keys(),
    "threads": keys("enter"),
    "thread": keys("enter", "enter"),
    "a reply": keys("enter", "enter", "j"),
    "live": keys("2"),
    "a live post": keys("2", "enter"),
    "mentions": keys("3"),
    "saved": keys("4"),
    "followed": keys("6"),
    "outbox, empty": keys("5"),
    "outbox": to_outbox,
    "inbox": keys("0"),
    "inbox, at its end": to_thing,
    "hot": keys("H"),
    "all threads": keys("T"),
    "people": command("people"),
    "a person": command("person ahartono"),
    "featured": command("featured"),
    "a filter": command("filter tag:culture"),
    "locked": to_locked,
    "gone": to_gone,
    "voted": to_voted,
    "hits": to_hits,
    "plan": keys("P", "space"),
    "composer, thread": keys("enter", "c"),
    "composer, like another": composing,
    "composer, reply": keys("enter", "enter", "r"),
}


async def away(t: Any) -> None:
    """Back to the forums, with nothing over them and nothing written."""
    while len(t.app.screen_stack) > 1:
        t.app.pop_screen()
    await t.settle()
    if t.screen.writing:
        await t.screen._close_composer()
    for line in t.screen.query("#command-line"):
        await line.remove()
    t.screen.forget_hits()
    t.screen.query_one(HintLine).quiet()
    t.screen.go(Spot())
    t.screen.list_now.first()
    await t.settle()


def shown(t: Any) -> list[tuple[str, str]]:
    """(key, label) of the hints that stand there."""
    line = t.screen.query_one(HintLine)
    words = str(line.render())
    every = [*line._hints, *([line._last] if line._last else [])]
    return [(key, label) for key, label in every if f"{key} {label}" in words]


def key_of(t: Any, label: str) -> str:
    place = Where.COMPOSER if t.screen.writing else Where.OUTBOX if t.screen.spot.kind == "outbox" else Where.JAM
    if label in ("next hit", "next in plan"):  # what it goes to here
        label = "next unread"
    found = next(one for one in ACTIONS if one.label == label and place in one.where)
    return found.keys[0]


def seen(t: Any) -> Any:
    """All that a person sees but the last line."""
    jam = t.app.screen_stack[0]
    place = (jam.list_now.cursor_index, jam.reader.cursor_key)
    return t.text.split("\n")[:-1], t.app.focused, len(t.app.screen_stack), bool(jam.query("#command-line")), place


async def test_each_key_that_is_hinted_acts(tui: Callable[..., Any], figure: Callable[[str], None]) -> None:
    pressed: set[tuple[str, str]] = set()
    idle: list[tuple[str, str, str, str]] = []
    order = random.Random(1).sample(list(WAYS), len(WAYS))
    async with tui(size=(220, 40)) as t:
        t.session.ask_similar = lambda title, deliver: None
        for name in order:
            await WAYS[name](t)
            t.screen.query_one(HintLine).quiet()
            for key, label in shown(t):
                # The first two act by telling: there is no text yet, and no terminal here.
                if label in ("send", "editor") or (not ALL and label in {one for _, one in pressed}):
                    continue
                before = seen(t)
                await t.press(key_of(t, label))
                told = t.told
                if (seen(t) == before and "✓" not in told) or any(words in told for words in NOTHING):
                    idle.append((name, key, label, told))
                pressed.add((name, label))
                await away(t)
                await WAYS[name](t)
                t.screen.query_one(HintLine).quiet()
            await away(t)
    assert idle == []
    figure(f"{len(pressed)} hints in {len(WAYS)} places pressed: 0 that do nothing")


# What stands there at 80 columns, and what does not.
AT_80 = {
    "forums": ("Enter open", "c new thread", "f filter"),
    "threads": ("n next unread", "c new thread", "+ vote"),
    "thread": ("r reply", "+ vote", "Enter"),
    "locked": ("Space read on", "+ vote", "r reply"),
    "gone": ("Space read on", "n next unread", "+ vote"),
    "voted": ("r reply", "c new thread", "+ vote"),
    "live": ("r reply", "n next unread", "c new thread"),
    "all threads": ("r reply", "n next unread", "c new thread"),
    "hot": ("r reply", "/ search", "S sort"),
    "people": ("Enter open", "Esc back", "n next"),
    "hits": ("n next hit", "r reply", "next unread"),
    "plan": ("n next in plan", "r reply", "next unread"),
    "outbox": ("r retry", "e edit", "Space"),
    "saved": ("/ search", "Esc back", "r reply"),
    "composer, thread": ("Ctrl-T idea or question", "Esc keep draft", "Ctrl-G"),
    "composer, like another": ("Ctrl-G similar ones", "Ctrl-T idea or question", "Ctrl-R"),
    "composer, reply": ("Esc keep draft", "Ctrl-O editor", "Ctrl-T"),
}


async def test_what_is_needed_most_is_named_at_80_columns(tui: Callable[..., Any]) -> None:
    async with tui(size=(80, 24)) as t:
        t.session.ask_similar = lambda title, deliver: None
        for name, (one, other, never) in AT_80.items():
            await WAYS[name](t)
            t.screen.query_one(HintLine).quiet()
            assert one in t.told, (name, t.told)
            assert other in t.told, (name, t.told)
            assert not never or never not in t.told, (name, t.told)
            await away(t)


async def test_a_key_that_only_moves_the_cursor_asks_the_mirror_nothing(
    tui: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, figure: Callable[[str], None]
) -> None:
    monkeypatch.setattr("screens.hints.KEPT", 1e9)
    asked: list[str] = []
    async with tui(size=(80, 24)) as t:
        await t.press("enter", "j")
        assert "r reply" in t.told
        t.session.readable().db.exec_trace = lambda _, sql, __: bool(asked.append(sql)) or True
        await t.press("j", "j", "j")
        assert asked == []
        assert "n next unread" in t.told
        assert t.session.mark_all_read()
        t.screen.reload()  # what a change brings about
        await t.settle()
        assert asked
        assert "n next unread" not in t.told
        asked.clear()
        await t.press("k")
        assert asked == []
        monkeypatch.setattr("screens.hints.KEPT", -1.0)
        t.screen._refresh_lines()
        asked.clear()
        await t.press("k")  # what nobody told is looked for after a while
        assert asked
    figure("a key that moves the cursor of a list: 0 questions to the mirror beside the rows that come into sight")
