"""Keeps a mirror up to date and empties its outbox, over one client.

    catch up     snapshot when there is no mirror, else the changes after the cursor, page by page
    resume       the same by the stream, which brings up to 2,000 changes in one answer; by pages where it cannot
    live         the stream from the cursor on: the first change at once, then one transaction 30 times a second at most
    send         the outbox, whenever something was written

`Engine` does each of these once; `jamtui.sync.network` decides when, and what happens when one fails.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace

from api_client import errors
from api_client.models import Change, Heartbeat, Look, Wish
from jamtui.archive import ArchiveError, rfc3339
from jamtui.model import Changed
from jamtui.store import rescue
from jamtui.store.clock import CLOCK, clock_error
from jamtui.store.mirror import START, Loading, Mirror, seq_of
from jamtui.store.own import Own, Queued

if TYPE_CHECKING:
    from api_client.client import JamClient

PAGES = (1_000, 30, 1)  # changes asked for at once; fewer where an answer was broken, to come up to what is wrong in it
FRAME = 1 / 30  # seconds from one transaction to the next
GATHER = 0.002  # seconds in which what the socket has already is read into a transaction
_CLOCKS_APART = timedelta(seconds=10)  # from what is kept of it: then it is kept anew
_FEW = 100  # changes; a stream that brings more at once is read as fast as it comes
QUIET = 0.1  # seconds without a change before the mirror is tidied, and between two steps of that
SOON = 5.0  # seconds in which a stream tells its head, unless something on the way holds it back
_AGAIN = 3  # times that a post is sent again which was confirmed, and which the mirror does not get to see
_FAR_BEHIND = 20_000  # changes; beyond that a snapshot is quicker than pages


class Resync(Exception):
    """The stream cannot go on from here: catch up by cursor, then follow again."""


class Engine:
    """One mirror, one outbox, one client. All methods run in the network's event loop."""

    def __init__(
        self,
        mirror: Mirror,
        own: Own,
        client: JamClient,
        *,
        now: Callable[[], datetime],
        notify: Callable[[Changed], None],
        progress: Callable[[int, int], None],
        person_id: str = "",
        wake: Callable[[], None] = lambda: None,
        look: Callable[[], None] = lambda: None,
    ) -> None:
        """``person_id``: whose posts are sent again when a restored server has lost them; "" for guests. ``wake`` is
        called when something is to be sent again while others are sent, ``look`` when what only this person may see is
        another than it was."""
        self._mirror = mirror
        self._person_id = person_id
        self._wake = wake
        self._look = look
        self._votes: frozenset[str] | None = None  # those that the server knows, once it was asked…
        self._before: frozenset[str] | None = None  # … and those that it knew before, until its log is known to go on
        self._own = own
        self._client = client
        self._now = now
        self._notify = notify
        self._progress = progress
        self._unreadable = 0  # objects since the last snapshot
        self._again: Counter[str] = Counter()  # rows that were sent again though they were confirmed
        self._streams = True  # until a stream has ended before it told its head
        self.heard = 0.0  # when the stream said something last, by the loop's clock
        self.spoke = asyncio.Event()  # it does
        self.wish: float | None = None  # seconds that the server wants one to wait when its stream has ended

    # -- catching up

    @property
    def resumes(self) -> bool:
        """Whether `follow` can bring what is new by itself; else `catch_up` comes first."""
        return self._streams and bool(self._mirror.cursor)

    async def resume(self) -> int:
        """As `catch_up`, in one request unless the mirror is far behind."""
        if not self.resumes:
            return await self.catch_up()
        before = seq_of(self._mirror.cursor)
        reached = asyncio.Event()
        following = asyncio.create_task(self.follow(reached.set, behind=True))
        waiting = asyncio.create_task(reached.wait())
        try:
            await asyncio.wait({following, waiting}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            waiting.cancel()
            following.cancel()
            ended = (await asyncio.gather(following, waiting, return_exceptions=True))[0]
        applied = seq_of(self._mirror.cursor) - before  # numbers of changes have no gaps
        if reached.is_set():
            return applied
        of_the_way = isinstance(ended, (Resync, errors.ApiError)) and not isinstance(ended, errors.NotSignedIn)
        if isinstance(ended, Exception) and not of_the_way:
            raise ended
        return applied + await self.catch_up()  # which says what is wrong, if pages do not come through either

    @property
    def seq(self) -> int:
        """Of the last change that the mirror has."""
        return seq_of(self._mirror.cursor or START)

    @property
    def ends(self) -> tuple[str, tuple[str, int]] | None:
        """Addresses of the stream's connection, here and there, as far as they are known."""
        return self._client.ends

    async def head(self) -> int:
        """The last change that the server has."""
        return seq_of((await self._client.changes(self._mirror.cursor or START, limit=1)).head)

    async def catch_up(self) -> int:
        """Brings the mirror to the server's head. Returns how many changes (or records of a snapshot) were applied."""
        cursor = self._mirror.cursor
        if not cursor:
            return await self._load_snapshot() + await self._pages()
        try:
            return await self._pages()
        except errors.LogReplaced:
            # The server was restored from a backup: what it has now counts. One's own things are kept apart, and what
            # was confirmed after that backup is sent again; the ids see to it that nothing is doubled.
            self._own.requeue_sent()
            votes = self._own.votes() if self._before is None else self._before
            rescue.remember(self._mirror, self._own, self._person_id, votes)
            return await self._load_snapshot() + await self._pages()

    async def _pages(self) -> int:
        applied = fewer = 0
        while True:
            cursor = self._mirror.cursor or START
            try:
                page = await self._client.changes(cursor, limit=PAGES[fewer])
            except errors.BadAnswer:
                fewer += 1
                if fewer == len(PAGES):
                    return applied + await self._load_snapshot()  # where that change is one record of many
                continue
            fewer = min(fewer, 1)
            if not applied:
                self._ends(seq_of(page.head))
            behind = seq_of(page.head) - seq_of(cursor)
            if behind > _FAR_BEHIND and not applied:
                return await self._load_snapshot()
            if not page.items:
                self._before = None
                self._mirror.touch(rfc3339(self._now()))
                self._settle()
                return applied
            try:
                self._apply(page.items)
            except Resync:
                # No log of the wire has a gap. A mirror must not stand before it for ever: all is fetched anew.
                return applied + await self._load_snapshot()
            applied += len(page.items)
            if page.items[-1].cursor == page.head:
                return applied  # nothing came meanwhile: to ask for what is behind it would be one request more

    async def _load_snapshot(self) -> int:
        async with self._client.snapshot() as snapshot:
            loading = Loading(self._mirror, snapshot.cursor, beside=True, lenient=True)
            done = 0
            try:
                async for batch in snapshot.batches():
                    for line in batch:
                        done += len(line) + 1
                        if loading.feed(line):
                            self._progress(done, snapshot.size)
                            self._notify(Changed(everything=True, status=True))
                    await asyncio.sleep(0)  # the pieces may all be here already: let a stop come through
                changed = loading.finish(rfc3339(self._now()))
            except ArchiveError as error:
                raise errors.BadAnswer(f"the snapshot of the server is {error.title}") from None
            finally:
                loading.abandon()
        self._progress(0, 0)
        self._unreadable = 0
        self._tell(changed)
        self._settle()
        await self._settle_rescued()
        return loading.records

    async def _settle_rescued(self) -> None:
        """Puts into the outbox what a restored server does not have any more of one's own."""
        if not rescue.pending(self._own):
            return
        if self._votes is None:
            self._votes = frozenset(await self._client.my_votes())
        told = rescue.settle(self._mirror, self._own, self._now(), self._votes).words()
        self._notify(Changed(outbox=True, status=True, told=(told,) if told else ()))

    def _apply(self, items: list[Change]) -> None:
        """Applies changes that follow the cursor; those that were applied before are passed over."""
        at = seq_of(self._mirror.cursor or START)
        fresh: list[Change] = []
        for item in items:
            if item.seq <= at:
                continue
            if item.seq != at + 1:
                raise Resync
            fresh.append(item)
            at = item.seq
        if not fresh:
            return
        self._before = None
        changed = self._mirror.apply([(item.type, item.raw) for item in fresh], fresh[-1].cursor, rfc3339(self._now()))
        if self._person_id and any(one.type == "person" and self._person_id.encode() in one.raw for one in fresh):
            self._look()  # oneself: it may be another role, which has other things to see
        self._settle()
        self._tell(changed)

    def _tell(self, changed: Changed) -> None:
        """Tells what changed; of what could not be read, the first and whenever it has doubled."""
        before, self._unreadable = self._unreadable, self._unreadable + changed.unreadable
        if self._unreadable.bit_length() > before.bit_length():
            what = "1 record" if self._unreadable == 1 else f"{self._unreadable:,} records"
            changed = replace(changed, told=(*changed.told, f"{what} of the server could not be read"))
        self._notify(changed)

    def _settle(self) -> None:
        """Takes confirmed rows off the outbox once the mirror shows them. One that it should show and does not was lost
        by a server that was restored, in whose log the cursor is good, too: it is sent again."""
        seq = seq_of(self._mirror.cursor or START)
        for row in self._own.outbox("WHERE state = 'sent' AND kind IN ('post', 'edit', 'delete') AND seq <= ?", (seq,)):
            if self._again[row.id] < _AGAIN and not self._shown(row):
                self._again[row.id] += 1
                self._own.requeue_sent(row.id)
                self._wake()
        if self._own.forget_sent(seq_of(self._mirror.cursor or START)):
            self._notify(Changed(outbox=True, status=True))

    def _shown(self, row: Queued) -> bool:
        """Whether the mirror has what a confirmed post, edit or deletion asked for. Tags and votes may be off since."""
        if row.kind == "post":
            return self._mirror.has(row.post_id)
        post = self._mirror.post(row.post_id)
        if post is None or post.gone or row.kind == "delete":
            return post is not None and bool(post.gone)
        there = (post.title or "", post.body) == (row.payload.title, row.payload.body)  # it changed nothing
        return post.version > row.payload.base_version or there

    def _ends(self, seq: int) -> None:
        """The server's log ends at ``seq``, and nothing is being sent now: what was confirmed beyond that is lost."""
        if self._own.requeue_beyond(seq):
            self._notify(Changed(outbox=True, status=True))

    def settle(self) -> None:
        """After a row of the outbox was confirmed: the mirror may have passed its change already."""
        self._settle()

    async def fetch_votes(self) -> None:
        """One's own votes, which are private and so not in the log."""
        votes = await self._client.my_votes()
        self._votes = frozenset(votes)
        if self._before is None:
            self._before = self._own.votes()
        self._own.set_votes(votes)
        self._notify(Changed(everything=True))

    def keep_clock(self) -> None:
        """Keeps how far this machine's clock is from the server's, for sessions that ask no server."""
        heard = self._client.clock_error
        if heard is None:
            return
        kept = clock_error(self._mirror.meta(CLOCK), self._now())
        if abs(heard - kept) > _CLOCKS_APART:
            self._mirror.note(CLOCK, f"{round(heard.total_seconds())} {rfc3339(self._now())}")
            self._notify(Changed(status=True))

    async def fetch_desk(self) -> None:
        """What only the reader may see. A server that has no such address has nothing of the kind."""
        _, etag = self._own.desk()
        try:
            found = await self._client.desk(etag)
        except errors.NotFound:
            return
        if found.raw is not None:
            self._own.put_desk(found.raw, found.etag)
            self._notify(Changed(desk=True, outbox=True))

    async def mend(self) -> None:
        """Makes the full text anew when the mirror was not as it had been left; nothing to do is a look at one row."""
        if self._mirror.meta("suspect"):
            await asyncio.to_thread(_rebuild, Path(self._mirror.db.filename))

    # -- the stream

    async def follow(self, live: Callable[[], None], *, behind: bool) -> None:
        """Applies the stream until it ends or fails; `Resync` when the rest is to be fetched by cursor.

        ``behind``: the mirror was not brought to the head before. ``live`` is called once it is there.
        """
        waiting: list[Change] = []
        arrived, open_ = asyncio.Event(), asyncio.Event()
        open_.set()
        goal: int | None = None  # the head that the stream told first, as long as the mirror has not got there
        got = seq_of(self._mirror.cursor or START)
        promised = 0  # the head that the heartbeat before told: by the next one, all up to there has come
        self.wish = None

        def look() -> None:
            nonlocal goal, behind
            if behind and goal is not None and seq_of(self._mirror.cursor or START) >= goal:
                behind = False
                live()

        async def read() -> None:
            nonlocal goal, got, promised
            self._streams = False
            async with asyncio.timeout(SOON if behind else None) as soon:
                stream = self._client.stream(self._mirror.cursor or START)
                async with contextlib.aclosing(stream):
                    async for event in stream:
                        self.heard = asyncio.get_running_loop().time()
                        self.spoke.set()
                        if isinstance(event, Wish):
                            self.wish = event.seconds
                            continue
                        if isinstance(event, Look):
                            self._look()
                            continue
                        if goal is None:
                            self._streams = True
                            soon.reschedule(None)
                            goal = seq_of(event.head) if isinstance(event, Heartbeat) and event.head else 0
                            if behind and goal:
                                self._ends(goal)
                            look()
                        if isinstance(event, Change):
                            got = max(got, event.seq)
                            waiting.append(event)
                            arrived.set()
                            await open_.wait()
                        elif isinstance(event, Heartbeat):
                            if got < promised:
                                raise Resync  # changes were lost, and none came after them that would show the gap
                            promised = seq_of(event.head) if event.head else 0
                            self._beat(event.head, behind or got < promised)
                        else:
                            raise Resync

        async def write() -> None:
            loop = asyncio.get_running_loop()
            untidy = True
            while True:
                try:
                    async with asyncio.timeout(QUIET if untidy else None):
                        await arrived.wait()
                except TimeoutError:
                    untidy = self._mirror.tidy()
                    continue
                untidy = True
                await asyncio.sleep(GATHER)
                arrived.clear()
                batch, waiting[:] = waiting[:], []
                few = len(batch) < _FEW and not behind
                if few:  # what arrives within a frame is one transaction, and waits in the socket: one waking for all
                    open_.clear()
                begin = loop.time()
                self._apply(batch)
                look()
                if few:
                    await asyncio.sleep(begin + FRAME - loop.time())
                    open_.set()

        if not behind:
            live()
        reader, writer = asyncio.create_task(read()), asyncio.create_task(write())
        try:
            done, _ = await asyncio.wait({reader, writer}, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        except (TimeoutError, errors.LogReplaced):
            raise Resync from None
        except errors.BadAnswer:
            self._streams = False  # what is wrong with it would come again: by pages there are ways around it
            raise
        finally:
            for task in (reader, writer):
                task.cancel()
            await asyncio.gather(reader, writer, return_exceptions=True)
            with contextlib.suppress(Resync):
                self._apply(waiting)

    def _beat(self, head: str, behind: bool) -> None:
        """The stream is alive and told the server's head."""
        if head and seq_of(head) < seq_of(self._mirror.cursor or START):
            raise Resync  # the log is shorter than the mirror: let the cursor say so
        if not behind:
            self._mirror.touch(rfc3339(self._now()))
            self._notify(Changed(status=True))


def _rebuild(path: Path) -> None:
    """In a thread and over a connection of its own: it takes a second where there are 46,000 posts."""
    from jamtui.store import checking, connection, tables

    with contextlib.closing(connection.connect(path, tables.SCHEMA)) as db:
        checking.rebuild_words(db)
