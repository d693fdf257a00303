"""The one writing thread: what waits is committed together.

A write is a function of a `Tx`. The thread takes all that wait, runs each in a SAVEPOINT of one BEGIN IMMEDIATE,
commits once (``synchronous=FULL``: one fsync for the group), and only then answers. A write that raises takes back its
own changes alone.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import queue
import random
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

import apsw

from jamserver.db import BUSY_MS, Connection, connect, transaction
from jamserver.log import Change, Tx
from jamserver.problems import later

T = TypeVar("T")
_LOG = logging.getLogger("jamserver")


@dataclass(frozen=True, slots=True)
class Committed:
    """What a group wrote, in order of ``seq``; how many removals ``removed`` something, and what they made of earlier
    changes, and of such of this group, by their seq."""

    changes: tuple[Change, ...] = ()
    removed: int = 0
    blanked: dict[int, bytes] = field(default_factory=dict)


@dataclass(slots=True)
class _Job:
    run: Callable[[Tx], Any]
    future: asyncio.Future[Any]
    alone: bool = False
    result: Any = None
    error: BaseException | None = None


class _TakenBack(Exception):
    """The one write of a group was refused: its transaction is taken back."""


def write_once(path: Path, now: datetime, rng: random.Random, job: Callable[[Tx], T]) -> T:
    """One write from a command, on a file that `jamserver.db.prepare` has seen. A running server notices it."""
    with contextlib.closing(connect(path)) as db:
        with transaction(db, "IMMEDIATE"):
            tx = Tx(db, now, rng)
            result = job(tx)
        if tx.removed:
            db.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
        return result


class Writer:
    """Runs writes in its own thread. ``on_commit`` is called in the event loop before the writes are answered."""

    MAX_WAITING = 5_000
    MAX_GROUP = 512
    ERASE_AGAIN = 0.25  # s until removed text is taken out of the write-ahead log, where a read was in the way; doubled
    ERASE_AT_MOST = 30.0  # up to this

    def __init__(
        self,
        path: Path,
        *,
        clock: Callable[[], datetime],
        rng: random.Random,
        on_commit: Callable[[Committed], None],
        grouped: bool = True,
    ) -> None:
        """``grouped`` False commits each write by itself; it is there to be compared with."""
        self._clock = clock
        self._rng = rng
        self._on_commit = on_commit
        self._max_group = self.MAX_GROUP if grouped else 1
        self._loop = asyncio.get_running_loop()
        self._queue: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._next: _Job | None = None  # taken from the queue, and to be a group of its own
        self._to_erase = False
        self._erase_again = self.ERASE_AGAIN
        self._db = connect(path)  # here, so that what is wrong with the file is raised to whoever starts the server
        self._thread = threading.Thread(target=self._work, name="jam-write", daemon=True)
        self._thread.start()

    async def run(self, job: Callable[[Tx], T], *, alone: bool = False) -> T:
        """The result of ``job`` once it is on the disk. Raises what it raised, or 503 when the disk refused.

        ``alone``: it may change thousands of posts, so it is a group of its own. A savepoint would keep every page that
        it changes a second time, and look through them after each statement: 10,000 posts took 14 s instead of 1.
        """
        if self._queue.qsize() > self.MAX_WAITING:
            raise later("unavailable", "Too many writes are waiting.", 1)
        future: asyncio.Future[T] = self._loop.create_future()
        self._queue.put(_Job(job, future, alone))
        # A client that hangs up must not take back a write that is under way.
        return await asyncio.shield(future)

    async def close(self) -> None:
        """Finishes what waits, then ends the thread."""
        self._queue.put(None)
        await asyncio.to_thread(self._thread.join)

    def _take(self) -> tuple[list[_Job], bool]:
        """What waits now, at least one; and whether the end was asked for. None while there is text to erase."""
        jobs: list[_Job] = []
        try:
            wait = self._erase_again if self._to_erase else None
            first, self._next = self._next or self._queue.get(timeout=wait), None
        except queue.Empty:
            return jobs, False
        while first is not None:
            if first.alone and jobs:
                self._next = first
                return jobs, False
            jobs.append(first)
            if first.alone or len(jobs) >= self._max_group:
                return jobs, False
            try:
                first = self._queue.get_nowait()
            except queue.Empty:
                return jobs, False
        return jobs, True

    def _work(self) -> None:
        with contextlib.closing(self._db) as db:
            end = False
            while not end:
                jobs, end = self._take()
                if jobs:
                    committed = self._group(db, jobs)
                    self._loop.call_soon_threadsafe(self._answer, jobs, committed)
                if self._to_erase:
                    self._erase(db)

    def _group(self, db: Connection, jobs: list[_Job]) -> Committed:
        changes: list[Change] = []
        removed, blanked = 0, dict[int, bytes]()
        try:
            with contextlib.suppress(_TakenBack), transaction(db, "IMMEDIATE"):
                for job in jobs:
                    tx = Tx(db, self._clock(), self._rng)
                    if self._one(db, job, tx):
                        changes += tx.changes
                        removed += tx.removed
                        blanked |= tx.blanked
        except apsw.Error as error:
            # The disk is full or broken, or another process holds the file: nothing of this group was kept.
            _LOG.error("a group of %d writes was refused by the database: %s", len(jobs), error)
            for job in jobs:
                job.error = later("unavailable", "The server's disk refused the write; nothing of it was kept.", 5)
            return Committed()
        self._to_erase = self._to_erase or removed > 0
        return Committed(tuple(changes), removed, blanked)

    def _one(self, db: Connection, job: _Job, tx: Tx) -> bool:
        """Runs one write in its savepoint; False when it raised and was taken back."""
        if job.alone:
            try:
                job.result = job.run(tx)
            except apsw.Error:
                raise  # of the disk: the whole group is refused
            except BaseException as error:  # noqa: BLE001  it belongs to who asked
                job.error = error
                raise _TakenBack from None
            return True
        db.execute("SAVEPOINT job")
        try:
            job.result = job.run(tx)
        except BaseException as error:
            if not db.in_transaction:  # SQLite took back the whole group by itself
                raise
            job.error = error
            db.execute("ROLLBACK TO job")
            db.execute("RELEASE job")
            return False
        db.execute("RELEASE job")
        return True

    def _erase(self, db: Connection) -> None:
        """Takes removed text out of the write-ahead log too; again a moment later while readers are in the way."""
        db.set_busy_timeout(0)  # writes must not wait for a long read
        try:
            db.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
            self._to_erase, self._erase_again = False, self.ERASE_AGAIN
        except apsw.BusyError:
            self._erase_again = min(2 * self._erase_again, self.ERASE_AT_MOST)
            _LOG.debug("a reader holds the write-ahead log; removed text leaves it when that is over")
        finally:
            db.set_busy_timeout(BUSY_MS)

    def _answer(self, jobs: list[_Job], committed: Committed) -> None:
        if committed.changes:
            self._on_commit(committed)
        for job in jobs:
            if job.future.cancelled():
                continue
            if job.error is not None:
                job.future.set_exception(job.error)
                job.future.exception()  # seen: the caller may have hung up
            else:
                job.future.set_result(job.result)
