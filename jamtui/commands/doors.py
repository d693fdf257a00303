"""What the welcome and the sign-in screen ask of the program: a demo, a server's offer, a way in."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from jamtui.commands.context import Context
from jamtui.commands.demo import Demo, session_on
from jamtui.errors import UsageError
from jamtui.session import Session
from jamtui.store.registry import KnownJam
from jamtui.sync import sign_in
from screens.doors import Credentials, Offer


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
        return Offer(found.origin, found.title, found.discovery.jam.summary, found.ways)

    def enter(self, how: Credentials) -> Session:
        return self.context.open(asyncio.run(self._enter(how)))

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
        raise UsageError(f"no such way to sign in: {how.way}")

    def close(self) -> None:
        for demo in self._demos:
            demo.close()
