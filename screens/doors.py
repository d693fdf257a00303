"""What the welcome and the sign-in screen ask of the program around them.

Screens never touch the network: the command line hands in an object with these methods. Each is called on a worker
thread, may block, and raises `jamtui.errors.JamError` with words for the person.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Protocol

from msgspec import Struct

from jamtui.device_page import Shows
from jamtui.safe_text import safe_line
from jamtui.session import Session

_COMMAND = re.compile(r" ?Sign in again with `?jamtui login`?\.")
_ELSEWHERE = {  # where tokens are that jamtui does not keep
    "env": "JAMTUI_TOKEN",
    "command": "the token_command of config.toml",
}

if TYPE_CHECKING:
    import asyncio

_LOOPBACK = re.compile(r"(localhost|127(\.\d+){3}|\[::1\])(:\d+)?(/|$)", re.IGNORECASE)


def address(typed: str) -> str:
    """What was typed as a URL: https where nothing is said, http for this machine itself."""
    if "://" in typed:
        return typed
    return f"{'http' if _LOOPBACK.match(typed) else 'https'}://{typed}"


class Organisation(Struct, frozen=True):
    """One that the Jam lets people sign in with. ``name`` is harmless, and has its host; ``issuer`` is its address."""

    issuer: str
    name: str


class Offer(Struct, frozen=True):
    """What a server says of itself before anybody has signed in. Texts are as they came: not made harmless."""

    url: str
    title: str
    summary: str
    ways: tuple[str, ...]  # of "guest", "password", "invite", "oidc", "command"; a token can always be given
    organisations: tuple[Organisation, ...] = ()  # those of "oidc"


class Choice(Struct, frozen=True):
    """One way in, as a person may choose it. ``label`` is harmless."""

    way: str
    label: str
    issuer: str = ""
    by: str = ""


def choices(offer: Offer, names: Mapping[str, str], *, guest: bool = True) -> list[Choice]:
    """The ways of ``names`` that there are, in its order; its ``oidc`` has ``{}`` for the organisation, each of which
    is one, and at the end one more: the way by another device can be chosen before one is led elsewhere. ``guest``
    False leaves that way out."""
    found, devices = [], []
    for way, name in names.items():
        if way == "oidc":
            found += [Choice(way, name.format(one.name), one.issuer) for one in offer.organisations]
            devices += [
                Choice(way, f"{name.format(one.name)}, by a code on another device", one.issuer, "device")
                for one in offer.organisations
            ]
        elif (way in offer.ways or way == "token") and (guest or way != "guest"):
            found.append(Choice(way, name))
    return found + devices


class Credentials(Struct, frozen=True):
    """How a person wants in. ``way`` is guest, password, token, invite, command (a token that the person's own command
    prints) or oidc; ``secret`` password, token or code."""

    url: str
    way: str
    handle: str = ""
    secret: str = ""
    in_file: bool = False  # keep the token in a file that only this account can read, not in the keyring
    by: str = ""  # of "oidc": "browser" or "device"; "" is what fits here
    issuer: str = ""  # of "oidc": the address of the organisation; "" is the first

    def __repr__(self) -> str:
        return f"Credentials({self.url!r}, {self.way!r}, {self.handle!r})"  # never the secret

    def __rich_repr__(self) -> list[tuple[str, str]]:
        return [("url", self.url), ("way", self.way), ("handle", self.handle)]


def other_person(before: Session, now: Session) -> str:
    """What is said when one goes on as somebody else than before."""
    them, you = f"@{safe_line(before.me.handle)}", f"@{safe_line(now.me.handle)}"
    if before.me.guest:
        same = before.known.folder == now.known.folder
        told = "What you read and saved is still here" if same else "What was yours on this machine is here again"
        return f"Signed in as {you}. {told}"
    return f"You go on as {you}, who is not {them}. What {them} wrote stays on this machine, and is not sent"


def without_command(text: str) -> str:
    """Why one is signed out, where what is asked beside it does what the command would."""
    return _COMMAND.sub("", text)


def elsewhere(session: Session) -> str:
    """What signing in here changes where the token came from a place of the person's own; "" where jamtui kept it."""
    came = _ELSEWHERE.get(session.known.store, "")
    return came and f"Your token came from {came}. Signing in here keeps one with jamtui instead."


class Stop:
    """Ends from one thread what another one waits for. Stopping twice, or too late, does nothing."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._stopped = False
        self._call: Callable[[], object] = lambda: None

    @property
    def stopped(self) -> bool:
        return self._stopped

    def stop(self) -> None:
        with self._lock:
            self._stopped, call = True, self._call
            self._call = lambda: None
        call()

    def when_stopped(self, call: Callable[[], object]) -> None:
        """``call`` is called when it is stopped, on the thread that stops; at once when it was."""
        with self._lock:
            stopped = self._stopped
            if not stopped:
                self._call = call
        if stopped:
            call()


class Answer:
    """Of a person, for the loop of a sign-in on another thread, which makes it and waits for it."""

    def __init__(self) -> None:
        import asyncio  # no start needs it

        self._loop = asyncio.get_running_loop()
        self._given: asyncio.Future[bool] = self._loop.create_future()

    def give(self, yes: bool) -> None:
        """From any thread; too late, or for the second time, it does nothing."""
        with suppress(RuntimeError):  # the loop has ended: the sign-in was given up
            self._loop.call_soon_threadsafe(self._give, yes)

    def _give(self, yes: bool) -> None:
        if not self._given.done():
            self._given.set_result(yes)

    async def given(self) -> bool:
        return await self._given


class Doors(Protocol):
    """The ways into a Jam. The sessions returned are open but not started."""

    def demo(self) -> Session:
        """Starts the embedded server with the Jam of the package and joins it."""
        ...

    def offer(self, url: str) -> Offer:
        """Asks a server what it is and how one may come in."""
        ...

    def enter(self, how: Credentials) -> Session:
        """Signs in (or comes in as a guest), makes the mirror ready, remembers the Jam."""
        ...

    def again(
        self, session: Session, how: Credentials, shows: Shows | None = None, stop: Stop | None = None
    ) -> Session | str:
        """Signs in again where ``session`` is signed out, or a guest's: "" when it goes on by itself, another session
        when that was somebody else. ``shows`` and ``stop`` are for an organisation."""
        ...

    def organisation(self, how: Credentials, shows: Shows, stop: Stop) -> Session:
        """Signs in with the organisation that the Jam names; ``shows`` gets what the person has to do for that."""
        ...
