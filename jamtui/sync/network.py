"""The network's thread: one event loop that holds the connection, tells its state in words, and heals.

It runs beside the program, never on the screen's loop. One process for each mirror holds the network (`holder`); the
others read what it writes, notice by SQLite's ``data_version``, and take over when it ends.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from msgspec import Struct

from jamtui.errors import JamError
from jamtui.model import Changed, Link
from jamtui.store import connection, mirror, own
from jamtui.store.registry import KnownJam
from jamtui.sync.backoff import Backoff
from jamtui.sync.holder import Holder

if TYPE_CHECKING:
    from api_client.client import JamClient
    from jamtui.sync.engine import Engine
    from jamtui.sync.outbox import Sender

_LOOK = 0.25  # seconds between looks at what other processes wrote
_TAKE_OVER = 1.0  # seconds between tries to become the holder
_STOP = 5.0  # seconds that a stop may take before the thread is left to end with the process


class NetworkState(Struct, frozen=True):
    """The connection in words, for the status line. ``progress``: bytes done and in all, of a cold sync."""

    link: Link = Link.OFFLINE
    detail: str = ""
    progress: tuple[int, int] | None = None
    elsewhere: Link | None = None  # the link of the process that holds the network, when this one only reads
    next_try: datetime | None = None  # while there is no connection


class Network:
    """One Jam's connection. `start` and `stop` belong to the program's thread, `notify` is called from the network's.

    ``new_client`` is called in the thread, so that neither httpx nor a keyring is imported before the first frame.
    """

    def __init__(
        self,
        jam: KnownJam,
        new_client: Callable[[], JamClient],
        *,
        now: Callable[[], datetime],
        rng: random.Random,
        notify: Callable[[Changed], None],
    ) -> None:
        self._jam = jam
        self._new_client = new_client
        self._now = now
        self._rng = rng
        self._notify = notify
        self.state = NetworkState()
        self._thread: threading.Thread | None = None
        self._stopped = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._main: asyncio.Task[None] | None = None
        self._woken = asyncio.Event()
        self._was_live = False
        self._holder = Holder(jam.lock)

    # -- the program's side

    def start(self) -> None:
        self._thread = threading.Thread(target=self._run, name="jamtui-network", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Ends the connection; what is under way is repeated at the next start."""
        self._stopped = True  # its loop may be on its way still
        loop, thread = self._loop, self._thread
        if thread is None:
            return
        if loop is not None:
            with contextlib.suppress(RuntimeError):  # the loop has ended by itself
                loop.call_soon_threadsafe(self._cancel)
        thread.join(_STOP)
        self._thread = None

    def wake(self) -> None:
        """Something was put into the outbox, or a person wants a try now."""
        loop = self._loop
        if loop is not None:
            with contextlib.suppress(RuntimeError):  # the loop has ended: the next start sends it
                loop.call_soon_threadsafe(self._woken.set)

    def _cancel(self) -> None:
        if self._main is not None:
            self._main.cancel()

    # -- the thread

    def _run(self) -> None:
        try:
            with contextlib.suppress(asyncio.CancelledError):
                asyncio.run(self._start())
        except Exception as error:  # noqa: BLE001 - the thread's end must be told on the screen, whatever it was
            what = error.title if isinstance(error, JamError) else f"{type(error).__name__} in the network's thread"
            self._say(Link.OFFLINE, f"{what}; start jamtui again to reconnect")

    async def _start(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._main = asyncio.current_task()
        if self._stopped:
            return
        holder = self._holder
        try:
            await self._watch_until_taken(holder)
            await self._hold()
        finally:
            holder.release()

    async def _watch_until_taken(self, holder: Holder) -> None:
        """Tells what the process that holds the network writes, until it ends and this one holds it."""
        if holder.take():
            return
        link = self._say_reader(holder)
        with contextlib.closing(connection.connect(self._jam.mirror, mirror.SCHEMA)) as db:
            seen = connection.data_version(db)
            while not holder.take():
                end = time.monotonic() + _TAKE_OVER
                while time.monotonic() < end:
                    await asyncio.sleep(_LOOK)
                    if link_of(holder.told()) is not link:
                        link = self._say_reader(holder)
                    now = connection.data_version(db)
                    if now != seen:
                        seen = now
                        self._notify(Changed(everything=True, status=True, outbox=True))

    async def _client(self) -> JamClient:
        """A client with the reader's token; waits for a person when there is none to be had."""
        while True:
            try:
                return self._new_client()
            except JamError as error:
                self._say(Link.SIGNED_OUT, f"{error.title}. {error.hint}".strip())
                await self._woken.wait()
                self._woken.clear()

    async def _hold(self) -> None:
        from jamtui.sync.engine import Engine
        from jamtui.sync.outbox import Sender

        with (
            contextlib.closing(connection.connect(self._jam.mirror, mirror.SCHEMA)) as mirror_db,
            contextlib.closing(connection.connect(self._jam.own, own.SCHEMA)) as own_db,
        ):
            store = own.Own(own_db)
            async with await self._client() as client:
                engine = Engine(
                    mirror.Mirror(mirror_db), store, client,
                    now=self._now, notify=self._notify, progress=self._progress,
                )  # fmt: skip
                sender = Sender(
                    store,
                    client,
                    Backoff(self._rng),
                    self._now,
                    lambda sent: self._notify(Changed(outbox=True, sent=sent)),
                )
                await self._keep_connected(engine, sender, own_db, Backoff(self._rng))

    async def _keep_connected(
        self, engine: Engine, sender: Sender, own_db: connection.Connection, backoff: Backoff
    ) -> None:
        from api_client import errors

        while True:
            since = time.monotonic()
            self._woken.clear()
            try:
                self._say(Link.RECONNECTING if self._was_live else Link.CONNECTING)
                if not self._jam.me.guest:
                    await engine.fetch_votes()
                self._say(Link.SYNCING)
                behind = engine.resumes
                if not behind:
                    await engine.catch_up()
                if not await self._live(engine, sender, own_db, behind):
                    await engine.catch_up()
                    await self._live(engine, sender, own_db, behind=False)
                wait = backoff.ended(time.monotonic() - since)
                self._say(Link.RECONNECTING, f"the server ended the stream; next try at {self._clock_in(wait)}", wait)
            except errors.NotSignedIn as error:
                self._say(Link.SIGNED_OUT, f"{error.title}. {error.hint}".strip())
                await self._woken.wait()
                wait = 1.0
            except errors.ApiError as error:
                backoff.worked(time.monotonic() - since)
                wait = backoff.next(error.retry_after)
                link = Link.RECONNECTING if self._was_live and backoff.failures < 3 else Link.OFFLINE
                self._say(link, f"{error.title}; next try at {self._clock_in(wait)}", wait)
            except connection.StoreError as error:
                # A full disk, say: what was not written is fetched again once there is room.
                wait = backoff.next()
                self._say(Link.OFFLINE, f"{error.title}. {error.hint} Next try at {self._clock_in(wait)}", wait)
            if wait:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(wait):
                        await self._woken.wait()
                        await asyncio.sleep(1.0)  # a person's wish may shorten the wait, not make a hot loop

    async def _live(self, engine: Engine, sender: Sender, own_db: connection.Connection, behind: bool) -> bool:
        """Follows the stream and, once the mirror is at the head, sends, until one of them ends or fails. ``behind``:
        the stream brings what is new as well. False when it could not, and that is to be fetched by cursor."""
        from jamtui.sync.engine import Resync

        there = asyncio.Event()
        tasks = [
            asyncio.create_task(engine.follow(there.set, behind=behind)),
            asyncio.create_task(self._send(engine, sender, there)),
            asyncio.create_task(self._notice(own_db)),
        ]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        except Resync:
            return there.is_set()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        return True

    async def _send(self, engine: Engine, sender: Sender, there: asyncio.Event) -> None:
        await there.wait()
        self._say(Link.LIVE)
        self._was_live = True
        while True:
            self._woken.clear()
            due = await sender.drain() if not self._jam.me.guest else None
            engine.settle()
            wait = max(0.1, (due - self._now()).total_seconds()) if due is not None else None
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(wait):
                    await self._woken.wait()

    async def _notice(self, own_db: connection.Connection) -> None:
        """Wakes the sender when another process (a command) wrote to the outbox."""
        store = own.Own(own_db)
        seen, stamp = connection.data_version(own_db), store.stamp()
        while True:
            await asyncio.sleep(_LOOK)
            now = connection.data_version(own_db)
            if now != seen:
                seen, before, stamp = now, stamp, store.stamp()
                if stamp != before:  # else it was a place or a draft
                    self._woken.set()
                    self._notify(Changed(outbox=True, reading=True, status=True))

    # -- words

    def _clock_in(self, seconds: float) -> str:
        return (self._now() + timedelta(seconds=seconds)).astimezone().strftime("%H:%M:%S")

    def _say_reader(self, holder: Holder) -> Link | None:
        link = link_of(holder.told())
        self.state = NetworkState(Link.READER, "another jamtui on this machine holds the connection", elsewhere=link)
        self._notify(Changed(status=True))
        return link

    def _say(self, link: Link, detail: str = "", wait: float | None = None) -> None:
        """``wait``: seconds until the next try, which are told to the others, too."""
        again = self._now() + timedelta(seconds=wait) if wait is not None else None
        self._holder.tell(f"{link}\n{int(again.timestamp())}" if again is not None else link)
        self.state = NetworkState(link, detail, None, next_try=again)
        self._notify(Changed(status=True))

    def _progress(self, done: int, total: int) -> None:
        self.state = NetworkState(self.state.link, self.state.detail, (done, total) if total else None)


def link_of(word: str) -> Link | None:
    """The link that a holder told; None when it has told nothing yet, or another version told something else."""
    return told_of(word)[0]


def told_of(word: str) -> tuple[Link | None, datetime | None]:
    """What a holder told: its link, and when it tries again to get one."""
    link, _, again = word.partition("\n")
    try:
        at = datetime.fromtimestamp(int(again), UTC) if again else None
        return Link(link), at
    except (ValueError, OverflowError, OSError):
        return None, None


async def once(
    jam: KnownJam,
    client: JamClient,
    *,
    now: Callable[[], datetime],
    rng: random.Random,
    progress: Callable[[int, int], None],
    notify: Callable[[Changed], None] = lambda _: None,
) -> Once:
    """Catches up, sends what is due, catches up again so that the mirror has it, and ends (``jamtui sync``).

    The caller holds the network. Raises `api_client.errors.ApiError` when the server cannot be reached or refuses.
    """
    from jamtui.sync.engine import Engine
    from jamtui.sync.outbox import Sender

    with (
        contextlib.closing(connection.connect(jam.mirror, mirror.SCHEMA)) as mirror_db,
        contextlib.closing(connection.connect(jam.own, own.SCHEMA)) as own_db,
    ):
        store = own.Own(own_db)
        engine = Engine(mirror.Mirror(mirror_db), store, client, now=now, notify=notify, progress=progress)
        applied = await engine.resume()
        sent = 0
        if not jam.me.guest:
            await engine.fetch_votes()
            before = {row.id for row in store.outbox("WHERE state = 'queued'")}
            if before:
                await Sender(store, client, Backoff(rng), now, lambda _: None).drain()
                waiting = {row.id for row in store.outbox("WHERE state <> 'sent'")}
                sent = len(before - waiting)
                applied += await engine.catch_up()
        engine.settle()
        rows = store.outbox()
        return Once(applied, sent, sum(r.state == "queued" for r in rows), sum(r.state == "refused" for r in rows))


class Once(Struct, frozen=True):
    """What one sync did: changes applied, writes sent, and what still waits or was refused."""

    applied: int
    sent: int
    queued: int
    refused: int
