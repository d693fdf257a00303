"""The network's thread: one event loop that holds the connection, tells its state in words, and heals.

It runs beside the program, never on the screen's loop. One process for each mirror holds the network (`holder`); the
others read what it writes, notice by SQLite's ``data_version``, and take over when it ends.
"""

from __future__ import annotations

import asyncio
import contextlib
import enum
import random
import threading
import time
import traceback
from collections.abc import Callable, Coroutine
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from jamtui.errors import JamError, sentence
from jamtui.model import Changed, Link
from jamtui.store import connection, mirror, own
from jamtui.store.registry import KnownJam
from jamtui.sync.apart import apart
from jamtui.sync.asked import Asked
from jamtui.sync.backoff import NEAR, SHORTEST, Backoff
from jamtui.sync.doubt import doubt
from jamtui.sync.holder import Holder, Told, told_of
from jamtui.sync.patience import Patience, any_of
from jamtui.sync.sleep import SleepWatch
from jamtui.sync.way import another_way

if TYPE_CHECKING:
    from api_client import errors
    from api_client.client import JamClient
    from jamtui.sync.engine import Engine
    from jamtui.sync.outbox import Sender

_LOOK = 0.25  # seconds between looks at what other processes wrote
_TAKE_OVER = 1.0  # seconds between tries to become the holder
_SPREAD = 1.0  # seconds over which those who were told to look at once come
_DESK = 60.0  # seconds between looks at what only the reader may see
_TICK = 1.0  # seconds between looks at the clocks, and at whether somebody signed in again
_YOUNG = 5.0  # seconds in which an attempt is not broken off for another one: a key that is held down would end each
_STOP = 5.0  # seconds that a stop may take before the thread is left to end with the process


class _End(enum.Enum):
    """How a connection ended without an error."""

    ENDED = enum.auto()  # by the server
    MISSED = enum.auto()  # changes are missing: they are fetched by cursor
    BEHIND = enum.auto()  # the stream could not bring the mirror to the head: fetch that by cursor


class NetworkState(Struct, frozen=True):
    """The connection in words, for the status line. ``progress``: bytes done and in all, of a cold sync.

    ``detail`` tells all in sentences, ``why`` the cause in a few words, ``next_try`` when it is tried again, and
    ``not_before`` until when the server asked to be left alone, whoever wants what. ``silent``: a live connection
    brought nothing for longer than it may, and the server is being asked.
    """

    link: Link = Link.OFFLINE
    detail: str = ""
    progress: tuple[int, int] | None = None
    elsewhere: Link | None = None  # the link of the process that holds the network, when this one only reads
    next_try: datetime | None = None  # while there is no connection
    why: str = ""
    not_before: datetime | None = None
    silent: bool = False


class Network:
    """One Jam's connection. `start` and `stop` belong to the program's thread, `notify` is called from the network's.

    ``new_client`` is called in the thread, so that neither httpx nor a keyring is imported before the first frame.
    ``report`` writes down an error of our own and answers where; ``watch`` notices that the machine slept.
    """

    def __init__(
        self,
        jam: KnownJam,
        new_client: Callable[[], JamClient],
        *,
        now: Callable[[], datetime],
        rng: random.Random,
        notify: Callable[[Changed], None],
        report: Callable[[BaseException], str] | None = None,
        watch: SleepWatch | None = None,
    ) -> None:
        self._jam = jam
        self._report = report
        self._reported: dict[str, str] = {}  # place of an error of our own to its report
        self._watch = watch or SleepWatch(_TICK)
        self._patience = Patience(self._watch.clock)
        self._asked = Asked(jam.folder, now)
        self._began = -_YOUNG  # when this attempt did, by the loop's clock
        self._new_client = new_client
        self._now = now
        self._rng = rng
        self._notify = notify
        self.state = NetworkState()
        self._thread: threading.Thread | None = None
        self._stopped = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._main: asyncio.Task[None] | None = None
        self._woken = asyncio.Event()  # something is to be sent
        self._acted = asyncio.Event()  # an act was sent, or a person wants to see what came
        self._hinted = asyncio.Event()  # the server says that there is something for this person alone
        self._at_once = asyncio.Event()  # a person, or the end of a sleep, asks for a new connection
        self._moved = False  # the machine slept, or has another network
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
        """Something was put into the outbox."""
        self._soon(self._woken.set)

    def look(self) -> None:
        """What only the reader may see is fetched now: somebody looks at it."""
        self._soon(self._acted.set)

    def reconnect(self) -> str:
        """A person wants a try now: what that does, in words. What the server asked for stands."""
        state = self.state
        if state.not_before is not None and self._now() < state.not_before:
            return f"The server asked to be left alone until {_clock(state.not_before)}"
        if state.link is Link.READER:
            self._holder.wish()
            what = "holds the connection" if state.elsewhere is Link.LIVE else "tries now"
            return f"Another jamtui on this machine {what}"
        if state.link is Link.SYNCING:
            return "It is being fetched already"
        waits = state.next_try is not None
        if state.link in (Link.CONNECTING, Link.RECONNECTING) and not waits and self._young:
            return "It is tried just now"
        tired = self._patience.tired
        self._soon(self._at_once.set)
        if not tired:
            return "Connecting anew"
        return "Tried several times just now; the next try is in some seconds"

    @property
    def _young(self) -> bool:
        return self._loop is not None and self._loop.time() - self._began < _YOUNG

    def _soon(self, what: Callable[[], object]) -> None:
        loop = self._loop
        if loop is not None:
            with contextlib.suppress(RuntimeError):  # the loop has ended: the next start does it
                loop.call_soon_threadsafe(what)

    def _cancel(self) -> None:
        if self._main is not None:
            self._main.cancel()

    # -- the thread

    def _run(self) -> None:
        try:
            with contextlib.suppress(asyncio.CancelledError):
                asyncio.run(self._start())
        except Exception as error:  # noqa: BLE001 - the thread's end must be told on the screen, whatever it was
            what = error.title if isinstance(error, JamError) else self._our_own(error)
            self._say(Link.OFFLINE, f"{what}; start jamtui again to reconnect", "start jamtui again")

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
        told = self._say_reader(holder)
        with contextlib.closing(connection.connect(self._jam.mirror, mirror.SCHEMA)) as db:
            seen = connection.data_version(db)
            while not holder.take():
                end = time.monotonic() + _TAKE_OVER
                while time.monotonic() < end:
                    await asyncio.sleep(_LOOK)
                    if told_of(holder.told()) != told:
                        told = self._say_reader(holder)
                    now = connection.data_version(db)
                    if now != seen:
                        seen = now
                        self._notify(Changed(everything=True, status=True, outbox=True))

    async def _client(self) -> JamClient:
        """A client with the reader's token; waits for a person when there is none to be had."""
        while True:
            try:
                return await apart(self._new_client)
            except JamError as error:
                await self._until_signed_in(error)

    async def _until_signed_in(self, error: JamError) -> None:
        """Tells why there is no way in, and waits until a person signs in again (here or elsewhere) or wants a try."""
        self._say(Link.SIGNED_OUT, f"{error.title}. {error.hint}".strip(), "sign in again")
        entry = self._jam.folder / "jam.json"  # written by every sign-in
        before = _stamp(entry)
        self._woken.clear()
        while not await any_of(self._woken, self._at_once, within=_TICK) and _stamp(entry) == before:
            pass
        self._at_once.clear()
        self._say(Link.CONNECTING)

    async def _hold(self) -> None:
        from jamtui.sync.engine import Engine
        from jamtui.sync.outbox import Sender

        backoff = Backoff(self._rng)
        clock = asyncio.create_task(self._notice_sleep())
        try:
            with (
                contextlib.closing(connection.connect(self._jam.mirror, mirror.SCHEMA)) as mirror_db,
                contextlib.closing(connection.connect(self._jam.own, own.SCHEMA)) as own_db,
            ):
                store = own.Own(own_db)
                while True:
                    async with await self._client() as client:
                        engine = Engine(
                            mirror.Mirror(mirror_db), store, client,
                            now=self._now, notify=self._notify, progress=self._progress,
                            person_id=self._jam.me.person_id, wake=self._woken.set, look=self._hinted.set,
                        )  # fmt: skip
                        sender = Sender(
                            store,
                            client,
                            Backoff(self._rng),
                            self._now,
                            lambda sent: self._notify(Changed(outbox=True, sent=sent)),
                        )
                        refused = await self._keep_connected(engine, sender, own_db, backoff)
                    await self._until_signed_in(refused)  # with another token, so with another client
                    await asyncio.sleep(SHORTEST)
        finally:
            clock.cancel()

    async def _keep_connected(
        self, engine: Engine, sender: Sender, own_db: connection.Connection, backoff: Backoff
    ) -> errors.NotSignedIn:
        """Connects and heals, until the server does not take the token any more."""
        from api_client import errors

        await self._heed_what_was_asked(own_db)
        while True:
            since = time.monotonic()
            self._began = asyncio.get_running_loop().time()
            asked: float | None = None
            nowhere = False
            tried: frozenset[str] = frozenset()
            self._woken.clear()
            self._at_once.clear()
            if self._moved and not self._patience.tired:
                backoff.reset()  # another place, another network; one that comes and goes is none
            self._moved = False
            try:
                tried = _queued(own_db)
                self._say(Link.RECONNECTING if self._was_live else Link.CONNECTING)
                end = await self._unless_at_once(self._attempt(engine, sender, own_db))
                if end is None:  # a person, or the end of a sleep: what was connected is not trusted any more
                    wait = self._patience.hurry()
                    self._put_off(Link.RECONNECTING, "connecting anew", "connecting anew", wait)
                else:
                    what = "changes are missing" if end is _End.MISSED else "the server ended the stream"
                    nowhere = self.state.link is Link.LIVE
                    asked = engine.wish
                    wait = backoff.ended(time.monotonic() - since, asked, reached=not nowhere)
                    self._put_off(Link.RECONNECTING, what, what, wait, asked)
            except errors.NotSignedIn as error:
                return error
            except errors.ApiError as error:
                backoff.worked(time.monotonic() - since)
                asked = error.retry_after
                if asked:
                    self._asked.keep(asked)  # for those who come after this process
                nowhere = isinstance(error, errors.Unreachable) and (
                    error.unsent or isinstance(error, errors.NotAJam) or self.state.link is Link.LIVE
                )  # what was connected is lost: that tells nothing of a server with too much to do
                if asked is None and self.state.link is Link.LIVE:
                    asked = engine.wish  # how long a stream that was lost is not asked for again (WHATWG HTML, 9.2.3)
                wait = backoff.next(asked, reached=not nowhere)
                soon = self._was_live and backoff.failures < 3 and wait <= NEAR
                link = Link.RECONNECTING if soon else Link.OFFLINE
                portal = error.brief == errors.PORTAL
                self._put_off(link, sentence(error.brief) if portal else error.title, error.brief, wait, asked)
            except connection.StoreError as error:
                # A full disk, say: what was not written is fetched again once there is room.
                wait = backoff.next()
                self._put_off(Link.OFFLINE, f"{error.title}. {error.hint}", error.title, wait)
            except Exception as error:  # noqa: BLE001 - an error of our own is told and written down, and tried again
                wait = backoff.next()
                self._put_off(Link.OFFLINE, self._our_own(error), "an error of jamtui's own", wait)
            await self._pause(wait, since, self._notice_writes(own_db, tried), asked=asked or 0.0, nowhere=nowhere)

    async def _heed_what_was_asked(self, own_db: connection.Connection) -> None:
        """The server asked a run before this one to wait: that stands, whoever starts jamtui anew."""
        try:
            until = self._asked.until()
        except JamError:  # somebody's link in the place of our file: the server says it again
            until = None
        if until is None:
            return
        seconds = (until - self._now()).total_seconds()
        self._put_off(
            Link.OFFLINE, "The server asked to be left alone", "the server asks to come back later", seconds, seconds
        )
        await self._pause(seconds, 0.0, self._notice_writes(own_db, _queued(own_db)), asked=seconds)

    async def _attempt(self, engine: Engine, sender: Sender, own_db: connection.Connection) -> _End:
        """One connection, from the first request to the end of the stream."""
        if not self._jam.me.guest:
            await engine.fetch_votes()
        self._say(Link.SYNCING)
        await engine.mend()
        behind = engine.resumes
        if not behind:
            await engine.catch_up()
        end = await self._live(engine, sender, own_db, behind)
        if end is _End.BEHIND:
            await engine.catch_up()
            end = await self._live(engine, sender, own_db, behind=False)
        return end

    async def _unless_at_once(self, attempt: Coroutine[None, None, _End]) -> _End | None:
        """The end of the attempt; None when it is broken off for a new one."""
        going, other = asyncio.create_task(attempt), asyncio.create_task(self._at_once.wait())
        try:
            await asyncio.wait({going, other}, return_when=asyncio.FIRST_COMPLETED)
            return await going if going.done() else None
        finally:
            for task in (going, other):
                task.cancel()
            await asyncio.gather(going, other, return_exceptions=True)

    async def _pause(
        self, seconds: float, since: float, writes: Coroutine[None, None, None] | None, *, asked: float = 0.0,
        nowhere: bool = False,
    ) -> None:  # fmt: skip
        """Waits for the next try. A person's wish (in whatever jamtui) and the end of a sleep end it at once; so does a
        write in the outbox, for which ``writes`` looks, and another network where ``nowhere`` was a server. None of
        these ends the ``asked`` seconds of the server, nor comes all the time (`patience`); and tries begin a second
        apart in any case."""
        with contextlib.ExitStack() as stack:
            for look in (self._notice_wish(self._holder.wished()), *([] if writes is None else [writes])):
                noticing = asyncio.create_task(look)
                # A disk that cannot be read is told by the try, which looks there, too.
                noticing.add_done_callback(lambda task: None if task.cancelled() else task.exception())
                stack.callback(noticing.cancel)
            ends = [self._at_once, self._woken]
            if nowhere:
                another = stack.enter_context(another_way())
                ends.append(another)
            await self._patience.wait(seconds, ends, asked, self._say_sooner)
            self._moved = self._moved or (nowhere and another.is_set())
        await asyncio.sleep(max(0.0, since + SHORTEST - time.monotonic()))

    async def _notice_sleep(self) -> None:
        while True:
            await asyncio.sleep(_TICK)
            if self._watch.slept():
                self._patience.slept.set()
                self._move()

    def _move(self) -> None:
        """The machine slept, or its network is another: what was connected is not any more."""
        self._moved = True
        self._at_once.set()

    async def _live(self, engine: Engine, sender: Sender, own_db: connection.Connection, behind: bool) -> _End:
        """Follows the stream and, once the mirror is at the head, sends, until one of them ends or fails. ``behind``:
        the stream brings what is new as well."""
        from jamtui.sync.engine import Resync

        there = asyncio.Event()
        tasks = [
            asyncio.create_task(engine.follow(there.set, behind=behind)),
            asyncio.create_task(self._send(engine, sender, there)),
            asyncio.create_task(self._notice(own_db)),
            asyncio.create_task(self._keep_desk(engine, there)),
            asyncio.create_task(doubt(engine, self._say_silent, self._move)),
        ]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        except Resync:
            return _End.MISSED if there.is_set() else _End.BEHIND
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        return _End.ENDED

    async def _send(self, engine: Engine, sender: Sender, there: asyncio.Event) -> None:
        await there.wait()
        self._say(Link.LIVE)
        self._asked.forget()
        self._was_live = True
        while True:
            self._woken.clear()
            due = await sender.drain() if not self._jam.me.guest else None
            if sender.acted:
                sender.acted = False
                self._acted.set()
            engine.settle()
            engine.keep_clock()
            wait = max(0.1, (due - self._now()).total_seconds()) if due is not None else None
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(wait):
                    await self._woken.wait()

    async def _keep_desk(self, engine: Engine, there: asyncio.Event) -> None:
        """Fetches what only the reader may see: now, in even times whatever is read, when something was sent, and when
        the server says that there is something."""
        await there.wait()
        if self._jam.me.guest:
            await asyncio.Event().wait()
        from api_client import errors

        while True:
            self._acted.clear()
            self._hinted.clear()
            try:
                await engine.fetch_desk()
                engine.keep_clock()
            except (errors.RateLimited, errors.ServerFault, errors.BadAnswer) as error:
                # What one has is shown meanwhile; reading goes on.
                await asyncio.sleep(error.retry_after or SHORTEST)
                if not error.retry_after:
                    await any_of(self._acted, within=_DESK)
                continue
            if await any_of(self._acted, self._hinted, within=_DESK) and not self._acted.is_set():
                # Many are told at once, when a thread goes that many reported: they do not come as one.
                await any_of(self._acted, within=self._rng.random() * _SPREAD)

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

    async def _notice_wish(self, before: int) -> None:
        """Ends the wait for the next try when somebody asks for one in a jamtui that does not hold the network."""
        while True:
            await asyncio.sleep(_LOOK)
            if self._holder.wished() != before:
                self._at_once.set()
                return

    async def _notice_writes(self, own_db: connection.Connection, tried: frozenset[str]) -> None:
        """Wakes who waits for the next try when there is a write that the last one did not know, whoever made it.
        What is read meanwhile is no reason to try."""
        seen = 0
        while not self._woken.is_set():
            now = connection.data_version(own_db)
            if now != seen:
                seen = now
                if _queued(own_db) - tried:
                    self._woken.set()
            await asyncio.sleep(_LOOK)

    # -- words

    def _clock_in(self, seconds: float) -> str:
        return _clock(self._now() + timedelta(seconds=seconds))

    def _say_reader(self, holder: Holder) -> Told:
        told = told_of(holder.told())
        held = "another jamtui on this machine holds the connection"
        self.state = NetworkState(Link.READER, held, elsewhere=told.link, not_before=told.not_before)
        self._notify(Changed(status=True))
        return told

    def _put_off(self, link: Link, what: str, why: str, wait: float, asked: float | None = None) -> None:
        """Says that it is tried again in ``wait`` seconds, ``asked`` of which are the server's wish."""
        end = "" if what.endswith(".") else ";"
        again = "Next" if not end else "next"
        self._say(link, f"{what}{end} {again} try at {self._clock_in(wait)}", why, wait, asked)

    def _say_silent(self, silent: bool) -> None:
        """Whether a stream that said nothing is asked about."""
        self.state = replace(self.state, silent=silent)
        self._notify(Changed(status=True))

    def _say_sooner(self, wait: float) -> None:
        """The next try comes sooner than was said."""
        said = self.state
        what, words, _ = said.detail.rpartition("try at ")
        self._say(said.link, f"{what}{words}{self._clock_in(wait)}", said.why, wait)

    def _say(
        self, link: Link, detail: str = "", why: str = "", wait: float | None = None, asked: float | None = None
    ) -> None:
        """``wait``: seconds until the next try, which are told to the others, too, as is what the server ``asked``."""
        now = self._now()
        again = now + timedelta(seconds=wait) if wait is not None else None
        not_before = now + timedelta(seconds=asked) if asked else None
        self._holder.tell(Told(link, again, not_before).word())
        self.state = NetworkState(link, detail, next_try=again, why=why, not_before=not_before)
        self._notify(Changed(status=True))

    def _our_own(self, error: BaseException) -> str:
        """An error that is none of the network: what is said of it, and where more of it stands."""
        what = f"{type(error).__name__} in the network's thread, an error of jamtui's own"
        if self._report is None:
            return what
        frames = traceback.extract_tb(error.__traceback__)
        place = f"{type(error)} {frames[-1].filename}:{frames[-1].lineno}" if frames else f"{type(error)}"
        if place not in self._reported:  # once, however often it is tried again
            self._reported[place] = self._report(error)
        return f"{what}; report: {self._reported[place]}"

    def _progress(self, done: int, total: int) -> None:
        self.state = replace(self.state, progress=(done, total) if total else None)


def _clock(at: datetime) -> str:
    return at.astimezone().strftime("%H:%M:%S")


def _queued(own_db: connection.Connection) -> frozenset[str]:
    """The rows of the outbox that wait to be sent."""
    return frozenset(row.id for row in own.Own(own_db).outbox("WHERE state = 'queued'"))


def _stamp(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0
