"""Records without a table of their own: announcements, curated tags, links between posts, polls, earlier briefs.

Each is a JSON object with an ``id`` that its type knows once. It stands in the change log, in snapshots and in archives
as ``{"type":TYPE,"data":{...}}``; a record that is taken away stays as its frame with ``"gone":true``, as a post does.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import TypeVar

import msgspec

from jamserver.db import Connection, row, rows
from jamserver.log import Tx
from jamserver.objects import Fields, encode

T = TypeVar("T")
KNOWN = ("announcement", "brief", "link", "poll", "tag")  # others that an archive has are kept as they are


def find(db: Connection, kind: str, record_id: str) -> bytes | None:
    """The record as it now is."""
    found = row(db, "SELECT data FROM others WHERE type = ? AND id = ? ORDER BY seq LIMIT 1", (kind, record_id))
    return None if found is None else bytes(found[0])


def listed(db: Connection, kind: str, decode: Callable[[bytes], T], after: int = 0) -> Iterator[tuple[int, bytes, T]]:
    """(seq of its first change, record, decoded), the first made first.

    What an imported archive calls by this type and ``decode`` raises `msgspec.ValidationError` for stays in the log and
    the archive, and is not listed.
    """
    for seq, data in rows(db, "SELECT seq, data FROM others WHERE seq > ? AND type = ? ORDER BY seq", (after, kind)):
        try:
            yield seq, bytes(data), decode(data)
        except msgspec.ValidationError:
            continue


def first(found: Iterator[tuple[int, bytes, T]], limit: int) -> list[tuple[int, bytes]]:
    """The first of `listed` as a page has them."""
    return [(seq, data) for seq, data, _ in itertools.islice(found, limit)]


def put(tx: Tx, kind: str, record_id: str, fields: Fields) -> tuple[bytes, int]:
    """Makes or overwrites a record, with its change. Returns the record and the change's seq."""
    data = encode(fields)
    seq = tx.append(kind, record_id, data)
    tx.db.execute("UPDATE others SET data = ? WHERE type = ? AND id = ?", (data, kind, record_id))
    if not tx.db.changes():
        tx.db.execute("INSERT INTO others(seq, type, data, id) VALUES (?, ?, ?, ?)", (seq, kind, data, record_id))
    return data, seq
