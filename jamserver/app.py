"""Puts the server together and runs it inside an asyncio program."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import random
import socket
import sys
import uuid
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path
from typing import TYPE_CHECKING

import uvicorn

from jamserver import accounts, polls, posts
from jamserver.connections import Doors, http_of, trusted
from jamserver.db import Readers, connect, prepare
from jamserver.limits import Day, Hashing, Tries
from jamserver.objects import found_jam
from jamserver.routes import ROUTES
from jamserver.snapshot import Snapshots
from jamserver.standing import Newcomers
from jamserver.stream import Hub
from jamserver.votes import VoteJoin
from jamserver.web import application
from jamserver.writer import Writer, write_once
from jamtui.errors import JamError

if TYPE_CHECKING:
    from jamserver.issuer import Issuer

Clock = Callable[[], datetime]


def system_clock() -> datetime:
    """The time now, in UTC."""
    return datetime.now(UTC)


def random_id(rng: random.Random) -> uuid.UUID:
    """A random UUID (version 4) from the generator that was passed in."""
    return uuid.UUID(int=rng.getrandbits(128), version=4)


@dataclass(frozen=True, slots=True)
class Settings:
    """What may be tuned; seconds where nothing else is said. The defaults are what docs/wire.md promises."""

    vote_join: float = 2.0
    heartbeat: float = 15.0
    snapshot_shared: float = 5.0
    snapshots_held: int = 256 << 20  # bytes, of all that somebody still reads
    poll: float = 0.5  # how often to look for what other processes wrote
    streams_per_person: int = 5
    streams: int = 10_000
    guest_streams: int = 5_000  # of those, so that who is signed in always finds a place
    connections: int = 12_000
    connections_per_address: int = 4_000  # much, since a whole company may share one
    unread: int = 256 << 20  # bytes of answers that wait for slow readers; of an address:
    unread_per_address: int = 32 << 20
    bodies: int = 2_000  # requests of which not all has come; of an address:
    bodies_per_address: int = 500
    head_within: float = 15.0
    body_within: float = 30.0
    ring_items: int = 2_000
    ring_bytes: int = 4 << 20
    tries_a_minute: int = 10
    sign_ins: int = 60  # of a person, or refreshings of one sign-in, in five minutes
    issuer_pause: float = 5.0  # the least time between two requests for an issuer's keys
    writes: int = 300  # of a person, in ``writes_in`` seconds
    writes_in: float = 300.0
    new_account: float = 3_600.0  # how long somebody is new who came by an invite or an issuer; of them:
    new_writes: int = 60  # in ``writes_in``
    new_threads: int = 5  # as long as they are new
    new_links: int = 3  # in a post, and between posts
    new_reports: int = 5  # as long as they are new
    day_reports: int = 50  # of a person in 24 hours
    day_writes: int = 5_000  # of a person in 24 hours
    day_bytes: int = 16 << 20  # by which these let the log grow
    day_of_hosts: int = 10  # times as much for hosts and moderators: one merge is a change for each post of a thread
    grouped_commits: bool = True


class ServerError(JamError):
    """The server cannot start (exit 1)."""


class Services:
    """What the routes use. Made inside the event loop by `running`."""

    def __init__(
        self,
        db: Path,
        *,
        clock: Clock,
        rng: random.Random,
        new_secret: Callable[[], str],
        settings: Settings,
        seconds: Callable[[], float] | None = None,
    ) -> None:
        """``seconds`` is what limits are counted by, which never goes back: the event loop's clock if None."""
        loop = asyncio.get_running_loop()
        seconds = seconds or loop.time
        self.clock = clock
        self.new_secret = new_secret
        self.monotonic = loop.time
        self.readers = Readers(db)
        self.snapshots = Snapshots(self.readers, settings.snapshot_shared, loop.time, settings.snapshots_held)
        self._watch_db = connect(db)
        self._watch_db.pragma("query_only", True)
        self.hub = Hub(
            self._watch_db,
            on_removal=self.snapshots.forget,
            poll=settings.poll,
            heartbeat=settings.heartbeat,
            per_person=settings.streams_per_person,
            most=settings.streams,
            most_guests=settings.guest_streams,
            max_items=settings.ring_items,
            max_bytes=settings.ring_bytes,
        )
        self.writer = Writer(db, clock=clock, rng=rng, on_commit=self.hub.committed, grouped=settings.grouped_commits)
        self.votes = VoteJoin(self.writer, posts.vote, settings.vote_join, loop.time)
        self.ballots = VoteJoin(self.writer, polls.cast, settings.vote_join, loop.time)
        self.tries = Tries(seconds, settings.tries_a_minute, 60.0, "Too many failed sign-ins. Wait a little.")
        # Of one person from anywhere: wide, since whoever uses it up keeps that person out.
        self.handle_tries = Tries(
            seconds, 10 * settings.tries_a_minute, 60.0, "Too many failed sign-ins with this handle. Wait a little."
        )
        self.sign_ins = Tries(seconds, settings.sign_ins, 300.0, "Nobody signs in that often. Wait a little.")
        self.writes = Tries(
            seconds, settings.writes, settings.writes_in, "Nobody writes that much in so short a time. Wait a little."
        )
        self.newcomers = Newcomers(settings.new_account, settings.new_threads, settings.new_links, settings.new_reports)
        self.new_writes = Tries(
            seconds, settings.new_writes, settings.writes_in, "That is much for an account's first hour. Wait a little."
        )
        self.day = Day(
            seconds, settings.day_writes, settings.day_bytes, "That was very much for one day. Go on tomorrow."
        )
        self.day_reports = settings.day_reports
        self.day_of_hosts = settings.day_of_hosts
        self.hashing = Hashing()
        self._seconds = seconds
        self._issuer: Issuer | None = None
        self._issuer_pause = settings.issuer_pause
        self._watcher = asyncio.create_task(self.hub.watch())

    async def issuer(self, url: str) -> Issuer:
        """The issuer at this address, with the keys that are known of it."""
        if self._issuer is None or self._issuer.url != url:
            module = await asyncio.to_thread(importlib.import_module, "jamserver.issuer")  # takes a moment, once
            if self._issuer is None or self._issuer.url != url:
                self._issuer = module.Issuer(url, self._seconds, pause=self._issuer_pause)
        return self._issuer

    def end(self) -> None:
        """Lets go of the requests that wait for something, so that connections can end."""
        self.hub.end()
        self.votes.end()
        self.ballots.end()

    async def close(self) -> None:
        """Writes what waits, then closes the file."""
        if self._issuer is not None:
            await self._issuer.close()
        self._watcher.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._watcher
        await self.votes.close()
        await self.ballots.close()
        await self.writer.close()
        await asyncio.to_thread(self.readers.close)
        self._watch_db.close()


class _Uvicorn(uvicorn.Server):
    """Leaves signals to whoever runs the event loop, and ends the streams before it waits for connections."""

    def __init__(
        self,
        config: uvicorn.Config,
        on_ready: Callable[[], None],
        before_shutdown: Callable[[], None],
        clock: Callable[[], datetime],
    ) -> None:
        super().__init__(config)
        self._clock = clock
        self._on_ready = on_ready
        self._before_shutdown = before_shutdown

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def on_tick(self, counter: int) -> bool:
        """Every answer's Date is of the clock by which writes are taken: a client goes by it."""
        ends = await super().on_tick(counter)
        if self._clock is not system_clock:
            date = format_datetime(self._clock().astimezone(UTC).replace(microsecond=0), usegmt=True)
            self.server_state.default_headers = [(b"date", date.encode()), *self.config.encoded_headers]
        return ends

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._on_ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._before_shutdown()
        await super().shutdown(sockets)


def _listen(host: str, port: int) -> socket.socket:
    """A listening socket. Raises `ServerError` when the address cannot be had."""
    try:
        family, kind, proto, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        sock = socket.socket(family, kind, proto)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        # A reader that stalls costs this much of the kernel's memory, not the megabytes of an autotuned buffer.
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 256 << 10)
        if sys.platform == "linux":
            # A reader that takes nothing for a minute is dropped, data waiting for it or not.
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, 60_000)
        sock.bind(address)
        sock.listen(2_048)
    except (OSError, OverflowError) as error:
        raise ServerError(
            f"cannot listen on {host}:{port}: {error}", "Choose another with --host and --port (0 picks a free port)"
        ) from None
    sock.setblocking(False)
    return sock


def _url(sock: socket.socket) -> str:
    host, port = sock.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


async def serve(
    db: Path,
    host: str = "127.0.0.1",
    port: int = 0,
    *,
    on_ready: Callable[[str], None],
    clock: Clock = system_clock,
    rng: random.Random | None = None,
    new_secret: Callable[[], str] = accounts.new_secret,
    settings: Settings | None = None,
    seconds: Callable[[], float] | None = None,
    proxies: Collection[str] = (),
) -> None:
    """Serves the database file until the task is cancelled, then ends cleanly: what was begun is finished.

    ``on_ready`` gets the address, ``http://HOST:PORT``, once connections are accepted. A file that is not there is
    made, with an open Jam. ``seconds`` is for limits, see `Services`. ``proxies`` are addresses whose
    X-Forwarded-For tells who asks. Raises `JamError` when the file or the address
    cannot be used.
    """
    rng = rng or random.SystemRandom()
    settings = settings or Settings()
    prepare(db)
    write_once(db, clock(), rng, lambda tx: found_jam(tx, random_id(rng)))
    sock = _listen(host, port)
    with contextlib.closing(sock):
        services = Services(db, clock=clock, rng=rng, new_secret=new_secret, settings=settings, seconds=seconds)
        try:
            await _run(services, sock, on_ready, settings, proxies)
        finally:
            await services.close()


async def _run(
    services: Services,
    sock: socket.socket,
    on_ready: Callable[[str], None],
    settings: Settings,
    proxies: Collection[str],
) -> None:
    doors = Doors(
        settings.connections,
        settings.connections_per_address,
        settings.head_within,
        settings.body_within,
        proxies,
        settings.unread,
        settings.unread_per_address,
        settings.bodies,
        settings.bodies_per_address,
    )
    config = uvicorn.Config(
        application(services, ROUTES),
        http=http_of(doors),
        loop="asyncio",
        ws="none",
        lifespan="off",
        interface="asgi3",
        log_config=None,
        access_log=False,
        server_header=False,
        **trusted(proxies),
        timeout_keep_alive=75,
        timeout_graceful_shutdown=5,
    )
    url = _url(sock)
    server = _Uvicorn(config, lambda: on_ready(url), services.end, services.clock)
    task = asyncio.create_task(server.serve(sockets=[sock]))
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        server.should_exit = True
        await task
        raise
