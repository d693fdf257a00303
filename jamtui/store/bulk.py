"""Many rows in one statement, for loads: while it runs nobody waits for Python's lock.

`executemany` takes the lock for each row. That is as quick, as long as no other thread wants it; a load, though, goes
on decoding beside the thread that writes, and the screen wants to be drawn. So rows go to SQLite as a whole: numbers
as columns of a fixed width in one blob, texts and blobs as arrays, the rest as JSON.
"""

from __future__ import annotations

from collections.abc import Sequence

import apsw
import msgspec

from jamtui.store import tables

Row = tuple[object, ...]

_NUMBER = 20  # digits of a column: those of a signed number of 64 bits
# Columns of posts as `tables.INSERT_POST` has them, except for the texts: id, raw, lang.
_NUMBERS = ("n", "h", "forum", "thread", "parent", "author", "created", "up", "gone", "code", "featured")
_LANG = 8
_PLACES = f"%{_NUMBER}d" * 5
_HEAD = f"%{_NUMBER}d" * len(_NUMBERS) + f"%-{_LANG}s%s"


def _part(start: int, width: int | str, kind: str) -> str:
    """A column of the row that an array is at, in the blob of fixed widths ?2, of which a row has ?3 bytes."""
    return f"CAST(substr(?2, (rowid - 1) * ?3 + {start + 1}, {width}) AS {kind})"


_COLUMNS = {name: _part(at * _NUMBER, _NUMBER, "INTEGER") for at, name in enumerate(_NUMBERS)}
_COLUMNS["parent"] = f"nullif({_COLUMNS['parent']}, 0)"
_TEXTS = len(_NUMBERS) * _NUMBER
_COLUMNS["lang"] = f"rtrim({_part(_TEXTS, _LANG, 'TEXT')})"
_COLUMNS["id"] = _part(_TEXTS + _LANG, f"?3 - {_TEXTS + _LANG}", "TEXT")
_COLUMNS["raw"] = "value"
_POSTS = f"INSERT INTO posts({', '.join(_COLUMNS)}) SELECT {', '.join(_COLUMNS.values())} FROM carray(?1)"

INSERT_WORDS = "INSERT INTO words(rowid, title, body, tags) VALUES (?, ?, ?, ?)"
_AT = tuple(_part(place * _NUMBER, _NUMBER, "INTEGER") for place in range(5))
# Titles and tags, which few posts have, stand behind one another in the blob ?4; a row has their places and lengths.
_WORDS = (
    "INSERT INTO words(rowid, title, body, tags) "
    f"SELECT {_AT[0]}, CAST(substr(?4, {_AT[1]}, {_AT[2]}) AS TEXT), value, "
    f"CAST(substr(?4, {_AT[3]}, {_AT[4]}) AS TEXT) FROM carray(?1)"
)


def posts(db: apsw.Connection, rows: Sequence[Row]) -> None:
    """Rows of `tables.INSERT_POST`. Ids that are no UUIDs, of different lengths, are written one by one."""
    if not rows:
        return
    width = len(str(rows[0][1]))
    heads: list[str] = []
    for n, post_id, h, forum, thread, parent, author, created, up, gone, _, lang, code, featured in rows:
        heads.append(
            _HEAD % (n, h, forum, thread, parent or 0, author, created, up, gone, code, featured, lang, post_id)
        )
    head, width = "".join(heads), len(heads[0])
    if head.isascii() and all(len(one) == width for one in heads):
        raws = apsw.carray(tuple([row[10] for row in rows]))
        db.execute(_POSTS, (raws, head.encode(), width))
    else:
        db.executemany(tables.INSERT_POST, rows)


def words(db: apsw.Connection, rows: Sequence[tuple[int, str, str, str]]) -> None:
    """Rows of the full text: key, title, body, tags; keys ascend."""
    if not rows:
        return
    bodies = tuple([row[2] for row in rows])
    if any("\0" in body for body in bodies):  # at which a text in an array ends
        db.executemany(INSERT_WORDS, rows)
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
        heads.append(_PLACES % (n, *places))
    db.execute(_WORDS, (apsw.carray(bodies), "".join(heads).encode(), 5 * _NUMBER, b"".join(more)))


def insert(db: apsw.Connection, into: str, columns: Sequence[str], rows: Sequence[Row], conflict: str = "") -> None:
    """``into`` is "INSERT INTO table(names)"; ``columns`` say how it comes from a row, "?" is the value itself. Values
    are numbers and texts."""
    if not rows:
        return
    values = (column.replace("?", f"(value ->> {at})") for at, column in enumerate(columns))
    db.execute(
        f"{into} SELECT {', '.join(values)} FROM json_each(?1) WHERE true {conflict}",
        (msgspec.json.encode(rows).decode(),),
    )
