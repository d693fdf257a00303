"""A real mirror of the frozen demo Jam, and the TUI on it, off line: what tests of screens and keys stand on.

async with tui(size=(120, 40)) as t:     the app, running headless
    await t.press("enter", "j")          keys, one after the other, everything settled after each
    t.text                               the lines that a person sees now
    t.told                               the last line: what was just done, or the hints
    t.session, t.screen, t.row           what is behind it; the row under the cursor
"""

from __future__ import annotations

import contextlib
import random
import shutil
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from textual import constants
from textual._context import active_app
from textual.pilot import Pilot

from jamserver.demo_jam import demo_records
from jamtui.app import JamApp
from jamtui.keys import AS_DELIVERED, Keymap
from jamtui.paths import Home
from jamtui.session import Session, open_session
from jamtui.store import connection, mirror, registry
from jamtui.store.mirror import Loading, Mirror
from jamtui.store.opening import prepare
from widgets.status_line import HintLine

NOW = datetime(2011, 2, 9, 14, tzinfo=UTC)


@pytest.fixture(autouse=True)
def still(monkeypatch: pytest.MonkeyPatch) -> None:
    """The snapshot plugin imports Textual before any of our code, so its constants are what must stand still."""
    monkeypatch.setattr(constants, "TEXTUAL_ANIMATIONS", "none")
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.delenv("TEXTUAL_THEME", raising=False)
    monkeypatch.setenv("TZ", "UTC")
    monkeypatch.setattr("widgets.status_line.TOAST_SECONDS", 3600.0)  # what was told stays until the next key


async def settled(min_sleep: float = 0, max_sleep: float = 0) -> None:
    """Until no part of the running app has anything left to do: no message, no callback, nothing to lay out or draw.

    Takes the place of Textual's ``wait_for_idle``, which sleeps and then looks how much processor time went by: that
    takes 20 ms at least, and on a busy machine, where a process that works gets no time either, it ends too early.
    """
    app = active_app.get()
    pilot, quiet = Pilot(app), 0
    for _ in range(1_000):
        if not (app._running and await pilot._wait_for_screen()):
            return  # it ended
        # What would else come with the next frame:
        if app._resize_event is not None:
            app._check_resize()
        screen = app.screen
        screen._on_timer_update()
        busy = any(
            node._message_queue.qsize() or node._next_callbacks for node in [app, *screen.walk_children(with_self=True)]
        )
        quiet = 0 if busy or screen._callbacks or screen._dirty_widgets or screen._layout_required else quiet + 1
        if quiet == 2:
            return
    raise AssertionError("the app never came to rest")


@pytest.fixture(autouse=True)
def rest_is_seen_not_guessed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("textual.pilot.wait_for_idle", settled)
    monkeypatch.setattr("textual.app.wait_for_idle", settled)


@pytest.fixture(scope="session")
def mirrored(tmp_path_factory: pytest.TempPathFactory) -> registry.KnownJam:
    home = Home.from_env({"JAMTUI_HOME": str(tmp_path_factory.mktemp("home"))})
    records = list(demo_records(1, NOW))
    me = next(data for kind, data in records if kind == "person" and data["handle"] == "demo")
    jam = registry.for_server(home, "http://127.0.0.1:9", "social-business", "Social Business Jam").changed(
        person_id=me["id"], handle="demo", name=me["name"], role="participant", store="file"
    )
    registry.remember(home, jam)
    prepare(jam, NOW)
    db = connection.connect(jam.mirror, mirror.SCHEMA)
    loading = Loading(Mirror(db), "1-aaaa")
    for kind, data in records:
        loading.feed(msgspec.json.encode({"type": kind, "data": data}))
    loading.finish("2011-02-09T14:00:00.000Z")
    db.close()
    # Looked through once, and left as it is: each test would do that with its copy, else.
    open_session(home, jam, clock=lambda: NOW, rng=random.Random(1), environ={}).close()
    return jam


@pytest.fixture
def session(mirrored: registry.KnownJam, tmp_path: Path) -> Iterator[Session]:
    """The mirror is shared; what is one's own is new for each test."""
    shutil.copytree(mirrored.folder, tmp_path / "jams" / mirrored.folder.name)
    home = Home.from_env({"JAMTUI_HOME": str(tmp_path)})
    one = open_session(home, registry.find(home, None), clock=lambda: NOW, rng=random.Random(1), environ={})
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
