"""What the welcome and the sign-in screen ask of the program: a demo, a server's offer, a way in."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field

from jamtui import token_command
from jamtui.commands.context import Context
from jamtui.commands.demo import Demo, session_on
from jamtui.credentials import NoStore
from jamtui.device_page import Shows
from jamtui.errors import JamError, NotSignedIn, UsageError
from jamtui.session import Session
from jamtui.store.registry import KnownJam
from jamtui.sync import sign_in
from screens.doors import Credentials, Offer, Organisation, Stop

# What is said of the options of a command, and what fits a screen instead, where the same is a choice.
_ON_SCREEN = (
    ("Use --browser, which also", "Sign in by the browser, which also"),
    ("Try another one, or --device.", "Sign in with a code on another device."),
    ("Try --device.", "Sign in with a code on another device."),
    ("with --device the browser may be", "with a code the browser may be"),
    ("with --device nothing", "with a code on another device nothing"),
)


_MOST = 20  # organisations that are offered; the command takes any of them by its name


def on_screen(hint: str) -> str:
    """``hint`` without the words of the command line, for the sign-in on the screen and in plain mode."""
    for option, choice in _ON_SCREEN:
        hint = hint.replace(option, choice)
    return hint


@contextlib.contextmanager
def _told_on_screen() -> Iterator[None]:
    try:
        yield
    except NoStore as error:
        raise error.where_it_is_asked() from None
    except JamError as error:
        error.hint = on_screen(error.hint)
        raise


@dataclass(slots=True)
class CommandDoors:
    """`screens.doors.Doors` of this machine. Its methods block: call them on worker threads. Close it in the end."""

    context: Context
    _demos: list[Demo] = field(default_factory=list)

    def demo(self) -> Session:
        demo = Demo()
        self._demos.append(demo)
        return session_on(demo)

    def offer(self, url: str) -> Offer:
        found = asyncio.run(sign_in.discover(url))
        organisations: tuple[Organisation, ...] = ()
        if "oidc" in found.ways:
            from jamtui.sync import oidc

            organisations = tuple(
                Organisation(one.issuer, oidc.name_of(one)) for one in oidc.organisations(found)[:_MOST]
            )
        ways = found.ways
        if token_command.words_for(self.context.home, found.origin):
            ways = (*ways, "command")
        return Offer(found.origin, found.title, found.discovery.jam.summary, ways, organisations)

    def enter(self, how: Credentials) -> Session:
        return self.context.open(self._by_secret(how))

    def _by_secret(self, how: Credentials) -> KnownJam:
        with _told_on_screen():
            return asyncio.run(self._enter(how))

    async def _enter(self, how: Credentials) -> KnownJam:
        home, environ = self.context.home, self.context.environ
        offer = await sign_in.discover(how.url)
        store = "file" if how.in_file else "keyring"
        match how.way:
            case "guest":
                return await sign_in.guest(home, offer)
            case "password":
                return await sign_in.password(home, offer, how.handle, how.secret, store=store, environ=environ)
            case "token":
                return await sign_in.token(home, offer, how.secret, store=store, environ=environ)
            case "invite":
                return await sign_in.invite(home, offer, how.secret, how.handle, store=store, environ=environ)
            case "command":
                return await sign_in.command_token(home, offer, environ)
        raise UsageError(f"no such way to sign in: {how.way}")

    def again(
        self, session: Session, how: Credentials, shows: Shows | None = None, stop: Stop | None = None
    ) -> Session | str:
        guest = session.me.guest
        with session.giving_up() if guest else contextlib.nullcontext():
            if how.way == "oidc" and shows is not None and stop is not None:
                jam = self._by_organisation(how, shows, stop)
            else:
                jam = self._by_secret(how)
        if guest:  # of the same folder, it is another session
            return self.context.open(jam)
        return "" if jam.folder == session.known.folder else self.context.open(jam)

    def organisation(self, how: Credentials, shows: Shows, stop: Stop) -> Session:
        return self.context.open(self._by_organisation(how, shows, stop))

    def _by_organisation(self, how: Credentials, shows: Shows, stop: Stop) -> KnownJam:
        try:
            with _told_on_screen():
                return asyncio.run(self._with_organisation(how, shows, stop))
        except asyncio.CancelledError:
            raise NotSignedIn("the sign-in was given up") from None

    async def _with_organisation(self, how: Credentials, shows: Shows, stop: Stop) -> KnownJam:
        from jamtui.sync import oidc

        loop, task = asyncio.get_running_loop(), asyncio.current_task()

        def end() -> None:
            if task is not None:
                with contextlib.suppress(RuntimeError):  # the loop has ended: there is nothing left to stop
                    loop.call_soon_threadsafe(task.cancel)

        stop.when_stopped(end)
        home, environ = self.context.home, self.context.environ
        offer = await sign_in.discover(how.url)
        store = "file" if how.in_file else "keyring"
        return await oidc.enter(home, offer, shows, way=how.by, store=store, environ=environ, issuer=how.issuer)

    def close(self) -> None:
        for demo in self._demos:
            demo.close()
