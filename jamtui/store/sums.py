"""One number for all objects of the mirror, so that a bit that flipped on the disk, or a page of yesterday, shows.

SQLite notices a torn b-tree, but not another letter in a text. So ``meta`` holds, beside the cursor, the sum of a
checksum of every row, which each transaction brings up to date by the rows it touched. All of it is
summed anew by a start when the files are not as they were left (`jamtui.store.seal`, `jamtui.store.checking`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from zlib import crc32

import apsw

# Columns of posts, in the order of `tables.INSERT_POST`.
POST = "n, id, h, forum, thread, parent, author, created, up, gone, raw, lang, code, featured"
_MASK = (1 << 64) - 1
# The other tables, each with a number of its own; none of them is long.
_SMALL = {
    "jam": "SELECT 1, one, '', raw FROM jam",
    "people": "SELECT 2, n, id || ' ' || handle, raw FROM people",
    "forums": "SELECT 3, n, id || ' ' || slug || ' ' || position, raw FROM forums",
    "others": "SELECT 4, n, type || ' ' || coalesce(id, ''), raw FROM others",
}
_KEYS = {"jam": "one", "people": "id", "forums": "id", "others": "n"}


def of_post(row: Sequence[object]) -> int:
    """The checksum of a row of posts, its columns as in `POST`."""
    n, post_id, h, forum, thread, parent, author, created, up, gone, raw, lang, code, featured = row
    head = f"{n} {post_id} {h} {forum} {thread} {parent or 0} {author} {created} {up} {gone} {lang} {code} {featured}"
    return crc32(_bytes(raw), crc32(head.encode("utf-8", "surrogatepass")))


def of_one(db: apsw.Connection, table: str, key: object) -> int:
    """The checksum of one row of another table, by its id or number; 0 when it is not there."""
    return _sum(db, f"{_SMALL[table]} WHERE {_KEYS[table]} = ?", (key,))


def _bytes(raw: object) -> bytes:
    return raw if isinstance(raw, bytes) else str(raw).encode("utf-8", "surrogatepass")


def small(db: apsw.Connection) -> int:
    """The sum of all rows but posts."""
    return sum(_sum(db, sql, ()) for sql in _SMALL.values())


def _sum(db: apsw.Connection, sql: str, values: tuple[object, ...]) -> int:
    return sum(
        crc32(_bytes(raw), crc32(f"{table} {n} {names}".encode("utf-8", "surrogatepass")))
        for table, n, names, raw in db.execute(sql, values)
    )


def posts(db: apsw.Connection) -> Iterator[int]:
    """The checksum of each post."""
    for row in db.execute(f"SELECT {POST} FROM posts ORDER BY n"):
        yield of_post(row)


def packed(cursor: str, total: int) -> str:
    """What ``meta`` holds: the cursor once more, so that this one cannot be another unnoticed, and the sum."""
    return f"{cursor} {total & _MASK:016x}"


def unpacked(text: str) -> int:
    """The sum in it; 0 while there is none."""
    return int(text.rpartition(" ")[2] or "0", 16)
