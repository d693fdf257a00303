"""Signing in with an organisation in plain mode: what to do elsewhere, told in words, and the wait for it."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from jamtui import device_page
from jamtui.device_page import Page
from jamtui.errors import JamError, sentence
from jamtui.plain.console import Console
from jamtui.plain.keys import Key
from jamtui.plain.wrap import wrap
from jamtui.safe_text import safe_line
from jamtui.session import Session
from screens.doors import Credentials, Stop

if TYPE_CHECKING:
    from screens.doors import Doors

LOOK = 1.0  # seconds between looks at how much time is left
SOON = 60.0  # seconds before the end, when that is told once more
_PATIENCE = 5.0  # seconds for a sign-in that was given up to let go


def enter(console: Console, doors: Doors, how: Credentials) -> Session | None:
    """The session; None when the person gave up. Raises `JamError` for what went wrong."""
    by = how.by
    while True:
        stop = Stop()
        happened: queue.SimpleQueue[Page | str | Session | JamError] = queue.SimpleQueue()
        asked = Credentials(how.url, how.way, in_file=how.in_file, by=by)
        thread = threading.Thread(target=_sign_in, args=(console, doors, asked, stop, happened), daemon=True)
        thread.start()
        try:
            ended = _wait(console, happened)
        finally:
            stop.stop()
            thread.join(_PATIENCE)
        if isinstance(ended, Session):
            return ended
        if not ended:
            return None
        by = ended


def _sign_in(
    console: Console,
    doors: Doors,
    how: Credentials,
    stop: Stop,
    happened: queue.SimpleQueue[Page | str | Session | JamError],
) -> None:
    """On a thread of its own."""
    shows = _Shows(happened, console.wake)
    try:
        session = doors.organisation(how, shows, stop)
    except JamError as error:
        happened.put(error)
    else:
        if stop.stopped:  # in the moment in which it was done
            session.close()
        happened.put(session)
    console.wake()


class _Shows:
    """`jamtui.device_page.Shows`, called on the thread that signs in."""

    def __init__(self, happened: queue.SimpleQueue[Page | str | Session | JamError], wake: Callable[[], None]) -> None:
        self._happened, self._wake = happened, wake

    def page(self, page: Page) -> None:
        self._happened.put(page)
        self._wake()

    def tell(self, text: str) -> None:
        self._happened.put(safe_line(text))
        self._wake()


def _wait(console: Console, happened: queue.SimpleQueue[Page | str | Session | JamError]) -> Session | str:
    """The session, "" when the person gave up, or the other way that they want."""
    page: Page | None = None
    held, warned = "", False
    while True:
        key = console.command(LOOK) if console.keyed else None
        try:
            event = happened.get(timeout=0 if console.keyed else LOOK)
        except queue.Empty:
            event = None
        match event:
            case Session():
                return event
            case JamError():
                raise event
            case Page():
                page = event
                tell(console, *words(page, keyed=console.keyed))
            case str() if event and event != held:
                held = event
                tell(console, sentence(event))
        if page is not None and not warned and page.ends - time.monotonic() < SOON:
            warned = True
            tell(console, f"{device_page.clock(page.ends - time.monotonic())} left.")
        match key:
            case Key("q" | "escape" | "ctrl+q" | "ctrl+c"):
                tell(console, "Given up.")
                return ""
            case Key("c") if page is not None:
                tell(
                    console, "The address was copied." if console.copy(page.url) else "This terminal has no clipboard."
                )
            case Key("b") if page is not None and page.way == device_page.DEVICE:
                return device_page.BROWSER
            case Key("d") if page is not None and page.way == device_page.BROWSER:
                return device_page.DEVICE
            case Key("ctrl+z"):
                console.suspend()


def words(page: Page, *, keyed: bool) -> list[str]:
    """The page in sentences. No QR code: nobody can hear one."""
    told = list(page.notes)
    left = f"There are {device_page.clock(page.ends - time.monotonic())} minutes for it."
    if page.way == device_page.BROWSER:
        opened = f"Your browser has the page of {page.who}. If none came up, open this address:"
        told += [opened if page.opened else f"Open this address of {page.who} in a browser:", page.url, left]
        other = "d signs in on another device, "
    else:
        told += [f"Open this address of {page.who} on any device:", page.url]
        told += [f"Give it this code, if you have begun this yourself: {page.code}"]
        told += [f"Letter by letter: {', '.join('dash' if char == '-' else char for char in page.code)}.", left]
        other = "b signs in with the browser here, "
    if keyed:
        told.append(f"c copies the address, {other}Escape gives up.")
    return told


def tell(console: Console, *texts: str) -> None:
    console.tell([line for text in texts for line in wrap(text, console.columns)])
