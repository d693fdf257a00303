"""Whether the two databases of a Jam are what they should be: told in words, nothing is changed.

`mirror_faults` is what a start asks of a mirror that is not as it was left: b-trees and indexes (SQLite's own check),
the schema, the sum of all rows with the cursor, what is derived from them, and the full text. `jamtui doctor` asks the
same. A mirror without a cursor is half loaded: the next sync clears it, so only SQLite's own check counts.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator

import apsw
import msgspec

from jamtui import archive
from jamtui.archive import Person, Post
from jamtui.store import bulk, columns, own, sums
from jamtui.store.connection import Schema, migrate, transaction
from jamtui.store.mirror import Mirror
from jamtui.store.tables import SCHEMA

_DERIVED = """
SELECT count(*) FROM (
    SELECT p.thread AS n, o.forum, sum(p.gone = 0 AND p.n <> p.thread) AS replies, max(p.n) AS last, o.up
    FROM posts p JOIN posts o ON o.n = p.thread AND o.parent IS NULL GROUP BY p.thread
    EXCEPT SELECT n, forum, replies, last, up FROM threads)"""
_TAGS = "SELECT value, n FROM posts, json_each(CAST(posts.raw AS TEXT), '$.tags') WHERE gone = 0"
# Of each word: in how many places it is, and sums that are others when one of these is elsewhere.
_PLACES = "SELECT term, count(*), sum(doc), sum(doc * (offset + 7)), sum(unicode(col)) FROM temp.looked GROUP BY term"
# Of the disk or of other processes, and no sign of damage.
_ELSEWHERE = (apsw.BusyError, apsw.LockedError, apsw.FullError, apsw.CantOpenError, apsw.NoMemError)
# A damaged page can hold anything: lengths that nothing has, texts that are no UTF-8, JSON that is none.
_UNREADABLE = (apsw.Error, ValueError, TypeError, OverflowError, msgspec.MsgspecError)


def mirror_faults(db: apsw.Connection, *, full_text: bool) -> list[str]:
    """What is wrong with a mirror, each in a few words; none when it equals the log folded up to its cursor.

    ``full_text`` False leaves out what takes longest; `rebuild_words` makes that good without asking.
    """
    query_only = db.pragma("query_only")
    db.pragma("query_only", False)  # FTS5 is asked for its check by way of an INSERT, and a temporary table is made
    try:
        faults = [*_structure(db, SCHEMA)]
        mirror = Mirror(db)
        if not faults and mirror.cursor:
            faults = [*_rows(db, mirror), *_derived(db)]
            if full_text:
                faults += _full_text(db)
    except _ELSEWHERE:
        raise
    except _UNREADABLE as error:
        faults = [f"cannot be read: {error}"]
    finally:
        db.pragma("query_only", query_only)
    return faults


def own_faults(db: apsw.Connection) -> list[str]:
    """What is wrong with one's own store as a file; rows that were damaged are told by `damaged_rows`."""
    try:
        return [*_structure(db, own.SCHEMA)] or [*_unreadable(db)]
    except _ELSEWHERE:
        raise
    except _UNREADABLE as error:
        return [f"cannot be read: {error}"]


def _unreadable(db: apsw.Connection) -> Iterator[str]:
    """Rows that SQLite is content with and nobody can read: a text that is no UTF-8, a kind of draft that is none."""
    try:
        for name in [row[0] for row in db.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]:
            for _ in db.execute(f"SELECT * FROM {name}"):
                pass
        store = own.Own(db)
        store.drafts()
        store.thrown()
        store.outbox()
    except (ValueError, TypeError, OverflowError, msgspec.MsgspecError) as error:
        yield f"a row that cannot be read ({type(error).__name__})"


def damaged_rows(db: apsw.Connection) -> list[str]:
    """Ids of rows of the outbox whose checksum does not fit their text."""
    return [row.id for row in own.Own(db).outbox() if not row.intact]


def _structure(db: apsw.Connection, schema: Schema) -> Iterator[str]:
    found = [str(row[0]) for row in db.execute("PRAGMA integrity_check(3)")]
    if found != ["ok"]:
        yield f"torn: {'; '.join(found)}"
        return
    missing = _names(schema) - _objects(db)
    if missing:
        yield f"without {', '.join(sorted(name for name, _ in missing))[:200]}"


def _names(schema: Schema) -> set[tuple[str, str]]:
    with contextlib.closing(apsw.Connection(":memory:")) as fresh:
        migrate(fresh, schema)
        return _objects(fresh)


def _objects(db: apsw.Connection) -> set[tuple[str, str]]:
    """Tables with what they are made of, comments apart. Indexes are not there while a load is under way."""
    sql = "SELECT name, coalesce(sql, '') FROM sqlite_schema WHERE type = 'table'"
    return {(str(name), " ".join(re.sub("--[^\n]*", "", str(text)).split())) for name, text in db.execute(sql)}


def _rows(db: apsw.Connection, mirror: Mirror) -> Iterator[str]:
    told = mirror.meta("sum")
    if told != sums.packed(mirror.cursor, sums.small(db) + sum(sums.posts(db))):
        yield "another content than was written"


def _derived(db: apsw.Connection) -> Iterator[str]:
    if _number(db, _DERIVED):
        yield "figures of threads that do not fit their posts"
    if _number(db, "SELECT count(*) FROM threads") != _number(db, "SELECT count(*) FROM posts WHERE parent IS NULL"):
        yield "threads without posts, or posts without threads"
    there = set(db.execute("SELECT name, post FROM tags"))
    if there != set(db.execute(_TAGS)):
        yield "tags that do not fit the posts"
    people = ((int(n), archive.decode("person", bytes(raw))) for n, raw in db.execute("SELECT n, raw FROM people"))
    looks = {look for n, data in people if isinstance(data, Person) for look in columns.looks(n, data)}
    if looks != set(db.execute("SELECT key, rank, n FROM looks")):
        yield "names that do not fit the people"


def _full_text(db: apsw.Connection) -> Iterator[str]:
    """The full text holds no copy of the texts: it is made once more, in memory, and its words are compared."""
    with contextlib.closing(apsw.Connection(":memory:")) as fresh:
        migrate(fresh, SCHEMA)
        _fill_words(db, fresh)
        if _words(fresh) != _words(db):
            yield "a full text that does not fit the posts"


def rebuild_words(db: apsw.Connection) -> None:
    """The full text anew from the posts, in one transaction."""
    with transaction(db):
        db.execute("INSERT INTO words(words) VALUES ('delete-all')")
        _fill_words(db, db)
        db.execute("DELETE FROM meta WHERE key = 'suspect'")


def _fill_words(db: apsw.Connection, into: apsw.Connection) -> None:
    """Indexes all posts of ``db`` that are there in ``into``, whose full text is empty."""
    last = 0
    while rows := list(db.execute("SELECT n, raw FROM posts WHERE n > ? ORDER BY n LIMIT 2000", (last,))):
        words: list[tuple[int, str, str, str]] = []
        for n, raw in rows:
            last = int(n)
            data = archive.decode("post", bytes(raw))
            if isinstance(data, Post) and not data.gone:
                words.append((last, *columns.words(data)))
        bulk.words(into, words)


def _words(db: apsw.Connection) -> list[tuple[apsw.SQLiteValue, ...]]:
    db.execute("CREATE VIRTUAL TABLE temp.looked USING fts5vocab(main, words, instance)")
    try:
        return list(db.execute(_PLACES))
    finally:
        db.execute("DROP TABLE temp.looked")


def _number(db: apsw.Connection, sql: str) -> int:
    return int(next(iter(db.execute(sql)))[0])
