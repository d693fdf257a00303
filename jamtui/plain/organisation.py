"""Signing in with an organisation in plain mode: what to do elsewhere, told in words, and the wait for it."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable

from msgspec import Struct

from jamtui import device_page
from jamtui.device_page import NewAccount, Page, Shows
from jamtui.errors import JamError, sentence
from jamtui.plain.console import Console, tell
from jamtui.plain.keys import Key
from jamtui.safe_text import safe_line
from jamtui.session import Session
from screens.doors import Answer, Credentials, Stop

LOOK = 1.0  # seconds between looks at how much time is left
SOON = 60.0  # seconds before the end, when that is told once more
_PATIENCE = 5.0  # seconds for a sign-in that was given up to let go


SignIn = Callable[[Credentials, Shows, Stop], Session | str]


class _Told(Struct, frozen=True):
    """What holds it up."""

    text: str


class _Other(Struct, frozen=True):
    """The person wants the other way."""

    way: str


class _Asked(Struct, frozen=True):
    """The account is new beside another one: is it the person's?"""

    new: NewAccount
    answer: Answer


_Happened = queue.SimpleQueue[Page | _Told | _Asked | Session | str | JamError]


def enter(console: Console, sign_in: SignIn, how: Credentials) -> Session | str | None:
    """What ``sign_in`` gives, which runs on a thread of its own; None when the person gave up. Raises `JamError` for
    what went wrong."""
    by = how.by
    while True:
        stop = Stop()
        happened: _Happened = queue.SimpleQueue()
        asked = Credentials(how.url, how.way, in_file=how.in_file, by=by, issuer=how.issuer)
        thread = threading.Thread(target=_sign_in, args=(console, sign_in, asked, stop, happened), daemon=True)
        thread.start()
        try:
            ended = _wait(console, happened)
        finally:
            stop.stop()
            thread.join(_PATIENCE)
        if not isinstance(ended, _Other):
            return ended
        by = ended.way


def _sign_in(
    console: Console,
    sign_in: SignIn,
    how: Credentials,
    stop: Stop,
    happened: _Happened,
) -> None:
    """On a thread of its own."""
    shows = _Shows(happened, console.wake)
    try:
        entered = sign_in(how, shows, stop)
    except JamError as error:
        happened.put(error)
    else:
        if stop.stopped and isinstance(entered, Session):  # in the moment in which it was done
            entered.close()
        happened.put(entered)
    console.wake()


class _Shows:
    """`jamtui.device_page.Shows`, called on the thread that signs in."""

    def __init__(self, happened: _Happened, wake: Callable[[], None]) -> None:
        self._happened, self._wake = happened, wake

    def page(self, page: Page) -> None:
        self._happened.put(page)
        self._wake()

    def tell(self, text: str) -> None:
        self._happened.put(_Told(safe_line(text)))
        self._wake()

    async def is_you(self, new: NewAccount) -> bool:
        answer = Answer()
        self._happened.put(_Asked(new, answer))
        self._wake()
        return await answer.given()


def _wait(console: Console, happened: _Happened) -> Session | str | _Other | None:
    """What the sign-in gave; None when the person gave up, or the other way that they want."""
    page: Page | None = None
    held, warned = "", False
    while True:
        key = console.command(LOOK) if console.keyed else None
        try:
            event = happened.get(timeout=0 if console.keyed else LOOK)
        except queue.Empty:
            event = None
        match event:
            case Session() | str():
                return event
            case JamError():
                raise event
            case Page():
                page = event
                tell(console, *words(page, keyed=console.keyed))
            case _Asked(new, answer):
                question = f"{new.why} {new.question} y goes on as {new.handle}; any other key signs out again."
                answer.give(bool(console.choose(question, "y")))
            case _Told() if event.text and event.text != held:
                held = event.text
                tell(console, sentence(held))
        if page is not None and not warned and page.ends - time.monotonic() < SOON:
            warned = True
            tell(console, f"{device_page.clock(page.ends - time.monotonic())} left.")
        match key:
            case Key("q" | "escape" | "ctrl+q" | "ctrl+c"):
                tell(console, "Given up.")
                return None
            case Key("c") if page is not None:
                tell(
                    console, "The address was copied." if console.copy(page.url) else "This terminal has no clipboard."
                )
            case Key("b") if page is not None and page.way == device_page.DEVICE:
                return _Other(device_page.BROWSER)
            case Key("d") if page is not None and page.way == device_page.BROWSER:
                return _Other(device_page.DEVICE)
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
