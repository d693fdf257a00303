"""The Jam as an archive: for export, and as the snapshot that many clients share."""

from __future__ import annotations

import asyncio
import gzip
import heapq
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import zstandard

from jamserver import log
from jamserver.db import Connection, Readers, rows
from jamtui import archive

_TABLES = (
    "SELECT seq, 'person', data FROM people ORDER BY seq",
    "SELECT seq, 'forum', data FROM forums ORDER BY seq",
    "SELECT seq, 'post', data FROM posts ORDER BY seq",
    "SELECT seq, type, data FROM others ORDER BY seq",
)


def records(db: Connection) -> Iterator[tuple[str, bytes]]:
    """The archive's records: the Jam, then everything else in the order in which the log first had it."""
    for (data,) in rows(db, "SELECT data FROM jam"):
        yield "jam", data
    for _, kind, data in heapq.merge(*(rows(db, sql) for sql in _TABLES), key=lambda found: found[0]):
        yield kind, data


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Encoded once: ``body`` in ``encoding`` ("" is identity), ``size`` bytes when decoded."""

    cursor: log.Cursor
    body: bytes
    size: int
    encoding: str
    made_at: float

    @property
    def etag(self) -> str:
        return f'"{self.cursor}{"-" if self.encoding else ""}{self.encoding}"'


def make(db: Connection, encoding: str, made_at: float) -> Snapshot:
    """The snapshot of one state of the database, which the caller's transaction holds still."""
    out = io.BytesIO()
    archive.write(out, records(db))
    raw = out.getbuffer()
    if encoding == "zstd":
        body = zstandard.ZstdCompressor(level=3).compress(raw)
    elif encoding == "gzip":
        body = gzip.compress(raw, 5, mtime=0)
    else:
        body = bytes(raw)
    return Snapshot(log.head(db), body, len(raw), encoding, made_at)


class Snapshots:
    """Shares a snapshot between all who ask within ``shared_for`` seconds; `forget` after a removal."""

    def __init__(self, readers: Readers, shared_for: float, now: Callable[[], float]) -> None:
        self._readers = readers
        self._shared_for = shared_for
        self._now = now
        self._made: dict[str, asyncio.Task[Snapshot]] = {}

    async def get(self, encoding: str) -> Snapshot:
        """A snapshot not older than the time of sharing, made in a reading thread."""
        task = self._made.get(encoding)
        if task is None or (task.done() and not self._fresh(task)):
            made_at = self._now()
            job = partial(make, encoding=encoding, made_at=made_at)
            task = self._made[encoding] = asyncio.create_task(self._readers.run(job))
        return await asyncio.shield(task)

    def _fresh(self, task: asyncio.Task[Snapshot]) -> bool:
        if task.cancelled() or task.exception() is not None:
            return False
        return self._now() - task.result().made_at < self._shared_for

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
