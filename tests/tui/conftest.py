"""A real mirror of the frozen demo Jam, and the TUI on it, off line: what tests of screens and keys stand on.

async with tui(size=(120, 40)) as t:     the app, running headless
    await t.press("enter", "j")          keys, one after the other, everything settled after each
    t.text                               the lines that a person sees now
    t.told                               the last line: what was just done, or the hints
    t.session, t.screen, t.row           what is behind it; the row under the cursor
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from demo_mirror import copied, mirrored
from textual import constants
from textual._context import active_app
from textual._queue import Queue
from textual.message import Message
from textual.message_pump import MessagePump
from textual.pilot import Pilot

from jamtui.app import JamApp
from jamtui.keys import AS_DELIVERED, Keymap
from jamtui.session import Session, open_session
from jamtui.store import connection, mirror, registry
from jamtui.store.mirror import Mirror
from widgets.status_line import HintLine

__all__ = ["mirrored"]  # a fixture
NOW = datetime(2011, 2, 9, 14, tzinfo=UTC)
HUNG = 60.0  # seconds after which a handler that waits is taken for hung


@pytest.fixture(autouse=True)
def still(monkeypatch: pytest.MonkeyPatch) -> None:
    """The snapshot plugin imports Textual before any of our code, so its constants are what must stand still."""
    monkeypatch.setattr(constants, "TEXTUAL_ANIMATIONS", "none")
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.delenv("TEXTUAL_THEME", raising=False)
    monkeypatch.setenv("TZ", "UTC")
    monkeypatch.setattr("widgets.status_line.TOAST_SECONDS", 3600.0)  # what was told stays until the next key


def _at_work(node: MessagePump) -> bool:
    """Whether it has a message, or is still busy with one: else its task waits for the next."""
    queue: Queue[Message | None] = node._message_queue
    waits: object = getattr(queue.ready_event, "_waiters", None)
    return bool(queue.qsize() or node._next_callbacks or (node._running and not waits))


async def settled(min_sleep: float = 0, max_sleep: float = 0) -> None:
    """Until no part of the running app has anything left to do: no message, no callback, nothing to lay out or draw.

    Takes the place of Textual's ``wait_for_idle``, which sleeps and then looks how much processor time went by: that
    takes 20 ms at least, and on a busy machine, where a process that works gets no time either, it ends too early. And
    of the pilot's own wait, which sends every widget a message: that was a third of all the work of these tests.
    """
    app, loop = active_app.get(), asyncio.get_running_loop()
    end = loop.time() + HUNG
    while app._running and app._exception is None:
        assert loop.time() < end, "the app never came to rest"
        await asyncio.sleep(0)
        if loop._ready:  # type: ignore[attr-defined]  # a task that can go on, whoever's it is
            continue
        # What would else come with the next frame:
        if app._resize_event is not None:
            app._check_resize()
        screen = app.screen
        screen._on_timer_update()
        if loop._ready:  # type: ignore[attr-defined]
            continue
        if any(map(_at_work, [app, *screen.walk_children(with_self=True)])):
            await asyncio.sleep(0.001)  # a handler waits for a thread, say
        elif not (screen._callbacks or screen._dirty_widgets or screen._layout_required):
            return


async def settled_screen(pilot: Pilot[Any], **_: float) -> bool:
    await settled()
    return pilot.app._exception is None


_HANDED_ON = Pilot._wait_for_screen


@pytest.fixture
def handed_on() -> Callable[..., Any]:
    """``await handed_on(pilot)``: every message is dealt with, and no frame is drawn for that: for tests of frames."""
    return _HANDED_ON


@pytest.fixture(autouse=True)
def rest_is_seen_not_guessed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("textual.pilot.wait_for_idle", settled)
    monkeypatch.setattr("textual.app.wait_for_idle", settled)
    monkeypatch.setattr(Pilot, "_wait_for_screen", settled_screen)


@pytest.fixture
def session(mirrored: registry.KnownJam, tmp_path: Path) -> Iterator[Session]:
    """The mirror is shared; what is one's own is new for each test."""
    one = open_session(*copied(mirrored, tmp_path), clock=lambda: NOW, rng=random.Random(1), environ={})
    one.start = lambda on_change: None  # type: ignore[method-assign] # off line: no server is meant here
    yield one
    one.close()


class Tui:
    """The running app, driven and looked at as a person does."""

    def __init__(self, app: JamApp, pilot: Pilot[Any], session: Session) -> None:
        self.app = app
        self.pilot = pilot
        self.session = session

    async def settle(self) -> None:
        await self.pilot.pause()  # what was sent is there, and has begun what it begins
        await self.app.workers.wait_for_complete()
        await self.pilot.pause()

    async def press(self, *keys: str) -> None:
        for key in keys:
            await self.pilot.press(key)
            await self.settle()

    async def type(self, text: str) -> None:
        await self.pilot.press(*("space" if char == " " else char for char in text))
        await self.settle()

    async def command(self, line: str) -> None:
        """A line of the ``:`` line."""
        await self.press("colon")
        await self.type(line)
        await self.press("enter")

    @property
    def screen(self) -> Any:
        return self.app.screen

    @property
    def text(self) -> str:
        strips = self.screen._compositor.render_strips(self.app.size)
        return "\n".join(strip.text.rstrip() for strip in strips)

    @property
    def told(self) -> str:
        """The last line of the main screen, also while a dialog stands over it."""
        jam = next(screen for screen in self.app.screen_stack if screen.query(HintLine))
        return str(jam.query_one(HintLine).render())

    @property
    def row(self) -> Any:
        return self.screen._row()

    @property
    def title(self) -> str:
        """The title of the row under the cursor, or the beginning of its text."""
        return str(self.row.title or self.row.body[:40])


@pytest.fixture
def host(session: Session) -> Session:
    """A session of somebody whom the Jam has made a host; of which forums, it does not say."""
    me = next(one for one in session.stored().people() if one["id"] == session.me.person_id)
    del me["posts"]
    with contextlib.closing(connection.connect(session.known.mirror, mirror.SCHEMA)) as db:
        Mirror(db).apply([("person", msgspec.json.encode(me | {"role": "host"}))], "2-aaaa")
    return session


@pytest.fixture
def driven() -> type[Tui]:
    """`Tui` itself, for who runs an app of their own."""
    return Tui


Start = Callable[..., AbstractAsyncContextManager[Tui]]


@pytest.fixture
def tui(session: Session, tmp_path: Path) -> Start:
    @contextlib.asynccontextmanager
    async def start(
        size: tuple[int, int] = (120, 40), keymap: Keymap = AS_DELIVERED, **options: Any
    ) -> AsyncIterator[Tui]:
        app = JamApp(session, reports=tmp_path / "reports", frozen=True, clock=lambda: NOW, keymap=keymap, **options)
        async with app.run_test(size=size) as pilot:
            one = Tui(app, pilot, session)
            await one.settle()
            yield one
        assert not (tmp_path / "reports").exists(), "it stopped on an error of its own"

    return start
