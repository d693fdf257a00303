"""The words of many posts in one statement: while it runs, nobody waits for Python's lock.

`executemany` takes the lock for each row, and gives it back in between: the screen can be drawn, but a thread that
decodes the next posts is in its way. The full text is the longest part of a load; so texts go to SQLite as an array,
and what else a row has as columns of a fixed width in one blob.
"""

from __future__ import annotations

from collections.abc import Sequence

import apsw

from jamtui.store import tables

_NUMBER = 20  # digits of a column: those of a signed number of 64 bits
_HEAD = f"%{_NUMBER}d" * 5


def _part(place: int) -> str:
    """A column of the row that the array is at, in the blob of heads ?2, of which a row has ?3 bytes."""
    return f"CAST(substr(?2, (rowid - 1) * ?3 + {place * _NUMBER + 1}, {_NUMBER}) AS INTEGER)"


# Titles and tags, which few posts have, stand behind one another in the blob ?4; a row has their places and lengths.
_WORDS = (
    "INSERT INTO words(rowid, title, body, tags) "
    f"SELECT {_part(0)}, CAST(substr(?4, {_part(1)}, {_part(2)}) AS TEXT), value, "
    f"CAST(substr(?4, {_part(3)}, {_part(4)}) AS TEXT) FROM carray(?1)"
)


def words(db: apsw.Connection, rows: Sequence[tuple[int, str, str, str]]) -> None:
    """Rows of the full text: key, title, body, tags; keys ascend."""
    if not rows:
        return
    bodies = tuple([row[2] for row in rows])
    if any("\0" in body for body in bodies):  # at which a text in an array ends
        db.executemany(tables.INSERT_WORDS, rows)
        return
    heads: list[str] = []
    more: list[bytes] = []
    at = 1
    for n, title, _, tags in rows:
        places = []
        for text in (title, tags):
            packed = text.encode() if text else b""
            places += [at, len(packed)]
            if packed:
                more.append(packed)
                at += len(packed)
        heads.append(_HEAD % (n, *places))
    db.execute(_WORDS, (apsw.carray(bodies), "".join(heads).encode(), 5 * _NUMBER, b"".join(more)))
