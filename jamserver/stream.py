"""The live stream: one ring of encoded events for all readers, and no queue for any of them.

A reader holds a number (the last seq it was sent) and asks the ring for what follows. Who has fallen out of the ring
is told to come back through ``/changes``: the memory of the server does not grow with the slowness of its readers.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import apsw
from starlette.types import Receive, Send

from jamserver import accounts, hints, log
from jamserver.db import Connection, transaction
from jamserver.log import Change, Cursor
from jamserver.problems import later
from jamserver.writer import Committed

_LOG = logging.getLogger("jamserver")

_PIECE = 64 << 10  # bytes handed to the socket at a time, so that its flow control is felt


@dataclass(frozen=True, slots=True)
class _Event:
    cursor: Cursor
    text: bytes


def _event(change: Change) -> _Event:
    cursor = Cursor(change.seq, change.mark)
    return _Event(cursor, b"id: %s\ndata: %s\n\n" % (str(cursor).encode(), change.item))


class Ring:
    """The last changes as events, at most ``max_items`` and ``max_bytes``, without gaps; ``head`` is the newest.

    ``generation`` counts how often the log was replaced by another: a reader of an earlier one has to start anew.
    """

    def __init__(self, max_items: int, max_bytes: int) -> None:
        self.max_items = max_items
        self.max_bytes = max_bytes
        self.head = log.START
        self.generation = 0
        self._events: list[_Event] = []
        self._first = 0  # index of the oldest that counts; those before it are cut off now and then
        self._size = 0
        self._last_answer = (-1, b"", -1)

    def fill(self, head: Cursor, changes: Sequence[Change]) -> None:
        """Starts anew with the last changes up to ``head``."""
        self._events, self._first, self._size = [], 0, 0
        self.head = head
        for change in changes:
            self.add(change)

    def add(self, change: Change) -> None:
        """The change after ``head``."""
        event = _event(change)
        self._events.append(event)
        self._size += len(event.text)
        self.head = event.cursor
        self._last_answer = (-1, b"", -1)
        while len(self._events) - self._first > self.max_items or self._size > self.max_bytes:
            self._size -= len(self._events[self._first].text)
            self._first += 1
        if self._first > self.max_items:
            del self._events[: self._first]
            self._first = 0

    @property
    def start(self) -> int:
        """A reader at this seq or later finds all that follows here."""
        return self.head.seq - len(self._events) + self._first

    def blank(self, seq: int, item: bytes) -> None:
        """What became of a change by a removal, if it is still here."""
        index = len(self._events) - 1 - (self.head.seq - seq)
        if index >= self._first:
            before = self._events[index]
            self._events[index] = _event(Change(seq, before.cursor.mark, item))
            self._size += len(self._events[index].text) - len(before.text)
            self._last_answer = (-1, b"", -1)

    def after(self, seq: int) -> tuple[bytes, int]:
        """Events after ``seq`` (not before `start`), joined, up to about 64 KiB; and the seq of the last of them."""
        if self._last_answer[0] == seq:  # most readers are at the same place
            return self._last_answer[1:]
        found: list[bytes] = []
        size = 0
        last = seq
        for index in range(len(self._events) - (self.head.seq - seq), len(self._events)):
            event = self._events[index]
            found.append(event.text)
            size += len(event.text)
            last = event.cursor.seq
            if size >= _PIECE:
                break
        self._last_answer = (seq, b"".join(found), last)
        return self._last_answer[1:]


class Hub:
    """Keeps the ring up to date and wakes the readers."""

    def __init__(
        self,
        db: Connection,
        *,
        on_removal: Callable[[], None],
        poll: float = 0.5,
        heartbeat: float = 15.0,
        per_person: int = 5,
        most: int = 10_000,
        most_guests: int = 5_000,
        max_items: int = 2_000,
        max_bytes: int = 4 << 20,
    ) -> None:
        """``db`` is a reading connection of the hub's own, used in the event loop: what it reads is small."""
        self.ring = Ring(max_items, max_bytes)
        self._db = db
        self._on_removal = on_removal
        self._poll = poll
        self._heartbeat = heartbeat
        self._per_person = per_person
        self._most = most
        self._most_guests = most_guests
        self._loop = asyncio.get_running_loop()
        self._removals = 0
        self._version = -1  # of the database, as SQLite counts the commits of others; -1: look in any case
        self._open: Counter[str] = Counter()
        self._waiters: set[asyncio.Future[None]] = set()
        self._personal: dict[str, set[asyncio.Future[None]]] = {}  # of the waiters, those of each person
        self._looks: Counter[str] = Counter()  # hints to each person who has a stream
        self._ending = False
        self._desks = hints.Desks(db)
        with transaction(db):
            self._reload()

    # What writes say, and what other processes do

    def committed(self, done: Committed) -> None:
        """A group of this process was written. Returns when nothing of the ring is older than that."""
        if done.changes[0].seq != self.ring.head.seq + 1 or not self._removed(done):
            self._catch_up()
            return
        for change in done.changes:
            self.ring.add(change)
        for seq, item in done.blanked.items():
            self.ring.blank(seq, item)
        self._wake()

    def _removed(self, done: Committed) -> bool:
        """Takes note of the removals of this process; False when there are others, which only the file knows."""
        if not done.removed:
            return True
        try:
            if log.removals(self._db) != self._removals + done.removed:
                return False
        except apsw.Error as error:
            _LOG.warning("the change log could not be read: %s", error)
            return False
        self._removals += done.removed
        self._on_removal()
        return True

    async def watch(self) -> None:
        """Notices what other processes wrote (`jamserver person add` beside a running server). Runs until cancelled."""
        while True:
            await asyncio.sleep(self._poll)
            self._catch_up(unless_version=self._version)
            self._hint()

    def _catch_up(self, unless_version: int = -1) -> None:
        """Reads what the ring lacks. When that fails, the next look tries again and says so."""
        try:
            version = self._db.pragma("data_version")
            if version == unless_version:
                return
            with transaction(self._db):
                self._compare()
            self._version = version
        except apsw.Error as error:
            self._version = -1
            _LOG.warning("the change log could not be read: %s", error)

    def _hint(self) -> None:
        """Tells those whose desks changed to look."""
        try:
            due = list(self._desks.due(self._loop.time(), self._open, self._version))
        except apsw.Error as error:
            _LOG.warning("whose desk is another could not be read: %s", error)
            return
        for person_id in due:
            self._looks[person_id] += 1
            for waiter in tuple(self._personal.get(person_id, ())):
                self._wake_one(waiter)

    def _compare(self) -> None:
        head = log.head(self._db)
        if not log.known(self._db, self.ring.head):
            self.ring.generation += 1  # a backup was restored, or an archive imported
            self._reload()
        elif log.removals(self._db) != self._removals or head.seq - self.ring.head.seq > self.ring.max_items:
            self._reload()
        elif head != self.ring.head:
            for change in log.after(self._db, self.ring.head.seq, self.ring.max_items):
                self.ring.add(change)
            self._wake()

    def _reload(self) -> None:
        removals = log.removals(self._db)
        if removals != self._removals:
            self._on_removal()
        self._removals = removals
        head = log.head(self._db)
        items = self.ring.max_items
        self.ring.fill(head, list(log.after(self._db, max(0, head.seq - items), items)))
        self._wake()

    # Readers

    def _wake(self) -> None:
        waiters, self._waiters = self._waiters, set()
        for waiter in waiters:
            if not waiter.done():
                waiter.set_result(None)

    def end(self) -> None:
        """Ends all streams; they come back to another process, or later."""
        self._ending = True
        self._wake()

    def take_place(self, person_id: str) -> None:
        """A place for one stream; `leave_place` gives it back.

        Raises 429 for one more than a person may have, 503 when the server is full.
        """
        if person_id and self._open[person_id] >= self._per_person:
            raise later("rate_limited", f"You have {self._per_person} streams open; close one.", 15)
        if self._open.total() >= self._most or (not person_id and self._open[""] >= self._most_guests):
            raise later("unavailable", "The server has no room for one more stream.", 15)
        self._open[person_id] += 1

    def leave_place(self, person_id: str) -> None:
        self._open[person_id] -= 1
        if not self._open[person_id]:
            del self._open[person_id]
            self._looks.pop(person_id, None)
            self._personal.pop(person_id, None)

    async def serve(
        self, after: Cursor | None, person_id: str, until: float | None, token: str | None, receive: Receive,
        send: Send,
    ) -> None:  # fmt: skip
        """One stream, headers included, until the client hangs up, ``until`` (of the loop's clock) or the end.

        At each heartbeat ``token``, where there is one, must still be good: who has signed out hears no more. Who
        ``person_id`` is, "" for guests, is told to look (`hints`) when what only they may see is otherwise.
        """
        # Before the answer begins: who has it, and writes, is told of that. Another process may have written just now.
        self._catch_up(unless_version=self._version)
        first = self._head_comment()
        seq = self.ring.head.seq if after is None else after.seq
        generation = self.ring.generation
        looks = self._looks[person_id]
        personal = self._personal.setdefault(person_id, set())
        await send(
            {
                "type": "http.response.start",
                "status": 200,
                "headers": [
                    (b"content-type", b"text/event-stream; charset=utf-8"),
                    (b"cache-control", b"no-store"),
                    (b"x-accel-buffering", b"no"),
                ],
            }
        )
        # The first byte at once: the client knows that it is connected, and where the head is.
        await self._send(send, first)
        gone = asyncio.ensure_future(_hung_up(receive))
        gone.add_done_callback(lambda _: self._wake_one(waiter))
        waiter: asyncio.Future[None] = self._loop.create_future()
        beat = self._loop.time() + self._heartbeat
        try:
            while not (gone.done() or self._ending):
                if generation != self.ring.generation or not self.ring.start <= seq <= self.ring.head.seq:
                    await self._send(send, b"event: resync\ndata: %s\n\n" % str(self.ring.head).encode())
                    break
                text, seq = self.ring.after(seq)
                now = self._loop.time()
                if until is not None and now >= until:
                    break
                if now >= beat:
                    if token is not None and not accounts.token_stands(self._db, token):
                        break
                    text += self._head_comment()
                    beat = now + self._heartbeat
                if looks != self._looks[person_id]:
                    looks = self._looks[person_id]
                    text += hints.EVENT
                if text:
                    await self._send(send, text)
                    continue
                waiter = self._loop.create_future()
                self._waiters.add(waiter)
                personal.add(waiter)
                alarm = self._loop.call_at(beat if until is None else min(beat, until), self._wake_one, waiter)
                await waiter
                alarm.cancel()
                self._waiters.discard(waiter)
                personal.discard(waiter)
            if not gone.done():
                await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            gone.cancel()
            personal.discard(waiter)

    def _head_comment(self) -> bytes:
        return b": head %s\n\n" % str(self.ring.head).encode()

    @staticmethod
    async def _send(send: Send, text: bytes) -> None:
        await send({"type": "http.response.body", "body": text, "more_body": True})

    @staticmethod
    def _wake_one(waiter: asyncio.Future[None]) -> None:
        if not waiter.done():
            waiter.set_result(None)


async def _hung_up(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
