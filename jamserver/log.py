"""The change log: appending, cursors, pages, blanking.

``seq`` comes from a counter row inside the write transaction, so it has no gaps and none is seen before every smaller
one is settled, whatever the number of processes. A change is stored as the bytes that are served.
"""

from __future__ import annotations

import random
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime

import msgspec

from jamserver.db import Connection, rows, value
from jamserver.problems import Problem

PAGE_ITEMS = 1_000
PAGE_BYTES = 4 << 20

_BASE36 = "0123456789abcdefghijklmnopqrstuvwxyz"
_CURSOR = re.compile(r"(0|[1-9][0-9]{0,17})-([0-9a-z]{1,16})")


@dataclass(frozen=True, slots=True)
class Cursor:
    """A place in the log: after change ``seq``, which bears ``mark``. ``0-0`` is before everything."""

    seq: int
    mark: str

    def __str__(self) -> str:
        return f"{self.seq}-{self.mark}"


START = Cursor(0, "0")


def new_mark(rng: random.Random) -> str:
    """A few random characters, by which a change is told from one with the same number in another log."""
    return "".join(rng.choices(_BASE36, k=4))


@dataclass(frozen=True, slots=True)
class Change:
    """One change as it is served: ``item`` is its JSON."""

    seq: int
    mark: str
    item: bytes


class Tx:
    """One write inside a transaction: the connection, the time and the randomness it may use, and what it changed."""

    __slots__ = ("blanked", "changes", "db", "kept", "now", "removed", "rng")

    def __init__(self, db: Connection, now: datetime, rng: random.Random) -> None:
        self.db = db
        self.now = now
        self.rng = rng
        self.changes: list[Change] = []
        self.kept = 0  # bytes that it leaves in the file beside the log, for a while
        self.removed = 0  # how many removals there were, and
        self.blanked: dict[int, bytes] = {}  # what became of changes of before, by their seq

    def next_seq(self) -> tuple[int, str]:
        """Takes the next number of the log, with a fresh mark."""
        mark = new_mark(self.rng)
        seq: int = value(self.db, "UPDATE log SET seq = seq + 1, mark = ? RETURNING seq", (mark,))
        return seq, mark

    def put(self, number: tuple[int, str], kind: str, object_id: str, data: bytes) -> int:
        """Writes the change of a number that `next_seq` gave. Returns its seq."""
        seq, mark = number
        item = _item(seq, mark, kind, data)
        self.db.execute("INSERT INTO changes VALUES (?, ?, ?, ?, ?)", (seq, mark, kind, object_id, item))
        self.changes.append(Change(seq, mark, item))
        return seq

    def append(self, kind: str, object_id: str, data: bytes) -> int:
        """One more change. Returns its seq."""
        return self.put(self.next_seq(), kind, object_id, data)

    def blank_record(self, kind: str, record_id: str, data: bytes) -> None:
        """The same for a record without a table of its own."""
        # Said once more for the index, which has no others.
        sql = (
            "SELECT seq, mark FROM changes WHERE type NOT IN ('post', 'person', 'votes') AND type = ? AND object_id = ?"
        )
        self._blank([(seq, _item(seq, mark, kind, data)) for seq, mark in rows(self.db, sql, (kind, record_id))])

    def blank(self, post_id: str, data: bytes) -> None:
        """Replaces the post in all its changes by ``data``, in place: nobody gets the removed text afterwards."""
        sql = "SELECT seq, mark FROM changes WHERE type = 'post' AND object_id = ?"
        self._blank([(seq, _item(seq, mark, "post", data)) for seq, mark in rows(self.db, sql, (post_id,))])
        self.db.execute("UPDATE answers SET body = ? WHERE post_id = ?", (data, post_id))

    def blank_person(self, person_id: str, data: bytes) -> None:
        """The same of somebody's profile."""
        sql = "SELECT seq, mark FROM changes WHERE type = 'person' AND object_id = ?"
        self._blank([(seq, _item(seq, mark, "person", data)) for seq, mark in rows(self.db, sql, (person_id,))])

    def strip_person(self, person_id: str, names: Collection[str]) -> None:
        """Takes fields off somebody's profile in all its changes; their handle comes in the place of a ``name``.

        It begins with the latest change and ends at one that has none of them: older ones lost theirs when that was
        written, or never had any. So what somebody changes without end costs no more each time.
        """
        stripped: list[tuple[int, bytes]] = []
        sql = "SELECT seq, mark, item FROM changes WHERE type = 'person' AND object_id = ? ORDER BY seq DESC"
        for seq, mark, item in rows(self.db, sql, (person_id,)):
            fields = msgspec.json.decode(item)["data"]
            kept = {name: value for name, value in fields.items() if name not in names}
            if "name" in names:
                kept["name"] = fields["handle"]
            if kept == fields:
                break
            stripped.append((seq, _item(seq, mark, "person", msgspec.json.encode(kept))))
        self._blank(stripped)

    def _blank(self, found: list[tuple[int, bytes]]) -> None:
        """What becomes of changes of before: (seq, item)."""
        if found:
            self.db.executemany("UPDATE changes SET item = ? WHERE seq = ?", ((item, seq) for seq, item in found))
            self.db.execute("UPDATE log SET removals = removals + 1")
            self.removed += 1
            self.blanked.update(found)


def _item(seq: int, mark: str, kind: str, data: bytes) -> bytes:
    return b'{"seq":%d,"mark":"%s","type":%s,"data":%s}' % (seq, mark.encode(), msgspec.json.encode(kind), data)


def head(db: Connection) -> Cursor:
    """The last change."""
    return Cursor(*next(rows(db, "SELECT seq, mark FROM log")))


def removals(db: Connection) -> int:
    """How many removals have blanked the log; changes whenever served changes do."""
    count: int = value(db, "SELECT removals FROM log")
    return count


def parse_cursor(text: str) -> Cursor:
    """Raises 400 ``bad_cursor``."""
    match = _CURSOR.fullmatch(text)
    if match is None:
        raise Problem("bad_cursor", "A cursor is SEQ-MARK, as the server gave it.")
    return Cursor(int(match[1]), match[2])


def known(db: Connection, cursor: Cursor) -> bool:
    """Whether the log has this cursor. It has not when it was replaced, by a restored backup for example."""
    if cursor.seq == 0:
        return cursor == START
    return bool(value(db, "SELECT mark = ? FROM changes WHERE seq = ?", (cursor.mark, cursor.seq)))


def require(db: Connection, cursor: Cursor) -> None:
    """Raises 410 ``log_replaced`` for a cursor that the log does not have."""
    if not known(db, cursor):
        raise Problem("log_replaced", "Take a new snapshot and go on from its cursor.")


def after(db: Connection, seq: int, limit: int) -> Iterator[Change]:
    """Changes after ``seq``, oldest first."""
    for found in rows(db, "SELECT seq, mark, item FROM changes WHERE seq > ? ORDER BY seq LIMIT ?", (seq, limit)):
        yield Change(*found)


# Joined by SQLite, in the order of the subquery: row by row, Python's lock would be taken for each.
_JOINED = """
SELECT count(*), max(seq), sum(length(item)), CAST(group_concat(item, ',') AS BLOB)
FROM (SELECT seq, item FROM changes WHERE seq > ? ORDER BY seq LIMIT ?)"""
_AT_ONCE = 200  # changes that are joined before their size is known


def page(db: Connection, seq: int, limit: int) -> bytes:
    """The body of ``GET /changes``: stored bytes, joined. At most ``limit`` items and 4 MiB, but at least one item."""
    items: list[bytes] = []
    size = 0
    while limit:
        asked = min(limit, _AT_ONCE)
        count, last, length, joined = next(rows(db, _JOINED, (seq, asked)))
        if not count:
            break
        if size + length + count > PAGE_BYTES:
            items += _single(db, seq, asked, size)
            break
        items.append(joined)
        size += length + count
        seq, limit = last, limit - count
        if count < asked:
            break
    return b'{"items":[%s],"head":"%s"}' % (b",".join(items), str(head(db)).encode())


def _single(db: Connection, seq: int, limit: int, size: int) -> Iterator[bytes]:
    """The changes for which a page of ``size`` bytes still has room; one in any case when it has none yet."""
    for (item,) in rows(db, "SELECT item FROM changes WHERE seq > ? ORDER BY seq LIMIT ?", (seq, limit)):
        if size and size + len(item) + 1 > PAGE_BYTES:
            return
        size += len(item) + 1
        yield item
