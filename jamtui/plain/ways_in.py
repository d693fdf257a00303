"""The ways into a Jam in plain mode: the welcome, signing in, the first fetch; and the run as a whole."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

from jamtui.errors import JamError, sentence
from jamtui.keys import AS_DELIVERED, Keymap
from jamtui.model import Link
from jamtui.opener import open_url
from jamtui.plain import words
from jamtui.plain.console import Another, Console, Ended, Leaving, tell
from jamtui.plain.keys import Key
from jamtui.plain.pipe import Pipe
from jamtui.plain.program import Plain
from jamtui.plain.terminal import Terminal
from jamtui.safe_text import safe_block, safe_line
from jamtui.session import Session
from screens.doors import Choice, Credentials, Offer, address, choices, other_person

if TYPE_CHECKING:
    from jamtui.config import Entry
    from screens.doors import Doors

LOOK = 1.0  # seconds between looks at how far the first fetch is
STEP = 10  # percent between two lines about it

_WAYS = {
    "oidc": "with {}",
    "guest": "read as a guest",
    "password": "handle and password",
    "invite": "a code of invitation",
    "token": "an access token",
    "command": "the token that your token_command prints",
}
_NO_SECRET = ("guest", "oidc", "command")  # ways for which none is typed
_NOT_KEPT = ("guest", "command")
_BY_COMMAND = "A token_command in config.toml, say of a password manager, gives one each time, and nothing is kept."


def run(
    session: Session | None,
    *,
    doors: Doors | None = None,
    again: Callable[[], Doors] | None = None,
    edit: Callable[[str], str],
    absolute_times: bool = False,
    keymap: Keymap = AS_DELIVERED,
    environ: Mapping[str, str] = os.environ,
    notify: Sequence[Entry] = (),
    end_account: Callable[[Session, str], int] | None = None,
) -> int:
    """Runs plain mode until the person leaves, and closes the session; the exit code.

    ``end_account`` ends an account when the session is closed. Without a session the welcome is told, which needs
    ``doors``; ``again`` gives the doors by which one signs in again. Keys are read one at a time where standard input
    and output are a terminal that knows them; elsewhere a line is a command.
    """
    opened = session
    code, posts = 0, ""
    try:
        with _console(environ) as console:
            try:
                opened = opened or _welcome(console, doors)
                while True:
                    try:
                        _converse(opened, console, edit, absolute_times, keymap, again, environ, notify)
                    except Another as other:
                        before, opened = opened, other.session
                        before.close()
                        tell(console, f"{other_person(before, opened)}.")
            except Ended as end:
                code = end.code
                posts = end.posts if isinstance(end, Leaving) else ""
    finally:
        if opened is not None:
            opened.close()
    return end_account(opened, posts) if posts and opened is not None and end_account is not None else code


def _console(environ: Mapping[str, str]) -> Terminal | Pipe:
    on_terminal = sys.stdin.isatty() and sys.stdout.isatty()
    if on_terminal and environ.get("TERM", "dumb") not in ("", "dumb"):
        return Terminal(sys.stdin.fileno(), sys.stdout.fileno(), environ)
    columns = environ.get("COLUMNS", "")
    return Pipe(sys.stdin, sys.stdout, "> " if on_terminal else "", int(columns) if columns.isdecimal() else 80)


def _converse(
    session: Session,
    console: Console,
    edit: Callable[[str], str],
    absolute_times: bool,
    keymap: Keymap,
    again: Callable[[], Doors] | None,
    environ: Mapping[str, str],
    notify: Sequence[Entry],
) -> None:
    def browse(url: str) -> None:
        open_url(url, environ)

    plain = Plain(
        session,
        console,
        edit=edit,
        browse=browse,
        absolute_times=absolute_times,
        keymap=keymap,
        again=again,
        environ=environ,
        notify=notify,
    )
    if not session.mirrored:
        console.tell(["Fetching the Jam. Space tries again, q leaves."])
    session.start(plain.news.changed)

    @contextmanager
    def resting() -> Iterator[None]:
        """Meanwhile another jamtui may have the network."""
        rested = session.rest()
        try:
            yield
        finally:
            if rested:
                session.start(plain.news.changed)

    console.resting = resting
    _fetch(session, console)
    plain.run()


def _fetch(session: Session, console: Console) -> None:
    """The first fetch, told in steps, until there is something to read."""
    told = ""
    done = -1
    while not session.mirrored:
        state = session.status()
        share = 100 * state.progress[0] // state.progress[1] if state.progress and state.progress[1] else -1
        if share >= 0:
            if share >= done + STEP or done < 0:
                done = share
                tell(
                    console,
                    f"{min(99, share)} percent of {state.progress[1] / 1e6:.1f} megabytes." if state.progress else "",
                )
        elif (state.link is not Link.OFFLINE or state.why) and (link := words.link(state, session.now())) != told:
            told = link  # not before anything was tried: nobody is off line yet
            tell(console, f"{sentence(link)}.")
        if not console.keyed:
            import time

            time.sleep(LOOK)  # lines are commands for the Jam: they are left where they are until it is there
            continue
        match console.command(LOOK):
            case Key("q" | "escape" | "ctrl+q" | "ctrl+c"):
                raise Ended(0)
            case Key("space" | "enter"):
                session.reconnect()
            case Key("ctrl+z"):
                console.suspend()


def _welcome(console: Console, doors: Doors | None) -> Session:
    """Asks for one of three doors until one of them leads into a Jam."""
    if doors is None:
        raise RuntimeError("the welcome was asked for without doors")
    tell(console, "Welcome to jamtui, in plain mode. A Jam is thousands of people, one question, a few days.")
    while True:
        tell(
            console,
            "t: try the demo, a live Jam on this machine, without an account.",
            "r: read a Jam as a guest.",
            "s: sign in to a Jam.",
            "q: leave.",
        )
        choice = console.choose("Your choice:", "trsq")
        try:
            if choice == "t":
                tell(console, "Starting the demo. This takes a few seconds.")
                return doors.demo()
            if choice in ("r", "s"):
                session = _sign_in(console, doors, read_only=choice == "r")
                if session is not None:
                    return session
            else:
                raise Ended(0)
        except JamError as error:
            tell(console, f"{sentence(error.title)}. {error.hint}".strip())


def _sign_in(console: Console, doors: Doors, *, read_only: bool) -> Session | None:
    """None when the person thought better of it."""
    url = _typed(console, "Address of the Jam: ")
    if not url:
        return None
    url = address(url)
    tell(console, f"Asking {safe_line(url)}.")
    offer = doors.offer(url)
    summary = words.one_line(safe_block(offer.summary), 600)
    tell(console, f"{safe_line(offer.title)}. {summary}".strip())
    if read_only and "guest" in offer.ways:
        tell(console, "Going in as a guest.")
        return doors.enter(Credentials(offer.url, "guest"))
    if read_only:
        tell(console, "This Jam does not let guests read: sign in to read it.")
    how = _how(console, offer)
    if how is None:
        return None
    if how.way == "oidc":
        from jamtui.plain import organisation

        entered = organisation.enter(console, doors.organisation, how)
        return entered if isinstance(entered, Session) else None
    tell(console, "Going in.")
    return doors.enter(how)


def sign_in_again(console: Console, doors: Doors, session: Session) -> Session | str | None:
    """Where ``session`` is signed out, or a guest's: "" when it goes on, the session of somebody else, None for no
    sign-in. Raises `JamError`."""
    offer = doors.offer(session.known.origin)
    how = _how(console, offer, session)
    if how is None:
        return None
    if how.way != "oidc":
        return doors.again(session, how)
    from jamtui.plain import organisation

    return organisation.enter(console, partial(doors.again, session), how)


def _how(console: Console, offer: Offer, again: Session | None = None) -> Credentials | None:
    """Asks for a way in and what it needs; None when the person thought better of it. ``again`` is signed out."""
    choice = _choice(console, offer, guest=again is None)
    if choice is None:
        return None
    way = choice.way
    handle = safe_line(again.me.handle) if again is not None and not again.me.guest else ""
    if way in ("password", "invite") and not handle:
        handle = _typed(console, "Handle: ")
        if not handle:
            return None
    secret = ""
    if way not in _NO_SECRET:
        if way == "token" and "command" not in offer.ways:
            tell(console, _BY_COMMAND)
        label = {"password": "Password", "invite": "Code", "token": "Token"}[way]
        host = safe_line(offer.url).partition("://")[2]  # what the Jam calls itself is its own to choose
        secret = _typed(console, f"{label} for {host} (not shown): ", secret=True)
        if not secret:
            return None
    in_file = again is not None and not again.me.guest and again.known.store == "file"
    if way not in _NOT_KEPT and not in_file:
        question = "Keep the secret in a file that only you can read? y does; any other key takes the keyring."
        in_file = bool(console.choose(question, "y"))
    if way == "oidc":
        name = next(one.name for one in offer.organisations if one.issuer == choice.issuer)
        tell(console, f"Asking {name}.")
    return Credentials(offer.url, way, handle, secret, in_file, by=choice.by, issuer=choice.issuer)


def _choice(console: Console, offer: Offer, *, guest: bool) -> Choice | None:
    ways = choices(offer, _WAYS, guest=guest)
    tell(console, *(f"{number}: {way.label}" for number, way in enumerate(ways, 1)))
    question = f"How do you come in, {words.numbers(len(ways))}?"
    if len(ways) < 10:
        answer = console.choose(question, "".join(map(str, range(1, len(ways) + 1))))
    else:
        answer = _typed(console, f"{question} ")
    return ways[int(answer) - 1] if answer.isdecimal() and 0 < int(answer) <= len(ways) else None


def _typed(console: Console, label: str, *, secret: bool = False) -> str:
    typed = console.line(label, secret=secret)
    return "" if typed.key == "escape" else typed.text.strip("\r\n") if secret else typed.text.strip()
