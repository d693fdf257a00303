"""The Jam as an archive: for export, and as the snapshot that many clients share."""

from __future__ import annotations

import asyncio
import heapq
import weakref
import zlib
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any, Protocol

from jamserver import log
from jamserver.db import Connection, Readers, rows, value
from jamtui import archive

_TABLES = (
    "SELECT seq, 'person', data FROM people ORDER BY seq",
    "SELECT seq, 'forum', data FROM forums ORDER BY seq",
    "SELECT seq, 'post', data FROM posts ORDER BY seq",
    "SELECT seq, type, data FROM others ORDER BY seq",
)
SIZES = (
    "SELECT 'jam', count(*), sum(length(data)) FROM jam",
    "SELECT 'person', count(*), sum(length(data)) FROM people",
    "SELECT 'forum', count(*), sum(length(data)) FROM forums",
    "SELECT 'post', count(*), sum(length(data)) FROM posts",
    "SELECT type, count(*), sum(length(data)) FROM others GROUP BY type",
)
_FIRST, _MANY = (
    300,
    2_000,
)  # posts that come before all people, with their authors, where so many people would be before
_PIECE = 1 << 18  # bytes that are packed at once
SMALL = 1 << 20  # bytes that are packed sooner than it is worth to send what is there
_REST = 2.0  # so many times as long as one is packed is none packed: what others ask for has to be served, too

Numbered = tuple[int, str, bytes]  # the change that made an object, its type, the object


def records(db: Connection) -> Iterator[tuple[str, bytes]]:
    """The archive's records: the Jam, then everything else in the order in which the log first had it."""
    for (data,) in rows(db, "SELECT data FROM jam"):
        yield "jam", data
    for _, kind, data in _in_order(db):
        yield kind, data


def _in_order(db: Connection) -> Iterator[Numbered]:
    return heapq.merge(*(rows(db, sql) for sql in _TABLES), key=lambda found: found[0])


def readable_first(db: Connection) -> tuple[list[tuple[str, bytes]], Iterator[tuple[str, bytes]]]:
    """The same records in two parts: what makes the first posts readable, and the rest.

    Somebody who fetches a Jam of 20,000 people need not wait for all of them: the first part has the forums, the first
    posts, and the people who wrote these. It is only the Jam where a part of the people would not be much less.
    """
    first = list(rows(db, "SELECT seq, 'post', data, author_id FROM posts ORDER BY seq LIMIT ?", (_FIRST,)))
    before = value(db, "SELECT count(*) FROM people WHERE seq < ?", (first[-1][0],)) if first else 0
    early: dict[int, tuple[str, bytes]] = {}  # by seq
    if before > _MANY:
        for seq, kind, data in rows(db, _TABLES[1]):
            early[seq] = kind, data
        for author_id in dict.fromkeys(found[3] for found in first):
            for seq, data in rows(db, "SELECT seq, data FROM people WHERE id = ?", (author_id,)):
                early[seq] = "person", data
        for seq, kind, data, _ in first:
            early[seq] = kind, data
    jam = [("jam", data) for (data,) in rows(db, "SELECT data FROM jam")]
    rest = ((kind, data) for seq, kind, data in _in_order(db) if seq not in early)
    return [*jam, *early.values()], rest


def size(db: Connection) -> int:
    """Bytes of the archive, before it is written."""
    total = 0
    for sql in SIZES:
        for kind, count, length in rows(db, sql):
            if count:
                total += count * len(archive.encode(kind, b"")) + length
    return total


class _Packer(Protocol):
    def compress(self, data: bytes, /) -> bytes: ...
    def flush(self, mode: int, /) -> bytes: ...


class _Plain:
    def compress(self, data: bytes, /) -> bytes:
        return data

    def flush(self, mode: int, /) -> bytes:
        return b""


def _packer(encoding: str) -> tuple[_Packer, int, int]:
    """What packs, how it is asked to give all that it holds, and how to end."""
    if encoding == "zstd":
        import zstandard  # not for a start

        zstd = zstandard.ZstdCompressor(level=3).compressobj()
        return zstd, zstandard.COMPRESSOBJ_FLUSH_BLOCK, zstandard.COMPRESSOBJ_FLUSH_FINISH
    if encoding == "gzip":
        return zlib.compressobj(5, zlib.DEFLATED, 16 + zlib.MAX_WBITS), zlib.Z_SYNC_FLUSH, zlib.Z_FINISH
    return _Plain(), 0, 0


def packed(db: Connection, encoding: str) -> Iterator[bytes]:
    """The archive of one state of the database, which the caller's transaction holds still, packed in pieces.

    The first piece can be unpacked by itself as soon as it is there.
    """
    packer, hold_nothing, finish = _packer(encoding)
    first, rest = readable_first(db)
    yield packer.compress(b"".join(archive.encode(*record) for record in first)) + packer.flush(hold_nothing)
    lines: list[bytes] = []
    waiting = 0
    for record in rest:
        lines.append(archive.encode(*record))
        waiting += len(lines[-1])
        if waiting >= _PIECE:
            yield packer.compress(b"".join(lines))
            lines.clear()
            waiting = 0
    yield packer.compress(b"".join(lines)) + packer.flush(finish)


class Snapshot:
    """An archive that is packed once, read while it is: ``size`` are its bytes when decoded, known from the start.

    All methods belong to the event loop. ``encoding`` "" is identity.
    """

    def __init__(self, cursor: log.Cursor, size: int, encoding: str, made_at: float) -> None:
        self.cursor = cursor
        self.size = size
        self.encoding = encoding
        self.made_at = made_at
        self.held = 0  # bytes of memory
        self.gone = False  # let go of
        self._reading: set[asyncio.Task[Any] | None] = set()
        self._pieces: list[bytes] = []
        self._ended = False
        self._error: BaseException | None = None
        self._more = asyncio.Event()

    @property
    def etag(self) -> str:
        return f'"{self.cursor}{"-" if self.encoding else ""}{self.encoding}"'

    @property
    def broken(self) -> bool:
        return self.gone or self._error is not None

    @property
    def packed_size(self) -> int | None:
        """Bytes as they are sent; None while it is being packed."""
        return sum(map(len, self._pieces)) if self._ended and not self.broken else None

    def add(self, piece: bytes) -> None:
        if piece and not self.broken:
            self.held += len(piece)
            self._pieces.append(piece)
            self._wake()

    def end(self, error: BaseException | None = None) -> None:
        """Nothing comes any more; with an error, what came is not all."""
        self._ended = True
        self._error = error
        self._wake()

    def let_go(self) -> None:
        """Gives the memory back. Who is still reading is cancelled: they may be waiting for a slow connection."""
        self.gone = True
        self.held = 0
        self._pieces.clear()
        for task in self._reading:
            if task is not None:
                task.cancel()

    def _wake(self) -> None:
        self._more.set()
        self._more = asyncio.Event()

    async def whole(self) -> None:
        """Returns when it is packed. Raises what kept it from that."""
        async for _ in self.pieces():
            pass

    async def pieces(self) -> AsyncIterator[bytes]:
        """The packed archive from its beginning, as it grows. Raises what kept it from its end; of one that is
        ``gone`` nothing more comes."""
        at = 0
        task = asyncio.current_task()
        self._reading.add(task)
        try:
            while not self.gone:
                while at < len(self._pieces):
                    yield self._pieces[at]
                    at += 1
                if self._error is not None:
                    raise self._error
                if self._ended:
                    return
                await self._more.wait()
        finally:
            self._reading.discard(task)


class Snapshots:
    """Shares a snapshot between all who ask within ``shared_for`` seconds; `forget` after a removal.

    Neither who asks nor who removes decides how much work and memory that is. One is packed at a time, with a rest in
    between, and nothing anew of a log that is as it was. A reader who takes his time holds the snapshot that he began
    with, and everybody may read as slowly as he likes; so all together are held to ``most`` bytes: from there on the
    latest is shared for longer, and after a removal the oldest are let go of.
    """

    def __init__(self, readers: Readers, shared_for: float, now: Callable[[], float], most: int = 256 << 20) -> None:
        self._readers = readers
        self._shared_for = shared_for
        self._now = now
        self._most = most
        self._due: dict[str, asyncio.Future[Snapshot]] = {}  # asked for, and not begun yet: a removal comes in time
        self._made: dict[str, asyncio.Future[Snapshot]] = {}
        self._alive: weakref.WeakSet[Snapshot] = weakref.WeakSet()
        self._making: set[asyncio.Task[None]] = set()
        self._turn = asyncio.Lock()
        self._rests_until = 0.0

    async def get(self, encoding: str) -> Snapshot:
        """A snapshot not older than the time of sharing; a reading thread may still be packing it."""
        begun = self._due.get(encoding) or self._made.get(encoding)
        if begun is None or (begun.done() and not self._fresh(begun)):
            begun = self._due[encoding] = asyncio.get_running_loop().create_future()
            task = asyncio.create_task(self._make(encoding, begun))
            self._making.add(task)
            task.add_done_callback(self._making.discard)
        return await asyncio.shield(begun)

    async def _make(self, encoding: str, begun: asyncio.Future[Snapshot]) -> None:
        loop = asyncio.get_running_loop()

        def job(db: Connection) -> None:
            head = log.head(db)
            if before is not None and before.cursor == head:
                loop.call_soon_threadsafe(begun.set_result, before)
                return
            made = Snapshot(head, size(db), encoding, made_at)
            loop.call_soon_threadsafe(self._alive.add, made)
            loop.call_soon_threadsafe(begun.set_result, made)
            for piece in packed(db, encoding):
                loop.call_soon_threadsafe(self._add, made, piece)

        try:
            async with self._turn:
                await asyncio.sleep(self._rests_until - self._now())
                before = self._latest(encoding)
                self._made[encoding] = self._due.pop(encoding)
                made_at = self._now()
                try:
                    await self._readers.run(job)
                finally:
                    self._rests_until = self._now() + _REST * (self._now() - made_at)
        except BaseException as error:
            if not begun.done():
                begun.set_exception(error)
            else:
                begun.result().end(error)
            if not isinstance(error, Exception):
                raise
        else:
            begun.result().made_at = made_at
            begun.result().end()

    def _latest(self, encoding: str) -> Snapshot | None:
        begun = self._made.get(encoding)
        if begun is None or begun.exception() is not None or begun.result().broken:
            return None
        return begun.result()

    def _add(self, made: Snapshot, piece: bytes) -> None:
        made.add(piece)
        latest = {begun.result() for begun in self._made.values() if begun.done() and not begun.exception()}
        for old in sorted(set(self._alive) - latest, key=lambda one: one.made_at):
            if self._held() <= self._most:
                return
            old.let_go()

    def _held(self) -> int:
        return sum(one.held for one in self._alive)

    def _fresh(self, begun: asyncio.Future[Snapshot]) -> bool:
        if begun.exception() is not None or begun.result().broken:
            return False
        return self._now() - begun.result().made_at < self._shared_for or self._held() > self._most

    def forget(self) -> None:
        """The next who asks gets a new one; those who wait for one under way still get that."""
        self._made.clear()


def preferred_encoding(accept: str) -> str:
    """ "zstd", "gzip" or "" (identity), as ``Accept-Encoding`` (RFC 9110, 12.5.3) allows; the first is preferred."""
    weights: dict[str, float] = {}
    for part in accept.lower().split(","):
        name, _, parameters = part.strip().partition(";")
        weight = parameters.strip().removeprefix("q=") if parameters else "1"
        try:
            weights[name.strip()] = float(weight)
        except ValueError:
            weights[name.strip()] = 0.0
    allowed = [name for name in ("zstd", "gzip") if weights.get(name, weights.get("*", 0.0)) > 0]
    return max(allowed, key=lambda name: weights.get(name, weights.get("*", 0.0)), default="")
