"""Real sessions with their real network threads, whose time the test moves on: nothing waits for a backoff.

    with driven() as made:                      sessions that start in here have a `Warped` network
        client = Client(folders, jam, made, seed)
        client.open(); client.start()
        client.machine.advance(120)             two minutes have passed, for the clock and for all that waits
        client.machine.jump(-3600)              the clock was set back; nothing has waited longer
        client.kill()                           as by SIGKILL: nothing more reaches the disk

The network's thread runs the program's own code on an event loop whose clock is the machine's plus what `advance` has
added. A killed client loses its databases first and is ended then, so what its code does on its way out is not kept:
the kernel drops locks and connections of a killed process in the same way.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import apsw
import pytest

from jamtui.model import Changed, Link
from jamtui.paths import Home
from jamtui.session import Session, open_session
from jamtui.store import connection
from jamtui.store.registry import KnownJam
from jamtui.sync import network


class WarpLoop(asyncio.SelectorEventLoop):
    """A loop whose clock is ahead by ``ahead`` seconds."""

    ahead = 0.0

    def time(self) -> float:
        return super().time() + self.ahead

    def skip(self, seconds: float) -> None:
        """From another thread: so much time has passed. Returns when the loop knows."""
        known = threading.Event()
        with contextlib.suppress(RuntimeError):  # it has ended
            self.call_soon_threadsafe(self._skip, seconds, known)
            while not known.wait(0.1) and self.is_running():
                pass

    def _skip(self, seconds: float, known: threading.Event) -> None:
        self.ahead += seconds
        known.set()


class Warped(network.Network):
    """The network's thread on a `WarpLoop`, which can be killed."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **{**named, "report": self._note})
        self.loop: WarpLoop | None = None
        self.opened: list[apsw.Connection] = []
        self.killed = False
        self.failure: BaseException | None = None  # an error of the program's own, which nothing may bring about

    def _run(self) -> None:
        _here.network = self
        try:
            with asyncio.Runner(loop_factory=self._new_loop) as runner, contextlib.suppress(asyncio.CancelledError):
                runner.run(self._start())
        except BaseException as error:
            if not self.killed:
                self.failure = error
                raise
        finally:
            self.loop = None

    def _note(self, error: BaseException) -> str:
        if not self.killed:
            self.failure = error
        return "the test"

    def _new_loop(self) -> WarpLoop:
        self.loop = WarpLoop()
        self.loop.set_exception_handler(self._unhandled)
        return self.loop

    def _unhandled(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        if not self.killed:
            loop.default_exception_handler(context)

    def kill(self) -> None:
        """Nothing that the thread does from now on is kept; returns when it has ended."""
        self.killed = True
        loop = self.loop
        if loop is not None:
            with contextlib.suppress(RuntimeError):  # it ends by itself
                loop.call_soon_threadsafe(self._lose_files)
        self.stop()

    def _lose_files(self) -> None:
        for db in self.opened:
            db.close()


class _Here(threading.local):
    network: Warped | None = None


_here = _Here()


class _Time:
    """What the module of the network takes for ``time``: monotonic is its loop's clock."""

    def __getattr__(self, name: str) -> Any:
        return getattr(time, name)

    @staticmethod
    def monotonic() -> float:
        return asyncio.get_running_loop().time()


@contextlib.contextmanager
def driven() -> Iterator[None]:
    """Sessions that start in here have a `Warped` network."""
    connect = connection.connect

    def noted(*arguments: Any, **named: Any) -> apsw.Connection:
        db = connect(*arguments, **named)
        if _here.network is not None:
            _here.network.opened.append(db)
        return db

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("jamtui.session.Network", Warped)
        patch.setattr(network, "time", _Time())
        patch.setattr(connection, "connect", noted)
        yield


@dataclass
class Machine:
    """One computer: its clock, and the programs on it."""

    offset: float = 0.0  # seconds by which its clock is ahead
    passed: float = 0.0  # seconds that the test has let pass
    clients: list[Client] = field(default_factory=list)

    def now(self) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=self.offset)

    def advance(self, seconds: float) -> None:
        self.offset += seconds
        self.passed += seconds
        for client in self.clients:
            loop = client.network.loop if client.network is not None else None
            if loop is not None:
                loop.skip(seconds)

    def jump(self, seconds: float) -> None:
        self.offset += seconds


class Client:
    """One program on one home: a session, perhaps with its network."""

    def __init__(self, name: str, machine: Machine, folders: Home, jam: KnownJam, seed: int) -> None:
        self.name = name
        self.machine = machine
        self.jam = jam
        self._folders = folders
        self._rng = random.Random(seed)
        self._session: Session | None = None
        self._told: Callable[[], None] = lambda: None
        machine.clients.append(self)

    def __repr__(self) -> str:
        return self.name

    @property
    def network(self) -> Warped | None:
        found = self._session._network if self._session is not None else None
        assert found is None or isinstance(found, Warped)
        return found

    @property
    def session(self) -> Session:
        """It is opened when it is not."""
        if self._session is None:
            self._session = open_session(
                self._folders, self.jam, clock=self.machine.now, rng=random.Random(self._rng.random()), environ={}
            )
        return self._session

    @property
    def link(self) -> Link:
        return self.session.status().link

    def start(self, told: Callable[[], None]) -> None:
        """Opens it and starts its network, which calls ``told`` at every change."""

        def changed(_: Changed) -> None:
            told()

        self.session.start(changed)

    def close(self) -> None:
        if self._session is not None:
            session, self._session = self._session, None
            session.close()

    def kill(self) -> None:
        if self._session is not None:
            network, session, self._session = self.network, self._session, None
            if network is not None:
                network.kill()
            session.close()
